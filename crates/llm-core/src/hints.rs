//! What a caller says about a request beside its content, for routing, sharing and shedding.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// How much it matters that a request is answered now. Under load the lower ones are refused first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Work that nobody waits for.
    Batch,
    /// Refused before others.
    Low,
    /// What requests are unless they say otherwise.
    #[default]
    Normal,
    /// Refused last.
    High,
}

/// How good an answer must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QualityNeed {
    /// Anything that works.
    Low,
    /// The usual.
    Standard,
    /// The best there is.
    High,
}

/// What a caller says about a request beside its content. Nothing of it is sent to a vendor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Hints {
    /// Kind of task (`code_generation`, `classification`), for routing by task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Arc<str>>,
    /// How good the answer must be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<QualityNeed>,
    /// How much it matters that it is answered now.
    pub priority: Priority,
    /// Only targets of this region may answer (`eu`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Arc<str>>,
    /// The person or account behind the request, in any form that stays the same: experiments assign by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Arc<str>>,
    /// Requests of one session go to the same target while it answers, for the sake of prompt caches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<Arc<str>>,
    /// Send the prompt byte for byte, whatever would make prompts shorter.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub keep_prompt: bool,
}
