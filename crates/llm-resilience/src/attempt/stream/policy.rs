//! What a route promises its callers of a stream: from where on they see it, and what happens when it breaks.

use std::time::Duration;

use llm_core::duration_text;
use serde::{Deserialize, Serialize};

/// How a route gives out streams.
///
/// ```toml
/// stream = { commit = "complete" }
/// stream = { commit = { window = { tokens = 40, time = "2s" } }, on_break = "resume" }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct StreamPolicy {
    /// From where on a caller sees the stream. Until then every failure is tried again unseen.
    pub commit: Commit,
    /// What happens when it breaks after that.
    pub on_break: OnBreak,
    /// Most bytes of an answer that are held for `window` and `complete`, and remembered for `resume`. Default 8 MiB.
    /// A longer answer is given out as it comes, and is not gone on with after a break.
    pub hold: usize,
}

/// From where on a caller sees a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Commit {
    /// From the first words on, at once.
    #[default]
    FirstOutput,
    /// The newest part is held back all the time, so that a break within it is repaired unseen, and what is held need
    /// not be found again in another target's answer.
    Window(Window),
    /// When it is whole: then it is given out at once. No break is ever seen, nor any word before the last is there.
    Complete,
}

/// How much of the newest output is held back. What is older than `time` is given out, and so is what `tokens` has no
/// room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Window {
    /// At most so many tokens, guessed as four bytes each. Default 40.
    pub tokens: u32,
    /// Each for at most so long. Default 2 s.
    #[serde(with = "duration_text")]
    pub time: Duration,
}

/// What happens when a stream breaks after its caller has seen some of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OnBreak {
    /// It ends in an error.
    #[default]
    Error,
    /// The next target is asked, once. What it says goes on only where it begins with every byte that the caller has,
    /// or continues them by its own account; otherwise the stream ends in the error that broke it.
    Resume,
}

impl Default for StreamPolicy {
    fn default() -> Self {
        Self { commit: Commit::default(), on_break: OnBreak::default(), hold: 8 << 20 }
    }
}

impl Default for Window {
    fn default() -> Self {
        Self { tokens: 40, time: Duration::from_secs(2) }
    }
}

impl Window {
    /// So many tokens, each for at most so long.
    pub fn new(tokens: u32, time: Duration) -> Self {
        Self { tokens, time }
    }
}

impl StreamPolicy {
    /// Given out from here on.
    pub fn with_commit(mut self, commit: Commit) -> Self {
        self.commit = commit;
        self
    }

    /// With this after a break.
    pub fn with_on_break(mut self, on_break: OnBreak) -> Self {
        self.on_break = on_break;
        self
    }

    /// Holding at most so many bytes.
    pub fn with_hold(mut self, hold: usize) -> Self {
        self.hold = hold;
        self
    }
}
