//! Why a limit did not let a request through, as an error. Nothing was sent, and nothing of it counts against a target.

use std::time::Duration;

use llm_core::{Error, ErrorKind, Progress, Target};

use super::amounts::Dimension;
use super::scope::Holder;

/// Code of the error of a request that must wait for a rate.
pub const RATE_LIMIT: &str = "rate_limit";
/// Code of the error of a request for which there is no place now.
pub const CONCURRENCY_LIMIT: &str = "concurrency_limit";
/// Code of the error of a request for which there is no place in the queue.
pub const QUEUE_FULL: &str = "queue_full";
/// Code of the error of a request that waited too long, or would have.
pub const QUEUE_TIMEOUT: &str = "queue_timeout";
/// Code of the error of a request that was shed.
pub const SHED: &str = "shed";
/// Code of the error of a request that takes more than the limit lets through at once.
pub const OVER_LIMIT: &str = "over_limit";

/// What a limit said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) holder: Holder,
    pub(crate) why: Why,
    pub(crate) wait: Option<Duration>,
}

/// Why a limit does not let a request through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// It takes more than the limit, which is this: it never fits.
    TooLarge(Dimension, u64),
    /// It fits later.
    Rate(Dimension),
    /// No place is free.
    InFlight,
    /// Nor one in the queue.
    QueueFull,
    /// It waited too long.
    TimedOut,
    /// There is too much to do.
    Shed,
    /// The target says that it is overloaded.
    Throttled,
}

impl Refusal {
    /// The error of a call of `target`.
    pub(crate) fn error(&self, target: &Target) -> Error {
        let holder = &self.holder;
        let (kind, code, why) = match self.why {
            Why::TooLarge(dimension, limit) => (
                ErrorKind::PayloadTooLarge,
                OVER_LIMIT,
                format!(
                    "the request takes more than the {limit} {dimension} of {holder}: shorten it or raise the limit"
                ),
            ),
            Why::Rate(dimension) => {
                (ErrorKind::Limited, RATE_LIMIT, format!("the {dimension} of {holder} are used up: ask again later"))
            }
            Why::InFlight => {
                (ErrorKind::Limited, CONCURRENCY_LIMIT, format!("{holder} has no place free (max_in_flight)"))
            }
            Why::QueueFull => (ErrorKind::Limited, QUEUE_FULL, format!("the queue of {holder} is full")),
            Why::TimedOut => {
                (ErrorKind::Limited, QUEUE_TIMEOUT, format!("waited too long for a turn in the queue of {holder}"))
            }
            Why::Shed => (ErrorKind::Limited, SHED, "too much is asked of this process: ask again later".to_owned()),
            Why::Throttled => (
                ErrorKind::Limited,
                SHED,
                "it said lately that it is overloaded, so fewer requests are sent to it: ask again later".to_owned(),
            ),
        };
        Error::new(kind, format!("calling {target}: {why}"))
            .with_code(code)
            .with_progress(Progress::NotSent)
            .with_provider(target.provider.clone())
            .with_model(target.model.clone())
            .with_retry_after(self.wait)
    }
}
