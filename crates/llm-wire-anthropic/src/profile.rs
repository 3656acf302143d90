//! What one model takes, as data: the encoder asks this and never looks at a model's name.

use llm_core::Support;

use crate::version::Version;

/// What the model that is asked takes. The default knows nothing, and everything is sent as it was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// The version to speak where the request does not need another one.
    pub version: Version,
    /// `temperature`, `top_p` and `top_k`; refused by the models since Opus 4.7 in every version.
    pub sampling: Support,
    /// A `tool_choice` of `any` or `tool`.
    pub forced_tool: Support,
    /// A message of the model's at the end, to be continued; refused by the models since Opus 4.6.
    pub prefill: Support,
    /// How the model is told to reason.
    pub thinking: Thinking,
    /// An effort beside a budget, or with no word of thinking; asked only of models that reason by budget.
    pub effort: Support,
    /// The effort `xhigh`.
    pub xhigh_effort: Support,
    /// Messages of the role `system` after the first message of another role.
    pub mid_system: Support,
    /// The models stand at another host, which has model and version elsewhere.
    pub hosted: Option<Hosted>,
    /// Longest answer in tokens: sent as `max_tokens` where the caller sets none.
    pub max_output: Option<u32>,
}

/// Another host of the vendor's models: the model is in the path, the version in the body, beta features as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hosted {
    /// The host's version, sent as `anthropic_version`.
    pub version: &'static str,
    /// Whether to stream is said by the path, too.
    pub stream_in_path: bool,
}

impl Hosted {
    /// Amazon Bedrock (`InvokeModel`).
    pub const BEDROCK: Self = Self { version: "bedrock-2023-05-31", stream_in_path: true };
    /// Google Vertex AI (`rawPredict`).
    pub const VERTEX: Self = Self { version: "vertex-2023-10-16", stream_in_path: false };
}

/// How a model is told to reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Thinking {
    /// Not known: an effort is sent as an effort, a budget as a budget.
    #[default]
    Unknown,
    /// It does not reason.
    Never,
    /// By a budget of tokens (`enabled`) only.
    Budget,
    /// By a budget or by effort.
    Either,
    /// By effort (`adaptive`) only.
    Adaptive,
    /// By effort only, and it cannot be turned off.
    Always,
}

impl Profile {
    /// With another version.
    pub fn with_version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

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

    /// With what is known of answers that are to be continued.
    pub fn with_prefill(mut self, prefill: Support) -> Self {
        self.prefill = prefill;
        self
    }

    /// With how the model is told to reason.
    pub fn with_thinking(mut self, thinking: Thinking) -> Self {
        self.thinking = thinking;
        self
    }

    /// With what is known of an effort at a model that reasons by budget.
    pub fn with_effort(mut self, effort: Support) -> Self {
        self.effort = effort;
        self
    }

    /// With what is known of the effort `xhigh`.
    pub fn with_xhigh_effort(mut self, xhigh_effort: Support) -> Self {
        self.xhigh_effort = xhigh_effort;
        self
    }

    /// With what is known of system messages inside the conversation.
    pub fn with_mid_system(mut self, mid_system: Support) -> Self {
        self.mid_system = mid_system;
        self
    }

    /// With the host of the models, where it is not the vendor.
    pub fn with_host(mut self, hosted: impl Into<Option<Hosted>>) -> Self {
        self.hosted = hosted.into();
        self
    }

    /// With the longest answer in tokens.
    pub fn with_max_output(mut self, max_output: impl Into<Option<u32>>) -> Self {
        self.max_output = max_output.into();
        self
    }
}
