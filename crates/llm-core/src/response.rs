//! The chat operation: what is answered.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::answer::{About, Answer};
use crate::attempt::Attempt;
use crate::cache::CacheStatus;
use crate::cost::Cost;
use crate::ext::Extensions;
use crate::id::Origin;
use crate::message::Message;
use crate::savings::PromptSavings;
use crate::usage::Usage;
use crate::warning::Warning;

crate::open_enum! {
    /// Why an answer ended.
    pub enum FinishReason {
        /// The model was done, or met a stop text.
        Stop = "stop",
        /// The longest allowed answer was reached.
        Length = "length",
        /// The model waits for tools.
        ToolCalls = "tool_calls",
        /// The vendor's filter cut or blocked it.
        ContentFilter = "content_filter",
        /// The model declined.
        Refusal = "refusal",
        /// Prompt and answer fill the context window.
        ContextWindow = "context_window",
        /// The vendor paused a long turn; send it back to go on.
        Pause = "pause",
        /// The vendor failed inside the answer.
        Error = "error",
    }
}

/// Why an answer ended, in Loquat's word and in the vendor's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finish {
    /// Loquat's word.
    pub reason: FinishReason,
    /// The vendor's own word; `None` when it gave none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

impl Finish {
    /// A reason with the vendor's word for it.
    pub fn new(reason: FinishReason, raw: impl Into<String>) -> Self {
        Self { reason, raw: Some(raw.into()) }
    }
}

/// What the vendor said of its rate limits beside an answer. `None` is "not said".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RateLimits {
    /// Requests allowed in a window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_limit: Option<u64>,
    /// Requests left in the window.
    pub requests_remaining: Option<u64>,
    /// Until requests are full again.
    pub requests_reset: Option<Duration>,
    /// Tokens of either kind allowed in a window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_limit: Option<u64>,
    /// Tokens of either kind left in the window.
    pub tokens_remaining: Option<u64>,
    /// Until tokens are full again.
    pub tokens_reset: Option<Duration>,
    /// Input tokens allowed in a window, where they are limited apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens_limit: Option<u64>,
    /// Input tokens left in the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens_remaining: Option<u64>,
    /// Until input tokens are full again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens_reset: Option<Duration>,
    /// Output tokens allowed in a window, where they are limited apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens_limit: Option<u64>,
    /// Output tokens left in the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens_remaining: Option<u64>,
    /// Until output tokens are full again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens_reset: Option<Duration>,
}

/// How long things took, measured by the driver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timing {
    /// From the call to the first content.
    pub first_content: Option<Duration>,
    /// From the call to the end, all attempts and waits included.
    pub total: Option<Duration>,
}

/// One answer of a chat model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChatResponse {
    /// Who answered.
    pub origin: Arc<Origin>,
    /// The vendor's id of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The model, as the answer names it (often more exact than what was asked for).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// When the vendor made it, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<u64>,
    /// The vendor's id of the HTTP request, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The answer.
    pub message: Message,
    /// Why it ended.
    pub finish: Finish,
    /// Further answers, where several were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<Candidate>,
    /// Tokens of the whole call.
    #[serde(default)]
    pub usage: Usage,
    /// What it cost, where that is known: all attempts that were billed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// What the response cache did for it; `None` where there is no cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheStatus>,
    /// By how much the prompt was made shorter before it was sent; `None` where it went as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_savings: Option<PromptSavings>,
    /// Price and speed class that was used, in the vendor's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// The vendor's mark of its configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_fingerprint: Option<String>,
    /// What the caller should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// Every attempt that was made for it, the successful one last; empty below the driver.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// What the vendor said of its limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limits: Option<RateLimits>,
    /// How long it took.
    #[serde(default)]
    pub timing: Timing,
    /// What the vendor said and this crate has no field for.
    #[serde(default, skip_serializing_if = "Extensions::is_empty")]
    pub ext: Extensions,
    /// Fields that this version does not know, kept.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// One of several answers to the same request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The answer.
    pub message: Message,
    /// Why it ended.
    pub finish: Finish,
}

impl ChatResponse {
    /// An answer with nothing but its words' frame; set the other fields on it.
    pub fn new(origin: Arc<Origin>, message: Message, finish: Finish) -> Self {
        Self {
            origin,
            id: None,
            model: None,
            created: None,
            request_id: None,
            message,
            finish,
            more: Vec::new(),
            usage: Usage::default(),
            cost: None,
            cache: None,
            prompt_savings: None,
            service_tier: None,
            system_fingerprint: None,
            warnings: Vec::new(),
            attempts: Vec::new(),
            rate_limits: None,
            timing: Timing::default(),
            ext: Extensions::default(),
            extra: Map::new(),
        }
    }

    /// The words of the answer.
    pub fn text(&self) -> String {
        self.message.text()
    }
}

impl Answer for ChatResponse {
    fn about(&mut self) -> About<'_> {
        About {
            origin: &self.origin,
            request_id: &mut self.request_id,
            usage: &self.usage,
            cost: &mut self.cost,
            cache: &mut self.cache,
            warnings: &mut self.warnings,
            attempts: &mut self.attempts,
        }
    }
}

impl std::fmt::Display for ChatResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.message.content.iter().filter_map(crate::part::Part::as_text).try_for_each(|text| f.write_str(text))
    }
}
