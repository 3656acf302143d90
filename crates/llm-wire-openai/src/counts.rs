//! What the operations beside chat say they used: tokens under two sets of names, seconds, searches.

use llm_core::{Component, Usage};
use serde_json::Value;

/// What is read, and not kept a second time.
const READ: &[&str] = &[
    "input_tokens",
    "output_tokens",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "type",
    "seconds",
    "search_units",
];
/// The same of tokens in detail; text is the rest.
const READ_DETAILS: &[&str] = &["text_tokens", "audio_tokens", "image_tokens", "cached_tokens"];

/// What an answer's `usage` says. Tokens are named as in chats, or `input_tokens` and `output_tokens` as in newer APIs.
pub(crate) fn decode(usage: &Value) -> Usage {
    let Some(fields) = usage.as_object() else { return Usage::default() };
    let of = |names: &[&str]| names.iter().find_map(|name| fields.get(*name).and_then(count));
    let detail = |names: &[&str], of: &str| names.iter().find_map(|name| fields.get(*name)?.get(of).and_then(count));
    let inputs = ["input_token_details", "input_tokens_details", "prompt_tokens_details"];
    let outputs = ["output_tokens_details", "output_token_details", "completion_tokens_details"];
    let mut read = Usage::default();
    read.output = of(&["output_tokens", "completion_tokens"]);
    read.input = of(&["input_tokens", "prompt_tokens"]);
    if read.input.is_none() {
        // Vendors of vectors and orders report a total only: there is no output.
        read.input = of(&["total_tokens"]).map(|total| total.saturating_sub(read.output.unwrap_or(0)));
    }
    read.cache_read = detail(&inputs, "cached_tokens");
    read.input_audio = detail(&inputs, "audio_tokens");
    read.input_image = detail(&inputs, "image_tokens");
    read.output_image = detail(&outputs, "image_tokens");
    for (name, value) in fields {
        let says_more = match value {
            Value::Null => false,
            Value::Object(details) => details.keys().any(|name| !READ_DETAILS.contains(&name.as_str())),
            _ => !READ.contains(&name.as_str()),
        };
        if says_more {
            read.extra.insert(name.clone(), value.clone());
        }
    }
    // OpenAI for whisper-1, and OpenRouter.
    if let Some(seconds) = fields.get("seconds").and_then(seconds) {
        read = read.with_counted(Component::InputAudioSecond, seconds);
    }
    // Cohere bills searches, each of one query and at most 100 documents; OpenRouter passes the number on.
    if let Some(searches) = fields.get("search_units").and_then(count) {
        read = read.with_counted(Component::Request, searches);
    }
    read
}

fn count(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_f64().and_then(whole))
}

/// Seconds as vendors bill them: begun ones count.
pub(crate) fn seconds(value: &Value) -> Option<u64> {
    value.as_f64().map(f64::ceil).and_then(whole)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be whole and small")]
fn whole(number: f64) -> Option<u64> {
    // 2^53, up to which every whole number is exact.
    (number.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&number)).then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tokens_have_two_names_and_other_things_are_counted() {
        let images = decode(&json!({"input_tokens": 50, "output_tokens": 1056, "total_tokens": 1106,
            "input_tokens_details": {"text_tokens": 10, "image_tokens": 40}}));
        assert_eq!((images.input, images.output, images.input_image), (Some(50), Some(1056), Some(40)));
        let searches = decode(&json!({"search_units": 1, "cost": 0.001}));
        assert!(searches.is_unknown());
        assert_eq!(searches.counted[&Component::Request], 1);
        assert_eq!(searches.extra["cost"], 0.001);
        assert_eq!(decode(&json!({"seconds": 5.2})).counted[&Component::InputAudioSecond], 6);
        assert_eq!(decode(&json!({"total_tokens": 17})).input, Some(17));
        let mistral = decode(&json!({"prompt_tokens": 13, "completion_tokens": 0, "total_tokens": 74}));
        assert_eq!((mistral.input, mistral.output), (Some(13), Some(0)));
        assert!(decode(&Value::Null).says_nothing());
    }
}
