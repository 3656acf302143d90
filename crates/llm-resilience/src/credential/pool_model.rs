//! The pool against an independent checker in a random walk: who may be used, and who may be used soonest.
//!
//! The checker keeps every refusal and answer and looks through all of them for each question; the pool keeps states.

use std::sync::Arc;
use std::time::Duration;

use llm_core::{Error, ErrorKind};
use tokio::time::Instant;

use super::pool::{Ask, KeyPool, Picked, Soonest};
use crate::cooldown::{CoolDownPolicy, CoolDowns, Fingerprint, Fingerprints};

const KEYS: usize = 3;
const MODELS: [&str; 2] = ["a", "b"];
const MINUTE: u64 = 60;

/// What became of a call.
#[derive(Clone, Copy, Debug)]
enum Word {
    Answer,
    Refusal(ErrorKind, Option<Duration>),
}

/// One call that is over.
#[derive(Clone, Copy, Debug)]
struct Past {
    key: usize,
    model: usize,
    began: Instant,
    at: Instant,
    word: Word,
    /// For refusals of whole keys: another key could have been used.
    had_other: bool,
}

/// Everything that happened.
#[derive(Default)]
struct Checker {
    past: Vec<Past>,
    /// Calls at work that find out for others: key and model.
    probes: Vec<(u64, usize, Option<usize>)>,
}

/// Until when a key is left alone in one place, and why; `ended` when that time is over and somebody has to find out.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shut {
    until: Instant,
    kind: ErrorKind,
}

impl Checker {
    /// Whether a word is about this place: a key at all models (`None`) or at one.
    fn is_about(past: &Past, key: usize, model: Option<usize>) -> bool {
        past.key == key
            && match past.word {
                Word::Answer => model.is_none_or(|model| model == past.model),
                Word::Refusal(ErrorKind::Auth, _) | Word::Refusal(ErrorKind::QuotaExhausted, None) => model.is_none(),
                Word::Refusal(..) => model == Some(past.model),
            }
    }

    fn answered_lately(&self, before: usize, at: Instant, is: impl Fn(&Past) -> bool) -> bool {
        self.past[..before].iter().any(|past| {
            matches!(past.word, Word::Answer) && is(past) && at - past.at <= Duration::from_secs(5 * MINUTE)
        })
    }

    /// The length of the `n`-th wait in a row.
    fn wait(kind: ErrorKind, told: Option<Duration>, n: u32) -> Duration {
        let grown = |first: u64, most: u64| Duration::from_secs((first << (n - 1).min(20)).min(most));
        match kind {
            ErrorKind::Auth => grown(5 * MINUTE, 60 * MINUTE),
            ErrorKind::QuotaExhausted => told.unwrap_or_else(|| grown(15 * MINUTE, 360 * MINUTE)),
            ErrorKind::RateLimited => told.unwrap_or_else(|| grown(2, 60)),
            _ => Duration::from_secs(5 * MINUTE),
        }
    }

