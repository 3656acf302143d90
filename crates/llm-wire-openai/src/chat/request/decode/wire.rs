//! The shapes of a request on the wire. They are strict: a wrong type or a second field of one name is an error.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Unexpected, Visitor};
use serde_json::{Map, Value};

use crate::json::{Items, Listed, Str, TextOr};

wire_object! {
    /// The body.
    strict struct BodyIn<'a> {
        "model" => model: Option<Str<'a>>,
        "messages" => messages: Option<Items<MessageIn<'a>>>,
        "tools" => tools: Option<Items<ToolIn<'a>>>,
        "tool_choice" => tool_choice: Option<Value>,
        "functions" => functions: Option<Items<FunctionIn<'a>>>,
        "function_call" => function_call: Option<Value>,
        "parallel_tool_calls" => parallel_tool_calls: Option<bool>,
        "response_format" => response_format: Option<Value>,
        "temperature" => temperature: Option<f64>,
        "top_p" => top_p: Option<f64>,
        "top_k" => top_k: Option<CountIn>,
        "presence_penalty" => presence_penalty: Option<f64>,
        "frequency_penalty" => frequency_penalty: Option<f64>,
        "seed" => seed: Option<i64>,
        "max_tokens" => max_tokens: Option<CountIn>,
        "max_completion_tokens" => max_completion_tokens: Option<CountIn>,
        "n" => n: Option<u32>,
        "logprobs" => logprobs: Option<LogprobsIn>,
        "top_logprobs" => top_logprobs: Option<u32>,
        "stop" => stop: Option<StopIn<'a>>,
        "reasoning_effort" => reasoning_effort: Option<Str<'a>>,
        "service_tier" => service_tier: Option<Str<'a>>,
        "user" => user: Option<Str<'a>>,
        "safety_identifier" => safety_identifier: Option<Str<'a>>,
        "metadata" => metadata: Option<Value>,
        "stream" => stream: Option<bool>,
        "stream_options" => stream_options: Option<StreamOptionsIn<'a>>,
    }
    skip: []
    rest: Map<String, Value>
}

wire_object! {
    strict struct StreamOptionsIn<'a> {
        "include_usage" => include_usage: Option<bool>,
    }
    skip: []
    rest: Map<String, Value>
}

wire_object! {
    strict struct MessageIn<'a> {
        "role" => role: Option<Str<'a>>,
        "content" => content: Option<ContentIn<'a>>,
        "name" => name: Option<Str<'a>>,
        "tool_calls" => tool_calls: Option<Items<CallIn<'a>>>,
        "tool_call_id" => tool_call_id: Option<Str<'a>>,
        "function_call" => function_call: Option<CalledIn<'a>>,
        "refusal" => refusal: Option<Str<'a>>,
        "reasoning_content" => reasoning_content: Option<Str<'a>>,
        "reasoning" => reasoning: Option<Str<'a>>,
        "reasoning_details" => reasoning_details: Option<Value>,
        "audio" => audio: Option<AudioRefIn<'a>>,
    }
    // SDKs send an answer back with everything in it; these say nothing to a model.
    skip: ["annotations"]
    rest: Map<String, Value>
}

wire_object! {
    strict struct AudioRefIn<'a> {
        "id" => id: Option<Str<'a>>,
    }
    skip: ["data", "transcript", "expires_at"]
    rest: Map<String, Value>
}

wire_object! {
    strict struct CallIn<'a> {
        "id" => id: Option<Str<'a>>,
        "type" => kind: Option<Str<'a>>,
        "function" => function: Option<CalledIn<'a>>,
        "custom" => custom: Option<CalledIn<'a>>,
    }
    // Answers put together from a stream have it.
    skip: ["index"]
    rest: Map<String, Value>
}

wire_object! {
    strict struct CalledIn<'a> {
        "name" => name: Option<Str<'a>>,
        "arguments" => arguments: Option<crate::chat::wire::CallArguments<'a>>,
        "input" => input: Option<Str<'a>>,
    }
    skip: []
    rest: Map<String, Value>
}

wire_object! {
    strict struct PartIn<'a> {
        "type" => kind: Option<Str<'a>>,
        "text" => text: Option<Str<'a>>,
        "refusal" => refusal: Option<Str<'a>>,
        "image_url" => image_url: Option<UrlIn<'a>>,
        "video_url" => video_url: Option<UrlIn<'a>>,
        "input_audio" => input_audio: Option<AudioIn<'a>>,
        "file" => file: Option<FileIn<'a>>,
        "cache_control" => cache_control: Option<CacheControlIn<'a>>,
    }
    skip: []
    rest: Map<String, Value>
}

