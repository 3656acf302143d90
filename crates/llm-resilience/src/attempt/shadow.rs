//! Shadows: a copy of a request to another target, for comparison only. Its answer reaches nobody, and nobody waits for it.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use llm_core::{
    Attempt, AttemptReason, Cx, Error, Observed, Observer, PlanTarget, Priority, Request, RequestInfo, Target, Usage,
};
use tokio::time::{Instant, sleep_until};

use super::Driver;
use super::commit;
use super::leg::{self, Answer, Leg};
use super::stream::policy::StreamPolicy;
use super::trip::Trip;
use crate::gate::Asked;
use crate::learned::Operation;
use crate::timeout::{self, Bounds, after};

/// A place among the shadows at work.
struct Slot(Arc<AtomicU32>);

impl Slot {
    fn take(free: &Arc<AtomicU32>) -> Option<Self> {
        let taken = free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| free.checked_sub(1));
        taken.is_ok().then(|| Self(free.clone()))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Starts the shadow of a request, if its plan has one and there is room for it.
pub(super) fn start(trip: &Trip) {
    let Some(place) = &trip.plan.shadow else { return };
    if trip.call.credential.is_some() {
        // A caller's own key is neither to be shown to another vendor nor to pay for a comparison.
        return;
    }
    let (Ok(runtime), Some(slot)) = (tokio::runtime::Handle::try_current(), Slot::take(&trip.driver.shadows)) else {
        tracing::debug!("leaving the shadow {} out: there is no room for it", place.target);
        return;
    };
    let mut call = trip.call.clone();
    // It outlives its request.
    call.cancel = None;
    call.observer = None;
    call.deadline = None;
    call.attempt = 0;
    let total = trip.settings.timeouts.total;
    let shadow = Shadow {
        driver: trip.driver.clone(),
        place: place.clone(),
        request: trip.request.clone().with_model(&place.target.model),
        call,
        attempt: trip.settings.timeouts.attempt,
        operation: trip.operation(),
        observer: trip.record.observed(),
    };
    runtime.spawn(async move {
        let _slot = slot;
        shadow.run(total).await;
    });
}

struct Shadow {
    driver: Arc<Driver>,
    place: PlanTarget,
    request: Request,
    call: Cx,
    /// Longest time until the verdict.
    attempt: Option<Duration>,
    operation: Operation,
    observer: Option<(Arc<dyn Observer>, Arc<RequestInfo>)>,
}

impl Shadow {
    async fn run(mut self, total: Duration) {
        let now = Instant::now();
        let deadline = after(now, total);
        self.call.deadline = Some(deadline.into_std());
        let target = &self.place.target;
        let pass = match &self.driver.gates {
            Some(gates) => {
                let mut asked = Asked::new(now, deadline, self.driver.draw());
                asked.tenant = self.call.tenant.as_deref();
                asked.priority = Priority::Batch;
                asked.credential = self.call.credential.as_ref();
                asked.tokens = self.driver.estimator.estimate(&target.model, &self.request);
                asked.may_wait = false;
                match gates.gate_for(target, &self.call).enter(asked).await {
                    Ok(pass) => Some(pass),
                    Err(_) => return,
                }
            }
            None => None,
        };
        let mut timeouts = self.place.timeouts.unwrap_or(self.call.timeouts);
        if self.operation == Operation::Whole {
            timeouts.first_byte = timeouts.whole;
        }
        self.call.timeouts = timeouts;
        let (due, own) = leg::due(&self.request, &timeouts, &self.place, self.attempt, deadline, now);
        let learned = self.driver.learned.clone();
        let mut leg = Leg {
            place: 0,
            number: 0,
            pass,
            history: learned.history(target, now),
            started: now,
            due,
            own,
            paid: false,
            timeouts,
            operation: self.operation,
            learned,
            has_verdict: false,
        };
        let mut said = Said::new(self.observer, target.clone(), now);
        let mut sleep = pin!(sleep_until(due.at));
        let mut bounds = Bounds::new(sleep.as_mut(), None);
        let policy = StreamPolicy::default();
        let rules = commit::Rules { policy: &policy, target, deadline, progress: timeouts.progress };
        match leg::call(&mut leg, &self.place, &self.call, self.request, rules, &mut bounds).await {
            Ok(answer) => {
                let now = Instant::now();
                leg.answered(&answer, now);
                said.verdict = now;
                bounds.arm(deadline);
                let usage = match answer {
                    Answer::Stream(committed) => {
                        let target = target.clone();
                        match bounds.run(pin!(rest(committed))).await {
                            Ok(Ok(usage)) => usage,
                            Ok(Err(error)) => {
                                if let Some(pass) = &mut leg.pass {
                                    pass.broke(&error, Instant::now());
                                }
                                return said.done(Some(&timeout::of_target(error, &target)), None);
                            }
                            Err(_) => return said.done(Some(&timeout::Due::total(deadline).error(&target)), None),
                        }
                    }
                    whole @ Answer::Whole(_) => whole.usage().cloned(),
                };
                if let (Some(pass), Some(usage)) = (&mut leg.pass, &usage) {
                    pass.usage(usage);
                }
                said.done(None, usage);
            }
            Err(error) => {
                let error = timeout::of_target(error, target);
                said.verdict = Instant::now();
                leg.failed(&error, said.verdict);
                said.done(Some(&error), None);
            }
        }
    }
}

/// Reads a stream to its end: what it took.
async fn rest(committed: commit::Committed) -> Result<Option<Usage>, Error> {
    let commit::Committed { held, mut rest, .. } = committed;
    let mut finish = None;
    let mut look = |event: llm_core::Event| {
        if let llm_core::Event::Finish(end) = event {
            finish = Some(end.usage);
        }
    };
    held.into_iter().for_each(&mut look);
    while let Some(event) = rest.next().await {
        look(event?);
    }
    finish.map(Some).ok_or_else(Error::truncated)
}

/// What the observer is told: one start and one end, also of a shadow that is dropped.
struct Said {
    observer: Option<(Arc<dyn Observer>, Arc<RequestInfo>)>,
    target: Target,
    started: Instant,
    /// When its verdict came.
    verdict: Instant,
}

impl Said {
    fn new(observer: Option<(Arc<dyn Observer>, Arc<RequestInfo>)>, target: Target, now: Instant) -> Self {
        if let Some((observer, request)) = &observer {
            let reason = AttemptReason::Shadow;
            observer.on(&Observed::AttemptStarted {
                request: request.clone(),
                target: target.clone(),
                number: 0,
                reason,
            });
        }
        Self { observer, target, started: now, verdict: now }
    }

    fn done(mut self, failure: Option<&Error>, usage: Option<Usage>) {
        self.tell(failure, usage);
    }

    fn tell(&mut self, failure: Option<&Error>, usage: Option<Usage>) {
        let Some((observer, request)) = self.observer.take() else { return };
        let took = self.verdict.saturating_duration_since(self.started);
        let attempt = Attempt::new(self.target.clone(), 0, took, Duration::ZERO).with_reason(AttemptReason::Shadow);
        let attempt = match failure {
            Some(error) => attempt.with_failure(error),
            None => attempt,
        };
        observer.on(&Observed::AttemptDone { request, attempt, usage });
    }
}

impl Drop for Said {
    fn drop(&mut self) {
        self.tell(Some(&timeout::cancelled()), None);
    }
}
