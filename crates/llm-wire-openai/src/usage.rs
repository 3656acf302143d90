//! Token counts, both ways: OpenAI's `usage` object and the variants of vendors.
//!
//! The total of the prompt includes cached tokens everywhere. Reasoning stands beside the completion at a few vendors;
//! which ones is a fact of the dialect, never a guess from the numbers alone.

use llm_core::Usage;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::dialect::ReasoningTokens;
use crate::json::{Added, Fields, Kept, Number, Raw, parse};

wire_object! {
    lenient struct Body<'a> {
        "prompt_tokens" => prompt: Number,
        "completion_tokens" => completion: Number,
        "total_tokens" => total: Number,
        "prompt_tokens_details" => prompt_details: Details<'a>,
        "completion_tokens_details" => completion_details: Details<'a>,
        // The same counts under other names: Together and Moonshot; DeepSeek; Databricks and Vercel; Copilot.
        "cached_tokens" => cached: Number,
        "prompt_cache_hit_tokens" => cache_hit: Number,
        "cache_read_input_tokens" => cache_read: Number,
        "cache_creation_input_tokens" => cache_creation: Number,
        "reasoning_tokens" => reasoning: Number,
    }
    skip: []
    rest: Kept<'a>
}

wire_object! {
    lenient struct Details<'a> {
        "cached_tokens" => cached: Number,
        "cache_write_tokens" => cache_write: Number,
        "audio_tokens" => audio: Number,
        "image_tokens" => image: Number,
        "reasoning_tokens" => reasoning: Number,
        "accepted_prediction_tokens" => accepted: Number,
        "rejected_prediction_tokens" => rejected: Number,
    }
    skip: []
    rest: Kept<'a>
}

/// Reads a `usage` object; anything else is no usage.
pub(crate) fn decode(raw: Raw<'_>, reasoning_tokens: ReasoningTokens) -> Option<Usage> {
    if !raw.get().starts_with('{') {
        return None;
    }
    let body: Body<'_> = parse(raw)?;
    let (prompt, completion) = (&body.prompt_details, &body.completion_details);
    let mut usage = Usage::default();
    usage.input = body.prompt.0;
    usage.cache_read =
        [prompt.cached, body.cached, body.cache_hit, body.cache_read].into_iter().find_map(|number| number.0);
    usage.cache_write = prompt.cache_write.0.or(body.cache_creation.0);
    usage.input_audio = prompt.audio.0;
    usage.input_image = prompt.image.0;
    usage.reasoning = completion.reasoning.0.or(body.reasoning.0);
    usage.output = output(&body, usage.reasoning, reasoning_tokens);
    usage.output_audio = completion.audio.0;
    usage.prediction_accepted = completion.accepted.0;
    usage.prediction_rejected = completion.rejected.0;
    body.rest.read_into(&mut usage.extra);
    keep_details(&mut usage.extra, PROMPT_DETAILS, &prompt.rest, None);
    keep_details(&mut usage.extra, COMPLETION_DETAILS, &completion.rest, completion.image.0);
    Some(usage)
}

const PROMPT_DETAILS: &str = "prompt_tokens_details";
const COMPLETION_DETAILS: &str = "completion_tokens_details";

fn output(body: &Body<'_>, reasoning: Option<u64>, counted: ReasoningTokens) -> Option<u64> {
    let (Some(completion), Some(reasoning)) = (body.completion.0, reasoning) else { return body.completion.0 };
    let with_reasoning = completion.saturating_add(reasoning);
    let beside = match counted {
        ReasoningTokens::Included => false,
        ReasoningTokens::Beside => true,
        ReasoningTokens::BesideIfTotalSays => {
            body.total.0.is_some_and(|total| body.prompt.0.unwrap_or(0).saturating_add(with_reasoning) == total)
        }
    };
    Some(if beside { with_reasoning } else { completion })
}

fn keep_details(extra: &mut Map<String, Value>, name: &str, rest: &Kept<'_>, image: Option<u64>) {
    if rest.0.is_empty() && image.is_none() {
        return;
    }
    let mut details = Map::new();
    rest.read_into(&mut details);
    if let Some(image) = image {
        details.insert("image_tokens".to_owned(), image.into());
    }
    extra.insert(name.to_owned(), Value::Object(details));
}

/// Writes OpenAI's `usage` object.
pub(crate) struct Encoded<'a>(pub(crate) &'a Usage);

impl Serialize for Encoded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let usage = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("prompt_tokens", &usage.input.unwrap_or(0))?;
        map.serialize_entry("completion_tokens", &usage.output.unwrap_or(0))?;
        map.serialize_entry(
            "total_tokens",
            &usage.total().unwrap_or_else(|| usage.input.or(usage.output).unwrap_or(0)),
        )?;
        let prompt = [
            ("cached_tokens", usage.cache_read),
            ("cache_write_tokens", usage.cache_write),
            ("audio_tokens", usage.input_audio),
            ("image_tokens", usage.input_image),
        ];
        let completion = [
            ("reasoning_tokens", usage.reasoning),
            ("audio_tokens", usage.output_audio),
            ("accepted_prediction_tokens", usage.prediction_accepted),
            ("rejected_prediction_tokens", usage.prediction_rejected),
        ];
        for (name, counts) in [(PROMPT_DETAILS, &prompt), (COMPLETION_DETAILS, &completion)] {
            let details = DetailsOut::new(usage, name, counts);
            if details.says_something() {
                map.serialize_entry(name, &details)?;
            }
        }
        for (name, value) in usage.extra.iter().filter(|(name, _)| !is_ours(name)) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

