//! The chat operation: what is asked.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ext::Extensions;
use crate::id::Origin;
use crate::message::Message;
use crate::tool::{Tool, ToolChoice};
use crate::warning::OnUnsupported;

crate::open_enum! {
    /// How hard a reasoning model should think.
    pub enum Effort {
        /// Not at all.
        None = "none",
        /// As little as the model can.
        Minimal = "minimal",
        /// A little.
        Low = "low",
        /// The usual.
        Medium = "medium",
        /// Much.
        High = "high",
        /// Very much.
        XHigh = "xhigh",
        /// As much as the model can.
        Max = "max",
    }
}

impl Effort {
    /// A budget of tokens that stands for this effort, for models that know only budgets.
    pub fn as_budget(&self) -> u32 {
        match self {
            Self::None => 0,
            Self::Minimal => 1024,
            Self::Low => 2048,
            Self::High => 16_384,
            Self::XHigh | Self::Max => 32_000,
            _ => 8192,
        }
    }

    /// The effort that stands for a budget of tokens, for models that know only efforts.
    pub fn of_budget(tokens: u32) -> Self {
        match tokens {
            0 => Self::None,
            1..=2048 => Self::Low,
            2049..=8192 => Self::Medium,
            8193..=16_384 => Self::High,
            _ => Self::Max,
        }
    }
}

/// One request to a chat model: the caller's intent, free of any vendor's form.
///
/// Every field reaches the vendor, or the answer says in its warnings that it did not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChatRequest {
    /// The model: a route or `provider/model` above the router, the vendor's own name below it.
    #[serde(default)]
    pub model: String,
    /// The conversation, oldest first.
    #[serde(default)]
    pub messages: Vec<Arc<Message>>,
    /// Tools the model may call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Arc<Tool>>,
    /// Which of them it must call.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tool_choice: ToolChoice,
    /// Whether several calls may stand in one answer; the vendor's default when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel_tool_calls: Option<bool>,
    /// The form of the answer.
    #[serde(default, skip_serializing_if = "is_default")]
    pub output: OutputFormat,
    /// How the answer is drawn.
    #[serde(default, skip_serializing_if = "is_default")]
    pub sampling: Sampling,
    /// How much the model reasons; the vendor's default when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Reasoning>,
    /// The vendor's word for price and speed class (`flex`, `priority`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// An opaque id of the end user, for the vendor's abuse detection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_user: Option<String>,
    /// Labels that the vendor keeps with the request.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// What to do with fields that the target cannot express.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_unsupported: OnUnsupported,
    /// Vendor-specific settings.
    #[serde(default, skip_serializing_if = "Extensions::is_empty")]
    pub ext: Extensions,
    /// The wire family in whose form this was asked, where the body had fields with no place here. They stand in `ext`
    /// under that name, and unlike settings for somebody else they are a part of what is asked: see
    /// [`ChatRequest::keep_asked`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<Cow<'static, str>>,
    /// Fields that this version does not know, kept; they are not sent to any vendor.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// How the answer is drawn and bounded. `None` is the vendor's default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Sampling {
    /// Randomness, 0 to 2 at most vendors (0 to 1 at Anthropic).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Nucleus sampling, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Only the k likeliest tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u32>,
    /// Against topics said before, −2 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    /// Against words said before, −2 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    /// For the same answer again, as far as a vendor can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// Longest answer in tokens, reasoning included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u32>,
    /// Texts that end the answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// How many answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidates: Option<u32>,
    /// Probabilities of the `n` likeliest tokens at each place; 0 is only the chosen one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<u32>,
    /// Fields that this version does not know, kept.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// How much a model reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reasoning {
    /// By a word.
    Effort(Effort),
    /// By a number of tokens; 0 is off.
    Budget(u32),
}

/// The form of the answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum OutputFormat {
    /// Words.
    #[default]
    Text,
    /// Any JSON object.
    Json,
    /// JSON by a schema.
    JsonSchema(JsonSchema),
}

/// A schema that an answer must follow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JsonSchema {
    /// A name for it (`[a-zA-Z0-9_-]`, at most 64 characters at OpenAI).
    #[serde(default)]
    pub name: String,
    /// What it is for, for the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON schema.
    pub schema: Value,
    /// Whether the vendor must hold the answer to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
}

impl ChatRequest {
    /// A request to a model, without messages.
    pub fn new(model: impl Into<String>) -> Self {
        Self { model: model.into(), ..Self::default() }
    }

    /// With one more message.
    pub fn with_message(mut self, message: Message) -> Self {
        self.messages.push(Arc::new(message));
        self
    }

    /// With a user message of this text.
    pub fn with_user(self, text: impl Into<String>) -> Self {
        self.with_message(Message::user(text))
    }

    /// Keeps fields of a body of this wire family that have no place here: they go back to that family as they are, and
    /// a target of another one warns of each, or refuses the request in strict mode.
    pub fn keep_asked(&mut self, form: &'static str, fields: Map<String, Value>) {
        if !fields.is_empty() {
            self.form = Some(Cow::Borrowed(form));
            self.ext.of_mut(form).extend(fields);
        }
    }

    /// Fields of the body that was read which mean nothing to this target. Null and empty text ask for nothing.
    pub fn foreign(&self, to: &Origin) -> impl Iterator<Item = &str> {
        let form = self.form.as_deref().filter(|form| **form != *to.api && **form != *to.provider);
        let asked = form.and_then(|form| self.ext.of(form)).into_iter().flatten();
        let asks = |value: &Value| !value.is_null() && value != "";
        asked.filter(move |(name, value)| asks(value) && !self.extra.contains_key(*name)).map(|(name, _)| name.as_str())
    }

    /// With one more tool.
    pub fn with_tool(mut self, tool: Tool) -> Self {
        self.tools.push(Arc::new(tool));
        self
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
