//! What happens during a request, told to whoever counts and logs.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::attempt::{Attempt, AttemptReason};
use crate::error::Error;
use crate::hints::Hints;
use crate::id::Target;
use crate::plan::Arm;
use crate::response::Timing;
use crate::usage::Usage;

/// Told what happens, never asked. Telemetry, statistics, the request log and tests implement it. Must not block.
pub trait Observer: Send + Sync + 'static {
    /// Something happened.
    fn on(&self, event: &Observed);
}

/// Tells several, in this order.
impl Observer for Vec<Arc<dyn Observer>> {
    fn on(&self, event: &Observed) {
        for observer in self {
            observer.on(event);
        }
    }
}

/// What is known of a request when its attempts begin. All events of a request share one.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RequestInfo {
    /// Our own name of the request.
    pub id: Arc<str>,
    /// What is asked: `chat`, `chat_stream`, `embed`, …
    pub operation: &'static str,
    /// The model name that the caller used.
    pub model: Arc<str>,
    /// The route behind it.
    pub route: Option<Arc<str>>,
    /// Why it was planned so.
    pub reason: Option<Arc<str>>,
    /// The arm of an experiment.
    pub arm: Option<Arm>,
    /// The kind of request that it is to a strategy that learns.
    pub kind: Option<Arc<str>>,
    /// On whose behalf.
    pub tenant: Option<Arc<str>>,
    /// Labels.
    pub tags: Option<Arc<BTreeMap<String, String>>>,
    /// What the caller said about it.
    pub hints: Option<Arc<Hints>>,
}

/// What happened.
///
/// Every `AttemptStarted` is followed by exactly one `AttemptDone` of the same number, and every request ends in exactly
/// one `Completed`. An attempt without failure is at work until the `Completed` of its request, except for a shadow.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Observed {
    /// A target is about to be called.
    AttemptStarted {
        /// Of which request.
        request: Arc<RequestInfo>,
        /// Which target.
        target: Target,
        /// 1 for the first.
        number: u32,
        /// Why.
        reason: AttemptReason,
    },
    /// A call of a target came to its verdict: an answer, the first content of a stream, or an error.
    AttemptDone {
        /// Of which request.
        request: Arc<RequestInfo>,
        /// How it went.
        attempt: Attempt,
        /// What it took, where it is known by now.
        usage: Option<Usage>,
    },
    /// The request is over: exactly once for every request, at the last byte of a stream.
    Completed {
        /// Which request.
        request: Arc<RequestInfo>,
        /// Who answered, where somebody did.
        target: Option<Target>,
        /// The usage as far as it is known.
        usage: Usage,
        /// How long it took.
        timing: Timing,
        /// Calls of targets that it took.
        attempts: u32,
        /// What went wrong; `None` when it ended well.
        error: Option<Error>,
    },
}
