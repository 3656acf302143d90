//! What one model takes, as data: the encoder asks this and never looks at a model's name.

use llm_core::Support;

/// What the model that is asked takes. The default knows nothing, and everything is sent as it was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// `temperature`, `topP` and `top_k`.
    pub sampling: Support,
    /// A `toolChoice` of `any` or `tool`.
    pub forced_tool: Support,
    /// A JSON schema for the answer.
    pub json_schema: Support,
    /// Messages of the role `system` after the first message of another role.
    pub mid_system: Support,
    /// A message of the model's at the end, to be continued.
    pub prefill: Support,
    /// How the model is told to reason.
    pub reasoning: ReasoningForm,
    /// Where the number of likeliest tokens goes.
    pub top_k: TopK,
}

/// How a model is told to reason. Converse has one common field, the effort; the rest differs by model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReasoningForm {
    /// Not known: an effort is sent in the common field.
    #[default]
    Unknown,
    /// It does not reason, or cannot be told how much.
    Never,
    /// Claude by a budget of tokens: `thinking` `enabled`.
    Budget,
    /// Claude by a budget or by effort.
    Either,
    /// Claude by effort: `thinking` `adaptive`.
    Adaptive,
    /// Claude by effort, and it cannot be turned off.
    Always,
    /// Nova: `reasoningConfig` with `maxReasoningEffort`.
    NovaConfig,
    /// A word in `reasoning_effort` (gpt-oss).
    Effort,
    /// A word in `reasoning_config` (Qwen, DeepSeek).
    Config,
}

/// Where the number of likeliest tokens goes, among the fields that are only the model's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TopK {
    /// Not known: it is left out, with a warning.
    #[default]
    Unknown,
    /// `top_k` (Claude, Mistral).
    Snake,
    /// `inferenceConfig.topK` (Nova).
    Nova,
    /// `k` (Cohere).
    Cohere,
}

impl Profile {
    /// With what is known of sampling parameters.
    pub fn with_sampling(mut self, sampling: Support) -> Self {
        self.sampling = sampling;
        self
    }

    /// With what is known of forced tools.
    pub fn with_forced_tool(mut self, forced_tool: Support) -> Self {
        self.forced_tool = forced_tool;
        self
    }

    /// With what is known of schemas for the answer.
    pub fn with_json_schema(mut self, json_schema: Support) -> Self {
        self.json_schema = json_schema;
        self
    }

    /// With what is known of system messages inside the conversation.
    pub fn with_mid_system(mut self, mid_system: Support) -> Self {
        self.mid_system = mid_system;
        self
    }

    /// With what is known of answers that are to be continued.
    pub fn with_prefill(mut self, prefill: Support) -> Self {
        self.prefill = prefill;
        self
    }

    /// With how the model is told to reason.
    pub fn with_reasoning(mut self, reasoning: ReasoningForm) -> Self {
        self.reasoning = reasoning;
        self
    }

    /// With where the number of likeliest tokens goes.
    pub fn with_top_k(mut self, top_k: TopK) -> Self {
        self.top_k = top_k;
        self
    }
}
