//! What an encoder must know of the vendor's models, as data, wherever they are served.
//!
//! Sources: LiteLLM 1.106.2 (levels of thinking), the vendor's pages on thinking and on structured output
//! (ai.google.dev/gemini-api/docs/thinking, read 2026-11). A model that is not here is asked as the caller asks.

use llm_core::Support::{self, No, Yes};

use crate::{Profile, Thinking};

/// What models differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Traits {
    thinking: Thinking,
    minimal: Support,
    json_schema: Support,
}

/// Before 2.5: schemas in the older form only; of thinking nothing is said.
const OLDER: Traits = Traits { thinking: Thinking::Budget, minimal: No, json_schema: No };
/// 2.5: a budget.
const BUDGET: Traits = Traits { thinking: Thinking::Budget, minimal: No, json_schema: Yes };
/// 3: a level, the lowest among them.
const LEVELS: Traits = Traits { thinking: Thinking::Level, minimal: Yes, json_schema: Yes };
/// 3 and later, without the lowest level.
const NO_MINIMAL: Traits = Traits { thinking: Thinking::Level, minimal: No, json_schema: Yes };

const TRAITS: &[(&str, Traits)] = &[
    ("gemini-1.5-flash", OLDER),
    ("gemini-1.5-flash-8b", OLDER),
    ("gemini-1.5-pro", OLDER),
    ("gemini-2.0-flash", OLDER),
    ("gemini-2.0-flash-lite", OLDER),
    ("gemini-2.5-flash-lite", BUDGET),
    ("gemini-2.5-flash", BUDGET),
    ("gemini-2.5-pro", BUDGET),
    ("gemini-3-flash", LEVELS),
    ("gemini-3-pro", NO_MINIMAL),
    ("gemini-3.1-flash-lite", LEVELS),
    ("gemini-3.1-pro", NO_MINIMAL),
    ("gemini-3.5-flash-lite", LEVELS),
    ("gemini-3.5-flash", LEVELS),
    ("gemini-3.6-flash", LEVELS),
    ("gemini-3.7-flash", NO_MINIMAL),
    ("gemini-3.8-flash", NO_MINIMAL),
    ("gemini-4-argon", NO_MINIMAL),
];

/// The name without what marks a snapshot or a preview: `-preview`, `-preview-09-2025`, `-001`. Models for images, speech
/// or live sessions share the start of a name and nothing else.
pub fn family(model: &str) -> &str {
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

impl Profile {
    /// What is known of a model by its name; the default where nothing is.
    pub fn of(model: &str) -> Self {
        let family = family(model);
        let Some((_, traits)) = TRAITS.iter().find(|(known, _)| *known == family) else { return Self::default() };
        let Traits { thinking, minimal, json_schema } = *traits;
        Self::default().with_thinking(thinking).with_minimal_thinking(minimal).with_json_schema(json_schema)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_or_preview_is_as_its_family() {
        let names =
            ["gemini-2.5-flash", "models/gemini-2.5-flash", "gemini-2.5-flash-001", "gemini-2.5-flash-preview-09-2025"];
        for model in names {
            assert_eq!(Profile::of(model).thinking, Thinking::Budget, "{model}");
        }
        assert_eq!(Profile::of("gemini-3-flash-preview").minimal_thinking, Yes);
        assert_eq!(Profile::of("gemini-2.0-flash-001").json_schema, No);
        for model in ["gemini-2.5-flash-preview-tts", "gemini-2.5-flash-image", "gemma-3-27b-it", "gemini-of-tomorrow"]
        {
            assert_eq!(Profile::of(model), Profile::default(), "{model}");
        }
        for (model, _) in TRAITS {
            assert_eq!(family(model), *model);
        }
    }
}