wire_object! {
    strict struct CacheControlIn<'a> {
        "ttl" => ttl: Option<Str<'a>>,
    }
    skip: ["type"]
    rest: Map<String, Value>
}

wire_object! {
    strict struct AudioIn<'a> {
        "data" => data: Option<Str<'a>>,
        "format" => format: Option<Str<'a>>,
    }
    skip: []
    rest: Map<String, Value>
}

wire_object! {
    strict struct FileIn<'a> {
        "file_data" => file_data: Option<Str<'a>>,
        "file_id" => file_id: Option<Str<'a>>,
        "filename" => filename: Option<Str<'a>>,
    }
    skip: []
    rest: Map<String, Value>
}

wire_object! {
    strict struct ToolIn<'a> {
        "type" => kind: Option<Str<'a>>,
        "function" => function: Option<FunctionIn<'a>>,
        "cache_control" => cache_control: Option<CacheControlIn<'a>>,
    }
    skip: []
    rest: Map<String, Value>
}

wire_object! {
    strict struct FunctionIn<'a> {
        "name" => name: Option<Str<'a>>,
        "description" => description: Option<Str<'a>>,
        "parameters" => parameters: Option<Value>,
        "strict" => strict: Option<bool>,
    }
    skip: []
    rest: Map<String, Value>
}

wire_object! {
    strict struct UrlObject<'a> {
        "url" => url: Option<Str<'a>>,
        "detail" => detail: Option<Str<'a>>,
    }
    skip: []
    rest: Map<String, Value>
}

/// A count.
#[derive(Clone, Copy, Debug)]
pub(super) enum CountIn {
    /// As the protocol has it. A whole number may be written as `512.0`.
    Count(u32),
    /// Below 0, which servers of this protocol take for "no limit" (LM Studio's `max_tokens`, vLLM's `top_k`; their
    /// documentation, 2026).
    Below(i64),
}

impl<'de> Deserialize<'de> for CountIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Count;

        impl Visitor<'_> for Count {
            type Value = CountIn;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, 0 or more")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
                let read = u32::try_from(number).map(CountIn::Count);
                read.map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
                Ok(CountIn::Below(number))
            }

            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked to be whole and small"
            )]
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
                if number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number) {
                    return Ok(CountIn::Count(number as u32));
                }
                Err(E::invalid_value(Unexpected::Float(number), &self))
            }
        }

        deserializer.deserialize_any(Count)
    }
}

/// Whether probabilities are wanted, or how many, as in the API before chats and at Together still.
#[derive(Clone, Copy, Debug)]
pub(super) enum LogprobsIn {
    Wanted(bool),
    Count(u64),
}

impl<'de> Deserialize<'de> for LogprobsIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Logprobs;

        impl Visitor<'_> for Logprobs {
            type Value = LogprobsIn;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true or false")
            }

            fn visit_bool<E>(self, wanted: bool) -> Result<Self::Value, E> {
                Ok(LogprobsIn::Wanted(wanted))
            }

            fn visit_u64<E>(self, count: u64) -> Result<Self::Value, E> {
                Ok(LogprobsIn::Count(count))
            }
        }

        deserializer.deserialize_any(Logprobs)
    }
}

/// `{url, detail}`, or only the URL.
#[derive(Debug)]
pub(super) struct UrlIn<'a> {
    pub(super) url: Option<Cow<'a, str>>,
    pub(super) detail: Option<String>,
}

impl<'de> Deserialize<'de> for UrlIn<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Url;

        impl<'de> Visitor<'de> for Url {
            type Value = UrlIn<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with a url")
            }

            fn visit_borrowed_str<E>(self, url: &'de str) -> Result<Self::Value, E> {
                Ok(UrlIn { url: Some(Cow::Borrowed(url)), detail: None })
            }

            fn visit_str<E>(self, url: &str) -> Result<Self::Value, E> {
                Ok(UrlIn { url: Some(Cow::Owned(url.to_owned())), detail: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let object = UrlObject::deserialize(MapAccessDeserializer::new(map))?;
                let detail = object.detail.map(|detail| detail.0.into_owned());
                Ok(UrlIn { url: object.url.map(|url| url.0), detail })
            }
        }

        deserializer.deserialize_any(Url)
    }
}

/// One text or several.
pub(super) type StopIn<'a> = TextOr<'a, String>;

/// A string or a list of parts.
pub(super) type ContentIn<'a> = TextOr<'a, PartIn<'a>>;

impl Listed for PartIn<'_> {
    const EXPECTED: &'static str = "a string or a list of parts";
}
