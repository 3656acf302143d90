//! The record of one request: its attempt log, and what the observer is told.
//!
//! A record that is dropped before it was completed is a request that its caller dropped: it completes as cancelled.
//! So the observer hears of every request exactly once, whatever happens to its future or stream.

use std::sync::Arc;
use std::time::Duration;

use llm_core::{
    Attempt, AttemptReason, Cx, Error, ErrorKind, Observed, Observer, Plan, Request, RequestInfo, Target, TimeoutStage,
    Timing, Usage,
};
use tokio::time::Instant;

use crate::gate::Pass;
use crate::timeout;

pub(super) struct Record {
    pub(super) started: Instant,
    /// Attempts that have their verdict.
    pub(super) attempts: Vec<Attempt>,
    observer: Option<(Arc<dyn Observer>, Arc<RequestInfo>)>,
    /// Attempts that were begun.
    begun: u32,
    open: Option<Open>,
    /// Further ones, beside it.
    beside: Vec<Open>,
    answered: Option<Target>,
    /// Of the attempt that answers, until its last byte.
    pass: Option<Pass>,
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
    number: u32,
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
            begun: 0,
            open: None,
            beside: Vec::new(),
            answered: None,
            pass: None,
            first_content: None,
            usage: Usage::default(),
            completed: false,
        }
    }

    /// What observers know of the request; `None` where there is none.
    pub(super) fn observed(&self) -> Option<(Arc<dyn Observer>, Arc<RequestInfo>)> {
        self.observer.clone()
    }

    /// An attempt starts: its number, from 1.
    pub(super) fn attempt_started(
        &mut self,
        target: &Target,
        reason: AttemptReason,
        waited: Duration,
        now: Instant,
    ) -> u32 {
        self.begun += 1;
        let number = self.begun;
        self.observe(|request| Observed::AttemptStarted { request, target: target.clone(), number, reason });
        let open = Open { number, target: target.clone(), reason, started: now, waited };
        match &self.open {
            None => self.open = Some(open),
            Some(_) => self.beside.push(open),
        }
        number
    }

    /// The attempt of this number has its verdict.
    pub(super) fn attempt_done(&mut self, number: u32, failure: Option<&Error>, usage: Option<&Usage>, now: Instant) {
        let open = match self.open.take_if(|open| open.number == number) {
            Some(open) => open,
            None => match self.beside.iter().position(|open| open.number == number) {
                Some(place) => self.beside.swap_remove(place),
                None => return,
            },
        };
        self.done(open, failure, usage, now);
    }

    fn done(&mut self, open: Open, failure: Option<&Error>, usage: Option<&Usage>, now: Instant) {
        let Open { number, target, reason, started, waited } = open;
        if failure.is_none() {
            self.answered = Some(target.clone());
        }
        let attempt = Attempt::new(target, number, now.duration_since(started), waited).with_reason(reason);
        let attempt = match failure {
            Some(error) => attempt.with_failure(error),
            None => attempt,
        };
        self.observe(|request| Observed::AttemptDone { request, attempt: attempt.clone(), usage: usage.cloned() });
        // Most requests have one attempt.
        self.attempts.reserve_exact(1);
        self.attempts.push(attempt);
    }

    /// The attempt that answered: its pass is kept until the last byte.
    pub(super) fn hold(&mut self, pass: Option<Pass>) {
        self.pass = pass;
    }

    /// The stream of the attempt that answered broke off.
    pub(super) fn broke(&mut self, error: &Error, now: Instant) {
        if let Some(mut pass) = self.pass.take() {
            pass.usage(&self.usage);
            // That the caller had enough, or no more time, says nothing about the vendor.
            if !matches!(error.kind(), ErrorKind::Cancelled | ErrorKind::Timeout(TimeoutStage::Total)) {
                pass.broke(error, now);
            }
        }
    }

    /// An answer that was a failed attempt answers the request after all.
    pub(super) fn answered_by(&mut self, target: &Target) {
        self.answered = Some(target.clone());
    }

    /// The first content of a stream came after this time.
    pub(super) fn first_content(&mut self, after: Duration) {
        self.first_content = Some(after);
    }

    /// Remembers the usage so far, for the case that the stream ends early.
    pub(super) fn usage(&mut self, usage: &Usage) {
        if self.observer.is_some() || self.pass.is_some() {
            self.usage.clone_from(usage);
        }
    }

    /// The request is over.
    pub(super) fn complete(&mut self, error: Option<&Error>) {
        if std::mem::replace(&mut self.completed, true) {
            return;
        }
        match error {
            Some(error) => self.broke(error, Instant::now()),
            None => {
                if let Some(mut pass) = self.pass.take() {
                    pass.usage(&self.usage);
                }
            }
        }
        self.observe(|request| Observed::Completed {
            request,
            target: self.answered.clone(),
            usage: self.usage.clone(),
            timing: Timing { first_content: self.first_content, total: Some(Instant::now() - self.started) },
            attempts: self.begun,
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
        if self.completed || (self.observer.is_none() && self.pass.is_none()) {
            return;
        }
        let cancelled = timeout::cancelled();
        for open in std::mem::take(&mut self.beside).into_iter().chain(self.open.take()) {
            self.done(open, Some(&cancelled), None, Instant::now());
        }
        self.complete(Some(&cancelled));
    }
}
