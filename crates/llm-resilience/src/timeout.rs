//! How long a request and its attempts may take: the settings, the arithmetic of deadlines, and the one timer of a call.
//!
//! The timers inside an exchange (`connect`, `first_byte`, `idle`) belong to the transport, which alone sees bytes.
//! The driver keeps `first_content`, `progress`, the time of an attempt and the deadline of the request.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use llm_core::{
    Capabilities, Effort, Error, ErrorKind, Reasoning, Request, Support, Target, TimeoutStage, Timeouts, duration_text,
};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, Sleep};

/// No attempt starts with less time than this before the deadline: it could not succeed and might still be billed.
pub const SHORTEST_ATTEMPT: Duration = Duration::from_millis(50);

/// Longer than any request; stands in for a deadline that lies beyond what an instant can hold.
const FAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// How long a request and each of its attempts may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TimeoutPolicy {
    /// A whole request, with all attempts, waits and the last byte of a stream. Default 600 s.
    /// A caller's own deadline ([`Cx::deadline`](llm_core::Cx::deadline)) may be sooner, never later.
    #[serde(with = "duration_text")]
    pub total: Duration,
    /// One attempt until its verdict: an answer, the first content of a stream, or an error. Default: not limited.
    /// A target may have its own ([`PlanTarget::timeout`](llm_core::PlanTarget::timeout)).
    #[serde(with = "duration_text::option", skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Duration>,
    /// Which timers of an attempt hold where nobody set them.
    #[serde(skip_serializing_if = "TimeoutProfile::is_auto")]
    pub profile: TimeoutProfile,
}

/// Which timers of an attempt ([`Timeouts`]) hold where nobody set them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TimeoutProfile {
    /// Those for reasoning where the request asks for it, or says nothing of it and the model always does (it is known to
    /// reason and to take no sampling parameters); else those of an interactive service.
    #[default]
    Auto,
    /// Those of an interactive service: 60 s for the first byte, 120 s for the first content.
    Interactive,
    /// Those for models that think for minutes ([`Timeouts::reasoning`]).
    Reasoning,
}

impl TimeoutProfile {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_auto(&self) -> bool {
        *self == Self::Auto
    }
}

impl Default for TimeoutPolicy {
    fn default() -> Self {
        Self { total: Duration::from_secs(600), attempt: None, profile: TimeoutProfile::Auto }
    }
}

impl TimeoutPolicy {
    /// With another longest time of a request.
    pub fn with_total(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }

    /// With a longest time of each attempt until its verdict.
    pub fn with_attempt(mut self, attempt: Duration) -> Self {
        self.attempt = Some(attempt);
        self
    }

    /// With other timers where nobody set them.
    pub fn with_profile(mut self, profile: TimeoutProfile) -> Self {
        self.profile = profile;
        self
    }

    /// The timers of an attempt, of `set` where somebody set them. `always` says whether the model always reasons; it is
    /// asked only where that matters.
    pub(crate) fn timers(&self, set: Timeouts, request: &Request, always: impl FnOnce() -> bool) -> Timeouts {
        let (Request::Chat(chat) | Request::ChatStream(chat)) = request else { return set };
        let reasons = match (self.profile, &chat.reasoning) {
            (TimeoutProfile::Interactive, _) => false,
            (TimeoutProfile::Reasoning, _) => true,
            (TimeoutProfile::Auto, Some(Reasoning::Effort(Effort::None | Effort::Minimal) | Reasoning::Budget(0))) => {
                false
            }
            (TimeoutProfile::Auto, Some(_)) => true,
            (TimeoutProfile::Auto, None) => always(),
        };
        if reasons { set.or_reasoning() } else { set }
    }

    /// When a request that starts now must be done.
    pub fn deadline(&self, now: Instant, callers: Option<std::time::Instant>) -> Instant {
        let ours = after(now, self.total);
        callers.map_or(ours, |callers| ours.min(Instant::from_std(callers)))
    }
}

/// Whether a model reasons whatever it is asked. Vendors refuse sampling parameters at just those models.
pub(crate) fn always_reasons(capabilities: &Capabilities) -> bool {
    capabilities.reasoning == Support::Yes && capabilities.sampling == Support::No
}

/// `now + time`, without overflow.
pub(crate) fn after(now: Instant, time: Duration) -> Instant {
    now.checked_add(time.min(FAR)).unwrap_or(now)
}

/// When something must have happened, and which timer says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) at: Instant,
    pub(crate) stage: TimeoutStage,
}

impl Due {
    /// The deadline of the request.
    pub(crate) fn total(deadline: Instant) -> Self {
        Self { at: deadline, stage: TimeoutStage::Total }
    }

    /// This, or `limit` after `since` where that is sooner.
    pub(crate) fn or(self, since: Instant, limit: Option<Duration>, stage: TimeoutStage) -> Self {
        match limit.map(|limit| after(since, limit)) {
            Some(at) if at < self.at => Self { at, stage },
            _ => self,
        }
    }

    /// The error of a call of `target` for which this timer ran out.
    pub(crate) fn error(self, target: &Target) -> Error {
        let what = match self.stage {
            TimeoutStage::FirstContent => "no content came in time: raise the first_content timeout for slow models",
            TimeoutStage::Progress => "the stream lives but no content came in time: raise the progress timeout",
            TimeoutStage::Attempt => "the attempt took too long: raise the target's timeout",
            _ => "the deadline of the request has passed: raise its timeout",
        };
        of_target(Error::new(ErrorKind::Timeout(self.stage), format!("calling {target}: {what}")), target)
    }
}

/// The error of a call that the caller gave up.
pub(crate) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the caller cancelled the request")
}

/// `error`, as one of `target` unless it names another origin already.
pub(crate) fn of_target(error: Error, target: &Target) -> Error {
    error.with_provider(target.provider.clone()).with_model(target.model.clone())
}

/// Why a wait ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    TimedOut,
    Cancelled,
}

/// What bounds the waits of one call: its one timer, and its cancellation where it has one.
pub(crate) struct Bounds<'a> {
    sleep: Pin<&'a mut Sleep>,
    cancelled: Option<Pin<&'a mut (dyn Future<Output = ()> + Send + 'a)>>,
}

impl<'a> Bounds<'a> {
    pub(crate) fn new(
        sleep: Pin<&'a mut Sleep>,
        cancelled: Option<Pin<&'a mut (dyn Future<Output = ()> + Send + 'a)>>,
    ) -> Self {
        Self { sleep, cancelled }
    }

    /// Sets the timer.
    pub(crate) fn arm(&mut self, at: Instant) {
        if self.sleep.deadline() != at {
            self.sleep.as_mut().reset(at);
        }
    }

    /// Ready when the timer has run out or the caller gave up.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Stop> {
        if let Some(cancelled) = &mut self.cancelled
            && cancelled.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Stop::Cancelled);
        }
        self.sleep.as_mut().poll(cx).map(|()| Stop::TimedOut)
    }

    /// Runs `future` until it is done or a bound is met. What is ready counts, however late.
    pub(crate) async fn run<F: Future + Unpin>(&mut self, mut future: F) -> Result<F::Output, Stop> {
        std::future::poll_fn(|cx| match Pin::new(&mut future).poll(cx) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending => self.poll(cx).map(Err),
        })
        .await
    }

    /// Waits until `at`; an error when the caller gave up before.
    pub(crate) async fn wait_until(&mut self, at: Instant) -> Result<(), Stop> {
        self.arm(at);
        match std::future::poll_fn(|cx| self.poll(cx)).await {
            Stop::TimedOut => Ok(()),
            Stop::Cancelled => Err(Stop::Cancelled),
        }
    }
}
