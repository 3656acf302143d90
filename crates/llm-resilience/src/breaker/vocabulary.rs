//! The words a breaker is spoken to and answers in.

use std::time::Duration;

use llm_core::ErrorKind;
use serde::{Deserialize, Serialize};

/// Whether calls are let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BreakerState {
    /// All of them.
    Closed,
    /// None until its time is over.
    Open,
    /// A few, to see whether the target is back.
    HalfOpen,
    /// None until somebody resets it by hand.
    Isolated,
    /// All of them whatever they come to, until somebody resets it by hand.
    ForcedClosed,
}

impl BreakerState {
    /// The state in one stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::Isolated => "isolated",
            Self::ForcedClosed => "forced_closed",
        }
    }
}

/// Why a breaker is in its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BreakerReason {
    /// It was made so.
    New,
    /// Too many failures in a row.
    ConsecutiveFailures,
    /// Too many failures among the calls of the window.
    FailureRate,
    /// Too many slow answers among the calls of the window.
    SlowCalls,
    /// A probe failed.
    ProbeFailed,
    /// Its time was over.
    TimeOver,
    /// A health check succeeded.
    HealthCheckPassed,
    /// A call of a route that had nobody else was answered.
    LastResortPassed,
    /// Enough probes succeeded.
    ProbePassed,
    /// Somebody isolated it by hand.
    Isolated,
    /// Somebody closed it by hand.
    ForcedClosed,
    /// Somebody reset it by hand.
    Reset,
}

impl BreakerReason {
    /// The reason in one stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::ConsecutiveFailures => "consecutive_failures",
            Self::FailureRate => "failure_rate",
            Self::SlowCalls => "slow_calls",
            Self::ProbeFailed => "probe_failed",
            Self::TimeOver => "time_over",
            Self::HealthCheckPassed => "health_check_passed",
            Self::LastResortPassed => "last_resort_passed",
            Self::ProbePassed => "probe_passed",
            Self::Isolated => "isolated",
            Self::ForcedClosed => "forced_closed",
            Self::Reset => "reset",
        }
    }
}

/// What a call came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An answer, or the first content of a stream.
    Answered {
        /// How long it took to come.
        first_content: Duration,
    },
    /// An error. Whether it counts stands in [`ErrorKind::policy`].
    Failed {
        /// Its class.
        kind: ErrorKind,
        /// How long the vendor asked to wait.
        retry_after: Option<Duration>,
    },
}

/// A call that is not let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// What the breaker is.
    pub state: BreakerState,
    /// When it is worth asking again; `None` when only somebody's hand changes it.
    pub retry_after: Option<Duration>,
}
