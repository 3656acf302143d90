//! What was left out of a prompt because the model understands it without.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// By how much a prompt was made shorter before it was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PromptSavings {
    /// Bytes of text.
    pub bytes: u64,
    /// About how many input tokens that is, by an estimate and not by the vendor's count.
    pub tokens: u64,
}

impl PromptSavings {
    /// So many bytes, which are thought to be so many tokens.
    pub const fn new(bytes: u64, tokens: u64) -> Self {
        Self { bytes, tokens }
    }
}

impl AddAssign for PromptSavings {
    fn add_assign(&mut self, more: Self) {
        self.bytes = self.bytes.saturating_add(more.bytes);
        self.tokens = self.tokens.saturating_add(more.tokens);
    }
}
