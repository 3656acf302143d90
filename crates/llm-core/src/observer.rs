//! What happens during a request, told to whoever counts and logs.

use crate::attempt::Attempt;
use crate::error::Error;
use crate::id::Target;
use crate::usage::Usage;

/// Told what happens, never asked. Telemetry, the request log and tests implement it. Must not block.
pub trait Observer: Send + Sync + 'static {
    /// Something happened.
    fn on(&self, event: &Observed);
}

/// What happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Observed {
    /// A target is about to be called.
    AttemptStarted {
        /// Which.
        target: Target,
        /// 1 for the first.
        number: u32,
    },
    /// A call of a target came to its verdict: an answer, the first content of a stream, or an error.
    AttemptDone {
        /// How it went.
        attempt: Attempt,
    },
    /// The request is over: exactly once for every request, at the last byte of a stream.
    Completed {
        /// Who answered, where somebody did.
        target: Option<Target>,
        /// The usage as far as it is known.
        usage: Usage,
        /// What went wrong; `None` when it ended well.
        error: Option<Error>,
    },
}
