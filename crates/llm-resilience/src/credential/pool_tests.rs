//! The pool by single rules. `pool_model` holds it to all of them at once.

use super::pool::{Ask, KeyPool, Picked, Soonest};
use super::*;
use crate::cooldown::{CoolDownPolicy, CoolDowns, Fingerprint, Fingerprints};
use llm_core::{Error, ErrorKind, RateLimits};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

struct Bench {
    pool: KeyPool,
    keys: Vec<Fingerprint>,
    now: Instant,
}

impl Bench {
    fn new(keys: usize) -> Self {
        let fingerprints = Fingerprints::default();
        let keys: Vec<Fingerprint> = (0..keys).map(|key| fingerprints.of_text(&format!("key {key}"))).collect();
        let cool_downs = Arc::new(CoolDowns::default());
        let mut pool = KeyPool::new("vendor".into(), keys.len(), CoolDownPolicy::default(), cool_downs);
        keys.iter().enumerate().for_each(|(slot, key)| pool.set_key(slot, Some(*key)));
        Self { pool, keys, now: Instant::now() }
    }

    fn pick(&mut self) -> Result<Picked, Option<Soonest>> {
        self.pool.pick(&ask(), self.now)
    }

    fn slot(&mut self) -> Option<usize> {
        self.pick().ok().map(|picked| picked.slot)
    }

    /// A call with this key fails at once.
    fn fail(&mut self, slot: usize, kind: ErrorKind, wait: impl Into<Option<Duration>>) {
        let picked = Picked { slot, key: self.keys[slot], turn: None };
        let error = Error::new(kind, "scripted").with_retry_after(wait);
        self.pool.failed(&picked, "m", &error, (self.now, self.now));
    }

    fn answer(&mut self, slot: usize) {
        let picked = Picked { slot, key: self.keys[slot], turn: None };
        self.pool.answered(&picked, "m", self.now, self.now);
    }

    fn limits(&mut self, slot: usize, remaining: u64) {
        let mut limits = RateLimits::default();
        (limits.requests_limit, limits.requests_remaining) = (Some(1000), Some(remaining));
        limits.requests_reset = Some(MINUTE);
        let picked = Picked { slot, key: self.keys[slot], turn: None };
        self.pool.limits(&picked, "m", &limits, self.now);
    }
}

fn ask() -> Ask<'static> {
    Ask { model: "m", tried: &[], only: None, rather: None, session: None }
}

#[test]
fn keys_take_turns() {
    let mut bench = Bench::new(3);
    let slots: Vec<usize> = (0..6).filter_map(|_| bench.slot()).collect();
    assert_eq!(slots, [0, 1, 2, 0, 1, 2]);
}

#[test]
fn a_key_with_more_left_is_used_more_until_its_limits_are_full_again() {
    let mut bench = Bench::new(2);
    bench.limits(0, 1000);
    bench.limits(1, 250);
    let count = |bench: &mut Bench| (0..1000).filter(|_| bench.slot() == Some(1)).count();
    assert_eq!(count(&mut bench), 200, "a quarter of the other one's");
    bench.limits(1, 0);
    assert!(count(&mut bench) <= 2);
    bench.now += MINUTE;
    assert_eq!(count(&mut bench), 500);
}

#[test]
fn what_a_refusal_shuts_and_for_how_long() {
    let cases = [
        (ErrorKind::Auth, None, 5 * MINUTE, true),
        (ErrorKind::QuotaExhausted, None, 15 * MINUTE, true),
        (ErrorKind::QuotaExhausted, Some(3 * MINUTE), 3 * MINUTE, false),
        (ErrorKind::Permission, None, 5 * MINUTE, false),
        (ErrorKind::NotFound, None, 5 * MINUTE, false),
        (ErrorKind::RateLimited, Some(20 * SECOND), 20 * SECOND, false),
        (ErrorKind::RateLimited, None, 2 * SECOND, false),
    ];
    for (kind, told, wait, everywhere) in cases {
        let mut bench = Bench::new(1);
        bench.fail(0, kind, told);
        assert_eq!(bench.pick().unwrap_err(), Some(Soonest { kind, wait }), "{kind} {told:?}");
        let elsewhere = bench.pool.pick(&Ask { model: "other", ..ask() }, bench.now);
        assert_eq!(elsewhere.is_err(), everywhere, "{kind} {told:?}");
        assert_eq!(bench.pool.shut_for(bench.now), everywhere.then_some(wait));
        bench.now += wait;
        assert_eq!(bench.slot(), Some(0), "{kind} {told:?}");
    }
    for kind in [ErrorKind::Server, ErrorKind::Overloaded, ErrorKind::InvalidRequest, ErrorKind::ContentFilter] {
        let mut bench = Bench::new(1);
        bench.fail(0, kind, MINUTE);
        assert_eq!(bench.slot(), Some(0), "{kind}");
    }
}

