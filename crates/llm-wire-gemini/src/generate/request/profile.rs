//! What a model takes and another does not, as data: whoever knows the models fills it in.

use llm_core::Support;

/// What an encoder must know of the model. The default sends what the caller asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// `temperature`, `topP` and `topK`; left out with a warning where the model is known to refuse them.
    pub sampling: Support,
    /// How reasoning is asked for.
    pub thinking: Thinking,
    /// The level `MINIMAL`; where the model is known to refuse it, `LOW` is sent.
    pub minimal_thinking: Support,
    /// JSON schema; where the model is known to refuse it, schemas are sent in the vendor's older form.
    pub json_schema: Support,
    /// The server is Vertex AI, which knows labels and names of files; the Gemini API refuses both.
    pub vertex: bool,
}

/// How a model is told how much to think.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Thinking {
    /// By a level, as of Gemini 3; a budget is sent as it is.
    #[default]
    Level,
    /// By a budget only, as with Gemini 2.5: an effort becomes the budget that the vendor's own OpenAI-shaped endpoint
    /// gives for it (ai.google.dev/gemini-api/docs/openai, "Thinking", read 2026-11).
    Budget,
}

impl Profile {
    /// With what the model says to sampling parameters.
    pub fn with_sampling(mut self, sampling: Support) -> Self {
        self.sampling = sampling;
        self
    }

    /// With how reasoning is asked for.
    pub fn with_thinking(mut self, thinking: Thinking) -> Self {
        self.thinking = thinking;
        self
    }

    /// With what the model says to JSON schema.
    pub fn with_json_schema(mut self, json_schema: Support) -> Self {
        self.json_schema = json_schema;
        self
    }

    /// For Vertex AI.
    pub fn for_vertex(mut self) -> Self {
        self.vertex = true;
        self
    }

    /// With what the model says to the lowest level.
    pub fn with_minimal_thinking(mut self, minimal: Support) -> Self {
        self.minimal_thinking = minimal;
        self
    }
}
