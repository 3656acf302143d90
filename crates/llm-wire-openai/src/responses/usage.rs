//! Token counts of the Responses API, both ways.

use llm_core::Usage;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::dialect::ReasoningTokens;
use crate::json::{Kept, Number, Raw, parse};
use crate::usage::DetailsOut;

wire_object! {
    lenient struct Body<'a> {
        "input_tokens" => input: Number,
        "output_tokens" => output: Number,
        "total_tokens" => total: Number,
        "input_tokens_details" => input_details: Details<'a>,
        "output_tokens_details" => output_details: Details<'a>,
    }
    skip: []
    rest: Kept<'a>
}

wire_object! {
    lenient struct Details<'a> {
        "cached_tokens" => cached: Number,
        // Perplexity's names of the two.
        "cache_read_input_tokens" => cache_read: Number,
        "cache_creation_input_tokens" => cache_creation: Number,
        "cache_write_tokens" => cache_write: Number,
        "audio_tokens" => audio: Number,
        "image_tokens" => image: Number,
        "reasoning_tokens" => reasoning: Number,
    }
    skip: []
    rest: Kept<'a>
}

const INPUT_DETAILS: &str = "input_tokens_details";
const OUTPUT_DETAILS: &str = "output_tokens_details";

/// Reads a `usage` object; anything else is no usage.
pub(super) fn decode(raw: Raw<'_>, reasoning_tokens: ReasoningTokens) -> Option<Usage> {
    if !raw.get().starts_with('{') {
        return None;
    }
    let body: Body<'_> = parse(raw)?;
    let (input, output) = (&body.input_details, &body.output_details);
    let mut usage = Usage::default();
    usage.input = body.input.0;
    usage.cache_read = input.cached.0.or(input.cache_read.0);
    usage.cache_write = input.cache_write.0.or(input.cache_creation.0);
    usage.input_audio = input.audio.0;
    usage.input_image = input.image.0;
    usage.reasoning = output.reasoning.0;
    usage.output = body.output.0.map(|tokens| with_reasoning(tokens, &body, reasoning_tokens));
    usage.output_audio = output.audio.0;
    usage.output_image = output.image.0;
    body.rest.read_into(&mut usage.extra);
    for (name, rest) in [(INPUT_DETAILS, &input.rest), (OUTPUT_DETAILS, &output.rest)] {
        if !rest.0.is_empty() {
            let mut details = Map::new();
            rest.read_into(&mut details);
            usage.extra.insert(name.to_owned(), Value::Object(details));
        }
    }
    Some(usage)
}

/// The Responses API counts reasoning within the output; a vendor that counts it apart elsewhere might here, and then its
/// total says so.
fn with_reasoning(output: u64, body: &Body<'_>, counted: ReasoningTokens) -> u64 {
    let (Some(total), Some(reasoning)) = (body.total.0, body.output_details.reasoning.0) else { return output };
    let sum = output.saturating_add(reasoning);
    let beside = counted == ReasoningTokens::BesideIfTotalSays
        && reasoning > 0
        && body.input.0.unwrap_or(0).saturating_add(sum) == total;
    if beside { sum } else { output }
}

/// Writes the `usage` object.
pub(super) struct Encoded<'a>(pub(super) &'a Usage);

impl Serialize for Encoded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let usage = self.0;
        let total = usage.total().unwrap_or_else(|| usage.input.or(usage.output).unwrap_or(0));
        let mut map = serializer.serialize_map(None)?;
        let input = [
            // Clients with strict types want this one.
            ("cached_tokens", usage.cache_read.or(Some(0))),
            ("cache_write_tokens", usage.cache_write),
            ("audio_tokens", usage.input_audio),
            ("image_tokens", usage.input_image),
        ];
        let output = [
            ("reasoning_tokens", usage.reasoning.or(Some(0))),
            ("audio_tokens", usage.output_audio),
            ("image_tokens", usage.output_image),
        ];
        map.serialize_entry("input_tokens", &usage.input.unwrap_or(0))?;
        map.serialize_entry(INPUT_DETAILS, &DetailsOut::new(usage, INPUT_DETAILS, &input))?;
        map.serialize_entry("output_tokens", &usage.output.unwrap_or(0))?;
        map.serialize_entry(OUTPUT_DETAILS, &DetailsOut::new(usage, OUTPUT_DETAILS, &output))?;
        map.serialize_entry("total_tokens", &total)?;
        for (name, value) in usage.extra.iter().filter(|(name, _)| !is_ours(name)) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

fn is_ours(name: &str) -> bool {
    ["input_tokens", "output_tokens", "total_tokens", INPUT_DETAILS, OUTPUT_DETAILS].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(json: &Value, reasoning_tokens: ReasoningTokens) -> Usage {
        let text = json.to_string();
        decode(serde_json::from_str(&text).unwrap(), reasoning_tokens).unwrap()
    }

    #[test]
    fn reads_and_writes_every_count() {
        let json = json!({"input_tokens": 20, "input_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 2,
                "text_tokens": 4}, "output_tokens": 10, "output_tokens_details": {"reasoning_tokens": 4},
            "total_tokens": 30, "cost_in_usd_ticks": 5, "num_sources_used": 0});
        let usage = read(&json, ReasoningTokens::Included);
        let counts = [usage.input, usage.cache_read, usage.cache_write, usage.output, usage.reasoning];
        assert_eq!(counts, [Some(20), Some(8), Some(2), Some(10), Some(4)]);
        assert_eq!(usage.extra["cost_in_usd_ticks"], 5);
        assert_eq!(serde_json::to_value(Encoded(&usage)).unwrap(), json);
    }

    #[test]
    fn other_names_and_other_sums() {
        let perplexity = json!({"input_tokens": 9, "output_tokens": 1,
            "input_tokens_details": {"cache_read_input_tokens": 3, "cache_creation_input_tokens": 2}});
        let usage = read(&perplexity, ReasoningTokens::Included);
        assert_eq!((usage.cache_read, usage.cache_write, usage.reasoning), (Some(3), Some(2), None));
        let json = json!({"input_tokens": 10, "output_tokens": 5, "total_tokens": 27,
            "output_tokens_details": {"reasoning_tokens": 12}});
        assert_eq!(read(&json, ReasoningTokens::Included).output, Some(5));
        assert_eq!(read(&json, ReasoningTokens::BesideIfTotalSays).output, Some(17));
        assert!(decode(serde_json::from_str("null").unwrap(), ReasoningTokens::Included).is_none());
    }
}
