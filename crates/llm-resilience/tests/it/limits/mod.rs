//! Limits on a paused clock: turns, queues, what is given back, and simulations of vendors, links and crowds.

mod counted;
mod drops;
mod fair;
mod gates;
mod links;
#[cfg(feature = "redis")]
mod redis;
mod shared;
mod shared_faults;
mod stores;
mod turns;
mod vendor;
mod watched;

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use llm_core::{Error, Priority, Target, TokenEstimate};
use llm_resilience::limit::{LimitAsk, LimitPolicy, LimitScope, Limits, Slot};
use tokio::time::Instant;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn target() -> Target {
    Target::new("vendor", "model")
}

/// Limits whose target keeps to this policy.
pub(crate) fn limits(policy: LimitPolicy) -> Limits {
    let limits = Limits::new();
    limits.configure(LimitScope::Target(target()), policy);
    limits
}

/// A request that waits up to a minute.
pub(crate) fn ask(target: &Target) -> LimitAsk<'_> {
    let now = Instant::now();
    LimitAsk {
        now,
        deadline: now + 60 * SECOND,
        target,
        tenant: None,
        credential: None,
        priority: Priority::Normal,
        tokens: TokenEstimate::default(),
        draw: 0,
        may_wait: true,
    }
}

/// One that does not wait.
pub(crate) fn hasty(target: &Target) -> LimitAsk<'_> {
    LimitAsk { may_wait: false, ..ask(target) }
}

/// A policy that reserves the longest answer.
pub(crate) fn strict(mut policy: LimitPolicy) -> LimitPolicy {
    policy.strict = true;
    policy
}

/// Polls once.
pub(crate) fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

pub(crate) async fn enter(limits: &Limits) -> Result<Slot, Error> {
    let mut slot = limits.enter(ask(&target())).await?;
    slot.sent();
    Ok(slot)
}

/// In flight and queued at the target.
pub(crate) fn gauges(limits: &Limits) -> (u32, u32) {
    let load = limits.load(&target());
    (load.in_flight, load.queued)
}

/// What is left of one limit of the target.
pub(crate) fn left(limits: &Limits, name: &str) -> i64 {
    let left = limits.left(&target(), Instant::now());
    left.iter().find(|left| left.name == name).unwrap_or_else(|| panic!("{name} is not limited")).left
}