    /// What is held against a key in one place now.
    fn shut(&self, key: usize, model: Option<usize>) -> Option<Shut> {
        let mut shut: Option<Shut> = None;
        // Of the run of refusals of one class: how many, how many counted, the last one.
        let (mut class, mut run, mut counted, mut last) = (None, 0, 0, None::<Instant>);
        let mut told_until = None::<Instant>;
        let (mut untold, mut untold_at) = (0, None::<Instant>);
        for (place, past) in self.past.iter().enumerate() {
            if past.key == key && model == Some(past.model) && matches!(past.word, Word::Answer) {
                untold = 0;
            }
            if !Self::is_about(past, key, model) {
                continue;
            }
            let Word::Refusal(kind, told) = past.word else {
                let is_later = last.is_none_or(|last| last <= past.began);
                if is_later && told_until.is_none_or(|until| past.at >= until) {
                    (shut, class, run, counted, last, told_until) = (None, None, 0, 0, None, None);
                }
                continue;
            };
            if class != Some(kind) {
                (class, run, counted) = (Some(kind), 0, 0);
            }
            run += 1;
            let lately = match kind {
                ErrorKind::Auth => !past.had_other && self.answered_lately(place, past.at, |other| other.key == key),
                ErrorKind::Permission => {
                    self.answered_lately(place, past.at, |other| other.key == key && Some(other.model) == model)
                }
                _ => false,
            };
            let doubted = lately && run < 3;
            if !doubted && (counted == 0 || last.is_none_or(|last| past.began >= last)) {
                counted += 1;
            }
            last = Some(past.at);
            if kind == ErrorKind::RateLimited
                && told.is_none()
                && (untold == 0 || untold_at.is_none_or(|at| past.began >= at))
            {
                (untold, untold_at) = (untold + 1, Some(past.at));
            }
            if doubted {
                continue;
            }
            let n = if kind == ErrorKind::RateLimited { untold } else { counted };
            let until = past.at + Self::wait(kind, told, n.max(1));
            if shut.is_none_or(|shut| until > shut.until) {
                shut = Some(Shut { until, kind });
                let is_told = kind == ErrorKind::RateLimited || (kind == ErrorKind::QuotaExhausted && told.is_some());
                told_until = is_told.then_some(until);
            }
        }
        shut
    }

    /// How long a key may not be used at a model, and why.
    fn refuses(&self, key: usize, model: usize, now: Instant) -> Option<Soonest> {
        let of = |place: Option<usize>| {
            let shut = self.shut(key, place)?;
            if now < shut.until {
                return Some(Soonest { kind: shut.kind, wait: shut.until - now });
            }
            let probed = self.probes.iter().any(|(_, other, where_)| *other == key && *where_ == place);
            probed.then_some(Soonest { kind: shut.kind, wait: Duration::from_secs(1) })
        };
        [of(None), of(Some(model))].into_iter().flatten().max_by_key(|soonest| soonest.wait)
    }

    /// A refusal ends the turn of whoever was to find out there.
    fn told(&mut self, past: Past) {
        self.past.push(past);
        if let Word::Refusal(..) = past.word {
            for place in [None, Some(past.model)] {
                if Self::is_about(&past, past.key, place) {
                    self.probes.retain(|(_, key, where_)| (*key, *where_) != (past.key, place));
                }
            }
        }
    }
}

struct Call {
    number: u64,
    picked: Picked,
    model: usize,
    began: Instant,
}

/// What a walk came across, so that a walk that met nothing is noticed.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    picked: u32,
    refused: u32,
    probes: u32,
    refusals: u32,
}

fn word(random: &mut fastrand::Rng) -> Word {
    let told = |random: &mut fastrand::Rng| random.bool().then(|| Duration::from_secs(random.u64(1..900)));
    match random.u32(..12) {
        0 => Word::Refusal(ErrorKind::Auth, None),
        1 => Word::Refusal(ErrorKind::QuotaExhausted, told(random)),
        2 | 3 => Word::Refusal(ErrorKind::RateLimited, told(random)),
        4 => Word::Refusal(ErrorKind::Permission, None),
        _ => Word::Answer,
    }
}