#[test]
fn waits_grow_and_an_answer_ends_the_growth() {
    let mut bench = Bench::new(1);
    let mut waits = |kind: ErrorKind, answered: bool| {
        let mut waits = Vec::new();
        for _ in 0..7 {
            bench.fail(0, kind, None);
            let Err(Some(Soonest { wait, .. })) = bench.pick() else { panic!("{kind} shuts nothing") };
            waits.push(wait.as_secs());
            bench.now += wait;
        }
        if answered {
            bench.answer(0);
            bench.now += 6 * MINUTE;
        }
        waits
    };
    assert_eq!(waits(ErrorKind::Auth, true), [300, 600, 1200, 2400, 3600, 3600, 3600]);
    assert_eq!(waits(ErrorKind::QuotaExhausted, true), [900, 1800, 3600, 7200, 14_400, 21_600, 21_600]);
    assert_eq!(waits(ErrorKind::RateLimited, true), [2, 4, 8, 16, 32, 60, 60]);
    assert_eq!(waits(ErrorKind::RateLimited, false)[0], 2, "it began again");
}

#[test]
fn a_single_refusal_of_the_only_good_key_is_doubted_and_that_of_one_of_several_is_not() {
    let mut bench = Bench::new(1);
    bench.answer(0);
    for _ in 0..2 {
        bench.fail(0, ErrorKind::Auth, None);
        assert_eq!(bench.slot(), Some(0));
    }
    bench.fail(0, ErrorKind::Auth, None);
    assert_eq!(bench.slot(), None);

    let mut bench = Bench::new(2);
    bench.answer(0);
    bench.answer(1);
    bench.fail(0, ErrorKind::Auth, None);
    assert_eq!((bench.slot(), bench.slot()), (Some(1), Some(1)));
}

#[test]
fn a_key_that_nobody_refused_is_not_left_alone_and_one_that_was_not_exchanged_is() {
    let unsent = Error::new(ErrorKind::Auth, "no key").with_progress(llm_core::Progress::NotSent);
    for (error, usable) in [(unsent.clone(), true), (unsent.with_status(400), false)] {
        let mut bench = Bench::new(1);
        let picked = Picked { slot: 0, key: bench.keys[0], turn: None };
        bench.pool.failed(&picked, "m", &error, (bench.now, bench.now));
        assert_eq!(bench.slot().is_some(), usable);
    }
}

#[test]
fn after_a_wrong_key_one_call_finds_out_and_the_others_use_another_key() {
    let mut bench = Bench::new(2);
    bench.fail(0, ErrorKind::Auth, None);
    bench.now += 5 * MINUTE;
    let slots: Vec<Picked> = (0..4).map(|_| bench.pick().unwrap()).collect();
    assert_eq!(slots.iter().filter(|picked| picked.slot == 0).count(), 1);
    let probe = slots.into_iter().find(|picked| picked.slot == 0).unwrap();
    bench.pool.release(&probe, "m");
    assert!((0..2).any(|_| bench.slot() == Some(0)), "its caller gave up, and the next one finds out");
}

#[test]
fn a_session_keeps_its_key_while_it_may_be_used() {
    let mut bench = Bench::new(4);
    let of = |bench: &mut Bench, session: u64| {
        bench.pool.pick(&Ask { session: Some(session), ..ask() }, bench.now).unwrap().slot
    };
    let first: Vec<usize> = (0..64).map(|session| of(&mut bench, session)).collect();
    assert!((0..4).all(|slot| first.contains(&slot)), "sessions are spread");
    bench.fail(2, ErrorKind::RateLimited, MINUTE);
    for (session, slot) in (0..).zip(&first) {
        let now = of(&mut bench, session);
        assert!(now != 2 && (*slot == 2 || now == *slot), "only the sessions of key 2 move");
    }
    bench.now += MINUTE;
    assert_eq!((0..64).map(|session| of(&mut bench, session)).collect::<Vec<_>>(), first);
}

#[test]
fn another_key_in_the_same_place_is_a_new_one() {
    let mut bench = Bench::new(1);
    bench.answer(0);
    (0..3).for_each(|_| bench.fail(0, ErrorKind::Auth, None));
    assert_eq!(bench.slot(), None);
    let old = bench.keys[0];
    let new = Fingerprints::default().of_text("another");
    bench.pool.set_key(0, Some(new));
    assert_eq!(bench.slot(), Some(0));
    bench.pool.set_key(0, Some(old));
    assert_eq!(bench.slot(), None, "and the old one is still what it was");
    bench.pool.set_key(0, None);
    assert_eq!(bench.pick().unwrap_err(), None);
}

#[test]
fn nothing_of_a_key_is_shown() {
    let pools = KeyPools::new();
    let source: Arc<dyn KeySource> = Arc::new(FixedKey::new("literal", "sk-very-secret-key".into()));
    let keys = Keys::new("vendor", [source], CoolDownPolicy::default(), &pools);
    let shown = format!("{keys:?} {pools:?} {:?}", keys.statuses());
    assert!(!shown.contains("very-secret"), "{shown}");
}
