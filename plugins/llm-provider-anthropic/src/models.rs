//! What is known of Claude models, as data.
//!
//! Sources: LiteLLM 1.106.2 (limits, sampling, thinking, prefill, forced tools), genai-prices 0.2.3 (context windows of
//! the models that LiteLLM lacks), the vendor's list of models; read 2026-11.
//! A model that is not here is asked as the caller asks.

use llm_core::Support::{No, Yes};
use llm_core::{ModelCard, Support, model_card};
use llm_wire_anthropic::{Profile, Thinking};

/// The plugin whose models these are.
const PROVIDER: &str = "anthropic";

/// What only this vendor's models differ in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traits {
    pub(crate) thinking: Thinking,
    pub(crate) forced_tool: Support,
    pub(crate) prefill: Support,
    pub(crate) mid_system: Support,
    pub(crate) xhigh_effort: Support,
}

/// Claude 3 and 4 up to 4.5: a budget for reasoning, sampling, prefill.
const BUDGET: Traits =
    Traits { thinking: Thinking::Budget, forced_tool: Yes, prefill: Yes, mid_system: No, xhigh_effort: No };
/// 4.6: a budget or an effort, no prefill.
const EITHER: Traits = Traits { thinking: Thinking::Either, prefill: No, ..BUDGET };
/// From 4.7 on: effort only.
const ADAPTIVE: Traits = Traits { thinking: Thinking::Adaptive, prefill: No, xhigh_effort: Yes, ..BUDGET };
/// From 4.8 on: instructions inside the conversation.
const MID_SYSTEM: Traits = Traits { mid_system: Yes, ..ADAPTIVE };
/// Always reasoning.
const ALWAYS: Traits = Traits { thinking: Thinking::Always, ..MID_SYSTEM };
/// Always reasoning, and never forced to call a tool.
const UNFORCED: Traits = Traits { forced_tool: No, ..ALWAYS };

const fn card(model: &'static str, window: u64, output: u64, sampling: Support) -> ModelCard {
    ModelCard::new(PROVIDER, model).with_limits(window, output).with_sampling(sampling).with_reasoning(Yes)
}

/// A card of a model whose longest answer is not known.
const fn card_without_output(model: &'static str, window: u64, sampling: Support) -> ModelCard {
    let mut card = ModelCard::new(PROVIDER, model).with_sampling(sampling).with_reasoning(Yes);
    card.context_window = Some(window);
    card
}

/// Announces each card to the catalogue of all plugins, and makes the table of traits.
macro_rules! models {
    ($($name:ident: $card:expr, $traits:ident;)*) => {
        $(
            #[llm_core::linkme::distributed_slice(llm_core::MODEL_CARDS)]
            #[linkme(crate = llm_core::linkme)]
            static $name: ModelCard = $card;
        )*
        const TRAITS: &[(&str, Traits)] = &[$(($card.model, $traits)),*];
    };
}

models! {
    SONNET_4: card_without_output("claude-sonnet-4", 200_000, Yes), BUDGET;
    OPUS_4: card_without_output("claude-opus-4", 200_000, Yes), BUDGET;
    OPUS_4_1: card_without_output("claude-opus-4-1", 200_000, Yes), BUDGET;
    HAIKU_4_5: card("claude-haiku-4-5", 200_000, 64_000, Yes), BUDGET;
    SONNET_4_5: card("claude-sonnet-4-5", 200_000, 64_000, Yes), BUDGET;
    OPUS_4_5: card("claude-opus-4-5", 200_000, 64_000, Yes), BUDGET;
    SONNET_4_6: card("claude-sonnet-4-6", 1_000_000, 128_000, Yes), EITHER;
    OPUS_4_6: card("claude-opus-4-6", 1_000_000, 128_000, Yes), EITHER;
    OPUS_4_7: card("claude-opus-4-7", 1_000_000, 128_000, No), ADAPTIVE;
    OPUS_4_8: card("claude-opus-4-8", 1_000_000, 128_000, No), MID_SYSTEM;
    HAIKU_5_5: card("claude-haiku-5-5", 1_000_000, 128_000, No), MID_SYSTEM;
    SONNET_5: card("claude-sonnet-5", 1_000_000, 128_000, No), MID_SYSTEM;
    SONNET_5_5: card("claude-sonnet-5-5", 1_000_000, 128_000, No), UNFORCED;
    OPUS_5: card("claude-opus-5", 1_000_000, 128_000, No), MID_SYSTEM;
    OPUS_5_5: card("claude-opus-5-5", 1_000_000, 128_000, No), UNFORCED;
    FABLE_5: card("claude-fable-5", 1_000_000, 128_000, No), ALWAYS;
    FABLE_5_1: card("claude-fable-5-1", 1_000_000, 128_000, No), UNFORCED;
    FABLE_5_2: card_without_output("claude-fable-5-2", 1_000_000, No), UNFORCED;
    MYTHOS_5: card("claude-mythos-5", 1_000_000, 128_000, No), ALWAYS;
    MYTHOS_5_1: card("claude-mythos-5-1", 1_000_000, 128_000, No), UNFORCED;
    MYTHOS_5_2: card_without_output("claude-mythos-5-2", 1_000_000, No), UNFORCED;
}

/// The family of a snapshot: the vendor appends a date (`-20251001`, on Vertex `@20251001`) or `-latest`.
fn family(model: &str) -> Option<&str> {
    let is_date = |tail: &str| tail.len() == 8 && tail.bytes().all(|byte| byte.is_ascii_digit());
    let (stem, tail) = model.rsplit_once(['-', '@'])?;
    (tail == "latest" || is_date(tail)).then_some(stem)
}

/// The card of a model or of its family. Other crates may have added cards.
pub(crate) fn known_card(model: &str) -> Option<&'static ModelCard> {
    model_card(PROVIDER, model).or_else(|| model_card(PROVIDER, family(model)?))
}

/// What is known of a model beyond its card.
pub(crate) fn known_traits(model: &str) -> Option<Traits> {
    let of = |wanted: &str| TRAITS.iter().find(|(model, _)| *model == wanted).map(|(_, traits)| *traits);
    of(model).or_else(|| of(family(model)?))
}

/// What the encoder must know of a model.
pub(crate) fn profile(model: &str) -> Profile {
    let mut profile = Profile::default();
    if let Some(card) = known_card(model) {
        profile.sampling = card.sampling;
        profile.max_output = card.max_output.and_then(|tokens| u32::try_from(tokens).ok());
    }
    if let Some(traits) = known_traits(model) {
        profile.thinking = traits.thinking;
        profile.forced_tool = traits.forced_tool;
        profile.mid_system = traits.mid_system;
        profile.xhigh_effort = traits.xhigh_effort;
    }
    profile
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_has_the_facts_of_its_family() {
        for model in
            ["claude-haiku-4-5", "claude-haiku-4-5-20251001", "claude-haiku-4-5@20251001", "claude-haiku-4-5-latest"]
        {
            assert_eq!(known_card(model).and_then(|card| card.max_output), Some(64_000), "{model}");
            assert_eq!(profile(model).thinking, Thinking::Budget, "{model}");
        }
        assert_eq!(profile("claude-opus-5-5-20261101").sampling, No);
        assert_eq!(profile("claude-of-tomorrow"), Profile::default());
        assert!(known_card("claude-haiku-4-5-turbo").is_none());
    }

    #[test]
    fn every_model_has_a_card_and_traits() {
        for (model, traits) in TRAITS {
            assert!(model_card(PROVIDER, model).is_some(), "{model}");
            assert_eq!(profile(model).thinking, traits.thinking);
        }
    }
}