fn walk(seed: u64, steps: u32, policy: CoolDownPolicy) -> Result<Tally, String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let fingerprints = Fingerprints::default();
    let keys: Vec<Fingerprint> = (0..KEYS).map(|key| fingerprints.of_text(&key.to_string())).collect();
    let mut pool = KeyPool::new("vendor".into(), KEYS, policy, Arc::new(CoolDowns::default()));
    keys.iter().enumerate().for_each(|(slot, key)| pool.set_key(slot, Some(*key)));
    let (mut checker, mut calls, mut now) = (Checker::default(), Vec::<Call>::new(), Instant::now());
    let mut tally = Tally::default();
    for step in 0..steps {
        let wrong = |what: String| Err(format!("seed {seed}, step {step}: {what}"));
        now += Duration::from_millis(match random.u32(..10) {
            0..6 => random.u64(..2000),
            6..9 => random.u64(..120_000),
            _ => random.u64(..2_000_000),
        });
        if calls.len() < 4 && random.bool() {
            let model = random.usize(..MODELS.len());
            let tried: Vec<bool> = (0..KEYS).map(|_| random.u32(..8) == 0).collect();
            let ask = Ask { model: MODELS[model], tried: &tried, only: None, rather: None, session: None };
            let shut: Vec<Option<Soonest>> = (0..KEYS).map(|key| checker.refuses(key, model, now)).collect();
            match pool.pick(&ask, now) {
                Ok(picked) => {
                    tally.picked += 1;
                    if tried[picked.slot] || shut[picked.slot].is_some() {
                        return wrong(format!("key {} is used: {shut:?}, {tried:?}", picked.slot));
                    }
                    if picked.turn.is_some() {
                        tally.probes += 1;
                    }
                    // It finds out wherever a time is over, but not after a mere rate limit.
                    for place in [None, Some(model)] {
                        if checker.shut(picked.slot, place).is_some_and(|shut| shut.kind != ErrorKind::RateLimited) {
                            checker.probes.push((u64::from(step), picked.slot, place));
                        }
                    }
                    calls.push(Call { number: u64::from(step), picked, model, began: now });
                }
                Err(soonest) => {
                    tally.refused += 1;
                    if (0..KEYS).any(|key| !tried[key] && shut[key].is_none()) {
                        return wrong(format!("nobody is used: {shut:?}, {tried:?}"));
                    }
                    let expected = shut.iter().flatten().map(|soonest| soonest.wait).min();
                    if soonest.map(|soonest| soonest.wait) != expected {
                        return wrong(format!("{soonest:?} is not the soonest of {shut:?}"));
                    }
                }
            }
        } else if !calls.is_empty() {
            let call = calls.swap_remove(random.usize(..calls.len()));
            let (slot, model) = (call.picked.slot, MODELS[call.model]);
            if random.u32(..8) > 0 {
                let word = word(&mut random);
                let had_other = (0..KEYS).any(|key| key != slot && checker.refuses(key, call.model, now).is_none());
                match word {
                    Word::Answer => pool.answered(&call.picked, model, call.began, now),
                    Word::Refusal(kind, told) => {
                        tally.refusals += 1;
                        let error = Error::new(kind, "scripted").with_retry_after(told);
                        pool.failed(&call.picked, model, &error, (call.began, now));
                    }
                }
                checker.told(Past { key: slot, model: call.model, began: call.began, at: now, word, had_other });
            }
            pool.release(&call.picked, model);
            checker.probes.retain(|(number, ..)| *number != call.number);
        }
    }
    Ok(tally)
}

#[test]
fn the_pool_keeps_to_the_rules_in_a_random_walk() {
    let mut sum = Tally::default();
    for seed in 0..150 {
        let tally = walk(seed, 400, CoolDownPolicy::default()).unwrap();
        sum.picked += tally.picked;
        sum.refused += tally.refused;
        sum.probes += tally.probes;
        sum.refusals += tally.refusals;
    }
    assert!(sum.picked > 10_000 && sum.refused > 1000 && sum.probes > 500 && sum.refusals > 3000, "{sum:?}");
}

/// A checker that lets a pool with other rules pass is worth nothing.
#[test]
fn the_checker_finds_a_pool_with_other_rules() {
    let with = |change: fn(&mut CoolDownPolicy)| {
        let mut policy = CoolDownPolicy::default();
        change(&mut policy);
        policy
    };
    let mutants = [
        with(|policy| policy.auth /= 2),
        with(|policy| policy.max_auth /= 6),
        with(|policy| policy.quota *= 2),
        with(|policy| policy.missing /= 2),
        with(|policy| policy.rate_limits = false),
    ];
    for mutant in mutants {
        assert!((0..150).any(|seed| walk(seed, 400, mutant).is_err()), "{mutant:?} was not found");
    }
}
