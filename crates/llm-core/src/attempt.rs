//! The record of one attempt: one call of one target.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error_kind::ErrorKind;
use crate::id::Target;

/// Why an attempt was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AttemptReason {
    /// It is the first of its request.
    #[default]
    First,
    /// The same target is asked again.
    Retry,
    /// Another target steps in.
    Fallback,
    /// Another target is asked beside one that takes long.
    Hedge,
    /// A broken stream is gone on with.
    Resume,
    /// For comparison only; its answer reaches nobody.
    Shadow,
}

impl AttemptReason {
    /// The reason in one stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Retry => "retry",
            Self::Fallback => "fallback",
            Self::Hedge => "hedge",
            Self::Resume => "resume",
            Self::Shadow => "shadow",
        }
    }
}

/// One call of one target within a request, as it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Attempt {
    /// Who was called.
    pub target: Target,
    /// 1 for the first attempt of the request.
    pub number: u32,
    /// Why it was made.
    #[serde(default)]
    pub reason: AttemptReason,
    /// What went wrong; `None` when it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<AttemptFailure>,
    /// How long it took.
    pub duration: Duration,
    /// How long was waited before it.
    #[serde(default)]
    pub waited: Duration,
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AttemptFailure {
    /// The class of the error.
    pub kind: ErrorKind,
    /// HTTP status, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The error's message, free of secrets and prompts as every error message is.
    pub message: String,
    /// How long the vendor asked to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<Duration>,
}

impl Attempt {
    /// A record of a call.
    pub fn new(target: Target, number: u32, duration: Duration, waited: Duration) -> Self {
        Self { target, number, reason: AttemptReason::First, failure: None, duration, waited }
    }

    /// With why it was made.
    pub fn with_reason(mut self, reason: AttemptReason) -> Self {
        self.reason = reason;
        self
    }

    /// With the error it ended in.
    pub fn with_failure(mut self, error: &crate::error::Error) -> Self {
        self.failure = Some(AttemptFailure {
            kind: error.kind(),
            status: error.status(),
            message: error.message().to_owned(),
            retry_after: error.retry_after(),
        });
        self
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.target)?;
        let Some(failure) = &self.failure else { return f.write_str("ok") };
        if let Some(status) = failure.status {
            write!(f, "{status} ")?;
        }
        write!(f, "{}: {}", failure.kind, failure.message)?;
        if let Some(wait) = failure.retry_after {
            write!(f, " (retry after {wait:?})")?;
        }
        Ok(())
    }
}
