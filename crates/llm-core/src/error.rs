//! The one error type that crosses crate borders.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::attempt::Attempt;
use crate::error_kind::{ErrorKind, Fallback, Retry};
use crate::redact::redact;
use crate::response::ChatResponse;
use crate::secret::Secret;

/// How far a call got before it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Progress {
    /// Provably nothing reached the vendor: trying again costs nothing.
    NotSent,
    /// The vendor may have worked on it.
    #[default]
    Sent,
    /// Content reached the caller: nothing may be tried again unseen.
    Committed,
}

/// An error of a call. Cheap to clone, free of secrets, prompts and bodies.
///
/// Match on [`kind`](Self::kind); the wording of messages is no promise.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    progress: Progress,
    message: Cow<'static, str>,
    provider: Option<Arc<str>>,
    model: Option<Arc<str>>,
    status: Option<u16>,
    code: Option<String>,
    param: Option<String>,
    retry_after: Option<Duration>,
    should_retry: Option<bool>,
    request_id: Option<String>,
    attempts: Vec<Attempt>,
    partial: Option<Arc<ChatResponse>>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of our own making. The message says what was being done, what is wrong and what to do.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            kind,
            progress: Progress::default(),
            message: message.into(),
            provider: None,
            model: None,
            status: None,
            code: None,
            param: None,
            retry_after: None,
            should_retry: None,
            request_id: None,
            attempts: Vec::new(),
            partial: None,
            source: None,
        }))
    }

    /// An error that the vendor reported in its own words. What looks like a key is removed from them, the rest is kept whole.
    pub fn upstream(kind: ErrorKind, message: &str) -> Self {
        Self::new(kind, redact(message).into_owned())
    }

    /// A provider does not have this operation.
    pub fn unsupported(provider: &str, operation: &str) -> Self {
        Self::new(ErrorKind::Unsupported, format!("{provider} does not support {operation}"))
    }

    /// A stream ended before its end marker.
    pub fn truncated() -> Self {
        Self::new(ErrorKind::Truncated, "the stream ended before the vendor's end marker")
    }

    fn inner(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.0)
    }

    /// With another class.
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.inner().kind = kind;
        self
    }

    /// With how far it got.
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.inner().progress = progress;
        self
    }

    /// With the provider it came from, unless that is set already.
    pub fn with_provider(mut self, provider: impl Into<Arc<str>>) -> Self {
        if self.0.provider.is_none() {
            self.inner().provider = Some(provider.into());
        }
        self
    }

    /// With the model that was asked, unless that is set already.
    pub fn with_model(mut self, model: impl Into<Arc<str>>) -> Self {
        if self.0.model.is_none() {
            self.inner().model = Some(model.into());
        }
        self
    }

    /// With the HTTP status.
    pub fn with_status(mut self, status: u16) -> Self {
        self.inner().status = Some(status);
        self
    }

    /// With the vendor's machine code.
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.inner().code = Some(code.into());
        self
    }

    /// With the request field that is wrong.
    pub fn with_param(mut self, param: impl Into<String>) -> Self {
        self.inner().param = Some(param.into());
        self
    }

    /// With how long the vendor asked to wait.
    pub fn with_retry_after(mut self, wait: impl Into<Option<Duration>>) -> Self {
        self.inner().retry_after = wait.into();
        self
    }

    /// With the vendor's own word on retrying (`x-should-retry`).
    pub fn with_should_retry(mut self, should_retry: impl Into<Option<bool>>) -> Self {
        self.inner().should_retry = should_retry.into();
        self
    }

    /// With the vendor's id of the request.
    pub fn with_request_id(mut self, id: impl Into<Option<String>>) -> Self {
        self.inner().request_id = id.into();
        self
    }

    /// With every attempt that was made.
    pub fn with_attempts(mut self, attempts: Vec<Attempt>) -> Self {
        self.inner().attempts = attempts;
        self
    }

    /// With what had arrived before it failed.
    pub fn with_partial(mut self, partial: ChatResponse) -> Self {
        self.inner().partial = Some(Arc::new(partial));
        self
    }

    /// With its cause.
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.inner().source = Some(Arc::new(source));
        self
    }

    /// With another message.
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.inner().message = message.into();
        self
    }

    /// Without this secret, wherever a vendor repeated it: message, code, parameter, request id. A cause that shows it is
    /// left out. A provider passes every error of its own through this, because vendors echo keys of any shape.
    pub fn scrubbed(mut self, secret: &Secret) -> Self {
        let shows = |text: &str| matches!(secret.scrub(text), Cow::Owned(_));
        let inner = &*self.0;
        let fields =
            [Some(&*inner.message), inner.code.as_deref(), inner.param.as_deref(), inner.request_id.as_deref()];
        let in_source = inner.source.as_ref().is_some_and(|source| {
            std::iter::successors(Some(&**source as &dyn std::error::Error), |cause| cause.source())
                .any(|cause| shows(&format!("{cause} {cause:?}")))
        });
        if in_source || fields.into_iter().flatten().any(shows) {
            let inner = self.inner();
            inner.message = secret.scrub(&inner.message).into_owned().into();
            for field in [&mut inner.code, &mut inner.param, &mut inner.request_id].into_iter().flatten() {
                *field = secret.scrub(field).into_owned();
            }
            if in_source {
                inner.source = None;
            }
        }
        self
    }

    /// The class.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// How far it got.
    pub fn progress(&self) -> Progress {
        self.0.progress
    }

    /// What happened, in words.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The provider it came from.
    pub fn provider(&self) -> Option<&str> {
        self.0.provider.as_deref()
    }

    /// The model that was asked.
    pub fn model(&self) -> Option<&str> {
        self.0.model.as_deref()
    }

    /// The vendor's HTTP status.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The vendor's machine code.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The request field that is wrong.
    pub fn param(&self) -> Option<&str> {
        self.0.param.as_deref()
    }

    /// How long the vendor asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The vendor's id of the request.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Every attempt that was made; empty below the driver.
    pub fn attempts(&self) -> &[Attempt] {
        &self.0.attempts
    }

    /// What had arrived before it failed.
    pub fn partial(&self) -> Option<&ChatResponse> {
        self.0.partial.as_deref()
    }

    /// How the same target may be asked again: the class, overruled by the vendor's own word and by progress.
    pub fn retry(&self) -> Retry {
        match (self.0.progress, self.0.should_retry, self.0.kind.policy().retry) {
            (Progress::Committed, ..) | (_, Some(false), _) => Retry::Never,
            (_, Some(true), Retry::Never) if self.0.status.is_some() => Retry::Transient,
            (.., retry) => retry,
        }
    }

    /// Whether another target may be asked.
    pub fn fallback(&self) -> Fallback {
        if self.0.progress == Progress::Committed { Fallback::Never } else { self.0.kind.policy().fallback }
    }

    /// True when asking the same target again may help.
    pub fn is_retryable(&self) -> bool {
        self.retry() != Retry::Never
    }

    /// True when it is evidence against the target's health.
    pub fn counts_for_breaker(&self) -> bool {
        self.0.kind.policy().breaker
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("message", &inner.message)
            .field("provider", &inner.provider)
            .field("model", &inner.model)
            .field("status", &inner.status)
            .field("code", &inner.code)
            .field("param", &inner.param)
            .field("retry_after", &inner.retry_after)
            .field("request_id", &inner.request_id)
            .field("progress", &inner.progress)
            .field("attempts", &inner.attempts)
            .field("partial", &inner.partial.is_some())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(provider) = &self.0.provider {
            write!(f, "{provider}: ")?;
        }
        f.write_str(&self.0.message)?;
        if let Some(status) = self.0.status {
            write!(f, " (status {status})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
