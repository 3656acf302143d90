//! The record of one request: its attempt log, and what the observer is told.
//!
//! A record that is dropped before it was completed is a request that its caller dropped: it completes as cancelled.
//! So the observer hears of every request exactly once, whatever happens to its future or stream.

use std::sync::Arc;
use std::time::Duration;

use llm_core::{
    Attempt, AttemptReason, Cx, Error, Observed, Observer, Plan, Request, RequestInfo, Target, Timing, Usage,
};
use tokio::time::Instant;

use crate::timeout;

pub(super) struct Record {
    pub(super) started: Instant,
    /// Attempts that have their verdict.
    pub(super) attempts: Vec<Attempt>,
    observer: Option<(Arc<dyn Observer>, Arc<RequestInfo>)>,
    open: Option<Open>,
    answered: Option<Target>,
    first_content: Option<Duration>,
    usage: Usage,
    completed: bool,
}

fn info(cx: &Cx, request: &Request, plan: Option<&Plan>, id: u64) -> RequestInfo {
    let mut info = RequestInfo::default();
    info.id = cx.request_id.clone().unwrap_or_else(|| format!("{id:016x}").into());
    info.operation = request.operation();
    info.model = request.model().into();
    info.tenant.clone_from(&cx.tenant);
    info.tags.clone_from(&cx.tags);
    info.hints.clone_from(&cx.hints);
    if let Some(plan) = plan {
        info.route.clone_from(&plan.route);
        info.reason.clone_from(&plan.reason);
        info.arm.clone_from(&plan.arm);
        info.kind.clone_from(&plan.kind);
    }
    info
}

/// An attempt without a verdict.
struct Open {
    target: Target,
    reason: AttemptReason,
    started: Instant,
    waited: Duration,
}

impl Record {
    /// The record of a request with this plan, if it came to one. `id` names a request that has no name of its own.
    pub(super) fn new(cx: &Cx, request: &Request, plan: Option<&Plan>, id: u64, now: Instant) -> Self {
        let observer = cx.observer.clone().map(|observer| (observer, Arc::new(info(cx, request, plan, id))));
        Self {
            started: now,
            attempts: Vec::new(),
            observer,
            open: None,
            answered: None,
            first_content: None,
            usage: Usage::default(),
            completed: false,
        }
    }

    /// The number of the next attempt, from 1.
    pub(super) fn next_number(&self) -> u32 {
        u32::try_from(self.attempts.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// An attempt starts.
    pub(super) fn attempt_started(&mut self, target: &Target, reason: AttemptReason, waited: Duration, now: Instant) {
        let number = self.next_number();
        self.observe(|request| Observed::AttemptStarted { request, target: target.clone(), number, reason });
        self.open = Some(Open { target: target.clone(), reason, started: now, waited });
    }

    /// The attempt has its verdict.
    pub(super) fn attempt_done(&mut self, failure: Option<&Error>, now: Instant) {
        let Some(Open { target, reason, started, waited }) = self.open.take() else { return };
        if failure.is_none() {
            self.answered = Some(target.clone());
        }
        let attempt = Attempt::new(target, self.next_number(), now.duration_since(started), waited).with_reason(reason);
        let attempt = match failure {
            Some(error) => attempt.with_failure(error),
            None => attempt,
        };
        self.observe(|request| Observed::AttemptDone { request, attempt: attempt.clone(), usage: None });
        // Most requests have one attempt.
        self.attempts.reserve_exact(1);
        self.attempts.push(attempt);
    }

    /// The first content of a stream came after this time.
    pub(super) fn first_content(&mut self, after: Duration) {
        self.first_content = Some(after);
    }

    /// Remembers the usage so far, for the case that the stream ends early.
    pub(super) fn usage(&mut self, usage: &Usage) {
        if self.observer.is_some() {
            self.usage.clone_from(usage);
        }
    }

    /// The request is over.
    pub(super) fn complete(&mut self, error: Option<&Error>) {
        if std::mem::replace(&mut self.completed, true) {
            return;
        }
        self.observe(|request| Observed::Completed {
            request,
            target: self.answered.clone(),
            usage: self.usage.clone(),
            timing: Timing { first_content: self.first_content, total: Some(Instant::now() - self.started) },
            attempts: u32::try_from(self.attempts.len()).unwrap_or(u32::MAX),
            error: error.cloned(),
        });
    }

    fn observe(&self, event: impl FnOnce(Arc<RequestInfo>) -> Observed) {
        if let Some((observer, request)) = &self.observer {
            observer.on(&event(request.clone()));
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if self.completed || self.observer.is_none() {
            return;
        }
        let cancelled = timeout::cancelled();
        if self.open.is_some() {
            self.attempt_done(Some(&cancelled), Instant::now());
        }
        self.complete(Some(&cancelled));
    }
}
