//! Whether another target comes after a failed one. Pure.

use llm_core::{Error, Fallback, PlanTarget};
use serde::{Deserialize, Serialize};

/// The rules of falling over to other targets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct FallbackPolicy {
    /// Targets that one request may try. Default 3; 1 means no fallback.
    pub max_targets: u32,
    /// Send a prompt that one vendor's filter refused to the next vendor. Default false: a refusal is an answer, and
    /// moving the prompt to a laxer model is a decision that only the operator can take.
    pub content_filter: bool,
}

impl Default for FallbackPolicy {
    fn default() -> Self {
        Self { max_targets: 3, content_filter: false }
    }
}

impl FallbackPolicy {
    /// With another number of targets that one request may try.
    pub fn with_max_targets(mut self, max_targets: u32) -> Self {
        self.max_targets = max_targets;
        self
    }

    /// With or without fallback after a content filter's refusal.
    pub fn with_content_filter(mut self, content_filter: bool) -> Self {
        self.content_filter = content_filter;
        self
    }
}

/// Whether a request that ended in `error` at `failed` may go to another target at all.
///
/// Too long a prompt goes only to a target whose context window is known to be larger than that of the target which
/// refused it; an unknown window is not taken for a larger one.
pub(super) fn may_leave(error: &Error, failed: &PlanTarget, policy: &FallbackPolicy) -> bool {
    match error.fallback() {
        Fallback::Never => false,
        Fallback::OptIn => policy.content_filter,
        Fallback::Next => true,
        Fallback::Larger => window(failed).is_some(),
    }
}

/// The context window of a target, where it is known.
pub(super) fn window(place: &PlanTarget) -> Option<u64> {
    place.context_window.or_else(|| place.provider.capabilities(&place.target.model).context_window)
}
