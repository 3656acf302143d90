//! What is known of Gemini models, as data.
//!
//! Sources: LiteLLM 1.106.2 (limits, sampling, levels of thinking), the vendor's list of models, and its page on thinking
//! (ai.google.dev/gemini-api/docs/thinking); read 2026-11. A model that is not here is asked as the caller asks.

use llm_core::Support::{No, Unknown, Yes};
use llm_core::{Capabilities, ModelCard, Support, model_card};
use llm_wire_gemini::{Profile, family};

/// The plugin whose models these are.
const PROVIDER: &str = "gemini";
/// The context window of every model for chat.
const WINDOW: u64 = 1_048_576;
/// The longest answer of nearly all.
const OUTPUT: u64 = 65_536;

const fn card(model: &'static str, output: u64, sampling: Support) -> ModelCard {
    ModelCard::new(PROVIDER, model).with_limits(WINDOW, output).with_sampling(sampling).with_reasoning(Yes)
}

llm_core::model_cards! {
    card("gemini-2.5-flash-lite", OUTPUT, Yes),
    card("gemini-2.5-flash", OUTPUT, Yes),
    card("gemini-2.5-pro", OUTPUT, Yes),
    card("gemini-3-flash", OUTPUT, Yes),
    card("gemini-3-pro", OUTPUT, Yes),
    card("gemini-3.1-flash-lite", OUTPUT, Yes),
    card("gemini-3.1-pro", OUTPUT, Yes),
    card("gemini-3.5-flash-lite", OUTPUT, No),
    card("gemini-3.5-flash", OUTPUT, Yes),
    card("gemini-3.6-flash", OUTPUT, No),
    card("gemini-3.7-flash", OUTPUT, No),
    card("gemini-3.8-flash", OUTPUT, No),
    card("gemini-4-argon", WINDOW, Unknown),
    ModelCard::new(PROVIDER, "gemini-embedding-001").for_vectors(),
    ModelCard::new(PROVIDER, "gemini-embedding-2").for_vectors(),
    ModelCard::new(PROVIDER, "gemini-embedding-2-preview").for_vectors(),
    ModelCard::new(PROVIDER, "text-embedding-004").for_vectors(),
}

/// The card of a model or of its family. Other crates may have added cards.
pub(crate) fn known_card(model: &str) -> Option<&'static ModelCard> {
    let model = model.strip_prefix("models/").unwrap_or(model);
    model_card(PROVIDER, model).or_else(|| model_card(PROVIDER, family(model)))
}

/// What the encoder must know of a model; `known` is what a catalogue says.
pub(crate) fn profile(model: &str, known: &Capabilities) -> Profile {
    let of_the_family = || known_card(model).map(|card| card.sampling).unwrap_or_default();
    let sampling = if known.sampling == Unknown { of_the_family() } else { known.sampling };
    Profile::of(model).with_sampling(sampling)
}

#[cfg(test)]
mod tests {
    use llm_wire_gemini::Thinking;

    use super::*;

    #[test]
    fn a_snapshot_or_preview_has_the_facts_of_its_family() {
        let none = Capabilities::default();
        for model in ["gemini-2.5-flash", "models/gemini-2.5-flash", "gemini-2.5-flash-preview-09-2025"] {
            assert_eq!(known_card(model).and_then(|card| card.max_output), Some(OUTPUT), "{model}");
            assert_eq!(profile(model, &none).thinking, Thinking::Budget, "{model}");
        }
        assert_eq!(profile("gemini-3.8-flash", &none).sampling, No);
        assert_eq!(profile("gemini-of-tomorrow", &none), Profile::default());
        let mut known = Capabilities::default();
        known.sampling = No;
        assert_eq!(profile("gemini-of-tomorrow", &known).sampling, No);
    }
}
