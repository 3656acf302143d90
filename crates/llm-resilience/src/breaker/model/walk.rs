//! A random walk: calls that succeed and fail in spells, permits that are kept for long or dropped, and rare hands.

use std::ops::AddAssign;
use std::time::Duration;

use llm_core::ErrorKind;
use tokio::time::Instant;

use super::checker::{COUNTED, Checker, Given, Held, NEUTRAL};
use super::subject::Subject;
use crate::Share;
use crate::breaker::{BreakerPolicy, BreakerState, Outcome};

/// How often things happened.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally([u64; 12]);

/// What is counted, one for each place of a tally.
#[derive(Clone, Copy)]
enum Seen {
    Admitted,
    Refused,
    Opened,
    HalfOpened,
    Closed,
    Stale,
    Dropped,
    LastResort,
    Late,
    Probed,
    Isolated,
    ForcedClosed,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, more)| *sum += more);
    }
}

impl Tally {
    fn count(&mut self, seen: Seen) {
        self.0[seen as usize] += 1;
    }

    pub(super) fn assert_all_seen(&self) {
        assert!(self.0.iter().all(|count| *count > 1000), "{self:?}");
    }
}

/// Xorshift; good enough for a walk and the same on every machine.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 16) % limit
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        let place = usize::try_from(self.below(all.len() as u64)).unwrap();
        all[place]
    }
}

/// The rules of a walk: all kinds in turn.
fn given(seed: u64) -> Given {
    let secs = Duration::from_secs;
    let (policy, failed_percent, slow_percent, jitter_percent) = match seed % 4 {
        0 => {
            let policy = BreakerPolicy::default().with_open_for(secs(1)).with_growth(2, secs(60)).with_probes(3, 2);
            (policy, 50, 80, 20)
        }
        1 => (BreakerPolicy::default(), 50, 80, 20),
        2 => (BreakerPolicy::classic().with_open_for(secs(5)), 0, 0, 0),
        _ => {
            let policy = BreakerPolicy::default()
                .with_failures(0)
                .with_failure_rate(secs(10), 5, Share::percent(30))
                .with_slow_rate(secs(2), Share::percent(50))
                .with_open_for(secs(2))
                .with_growth(3, secs(100))
                .with_jitter(Share::percent(50))
                .with_probes(1, 3);
            (policy, 30, 50, 50)
        }
    };
    Given { policy, failed_percent, slow_percent, jitter_percent }
}

/// What the target is like for a while.
#[derive(Clone, Copy)]
struct Spell {
    failing_percent: u64,
    slow_percent: u64,
    pause: u64,
}

/// Takes so many steps; the error says which one broke a rule, and how.
pub(super) fn walk<S: Subject>(seed: u64, steps: u32) -> Result<Tally, String> {
    let given = given(seed);
    let mut draws = Draws((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut now = Instant::now();
    let mut breaker = S::new(given.policy.clone(), now);
    let mut checker = Checker::new(given, now);
    let mut held: Vec<(S::Permit, Held)> = Vec::new();
    let mut tally = Tally::default();
    let mut spell = Spell { failing_percent: 10, slow_percent: 5, pause: 20 };
    let mut before = BreakerState::Closed;
    for step in 0..steps {
        if draws.one_in(1500) {
            spell = Spell {
                failing_percent: draws.of(&[0, 5, 30, 60, 95]),
                slow_percent: draws.of(&[0, 5, 70, 100]),
                pause: draws.of(&[2, 20, 300]),
            };
        }
        now += Duration::from_millis(match draws.below(40) {
            0 => draws.below(8000),
            1 => draws.below(1000),
            _ => draws.below(spell.pause),
        });
        let at = |broken: String| format!("step {step}: {broken}");
        match draws.below(1000) {
            0..400 => {
                let last_resort = draws.one_in(20);
                let foretold = breaker.refuses(now);
                let asked = if last_resort { breaker.admit_last_resort(now) } else { breaker.admit(now) };
                let refusal = asked.as_ref().err().copied();
                if !last_resort && foretold != refusal {
                    return Err(at(format!("{refusal:?}, not {foretold:?} as it said")));
                }
                let judged = checker.admitted(last_resort, refusal, now).map_err(at)?;
                tally.count(if asked.is_ok() { Seen::Admitted } else { Seen::Refused });
                if last_resort && before == BreakerState::Open && asked.is_ok() {
                    tally.count(Seen::LastResort);
                }
                held.extend(asked.ok().zip(judged));
            }
            400..980 if !held.is_empty() => {
                // The oldest half the time, so that stale ones turn up too.
                let place = if draws.one_in(2) { 0 } else { draws.below(held.len() as u64) };
                let (permit, known) = held.swap_remove(usize::try_from(place).unwrap());
                let outcome = outcome(&mut draws, spell);
                tally.count(if checker.is_stale(known) { Seen::Stale } else { Seen::Admitted });
                checker.ended(known, outcome, now);
                if let Some(outcome) = outcome {
                    breaker.record(permit, outcome, now, draws.next());
                } else {
                    tally.count(Seen::Dropped);
                    breaker.release(permit);
                }
            }
            980..990 => {
                let (kind, hint) = failure(&mut draws);
                checker.late_failure(kind, hint, now);
                breaker.late_failure(kind, hint, now, draws.next());
                tally.count(Seen::Late);
            }
            990..993 => {
                checker.probe_passed(now);
                breaker.probe_passed(now);
                tally.count(Seen::Probed);
            }
            993 if draws.one_in(3) => {
                let state = draws.of(&[BreakerState::Isolated, BreakerState::ForcedClosed, BreakerState::Closed]);
                match state {
                    BreakerState::Isolated => breaker.isolate(now),
                    BreakerState::ForcedClosed => breaker.force_close(now),
                    _ => breaker.reset(now),
                }
                checker.set(state, now);
            }
            994..999 if matches!(before, BreakerState::Isolated | BreakerState::ForcedClosed) => {
                breaker.reset(now);
                checker.set(BreakerState::Closed, now);
            }
            _ => {}
        }
        let after = breaker.state();
        checker.sees(after, breaker.until()).map_err(at)?;
        if after != before {
            tally.count(match after {
                BreakerState::Closed => Seen::Closed,
                BreakerState::Open => Seen::Opened,
                BreakerState::HalfOpen => Seen::HalfOpened,
                BreakerState::Isolated => Seen::Isolated,
                BreakerState::ForcedClosed => Seen::ForcedClosed,
            });
        }
        before = after;
    }
    Ok(tally)
}

/// What a call comes to; `None` when its caller gave up.
fn outcome(draws: &mut Draws, spell: Spell) -> Option<Outcome> {
    if draws.one_in(12) {
        return None;
    }
    if draws.one_in(15) {
        return Some(Outcome::Failed { kind: draws.of(&NEUTRAL), retry_after: hint(draws) });
    }
    if draws.below(100) < spell.failing_percent {
        let (kind, retry_after) = failure(draws);
        return Some(Outcome::Failed { kind, retry_after });
    }
    let slow = draws.below(100) < spell.slow_percent;
    // Some of the slow ones are just not slow, by the rules of some walks.
    let millis = if slow { draws.of(&[40_000, 40_000, 40_000, 30_000, 2000]) } else { draws.below(2000) };
    Some(Outcome::Answered { first_content: Duration::from_millis(millis) })
}

fn failure(draws: &mut Draws) -> (ErrorKind, Option<Duration>) {
    (draws.of(&COUNTED), hint(draws))
}

fn hint(draws: &mut Draws) -> Option<Duration> {
    draws.one_in(10).then(|| Duration::from_millis(draws.below(400_000)))
}
