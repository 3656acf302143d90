//! The environment of one call: everything that is not the caller's intent.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::cache::CacheControl;
use crate::hints::{Hints, Priority};
use crate::observer::{Observed, Observer};
use crate::secret::Secret;
use crate::transport::Transport;

/// The environment of one call. Never serialized, never part of a cache key; cheap to clone.
#[derive(Clone)]
#[non_exhaustive]
pub struct Cx {
    /// How bytes reach the vendor.
    pub transport: Arc<dyn Transport>,
    /// Who is told what happens.
    pub observer: Option<Arc<dyn Observer>>,
    /// On whose behalf.
    pub tenant: Option<Arc<str>>,
    /// Labels for routing, metrics and logs.
    pub tags: Option<Arc<BTreeMap<String, String>>>,
    /// What the caller says about the request: its task, its priority, its user.
    pub hints: Option<Arc<Hints>>,
    /// What the caller asks of the response cache.
    pub cache: Option<Arc<CacheControl>>,
    /// Our own name of the request, under which observers hear of it. A driver makes one where there is none.
    pub request_id: Option<Arc<str>>,
    /// A key for this call only, instead of the provider's own. A driver sends it to the provider that the plan names
    /// first and to no other, so the request should name `provider/model` or a route of one provider.
    pub credential: Option<Secret>,
    /// A base URL for this call only. A provider uses it only together with `credential`, so that its own key
    /// never goes to an address that a caller chose.
    pub endpoint: Option<Arc<str>>,
    /// Timers of each attempt.
    pub timeouts: Timeouts,
    /// When the whole request must be done.
    pub deadline: Option<Instant>,
    /// Cancels the call from outside. Dropping its future or stream does the same.
    pub cancel: Option<CancellationToken>,
    /// Sent to vendors that take an idempotency key.
    pub idempotency_key: Option<Arc<str>>,
    /// Retries at one target for this call only, instead of the driver's own number.
    pub max_retries: Option<u32>,
    /// At most so many retries at one target, whatever number holds otherwise: for callers who may ask for fewer and not
    /// for more.
    pub most_retries: Option<u32>,
    /// Targets that this call may try, fewer than the driver's own number; 1 means no fallback.
    pub max_targets: Option<u32>,
    /// 1 for the first attempt of a request; 0 outside a driver.
    pub attempt: u32,
}

/// Timers of one attempt; `None` is off. The defaults are those of an interactive service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// Until the response's headers. Default 60 s.
    pub first_byte: Option<Duration>,
    /// The same for an answer that is not streamed, whose headers come only when it is whole: a driver puts it in the
    /// place of `first_byte`. Default 300 s, half of what a request may take in all, so that a fallback has its turn.
    pub whole: Option<Duration>,
    /// Until the first content of a stream. Default 120 s.
    pub first_content: Option<Duration>,
    /// Longest silence: no byte at all, keep-alives count as bytes. Default 30 s.
    pub idle: Option<Duration>,
    /// Longest time without content, keep-alives do not count. Default 120 s.
    pub progress: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            first_byte: Some(Duration::from_secs(60)),
            whole: Some(Duration::from_secs(300)),
            first_content: Some(Duration::from_secs(120)),
            idle: Some(Duration::from_secs(30)),
            progress: Some(Duration::from_secs(120)),
        }
    }
}

impl Timeouts {
    /// No timer at all.
    pub const OFF: Self = Self { first_byte: None, whole: None, first_content: None, idle: None, progress: None };

    /// For models that think for minutes before they say anything, and may send nothing meanwhile: 15 minutes, and 5
    /// without any byte. How long a request may take in all is another setting.
    pub const fn reasoning() -> Self {
        const PATIENT: Option<Duration> = Some(Duration::from_secs(900));
        Self {
            first_byte: PATIENT,
            whole: PATIENT,
            first_content: PATIENT,
            idle: Some(Duration::from_secs(300)),
            progress: PATIENT,
        }
    }

    /// These, with the times of [`reasoning`](Self::reasoning) in the place of those that nobody changed.
    #[must_use]
    pub fn or_reasoning(self) -> Self {
        let (usual, reasoning) = (Self::default(), Self::reasoning());
        let pick = |own, usual, reasoning| if own == usual { reasoning } else { own };
        Self {
            first_byte: pick(self.first_byte, usual.first_byte, reasoning.first_byte),
            whole: pick(self.whole, usual.whole, reasoning.whole),
            first_content: pick(self.first_content, usual.first_content, reasoning.first_content),
            idle: pick(self.idle, usual.idle, reasoning.idle),
            progress: pick(self.progress, usual.progress, reasoning.progress),
        }
    }
}

impl Cx {
    /// An environment with a transport and the default timers.
    pub fn new(transport: Arc<dyn Transport>) -> Self {
        Self {
            transport,
            observer: None,
            tenant: None,
            tags: None,
            hints: None,
            cache: None,
            request_id: None,
            credential: None,
            endpoint: None,
            timeouts: Timeouts::default(),
            deadline: None,
            cancel: None,
            idempotency_key: None,
            max_retries: None,
            most_retries: None,
            max_targets: None,
            attempt: 0,
        }
    }

    /// With other timers.
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// With a deadline.
    pub fn with_deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// With what the caller says about the request.
    pub fn with_hints(mut self, hints: Hints) -> Self {
        self.hints = Some(Arc::new(hints));
        self
    }

    /// With what the caller asks of the response cache.
    pub fn with_cache(mut self, cache: CacheControl) -> Self {
        self.cache = Some(Arc::new(cache));
        self
    }

    /// How much it matters that the request is answered now.
    pub fn priority(&self) -> Priority {
        self.hints.as_ref().map(|hints| hints.priority).unwrap_or_default()
    }

    /// With an observer.
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// With a token that cancels the call.
    pub fn with_cancel(mut self, cancel: CancellationToken) -> Self {
        self.cancel = Some(cancel);
        self
    }

    /// Tells the observer, if there is one. The event is built only then.
    pub fn observe(&self, event: impl FnOnce() -> Observed) {
        if let Some(observer) = &self.observer {
            observer.on(&event());
        }
    }
}

impl fmt::Debug for Cx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cx")
            .field("tenant", &self.tenant)
            .field("timeouts", &self.timeouts)
            .field("deadline", &self.deadline)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}
