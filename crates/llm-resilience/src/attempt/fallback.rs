//! Which target comes after a failed one. Pure.

use llm_core::{Error, ErrorKind, Fallback, PlanTarget};
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

/// The place in `plan` after `from` that may take the request after `error`, if any.
///
/// - A wrong key is wrong for every model of its provider: the next place of another provider.
/// - Too long a prompt goes only to a target whose context window is known to be larger than that of the target which
///   refused it; an unknown window is not taken for a larger one.
pub(super) fn next(plan: &[PlanTarget], from: usize, error: &Error, policy: &FallbackPolicy) -> Option<usize> {
    let failed = &plan[from];
    let mut later = from + 1..plan.len();
    match error.fallback() {
        Fallback::Never => None,
        Fallback::OptIn if !policy.content_filter => None,
        Fallback::Next if error.kind() == ErrorKind::Auth => {
            later.find(|&place| plan[place].target.provider != failed.target.provider)
        }
        Fallback::Next | Fallback::OptIn => later.next(),
        Fallback::Larger => {
            let window = window(failed)?;
            later.find(|&place| self::window(&plan[place]).is_some_and(|larger| larger > window))
        }
    }
}

fn window(place: &PlanTarget) -> Option<u64> {
    place.provider.capabilities(&place.target.model).context_window
}
