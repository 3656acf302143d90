//! Token counts, both ways. Bedrock counts cached tokens beside `inputTokens`, Loquat inside it.

use llm_core::Usage;
use llm_wire::json::{Fields, Object, Patch};
use serde::Deserialize;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

/// What was written to the cache for one time.
#[derive(Deserialize)]
struct CacheDetail<'a> {
    ttl: &'a str,
    #[serde(rename = "inputTokens")]
    tokens: u64,
}

/// Reads a `usage` object. Models behind `InvokeModel` say `…TokenCount` for what Converse calls `…Tokens`; some answers
/// have both.
pub(crate) fn decode(raw: &RawValue) -> Usage {
    let mut usage = Usage::default();
    let Some(mut fields) = Fields::read(raw) else { return usage };
    let mut count = |names: [&str; 2]| {
        let [first, second] = names.map(|name| fields.take(name).and_then(|raw| serde_json::from_str(raw.get()).ok()));
        first.or(second)
    };
    let input: Option<u64> = count(["inputTokens", "inputTokenCount"]);
    usage.output = count(["outputTokens", "outputTokenCount"]);
    usage.cache_read = count(["cacheReadInputTokens", "cacheReadInputTokenCount"]);
    usage.cache_write = count(["cacheWriteInputTokens", "cacheWriteInputTokenCount"]);
    fields.take("totalTokens");
    let cached = usage.cache_read.unwrap_or(0).saturating_add(usage.cache_write.unwrap_or(0));
    usage.input = input.map(|input| input.saturating_add(cached));
    if let Some(raw) = fields.take("cacheDetails") {
        let details: Vec<CacheDetail<'_>> = serde_json::from_str(raw.get()).unwrap_or_default();
        usage.cache_write_1h = details.iter().find(|detail| detail.ttl == "1h").map(|detail| detail.tokens);
    }
    usage.extra = fields.rest();
    // Sent with nearly every answer, and nearly always empty.
    usage.extra.retain(|_, value| value.as_object().is_none_or(|fields| !fields.is_empty()));
    usage
}

/// A `usage` object to be written. Counts that are not known are written as 0, because clients demand a number.
#[derive(Debug)]
pub(crate) struct WireUsage<'a>(pub(crate) &'a Usage);

impl Serialize for WireUsage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let usage = self.0;
        let cached = usage.cache_read.unwrap_or(0).saturating_add(usage.cache_write.unwrap_or(0));
        let (input, output) = (usage.input.unwrap_or(0), usage.output.unwrap_or(0));
        let mut object = Object::new(serializer, Patch::of(Some(&usage.extra)))?;
        object.fixed("inputTokens", &input.saturating_sub(cached))?;
        object.fixed("outputTokens", &output)?;
        object.fixed("totalTokens", &input.saturating_add(output))?;
        object.fixed_if("cacheReadInputTokens", usage.cache_read)?;
        object.fixed_if("cacheWriteInputTokens", usage.cache_write)?;
        object.fixed_if("cacheDetails", usage.cache_write_1h.map(|hour| Details { hour, write: usage.cache_write }))?;
        object.end()
    }
}

struct Details {
    hour: u64,
    write: Option<u64>,
}

struct Detail(&'static str, u64);

impl Serialize for Details {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let minutes = self.write.unwrap_or(0).saturating_sub(self.hour);
        serializer.collect_seq([Detail("5m", minutes), Detail("1h", self.hour)])
    }
}

impl Serialize for Detail {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("ttl", self.0)?;
        map.serialize_entry("inputTokens", &self.1)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Usage {
        decode(serde_json::from_str(text).unwrap())
    }

    #[test]
    fn input_includes_what_the_cache_did() {
        let usage = read(
            r#"{"inputTokens": 12, "outputTokens": 5, "totalTokens": 1045, "cacheReadInputTokens": 1000,
                "cacheReadInputTokenCount": 1000, "cacheWriteInputTokens": 28, "serverToolUsage": {},
                "cacheDetails": [{"ttl": "5m", "inputTokens": 20}, {"ttl": "1h", "inputTokens": 8}]}"#,
        );
        assert_eq!((usage.input, usage.output), (Some(1040), Some(5)));
        assert_eq!((usage.cache_read, usage.cache_write, usage.cache_write_1h), (Some(1000), Some(28), Some(8)));
        assert!(usage.extra.is_empty());
        let written = serde_json::to_string(&WireUsage(&usage)).unwrap();
        assert_eq!(read(&written), usage);
    }

    #[test]
    fn what_was_not_said_is_not_known() {
        assert_eq!(read("{}"), Usage::default());
        assert_eq!(read(r#"{"inputTokens": 3, "outputTokens": null}"#).output, None);
    }
}
