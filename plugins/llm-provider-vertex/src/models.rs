//! Which publisher a model is of, and what is known of models beyond what a catalogue knows.

use llm_core::{Capabilities, Support};
use llm_wire_gemini::Thinking;

/// Whose protocol a model speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Publisher {
    Google,
    Anthropic,
}

impl Publisher {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Anthropic => "anthropic",
        }
    }
}

/// Publisher and bare name of a model: `anthropic/claude-…`, `publishers/google/models/gemini-…`, or a name alone, which is
/// Anthropic's when it is a Claude and Google's otherwise (the names under which the two publishers list their models).
pub(crate) fn publisher(model: &str) -> (Publisher, &str) {
    let bare = model.rsplit('/').next().unwrap_or(model);
    let said = model.trim_start_matches("publishers/").split('/').next().filter(|first| *first != bare);
    match said {
        Some("anthropic") => (Publisher::Anthropic, bare),
        Some(_) => (Publisher::Google, bare),
        None if bare.starts_with("claude-") => (Publisher::Anthropic, bare),
        None => (Publisher::Google, bare),
    }
}

/// Models for embeddings that have `embedContent` and no `predict`.
const NO_PREDICT: [&str; 2] = ["gemini-embedding-2", "gemini-embedding-2-preview"];

/// Whether a model for embeddings has Vertex's own method, `predict`.
pub(crate) fn has_predict(model: &str) -> bool {
    !NO_PREDICT.contains(&model)
}

/// Models that are told to think by a budget only.
const BUDGETS: [&str; 3] = ["gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-2.5-pro"];

/// What Gemini's encoder must know of a model; `known` is what a catalogue says.
pub(crate) fn profile(model: &str, known: &Capabilities) -> llm_wire_gemini::Profile {
    let profile = llm_wire_gemini::Profile::default().for_vertex().with_sampling(known.sampling);
    let stem = model.split("-preview").next().unwrap_or(model);
    if BUDGETS.contains(&stem) {
        return profile.with_thinking(Thinking::Budget).with_minimal_thinking(Support::No);
    }
    profile
}

/// What the encoder of Anthropic's messages must know of a model.
pub(crate) fn messages_profile(known: &Capabilities) -> llm_wire_anthropic::Profile {
    llm_wire_anthropic::Profile::default()
        .with_host(llm_wire_anthropic::Hosted::VERTEX)
        .with_sampling(known.sampling)
        .with_forced_tool(known.forced_tool)
        .with_max_output(known.max_output.and_then(|tokens| u32::try_from(tokens).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_has_its_publisher() {
        assert_eq!(publisher("gemini-3.5-flash"), (Publisher::Google, "gemini-3.5-flash"));
        assert_eq!(publisher("claude-haiku-4-5@20251001"), (Publisher::Anthropic, "claude-haiku-4-5@20251001"));
        assert_eq!(publisher("anthropic/x"), (Publisher::Anthropic, "x"));
        assert_eq!(publisher("publishers/google/models/claude-lookalike"), (Publisher::Google, "claude-lookalike"));
        assert_eq!(profile("gemini-2.5-flash-preview-09-2025", &Capabilities::default()).thinking, Thinking::Budget);
        assert_eq!(profile("gemini-3.5-flash", &Capabilities::default()).thinking, Thinking::Level);
    }
}
