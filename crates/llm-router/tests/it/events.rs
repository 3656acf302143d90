//! The events of requests, as a driver would tell them.
#![allow(dead_code)] // experiments use the rest

use std::sync::Arc;
use std::time::{Duration, Instant};

use llm_core::{Arm, Attempt, AttemptReason, Error, ErrorKind, Observed, RequestInfo, Target, Timing, Usage};

/// One request whose events are made one by one.
pub(crate) struct Told {
    pub(crate) request: Arc<RequestInfo>,
    attempts: u32,
}

pub(crate) fn target(text: &str) -> Target {
    text.parse().unwrap()
}

/// An instant of the paused clock, so many seconds from its start.
pub(crate) fn start() -> Instant {
    tokio::time::Instant::now().into_std()
}

pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

impl Told {
    pub(crate) fn new(id: &str, operation: &'static str) -> Self {
        let mut info = RequestInfo::default();
        info.id = id.into();
        info.operation = operation;
        info.model = "m".into();
        Self { request: Arc::new(info), attempts: 0 }
    }

    pub(crate) fn chat(id: &str) -> Self {
        Self::new(id, "chat")
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut RequestInfo)) -> Self {
        change(Arc::get_mut(&mut self.request).unwrap());
        self
    }

    pub(crate) fn in_arm(self, experiment: &str, arm: &str) -> Self {
        self.with(|info| info.arm = Some(Arm { experiment: experiment.into(), arm: arm.into() }))
    }

    pub(crate) fn started(&self, of: &Target, number: u32, reason: AttemptReason) -> Observed {
        Observed::AttemptStarted { request: self.request.clone(), target: of.clone(), number, reason }
    }

    pub(crate) fn done(
        &mut self,
        of: &Target,
        number: u32,
        reason: AttemptReason,
        took: Duration,
        failure: Option<ErrorKind>,
    ) -> Observed {
        self.attempts += 1;
        let mut attempt = Attempt::new(of.clone(), number, took, Duration::ZERO).with_reason(reason);
        if let Some(kind) = failure {
            attempt = attempt.with_failure(&Error::new(kind, "scripted"));
        }
        Observed::AttemptDone { request: self.request.clone(), attempt, usage: None }
    }

    pub(crate) fn completed(
        &self,
        of: Option<&Target>,
        usage: Usage,
        timing: Timing,
        failure: Option<ErrorKind>,
    ) -> Observed {
        Observed::Completed {
            request: self.request.clone(),
            target: of.cloned(),
            usage,
            timing,
            attempts: self.attempts,
            error: failure.map(|kind| Error::new(kind, "scripted")),
        }
    }

    /// The three events of a request with one attempt, each with its time from the start of the request.
    pub(crate) fn one_attempt(
        mut self,
        of: &Target,
        first: Duration,
        total: Duration,
        usage: Usage,
        failure: Option<ErrorKind>,
    ) -> Vec<(Duration, Observed)> {
        let first_content = (self.request.operation == "chat_stream" && failure.is_none()).then_some(first);
        let timing = Timing { first_content, total: Some(total) };
        let done = self.done(of, 1, AttemptReason::First, first, failure);
        let answered = failure.is_none().then_some(of);
        vec![
            (Duration::ZERO, self.started(of, 1, AttemptReason::First)),
            (first, done),
            (total, self.completed(answered, usage, timing, failure)),
        ]
    }
}
