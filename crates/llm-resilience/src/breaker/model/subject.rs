//! What a walk does with a breaker, so that the real one and the broken ones take the same steps.

use std::fmt::Debug;
use std::time::Duration;

use llm_core::ErrorKind;
use tokio::time::Instant;

use crate::breaker::{BreakerPolicy, BreakerState, Outcome, Refusal};

pub(super) trait Subject {
    type Permit: Debug;
    fn new(policy: BreakerPolicy, now: Instant) -> Self;
    fn admit(&mut self, now: Instant) -> Result<Self::Permit, Refusal>;
    fn admit_last_resort(&mut self, now: Instant) -> Result<Self::Permit, Refusal>;
    fn record(&mut self, permit: Self::Permit, outcome: Outcome, now: Instant, draw: u64);
    fn release(&mut self, permit: Self::Permit);
    fn late_failure(&mut self, kind: ErrorKind, retry_after: Option<Duration>, now: Instant, draw: u64);
    fn probe_passed(&mut self, now: Instant);
    fn isolate(&mut self, now: Instant);
    fn force_close(&mut self, now: Instant);
    fn reset(&mut self, now: Instant);
    fn state(&self) -> BreakerState;
    fn until(&self) -> Option<Instant>;
    fn refuses(&self, now: Instant) -> Option<Refusal>;
}

/// The type of that name in scope is a subject.
macro_rules! subject {
    ($breaker:ty, $permit:ty) => {
        #[rustfmt::skip]
        impl $crate::breaker::model::subject::Subject for $breaker {
            type Permit = $permit;
            fn new(policy: BreakerPolicy, now: Instant) -> Self { Self::new(policy, now) }
            fn admit(&mut self, now: Instant) -> Result<$permit, Refusal> { self.admit(now) }
            fn admit_last_resort(&mut self, now: Instant) -> Result<$permit, Refusal> { self.admit_last_resort(now) }
            fn record(&mut self, permit: $permit, outcome: Outcome, now: Instant, draw: u64) {
                self.record(permit, outcome, now, draw);
            }
            fn release(&mut self, permit: $permit) { self.release(permit); }
            fn late_failure(&mut self, kind: ErrorKind, retry_after: Option<Duration>, now: Instant, draw: u64) {
                self.late_failure(kind, retry_after, now, draw);
            }
            fn probe_passed(&mut self, now: Instant) { self.probe_passed(now); }
            fn isolate(&mut self, now: Instant) { self.isolate(now); }
            fn force_close(&mut self, now: Instant) { self.force_close(now); }
            fn reset(&mut self, now: Instant) { self.reset(now); }
            fn state(&self) -> BreakerState { self.state() }
            fn until(&self) -> Option<Instant> { self.until() }
            fn refuses(&self, now: Instant) -> Option<Refusal> { self.refuses(now) }
        }
    };
}

pub(super) use subject;

subject!(crate::breaker::Breaker, crate::breaker::Permit);
