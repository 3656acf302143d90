//! A whole answer, with what one wants to know of it at hand.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use llm_core::{Attempt, ChatResponse, Origin, Usage};

/// A whole answer. It shows as its words, and dereferences to the full [`ChatResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct Reply(ChatResponse);

impl Reply {
    /// Who answered, as `provider/model`.
    pub fn target(&self) -> String {
        let Origin { provider, model, .. } = &*self.0.origin;
        format!("{provider}/{model}")
    }

    /// Tokens.
    pub fn usage(&self) -> &Usage {
        &self.0.usage
    }

    /// Every attempt that was made, the one that answered last.
    pub fn attempts(&self) -> &[Attempt] {
        &self.0.attempts
    }

    /// From the call to the answer, waits and failed attempts included.
    pub fn latency(&self) -> Option<Duration> {
        self.0.timing.total
    }

    /// The full answer.
    pub fn into_response(self) -> ChatResponse {
        self.0
    }
}

impl From<ChatResponse> for Reply {
    fn from(response: ChatResponse) -> Self {
        Self(response)
    }
}

impl Deref for Reply {
    type Target = ChatResponse;

    fn deref(&self) -> &ChatResponse {
        &self.0
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
