//! The classes of errors, and the one table that says what each means for retry, fallback, breakers and bills.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which timer ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TimeoutStage {
    /// Name look-up, TCP and TLS.
    Connect,
    /// Until the response's headers.
    FirstByte,
    /// Until the first content of a stream.
    FirstContent,
    /// No byte for too long.
    Idle,
    /// Bytes, but no content for too long.
    Progress,
    /// The longest time of one attempt; the request itself has time left.
    Attempt,
    /// The deadline of the whole request.
    Total,
}

/// The class of an error. Decided by status, machine code and structure, never by message text alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The key is missing, wrong or expired.
    Auth,
    /// The key may not do this.
    Permission,
    /// The model or endpoint does not exist, or not for this key.
    NotFound,
    /// The request is wrong in itself.
    InvalidRequest,
    /// The request has too many bytes, or more tokens than the limit lets through at once.
    PayloadTooLarge,
    /// The prompt is longer than the model's context window.
    ContextLength,
    /// The vendor's filter refused the prompt or the answer.
    ContentFilter,
    /// Too many requests or tokens for now.
    RateLimited,
    /// Credit, plan or daily quota is used up.
    QuotaExhausted,
    /// The vendor has no capacity.
    Overloaded,
    /// The vendor failed.
    Server,
    /// The model's output broke the vendor's own rules (a tool call it could not parse).
    ModelOutput,
    /// The connection failed.
    Network,
    /// A timer ran out.
    Timeout(TimeoutStage),
    /// The answer is not what the protocol says.
    Malformed,
    /// The answer ended before its end marker.
    Truncated,
    /// The target cannot express the request.
    Unsupported,
    /// The configuration is wrong or incomplete.
    Config,
    /// The target's breaker is open; nothing was sent.
    CircuitOpen,
    /// A limit of our own is reached; nothing was sent.
    Limited,
    /// The budget does not allow it; nothing was sent.
    BudgetExceeded,
    /// No target may take the request.
    NoTarget,
    /// The caller gave up.
    Cancelled,
    /// A defect of Loquat or of a plugin.
    Internal,
}

/// Whether the same target may be asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Never: the answer would be the same.
    Never,
    /// One more time.
    Once,
    /// After a short backoff.
    Transient,
    /// After a longer backoff, or what the vendor asked for.
    Throttled,
}

/// Whether another target may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// Never: the request itself, the caller or the budget is the cause.
    Never,
    /// The next target in the plan.
    Next,
    /// Only a target with a larger window or limit.
    Larger,
    /// Only where the route says so: moving a refused prompt elsewhere is a policy decision.
    OptIn,
}

/// Whether the vendor charges for a call that ended so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Billed {
    /// Not charged.
    No,
    /// Nobody knows before the bill.
    Maybe,
    /// Charged.
    Yes,
}

/// What a class of errors means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// Ask the same target again?
    pub retry: Retry,
    /// Ask another target?
    pub fallback: Fallback,
    /// Is it evidence against the target's health?
    pub breaker: bool,
    /// Is it charged?
    pub billed: Billed,
}

