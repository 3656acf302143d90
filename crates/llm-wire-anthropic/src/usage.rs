//! Token counts, both ways.
//!
//! Anthropic counts cached tokens beside `input_tokens`, Loquat inside it. In a stream `message_delta` replaces what
//! `message_start` said, never adds to it, and may restate the input, which can have grown (server tools).

use llm_core::Usage;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use llm_wire::json::{Fields, Object, Patch, Patched};

/// What the vendor has said so far.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    input: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
    cache_write_1h: Option<u64>,
    output: Option<u64>,
    thinking: Option<u64>,
    pub(crate) service_tier: Option<String>,
    extra: Map<String, Value>,
}

#[derive(Deserialize)]
struct CacheCreation {
    ephemeral_1h_input_tokens: Option<u64>,
    // Known, and what is left of the whole: not kept.
    #[serde(rename = "ephemeral_5m_input_tokens")]
    _ephemeral_5m_input_tokens: Option<IgnoredAny>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
struct OutputDetails {
    thinking_tokens: Option<u64>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

fn parse<T: DeserializeOwned>(raw: Option<&RawValue>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

impl Counts {
    /// Takes a `usage` object; what it leaves out or gives as `null` stays as it was.
    pub(crate) fn update(&mut self, mut usage: Fields<'_>) {
        let mut set = |known: &mut Option<u64>, name| *known = parse(usage.take(name)).or(*known);
        set(&mut self.input, "input_tokens");
        set(&mut self.cache_read, "cache_read_input_tokens");
        set(&mut self.cache_write, "cache_creation_input_tokens");
        set(&mut self.output, "output_tokens");
        if let Some(details) = parse::<OutputDetails>(usage.take("output_tokens_details")) {
            self.thinking = details.thinking_tokens.or(self.thinking);
            self.keep("output_tokens_details", details.rest);
        }
        if let Some(split) = parse::<CacheCreation>(usage.take("cache_creation")) {
            self.cache_write_1h = split.ephemeral_1h_input_tokens.or(self.cache_write_1h);
            self.keep("cache_creation", split.rest);
        }
        if let Some(tier) = usage.take_text("service_tier") {
            self.service_tier = Some(tier.into_owned());
        }
        self.extra.extend(usage.rest());
    }

    fn keep(&mut self, name: &str, rest: Map<String, Value>) {
        if !rest.is_empty() {
            self.extra.insert(name.to_owned(), Value::Object(rest));
        }
    }

    /// The counts in Loquat's meaning.
    pub(crate) fn usage(&self) -> Usage {
        let mut usage = Usage::default();
        let cached = self.cache_read.unwrap_or(0).saturating_add(self.cache_write.unwrap_or(0));
        usage.input = self.input.map(|input| input.saturating_add(cached));
        usage.cache_read = self.cache_read;
        usage.cache_write = self.cache_write;
        usage.cache_write_1h = self.cache_write_1h;
        usage.output = self.output;
        usage.reasoning = self.thinking;
        usage.extra.clone_from(&self.extra);
        usage
    }
}

/// A `usage` object to be written. Counts that are not known are written as 0, because clients demand a number.
#[derive(Debug)]
pub(crate) struct WireUsage<'a> {
    pub(crate) usage: &'a Usage,
    pub(crate) service_tier: Option<&'a str>,
}

impl Serialize for WireUsage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let usage = self.usage;
        let cached = usage.cache_read.unwrap_or(0).saturating_add(usage.cache_write.unwrap_or(0));
        let mut object = Object::new(serializer, Patch::of(Some(&usage.extra)))?;
        object.fixed("input_tokens", &usage.input.unwrap_or(0).saturating_sub(cached))?;
        object.some("cache_creation_input_tokens", usage.cache_write)?;
        object.some("cache_read_input_tokens", usage.cache_read)?;
        let split = usage.cache_write_1h.map(|hour| Split { hour, write: usage.cache_write.unwrap_or(0) });
        object.nested("cache_creation", split.as_ref())?;
        object.fixed("output_tokens", &usage.output.unwrap_or(0))?;
        object.nested("output_tokens_details", usage.reasoning.map(Thought).as_ref())?;
        object.some("service_tier", self.service_tier)?;
        object.end()
    }
}

struct Split {
    hour: u64,
    write: u64,
}

impl Patched for Split {
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, patch)?;
        object.field("ephemeral_5m_input_tokens", &self.write.saturating_sub(self.hour))?;
        object.field("ephemeral_1h_input_tokens", &self.hour)?;
        object.end()
    }
}

struct Thought(u64);

impl Patched for Thought {
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, patch)?;
        object.field("thinking_tokens", &self.0)?;
        object.end()
    }
}
