//! What is known of Gemini models, as data.
//!
//! Sources: LiteLLM 1.106.2 (limits, sampling, levels of thinking), the vendor's list of models, and its page on thinking
//! (ai.google.dev/gemini-api/docs/thinking); read 2026-11. A model that is not here is asked as the caller asks.

use llm_core::Support::{No, Unknown, Yes};
use llm_core::{ModelCard, Support, model_card};
use llm_wire_gemini::{Profile, Thinking};

/// The plugin whose models these are.
const PROVIDER: &str = "gemini";
/// The context window of every model for chat.
const WINDOW: u64 = 1_048_576;
/// The longest answer of nearly all.
const OUTPUT: u64 = 65_536;

/// What only this vendor's models differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Traits {
    thinking: Thinking,
    minimal: Support,
}

/// 2.5: a budget.
const BUDGET: Traits = Traits { thinking: Thinking::Budget, minimal: No };
/// 3: a level, the lowest among them.
const LEVELS: Traits = Traits { thinking: Thinking::Level, minimal: Yes };
/// 3 and later, without the lowest level.
const NO_MINIMAL: Traits = Traits { thinking: Thinking::Level, minimal: No };

const fn card(model: &'static str, output: u64, sampling: Support) -> ModelCard {
    ModelCard::new(PROVIDER, model).with_limits(WINDOW, output).with_sampling(sampling).with_reasoning(Yes)
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
    FLASH_LITE_2_5: card("gemini-2.5-flash-lite", OUTPUT, Yes), BUDGET;
    FLASH_2_5: card("gemini-2.5-flash", OUTPUT, Yes), BUDGET;
    PRO_2_5: card("gemini-2.5-pro", OUTPUT, Yes), BUDGET;
    FLASH_3: card("gemini-3-flash", OUTPUT, Yes), LEVELS;
    PRO_3: card("gemini-3-pro", OUTPUT, Yes), NO_MINIMAL;
    FLASH_LITE_3_1: card("gemini-3.1-flash-lite", OUTPUT, Yes), LEVELS;
    PRO_3_1: card("gemini-3.1-pro", OUTPUT, Yes), NO_MINIMAL;
    FLASH_LITE_3_5: card("gemini-3.5-flash-lite", OUTPUT, No), LEVELS;
    FLASH_3_5: card("gemini-3.5-flash", OUTPUT, Yes), LEVELS;
    FLASH_3_6: card("gemini-3.6-flash", OUTPUT, No), LEVELS;
    FLASH_3_7: card("gemini-3.7-flash", OUTPUT, No), NO_MINIMAL;
    FLASH_3_8: card("gemini-3.8-flash", OUTPUT, No), NO_MINIMAL;
    ARGON_4: card("gemini-4-argon", WINDOW, Unknown), NO_MINIMAL;
}

/// The name without what marks a snapshot or a preview: `-preview`, `-preview-09-2025`, `-001`. Models for images, speech
/// or live sessions share the start of a name and nothing else.
fn family(model: &str) -> &str {
    let name = model.strip_prefix("models/").unwrap_or(model);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    match name.split_once("-preview") {
        Some((stem, "")) => stem,
        Some((stem, rest)) if is_number(rest) => stem,
        Some(_) => name,
        None => match name.rsplit_once('-') {
            Some((stem, number)) if number.len() == 3 && is_number(number) => stem,
            _ => name,
        },
    }
}

/// The card of a model or of its family. Other crates may have added cards.
pub(crate) fn known_card(model: &str) -> Option<&'static ModelCard> {
    model_card(PROVIDER, model).or_else(|| model_card(PROVIDER, family(model)))
}

/// What the encoder must know of a model.
pub(crate) fn profile(model: &str) -> Profile {
    let mut profile = Profile::default();
    if let Some(card) = known_card(model) {
        profile = profile.with_sampling(card.sampling);
    }
    if let Some((_, traits)) = TRAITS.iter().find(|(known, _)| *known == family(model)) {
        profile = profile.with_thinking(traits.thinking).with_minimal_thinking(traits.minimal);
    }
    profile
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_or_preview_has_the_facts_of_its_family() {
        let names =
            ["gemini-2.5-flash", "models/gemini-2.5-flash", "gemini-2.5-flash-001", "gemini-2.5-flash-preview-09-2025"];
        for model in names {
            assert_eq!(known_card(model).and_then(|card| card.max_output), Some(OUTPUT), "{model}");
            assert_eq!(profile(model).thinking, Thinking::Budget, "{model}");
        }
        assert_eq!(profile("gemini-3-flash-preview").minimal_thinking, Yes);
        assert_eq!(profile("gemini-3.8-flash").sampling, No);
        for model in ["gemini-2.5-flash-preview-tts", "gemini-2.5-flash-image", "gemma-3-27b-it", "gemini-of-tomorrow"]
        {
            assert_eq!(profile(model), Profile::default(), "{model}");
        }
    }

    #[test]
    fn every_model_has_a_card_and_traits() {
        for (model, traits) in TRAITS {
            assert!(model_card(PROVIDER, model).is_some(), "{model}");
            assert_eq!(profile(model).thinking, traits.thinking);
            assert_eq!(family(model), *model);
        }
    }
}