impl ErrorKind {
    /// The decision table. After content has reached the caller, retry and fallback are off for every class.
    ///
    /// | class | retry | fallback | breaker | billed |
    /// |---|---|---|---|---|
    /// | `Auth`, `Permission`, `NotFound`, `QuotaExhausted` | never | next | – | no |
    /// | `InvalidRequest` | never | never | – | no |
    /// | `PayloadTooLarge`, `ContextLength` | never | larger | – | no |
    /// | `ContentFilter` | never | opt-in | – | maybe |
    /// | `RateLimited` | throttled | next | – | no |
    /// | `Overloaded` | throttled | next | counts | no |
    /// | `Server` | transient | next | counts | no |
    /// | `ModelOutput` | once | next | – | yes |
    /// | `Network`, `Timeout` but total, `Truncated` | transient | next | counts | maybe |
    /// | `Malformed` | once | next | counts | maybe |
    /// | `Timeout(Total)` | never | never | – | maybe |
    /// | `Unsupported`, `Config`, `CircuitOpen`, `Limited` | never | next | – | no |
    /// | `BudgetExceeded`, `NoTarget`, `Internal` | never | never | – | no |
    /// | `Cancelled` | never | never | – | maybe |
    pub const fn policy(self) -> Policy {
        use Fallback as F;
        use Retry as R;
        const fn row(retry: Retry, fallback: Fallback, breaker: bool, billed: Billed) -> Policy {
            Policy { retry, fallback, breaker, billed }
        }
        match self {
            Self::Auth | Self::Permission | Self::NotFound | Self::QuotaExhausted => {
                row(R::Never, F::Next, false, Billed::No)
            }
            Self::InvalidRequest => row(R::Never, F::Never, false, Billed::No),
            Self::PayloadTooLarge | Self::ContextLength => row(R::Never, F::Larger, false, Billed::No),
            Self::ContentFilter => row(R::Never, F::OptIn, false, Billed::Maybe),
            Self::RateLimited => row(R::Throttled, F::Next, false, Billed::No),
            Self::Overloaded => row(R::Throttled, F::Next, true, Billed::No),
            Self::Server => row(R::Transient, F::Next, true, Billed::No),
            Self::ModelOutput => row(R::Once, F::Next, false, Billed::Yes),
            Self::Timeout(TimeoutStage::Total) => row(R::Never, F::Never, false, Billed::Maybe),
            Self::Network | Self::Timeout(_) | Self::Truncated => row(R::Transient, F::Next, true, Billed::Maybe),
            Self::Malformed => row(R::Once, F::Next, true, Billed::Maybe),
            Self::Unsupported | Self::Config | Self::CircuitOpen | Self::Limited => {
                row(R::Never, F::Next, false, Billed::No)
            }
            Self::BudgetExceeded | Self::NoTarget | Self::Internal => row(R::Never, F::Never, false, Billed::No),
            Self::Cancelled => row(R::Never, F::Never, false, Billed::Maybe),
        }
    }

    /// Every class, for tables and tests.
    pub const ALL: [Self; 30] = [
        Self::Auth,
        Self::Permission,
        Self::NotFound,
        Self::InvalidRequest,
        Self::PayloadTooLarge,
        Self::ContextLength,
        Self::ContentFilter,
        Self::RateLimited,
        Self::QuotaExhausted,
        Self::Overloaded,
        Self::Server,
        Self::ModelOutput,
        Self::Network,
        Self::Timeout(TimeoutStage::Connect),
        Self::Timeout(TimeoutStage::FirstByte),
        Self::Timeout(TimeoutStage::FirstContent),
        Self::Timeout(TimeoutStage::Idle),
        Self::Timeout(TimeoutStage::Progress),
        Self::Timeout(TimeoutStage::Attempt),
        Self::Timeout(TimeoutStage::Total),
        Self::Malformed,
        Self::Truncated,
        Self::Unsupported,
        Self::Config,
        Self::CircuitOpen,
        Self::Limited,
        Self::BudgetExceeded,
        Self::NoTarget,
        Self::Cancelled,
        Self::Internal,
    ];

    /// The class in one stable word, for logs, metrics and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Permission => "permission",
            Self::NotFound => "not_found",
            Self::InvalidRequest => "invalid_request",
            Self::PayloadTooLarge => "payload_too_large",
            Self::ContextLength => "context_length",
            Self::ContentFilter => "content_filter",
            Self::RateLimited => "rate_limited",
            Self::QuotaExhausted => "quota",
            Self::Overloaded => "overloaded",
            Self::Server => "server",
            Self::ModelOutput => "model_output",
            Self::Network => "network",
            Self::Timeout(_) => "timeout",
            Self::Malformed => "malformed",
            Self::Truncated => "truncated",
            Self::Unsupported => "unsupported",
            Self::Config => "config",
            Self::CircuitOpen => "circuit_open",
            Self::Limited => "limited",
            Self::BudgetExceeded => "budget_exceeded",
            Self::NoTarget => "no_target",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }

    /// The class that an HTTP status alone says; a vendor's code or structure may say better.
    pub const fn of_status(status: u16) -> Self {
        match status {
            401 => Self::Auth,
            402 => Self::QuotaExhausted,
            403 => Self::Permission,
            404 => Self::NotFound,
            408 => Self::Timeout(TimeoutStage::FirstByte),
            413 => Self::PayloadTooLarge,
            429 => Self::RateLimited,
            503 | 529 => Self::Overloaded,
            // Not implemented: asking again cannot help.
            501 => Self::InvalidRequest,
            500..=599 => Self::Server,
            400..=499 => Self::InvalidRequest,
            _ => Self::Malformed,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
