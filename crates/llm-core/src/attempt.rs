//! The record of one attempt: one call of one target.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error_kind::ErrorKind;
use crate::id::Target;

/// One call of one target within a request, as it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Attempt {
    /// Who was called.
    pub target: Target,
    /// 1 for the first attempt of the request.
    pub number: u32,
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
        Self { target, number, failure: None, duration, waited }
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
