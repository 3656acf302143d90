//! Whose a model is, which protocol its publisher's models speak, and what is known of them.

use std::sync::Arc;

use llm_core::{Capabilities, KnownModels, ModelCard, known_by};
use llm_wire_openai::Dialect;

/// Who publishes the models that the service itself is named for.
pub(crate) const GOOGLE: &str = "google";
/// Publishers whose lists of models are asked for (the model garden's partners and open models, read 2026-11).
pub(crate) const PUBLISHERS: [&str; 7] = [GOOGLE, "anthropic", "meta", "mistralai", "deepseek-ai", "qwen", "openai"];

/// Announces whose models are that may be called by their names alone.
macro_rules! published {
    ($publisher:literal: $($model:literal)*) => {
        llm_core::model_cards! { $(ModelCard::new("vertex", $model).with_publisher($publisher)),* }
    };
}

// LiteLLM 1.106.2, the list `vertex_ai-anthropic_models` and what it held before; read 2026-11.
published! { "anthropic":
    "claude-3-haiku" "claude-3-opus" "claude-3-5-haiku" "claude-3-5-sonnet" "claude-3-5-sonnet-v2" "claude-3-7-sonnet"
    "claude-fable-5" "claude-fable-5-1" "claude-haiku-4-5" "claude-haiku-5-5" "claude-opus-4" "claude-opus-4-1"
    "claude-opus-4-5" "claude-opus-4-6" "claude-opus-4-7" "claude-opus-4-8" "claude-opus-5" "claude-opus-5-5"
    "claude-sonnet-4" "claude-sonnet-4-5" "claude-sonnet-4-6" "claude-sonnet-5" "claude-sonnet-5-5"
}

/// What is known of a model, also by its name without the version behind `@`.
pub(crate) fn known(models: &dyn KnownModels, plugin: &str, model: &str) -> Arc<Capabilities> {
    known_by(models, plugin, model, model.split_once('@').map(|(family, _)| family))
}

/// A model as a path names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Model<'a> {
    pub(crate) publisher: &'a str,
    pub(crate) name: &'a str,
}

/// What a publisher's models speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Gemini's.
    Gemini,
    /// Anthropic's messages.
    Messages,
    /// OpenAI's chat, each model at its own path.
    RawChat,
    /// OpenAI's chat, all models at one path.
    Chat,
}

impl<'a> Model<'a> {
    /// A model by its name: `anthropic/claude-…`, `publishers/google/models/gemini-…`, or a name alone, whose publisher the
    /// catalogue knows; where it does not, it is Google's.
    pub(crate) fn of(model: &'a str, known: &'a Capabilities) -> Self {
        let said = match model.strip_prefix("publishers/") {
            Some(path) => path.split_once("/models/"),
            None => model.split_once('/'),
        };
        let (publisher, name) = said.unwrap_or((known.publisher.as_deref().unwrap_or(GOOGLE), model));
        Self { publisher, name }
    }

    /// What it speaks.
    pub(crate) fn protocol(self) -> Protocol {
        match self.publisher {
            GOOGLE => Protocol::Gemini,
            "anthropic" => Protocol::Messages,
            // Asked by `rawPredict` with their own names (the page on Mistral models of the model garden, read 2026-11).
            "mistralai" => Protocol::RawChat,
            _ => Protocol::Chat,
        }
    }

    /// The name in the body of OpenAI's protocol.
    pub(crate) fn chat_name(self) -> String {
        match self.protocol() {
            // The version stands in the path only.
            Protocol::RawChat => self.name.split('@').next().unwrap_or(self.name).to_owned(),
            _ => format!("{}/{}", self.publisher, self.name),
        }
    }
}

/// The form of models for vectors that have Gemini's own methods, as the others have Vertex's `predict`.
const EMBED_CONTENT: &str = "embed-content";

// Vertex's page on the embeddings API, read 2026-11.
llm_core::model_cards! {
    embedder("gemini-embedding-2").with_form(EMBED_CONTENT),
    embedder("gemini-embedding-2-preview").with_form(EMBED_CONTENT),
}

const fn embedder(model: &'static str) -> ModelCard {
    ModelCard::new("vertex", model).with_publisher(GOOGLE).for_vectors()
}

/// Whether a model for vectors has Vertex's own method, `predict`.
pub(crate) fn has_predict(known: &Capabilities) -> bool {
    known.form.as_deref() != Some(EMBED_CONTENT)
}

/// What Gemini's encoder must know of a model; `known` is what a catalogue says.
pub(crate) fn profile(model: &str, known: &Capabilities) -> llm_wire_gemini::Profile {
    llm_wire_gemini::Profile::of(model).for_vertex().with_sampling(known.sampling)
}

/// What the encoder of Anthropic's messages must know of a model.
pub(crate) fn messages_profile(model: &str, known: &Capabilities) -> llm_wire_anthropic::Profile {
    llm_wire_anthropic::Profile::of(model, known).with_host(llm_wire_anthropic::Hosted::VERTEX)
}

/// OpenAI's protocol as it is spoken here.
pub(crate) fn dialect(known: &Capabilities) -> Dialect {
    Dialect { drop_sampling: !known.sampling.may(), ..Dialect::COMPATIBLE }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use llm_wire_gemini::Thinking;

    use super::*;

    #[test]
    fn a_model_has_its_publisher_by_its_name_or_by_the_catalogue() {
        let none = Capabilities::default();
        let mut known = Capabilities::default();
        known.publisher = Some(Cow::Borrowed("anthropic"));
        for (name, known, publisher, model) in [
            ("gemini-3.5-flash", &none, "google", "gemini-3.5-flash"),
            ("claude-x@1", &known, "anthropic", "claude-x@1"),
            ("meta/llama-x", &known, "meta", "llama-x"),
            ("publishers/google/models/claude-lookalike", &known, "google", "claude-lookalike"),
        ] {
            assert_eq!(Model::of(name, known), Model { publisher, name: model });
        }
        let name = |model| Model::of(model, &none).chat_name();
        assert_eq!((name("qwen/q"), name("mistralai/m@2")), ("qwen/q".to_owned(), "m".to_owned()));
    }

    #[test]
    fn geminis_are_told_to_think_as_anywhere() {
        let none = Capabilities::default();
        let budget = profile("gemini-2.5-flash-preview-09-2025", &none);
        assert_eq!((budget.thinking, budget.vertex), (Thinking::Budget, true));
        assert_eq!(profile("gemini-3.5-flash", &none).thinking, Thinking::Level);
    }
}
