//! A whole answer, with what one wants to know of it at hand.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use llm_core::{Attempt, ChatResponse, Cost, Cx, Origin, Usage};

/// A whole answer. It shows as its words, and dereferences to the full [`ChatResponse`].
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    response: ChatResponse,
    call_id: Arc<str>,
}

impl Reply {
    pub(crate) fn new(response: ChatResponse, cx: &Cx) -> Self {
        Self { response, call_id: cx.request_id.clone().unwrap_or_default() }
    }

    /// Our own name of the call, for [`Client::feedback`](crate::Client::feedback) and for looking it up in logs.
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// Who answered, as `provider/model`.
    pub fn target(&self) -> String {
        let Origin { provider, model, .. } = &*self.response.origin;
        format!("{provider}/{model}")
    }

    /// Tokens.
    pub fn usage(&self) -> &Usage {
        &self.response.usage
    }

    /// What it cost, where that is known: by the vendor's own word, or by prices.
    pub fn cost(&self) -> Option<&Cost> {
        self.response.cost.as_ref()
    }

    /// Every attempt that was made, the one that answered last.
    pub fn attempts(&self) -> &[Attempt] {
        &self.response.attempts
    }

    /// From the call to the answer, waits and failed attempts included.
    pub fn latency(&self) -> Option<Duration> {
        self.response.timing.total
    }

    /// The full answer.
    pub fn into_response(self) -> ChatResponse {
        self.response
    }
}

impl Deref for Reply {
    type Target = ChatResponse;

    fn deref(&self) -> &ChatResponse {
        &self.response
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.response.fmt(f)
    }
}