fn is_ours(name: &str) -> bool {
    ["prompt_tokens", "completion_tokens", "total_tokens", PROMPT_DETAILS, COMPLETION_DETAILS].contains(&name)
}

/// Counts in detail, and beside them what has no field.
pub(crate) struct DetailsOut<'a> {
    counts: &'a [(&'static str, Option<u64>)],
    more: Added<'a>,
}

impl<'a> DetailsOut<'a> {
    /// `name` is the field of the object.
    pub(crate) fn new(usage: &'a Usage, name: &str, counts: &'a [(&'static str, Option<u64>)]) -> Self {
        Self { counts, more: Added::object(usage.extra.get(name).and_then(Value::as_object)) }
    }

    fn says_something(&self) -> bool {
        self.counts.iter().any(|(_, count)| count.is_some()) || !self.more.is_empty()
    }
}

impl Serialize for DetailsOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = Fields::new(serializer.serialize_map(None)?, self.more);
        for (name, count) in self.counts {
            fields.put_some(name, *count)?;
        }
        fields.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(json: &Value, reasoning_tokens: ReasoningTokens) -> Usage {
        let text = json.to_string();
        decode(serde_json::from_str(&text).unwrap(), reasoning_tokens).unwrap()
    }

    fn check(json: &Value, expected: &str) {
        let usage = read(json, ReasoningTokens::Included);
        let show = |n: Option<u64>| n.map_or("-".to_owned(), |n| n.to_string());
        let counts = [usage.input, usage.output, usage.cache_read, usage.cache_write, usage.reasoning];
        assert_eq!(counts.map(show).join(" "), expected, "{json}");
    }

    #[test]
    fn details_that_are_no_object_cost_no_count() {
        let body =
            |details: Value| json!({"prompt_tokens": 3, "completion_tokens": 4, "prompt_tokens_details": details});
        check(&body(json!([])), "3 4 - - -");
        check(&body(Value::Null), "3 4 - - -");
    }

    #[test]
    fn reads_the_counts_wherever_a_vendor_puts_them() {
        let openai = json!({"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30,
            "prompt_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 2, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 4}});
        check(&openai, "20 10 8 2 4");
        check(&json!({"prompt_tokens": 20, "completion_tokens": 10}), "20 10 - - -");
        check(&json!({"prompt_tokens": 20, "completion_tokens": null, "prompt_tokens_details": null}), "20 - - - -");
        check(&json!({"prompt_tokens": 20, "completion_tokens": 1, "prompt_cache_hit_tokens": 5}), "20 1 5 - -");
        check(&json!({"prompt_tokens": 20, "completion_tokens": 1, "cached_tokens": 6}), "20 1 6 - -");
        check(
            &json!({"prompt_tokens": 20, "completion_tokens": 1, "cache_read_input_tokens": 7,
            "cache_creation_input_tokens": 3, "reasoning_tokens": 1}),
            "20 1 7 3 1",
        );
    }

    #[test]
    fn adds_reasoning_only_where_the_vendor_counts_it_apart() {
        let json = json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 27,
            "completion_tokens_details": {"reasoning_tokens": 12}});
        assert_eq!(read(&json, ReasoningTokens::Included).output, Some(5));
        assert_eq!(read(&json, ReasoningTokens::BesideIfTotalSays).output, Some(17));
        assert_eq!(read(&json, ReasoningTokens::Beside).output, Some(17));
        let included = json!({"prompt_tokens": 10, "completion_tokens": 15, "total_tokens": 25,
            "completion_tokens_details": {"reasoning_tokens": 12}});
        assert_eq!(read(&included, ReasoningTokens::BesideIfTotalSays).output, Some(15));
    }

    #[test]
    fn keeps_what_has_no_field_and_writes_it_back() {
        let json = json!({"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3, "cost": 0.5,
            "prompt_tokens_details": {"cached_tokens": 1, "video_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 1, "image_tokens": 6}});
        let usage = read(&json, ReasoningTokens::Included);
        assert_eq!(usage.extra["cost"], json!(0.5));
        assert_eq!(serde_json::to_value(Encoded(&usage)).unwrap(), json);
        assert_eq!(read(&serde_json::to_value(Encoded(&usage)).unwrap(), ReasoningTokens::Included), usage);
    }

    #[test]
    fn what_is_no_object_is_no_usage() {
        for text in ["7", "\"x\"", "[1]", "null"] {
            assert!(decode(serde_json::from_str(text).unwrap(), ReasoningTokens::Included).is_none(), "{text}");
        }
    }
}
