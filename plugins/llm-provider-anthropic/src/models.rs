//! What is known of Claude models, as data.
//!
//! Sources: LiteLLM 1.106.2 (limits, sampling), genai-prices 0.2.3 (context windows of
//! the models that LiteLLM lacks), the vendor's list of models; read 2026-11.
//! What the models take beyond that is `llm_wire_anthropic::claude`'s.

use llm_core::Support::{No, Yes};
use llm_core::{Capabilities, KnownModels, ModelCard, Support, model_card};
use llm_wire_anthropic::claude;

/// The plugin whose models these are.
const PROVIDER: &str = "anthropic";

const fn card(model: &'static str, window: u64, output: u64, sampling: Support) -> ModelCard {
    ModelCard::new(PROVIDER, model).with_limits(window, output).with_sampling(sampling).with_reasoning(Yes)
}

/// A card of a model whose longest answer is not known.
const fn card_without_output(model: &'static str, window: u64, sampling: Support) -> ModelCard {
    let mut card = ModelCard::new(PROVIDER, model).with_sampling(sampling).with_reasoning(Yes);
    card.context_window = Some(window);
    card
}

llm_core::model_cards! {
    card_without_output("claude-sonnet-4", 200_000, Yes),
    card_without_output("claude-opus-4", 200_000, Yes),
    card_without_output("claude-opus-4-1", 200_000, Yes),
    card("claude-haiku-4-5", 200_000, 64_000, Yes),
    card("claude-sonnet-4-5", 200_000, 64_000, Yes),
    card("claude-opus-4-5", 200_000, 64_000, Yes),
    card("claude-sonnet-4-6", 1_000_000, 128_000, Yes),
    card("claude-opus-4-6", 1_000_000, 128_000, Yes),
    card("claude-opus-4-7", 1_000_000, 128_000, No),
    card("claude-opus-4-8", 1_000_000, 128_000, No),
    card("claude-haiku-5-5", 1_000_000, 128_000, No),
    card("claude-sonnet-5", 1_000_000, 128_000, No),
    card("claude-sonnet-5-5", 1_000_000, 128_000, No),
    card("claude-opus-5", 1_000_000, 128_000, No),
    card("claude-opus-5-5", 1_000_000, 128_000, No),
    card("claude-fable-5", 1_000_000, 128_000, No),
    card("claude-fable-5-1", 1_000_000, 128_000, No),
    card_without_output("claude-fable-5-2", 1_000_000, No),
    card("claude-mythos-5", 1_000_000, 128_000, No),
    card("claude-mythos-5-1", 1_000_000, 128_000, No),
    card_without_output("claude-mythos-5-2", 1_000_000, No),
}

/// The card of a model or of its family. Other crates may have added cards.
fn known_card(model: &str) -> Option<&'static ModelCard> {
    model_card(PROVIDER, model).or_else(|| model_card(PROVIDER, claude::family(model)?))
}

/// What is known of a model: by its card, and over it by a catalogue.
pub(crate) fn known(model: &str, models: &dyn KnownModels) -> Capabilities {
    let mut known = Capabilities::default();
    if let Some(card) = known_card(model) {
        card.apply(&mut known);
    }
    known.lay(&models.capabilities(PROVIDER, model));
    known
}

#[cfg(test)]
mod tests {
    use super::*;
    use llm_core::{LinkedCards, MODEL_CARDS};

    #[test]
    fn a_snapshot_has_the_card_of_its_family() {
        for model in
            ["claude-haiku-4-5", "claude-haiku-4-5-20251001", "claude-haiku-4-5@20251001", "claude-haiku-4-5-latest"]
        {
            assert_eq!(known(model, &LinkedCards).max_output, Some(64_000), "{model}");
        }
        assert_eq!(known("claude-of-tomorrow", &LinkedCards), Capabilities::default());
        assert!(known_card("claude-haiku-4-5-turbo").is_none());
    }

    #[test]
    fn cards_and_traits_say_the_same() {
        let cards: Vec<_> = MODEL_CARDS.iter().filter(|card| card.provider == PROVIDER).collect();
        assert!(cards.len() > 20, "{}", cards.len());
        for card in cards {
            let traits = claude::traits(card.model).unwrap();
            assert_eq!(traits.sampling(), card.sampling, "{}", card.model);
        }
    }
}
