//! Every class of errors in every situation against a table of its own, and runs through whole plans.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use llm_core::{
    AttemptReason, Capabilities, Cx, Error, ErrorKind, PlanTarget, Progress, Provider, Request, Response, TimeoutStage,
};

use super::{Around, Course, Rules, Step};
use crate::attempt::FallbackPolicy;
use crate::retry::RetryPolicy;

struct Vendor {
    id: String,
    window: Option<u64>,
}

#[llm_core::async_trait]
impl Provider for Vendor {
    fn id(&self) -> &str {
        &self.id
    }

    fn api(&self) -> &'static str {
        ""
    }

    fn capabilities(&self, _model: &str) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.context_window = self.window;
        capabilities
    }

    async fn call(&self, _cx: &Cx, _request: Request) -> Result<Response, Error> {
        Err(Error::new(ErrorKind::Internal, "nobody calls"))
    }
}

fn vendor(id: impl Into<String>, window: impl Into<Option<u64>>) -> PlanTarget {
    PlanTarget::new(Arc::new(Vendor { id: id.into(), window: window.into() }), "m")
}

/// The first has a small window, each further one a larger one.
fn plan(targets: u64) -> Vec<PlanTarget> {
    (0..targets).map(|place| vendor(format!("v{place}"), 1000 * (place + 1))).collect()
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Hands `act` what surrounds a decision.
fn around<R>(
    plan: &[PlanTarget],
    retry: &RetryPolicy,
    remaining: Duration,
    draw: u64,
    pay: &dyn Fn(usize) -> bool,
    act: impl FnOnce(&Around<'_>) -> R,
) -> R {
    let fallback = FallbackPolicy::default();
    let rules = Rules { retry, fallback: &fallback, max_retries: None, max_targets: 3, replayable: true };
    act(&Around { plan, rules, remaining, draw, typical: &|_| None, pay })
}

/// What may follow a class of errors, by the design and not by the code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Elsewhere {
    Never,
    Next,
    /// The plans of these tests have only larger windows behind the first.
    Larger,
}

/// Retries at the same target, base of their delay in milliseconds, other targets, and whether another target is
/// preferred to a retry.
fn row(kind: ErrorKind) -> (u32, u64, Elsewhere, bool) {
    use Elsewhere::{Larger, Never, Next};
    use ErrorKind as K;
    match kind {
        K::Auth | K::Permission | K::NotFound | K::QuotaExhausted | K::Unsupported | K::Config => (0, 0, Next, true),
        K::InvalidRequest | K::ContentFilter | K::BudgetExceeded | K::NoTarget | K::Cancelled | K::Internal => {
            (0, 0, Never, false)
        }
        K::PayloadTooLarge | K::ContextLength => (0, 0, Larger, true),
        K::RateLimited => (3, 1000, Next, true),
        K::Overloaded => (3, 1000, Next, false),
        K::Server | K::Network | K::Truncated => (3, 250, Next, false),
        K::ModelOutput | K::Malformed => (1, 250, Next, false),
        K::Timeout(TimeoutStage::Total) => (0, 0, Never, false),
        K::Timeout(TimeoutStage::Connect) => (3, 250, Next, false),
        K::Timeout(_) => (3, 250, Next, true),
        K::CircuitOpen | K::Limited => unreachable!("refusals have a table of their own"),
        other => panic!("a class without a row: {other:?}"),
    }
}

#[derive(Clone, Copy, Debug)]
struct Case {
    kind: ErrorKind,
    progress: Progress,
    remaining: u64,
    targets: u64,
    retries: u32,
    hint: Option<u64>,
    affordable: bool,
}

/// The hint with its spread when every draw is the highest.
fn spread(hint: u64) -> u64 {
    hint + (hint / 10).min(1000)
}

fn oracle(case: Case) -> Step {
    let Case { kind, progress, remaining, targets, retries, hint, affordable } = case;
    let others = u32::try_from(targets).unwrap() - 1;
    if remaining < 50 {
        return Step::Stop;
    }
    if matches!(kind, ErrorKind::CircuitOpen | ErrorKind::Limited) {
        let waits = hint.filter(|&hint| kind == ErrorKind::Limited && hint <= 60_000 && spread(hint) + 50 <= remaining);
        return match waits {
            _ if others > 0 => Step::Move,
            Some(hint) => Step::Wait(ms(spread(hint))),
            None => Step::Stop,
        };
    }
    if progress == Progress::Committed {
        return Step::Stop;
    }
    let (allowed, base, elsewhere, prefers) = row(kind);
    let made = retries + 1;
    let moves = others > 0 && made < 4 && elsewhere != Elsewhere::Never;
    let elsewhere = if moves { Step::Move } else { Step::Stop };
    let unsent = kind == ErrorKind::Network && progress == Progress::NotSent && hint.is_none();
    if unsent {
        return if affordable { Step::Retry(Duration::ZERO) } else { elsewhere };
    }
    if moves && (prefers || hint.is_some()) {
        return elsewhere;
    }
    let kept = if moves { others.min(2) } else { 0 };
    if retries >= allowed || made + kept >= 4 || hint.is_some_and(|hint| hint > 60_000) {
        return elsewhere;
    }
    let wait = hint.map_or_else(|| (base << retries).min(8000), spread);
    if wait + 50 > remaining || !affordable { elsewhere } else { Step::Retry(ms(wait)) }
}

#[test]
fn matrix_exhaustive() {
    let (mut cases, retry) = (0, RetryPolicy::default());
    let plans = [plan(1), plan(2), plan(3), plan(4)];
    for kind in ErrorKind::ALL {
        for progress in [Progress::NotSent, Progress::Sent, Progress::Committed] {
            for remaining in [0, 49, 50, 299, 300, 2249, 2250, 600_000] {
                for targets in 1..=4 {
                    for retries in 0..4 {
                        for hint in [None, Some(2000), Some(61_000)] {
                            for affordable in [true, false] {
                                let case = Case { kind, progress, remaining, targets, retries, hint, affordable };
                                let error = Error::new(kind, "").with_progress(progress);
                                let error = error.with_retry_after(hint.map(ms));
                                let mut course = Course { retries, made: retries, ..Course::default() };
                                assert_eq!(course.begin(), AttemptReason::First);
                                let plan = &plans[usize::try_from(targets).unwrap() - 1];
                                let pay = |_: usize| affordable;
                                let step = around(plan, &retry, ms(remaining), u64::MAX, &pay, |around| {
                                    course.failed(&error, around)
                                });
                                assert_eq!(step, oracle(case), "{case:?}");
                                assert_eq!(course.place, usize::from(step == Step::Move), "{case:?}");
                                cases += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    assert_eq!(cases, 30 * 3 * 8 * 4 * 4 * 3 * 2);
}

/// Any error of a vendor.
fn any_error(random: &mut fastrand::Rng) -> Error {
    let kind = ErrorKind::ALL[random.usize(..ErrorKind::ALL.len())];
    let hint = random.bool().then(|| ms(random.u64(0..20_000)));
    let progress = if random.u8(..8) == 0 { Progress::NotSent } else { Progress::Sent };
    Error::new(kind, "").with_progress(progress).with_retry_after(hint)
}

/// One request through its plan, on a clock of numbers. Gates refuse at random, and then until the time they said.
fn wander(seed: u64, retry: &RetryPolicy, plans: &[Vec<PlanTarget>]) -> (usize, u32) {
    let mut random = fastrand::Rng::with_seed(seed);
    let plan = &plans[random.usize(..plans.len())];
    let deadline = ms(random.u64(50..100_000));
    let (mut now, mut attempts, mut waits, mut course) = (Duration::ZERO, Vec::new(), 0, Course::default());
    let (mut counted, mut called) = (0, Vec::new());
    let mut allowed = vec![Duration::ZERO; plan.len()];
    let mut shut = vec![Duration::ZERO; plan.len()];
    let paid = Cell::new(0);
    let pay = |_: usize| {
        paid.set(paid.get() + 1);
        true
    };
    loop {
        let place = course.place;
        let last_resort = course.last_resort;
        if shut[place] <= now && random.u8(..4) == 0 {
            shut[place] = now + ms(random.u64(0..30_000));
        }
        let remaining = deadline.saturating_sub(now);
        let draw = random.u64(..);
        let step = if shut[place] > now && !last_resort {
            let kind = if random.bool() { ErrorKind::Limited } else { ErrorKind::CircuitOpen };
            let refused = Error::new(kind, "").with_retry_after(shut[place].saturating_sub(now));
            around(plan, retry, remaining, draw, &pay, |around| course.refused(&refused, around))
        } else {
            assert!(now >= allowed[place], "seed {seed}: asked again before the hint");
            assert!(now + ms(50) <= deadline, "seed {seed}: no time for it");
            course.begin();
            attempts.push(place);
            now += ms(random.u64(0..2000));
            let error = any_error(&mut random);
            if !matches!(error.kind(), ErrorKind::CircuitOpen | ErrorKind::Limited) {
                allowed[place] = now + error.retry_after().unwrap_or_default();
                counted += 1;
                called.push(place);
            } else if let Some(after) = error.retry_after() {
                shut[place] = now + after;
            }
            let remaining = deadline.saturating_sub(now);
            around(plan, retry, remaining, draw, &pay, |around| course.failed(&error, around))
        };
        match step {
            Step::Retry(wait) | Step::Wait(wait) => {
                waits += u32::from(!wait.is_zero());
                now += wait;
            }
            Step::Move => {}
            Step::Stop => break,
        }
        // The driver looks at the clock before each attempt.
        if deadline.saturating_sub(now) < ms(50) {
            break;
        }
        assert!(waits < 10_000, "seed {seed}: it never ends");
    }
    // One that failed before anything was sent is free.
    assert!(counted <= retry.max_attempts + 1, "seed {seed}: {counted} attempts");
    assert!(paid.get() + 1 >= counted.saturating_sub(2), "seed {seed}: retries are paid for");
    // Nor does one count whose limit below the driver refused.
    called.sort_unstable();
    called.dedup();
    assert!(called.len() <= 3, "seed {seed}: {attempts:?}");
    (attempts.len(), waits)
}

#[test]
fn never_before_the_hint_in_a_hundred_thousand_runs() {
    let plans = [plan(1), plan(2), plan(3), plan(5)];
    let policies = [RetryPolicy::default(), RetryPolicy::default().with_jitter(false), RetryPolicy::classic()];
    let (mut attempts, mut waits) = (0, 0);
    for seed in 0..100_000 {
        let policy = &policies[usize::try_from(seed % 3).unwrap()];
        let (made, waited) = wander(seed, policy, &plans);
        attempts += made;
        waits += waited;
    }
    assert!(attempts > 100_000 && waits > 20_000, "{attempts} attempts, {waits} waits");
}

fn failed(course: &mut Course, plan: &[PlanTarget], kind: ErrorKind) -> Step {
    course.begin();
    let error = Error::new(kind, "");
    around(plan, &RetryPolicy::default(), ms(600_000), u64::MAX, &|_| true, |around| course.failed(&error, around))
}

fn refused(course: &mut Course, plan: &[PlanTarget], kind: ErrorKind, after: u64) -> Step {
    let error = Error::new(kind, "").with_retry_after(ms(after));
    around(plan, &RetryPolicy::default(), ms(600_000), u64::MAX, &|_| true, |around| course.refused(&error, around))
}

#[test]
fn who_was_refused_is_asked_again_after_the_soonest_wait() {
    let (plan, mut course) = (plan(3), Course::default());
    assert_eq!(refused(&mut course, &plan, ErrorKind::Limited, 9000), Step::Move);
    assert_eq!(refused(&mut course, &plan, ErrorKind::Limited, 3000), Step::Move);
    assert_eq!(refused(&mut course, &plan, ErrorKind::CircuitOpen, 1000), Step::Wait(ms(3300)));
    assert_eq!((course.place, course.tried, course.last_resort), (1, 0, false));
    assert_eq!(refused(&mut course, &plan, ErrorKind::Limited, 50_000), Step::Move);
    assert_eq!(course.place, 0, "all may be asked again");
    assert_eq!(course.begin(), AttemptReason::First);
}

#[test]
fn waits_at_gates_end_where_the_longest_hint_does() {
    let (plan, mut course) = (plan(1), Course::default());
    let mut waited = Duration::ZERO;
    let mut waits = 0;
    while let Step::Wait(wait) = refused(&mut course, &plan, ErrorKind::Limited, 20_000) {
        waited += wait;
        waits += 1;
    }
    assert_eq!((waits, waited), (2, ms(42_000)), "a third one would come to more than a minute");
    assert_eq!(refused(&mut Course::default(), &plan, ErrorKind::Limited, 0), Step::Wait(ms(11)), "never at once");
}

#[test]
fn the_last_resort_is_asked_once_and_only_by_who_was_not_served_yet() {
    let (plan, mut course) = (plan(2), Course::default());
    assert_eq!(refused(&mut course, &plan, ErrorKind::CircuitOpen, 5000), Step::Move);
    assert_eq!(refused(&mut course, &plan, ErrorKind::CircuitOpen, 4000), Step::Move);
    assert_eq!((course.place, course.last_resort), (1, true));
    assert_eq!(refused(&mut course, &plan, ErrorKind::CircuitOpen, 4000), Step::Stop);

    let mut course = Course::default();
    assert_eq!(failed(&mut course, &plan, ErrorKind::NotFound), Step::Move);
    assert_eq!(refused(&mut course, &plan, ErrorKind::CircuitOpen, 4000), Step::Stop);
    assert!(!course.last_resort);
}

#[test]
fn the_one_that_failed_last_is_tried_again_when_the_others_are_shut() {
    let (plan, mut course) = (plan(2), Course::default());
    assert_eq!(failed(&mut course, &plan, ErrorKind::RateLimited), Step::Move);
    assert_eq!(refused(&mut course, &plan, ErrorKind::CircuitOpen, 4000), Step::Retry(ms(1000)));
    assert_eq!((course.place, course.begin()), (0, AttemptReason::Retry));
    assert_eq!(course.tried, 1);
    let mut course = Course::default();
    assert_eq!(failed(&mut course, &plan, ErrorKind::RateLimited), Step::Move);
    assert_eq!(refused(&mut course, &plan, ErrorKind::Limited, 500), Step::Wait(ms(550)), "the other one is sooner");
    assert_eq!(course.place, 1);
}

#[test]
fn a_wrong_key_closes_all_places_of_its_provider() {
    let same = vendor("a", None);
    let plan = [same.clone(), vendor("b", None), same];
    let mut course = Course::default();
    assert_eq!(failed(&mut course, &plan, ErrorKind::Auth), Step::Move);
    assert_eq!(course.place, 1);
    assert_eq!(failed(&mut course, &plan, ErrorKind::Permission), Step::Stop, "the third has the same wrong key");
}

#[test]
fn windows_stay_asked_for() {
    let plan = [vendor("a", 2000), vendor("b", 4000), vendor("c", 3000), vendor("d", 9000)];
    let mut course = Course::default();
    assert_eq!(failed(&mut course, &plan, ErrorKind::ContextLength), Step::Move);
    assert_eq!(failed(&mut course, &plan, ErrorKind::ContextLength), Step::Move);
    assert_eq!(course.place, 3, "3000 is less than the 4000 that did not do");
}

#[test]
fn a_hedge_goes_to_another_provider_or_region() {
    let plan = [
        vendor("a", None).with_region("eu"),
        vendor("a", None).with_region("eu"),
        vendor("a", None),
        vendor("a", None).with_region("us"),
        vendor("b", None),
    ];
    let mut course = Course::default();
    course.begin();
    assert_eq!(course.hedge(&plan, |_| true), Some(3));
    assert_eq!(course.hedge(&plan, |place| place != 3), Some(4));
    course.lost(4, true, &plan);
    assert_eq!(course.hedge(&plan, |place| place != 3), None);
    assert_eq!(course.hedge(&plan[..1], |_| true), None);
}
