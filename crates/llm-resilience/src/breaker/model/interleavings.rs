//! Three calls at the moment a breaker may half-open, in every order and with every end.

use std::time::Duration;

use llm_core::ErrorKind;
use tokio::time::Instant;

use super::checker::{Checker, Given, Held};
use crate::breaker::{Breaker, BreakerPolicy, BreakerState, Outcome, Permit};

const ACTORS: usize = 3;
const ENDS: [Option<Outcome>; 4] = [
    None,
    Some(Outcome::Answered { first_content: Duration::ZERO }),
    Some(Outcome::Failed { kind: ErrorKind::Server, retry_after: None }),
    Some(Outcome::Failed { kind: ErrorKind::RateLimited, retry_after: None }),
];

/// All orders of two steps for each actor: each word names an actor twice, first to ask and then to end.
fn orders() -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    for _ in 0..2 * ACTORS {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                (0..ACTORS)
                    .filter(|actor| order.iter().filter(|other| *other == actor).count() < 2)
                    .map(|actor| [&order[..], &[actor]].concat())
                    .collect::<Vec<_>>()
            })
            .collect();
    }
    orders
}

/// An open breaker, and the time at which it may half-open.
fn open(policy: &BreakerPolicy) -> (Breaker, Checker, Instant) {
    let now = Instant::now();
    let given = Given { policy: policy.clone(), failed_percent: 0, slow_percent: 0, jitter_percent: 0 };
    let (mut breaker, mut checker) = (Breaker::new(policy.clone(), now), Checker::new(given, now));
    breaker.late_failure(ErrorKind::Server, None, now, 0);
    checker.late_failure(ErrorKind::Server, None, now);
    checker.sees(breaker.state(), breaker.until()).unwrap();
    (breaker, checker, now + policy.open_for)
}

#[test]
fn three_calls_in_every_order_keep_to_the_rules() {
    let orders = orders();
    assert_eq!(orders.len(), 90);
    let (mut closed, mut open_again) = (0, 0);
    for (probes, successes) in [(1, 1), (1, 2), (2, 1), (2, 2), (3, 3)] {
        let policy = BreakerPolicy::classic().with_failures(1).with_probes(probes, successes);
        for order in &orders {
            for ends in 0..ENDS.len().pow(3) {
                let (mut breaker, mut checker, now) = open(&policy);
                let mut held: [Option<(Permit, Held)>; ACTORS] = [None, None, None];
                let mut asked = [false; ACTORS];
                for &actor in order {
                    if !std::mem::replace(&mut asked[actor], true) {
                        let permit = breaker.admit(now);
                        let known = checker.admitted(false, permit.as_ref().err().copied(), now).unwrap();
                        held[actor] = permit.ok().zip(known);
                    } else if let Some((permit, known)) = held[actor].take() {
                        let end = ENDS[ends / ENDS.len().pow(u32::try_from(actor).unwrap()) % ENDS.len()];
                        checker.ended(known, end, now);
                        match end {
                            Some(outcome) => breaker.record(permit, outcome, now, 0),
                            None => breaker.release(permit),
                        }
                    }
                    checker.sees(breaker.state(), breaker.until()).unwrap();
                }
                // Whatever happened, nobody holds a place now.
                match breaker.state() {
                    BreakerState::HalfOpen => assert_eq!(breaker.refuses(now), None),
                    BreakerState::Closed => closed += 1,
                    BreakerState::Open => open_again += 1,
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    assert!(closed > 0 && open_again > 0);
}
