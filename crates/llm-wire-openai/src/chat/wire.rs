//! The shapes of an answer on the wire, whole and streamed, as far as they need names.
//!
//! Rare fields stay raw, so that a chunk of plain text costs nothing but its text.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::json::{Few, Kept, Loose, Number, Raw, Str, parse};

/// The top-level keys of an answer that this crate reads; all others are kept for the caller.
macro_rules! top_level {
    ($name:ident, $choice:ident, $doc:literal) => {
        wire_object! {
            #[doc = $doc]
            lenient struct $name<'a> {
                "id" => id: Loose<'a>,
                "object" => object: Loose<'a>,
                "created" => created: Number,
                "model" => model: Loose<'a>,
                "system_fingerprint" => system_fingerprint: Loose<'a>,
                "service_tier" => service_tier: Loose<'a>,
                "choices" => choices: Few<$choice<'a>>,
                "usage" => usage: Option<Raw<'a>>,
                /// Groq's own copy of the usage, alone in older answers.
                "x_groq" => x_groq: Option<Raw<'a>>,
                "error" => error: Option<Raw<'a>>,
            }
            // Padding against traffic analysis (OpenAI and Mistral).
            skip: ["obfuscation", "p"]
            rest: Kept<'a>
        }
    };
}

top_level!(Answer, AnswerChoice, "A whole answer.");
top_level!(Chunk, ChunkChoice, "One chunk of a stream.");

wire_object! {
    /// One of the choices of a whole answer.
    lenient struct AnswerChoice<'a> {
        "message" => message: Said<'a>,
        /// The words in the API before chats; some vendors repeat a message's so.
        "text" => text: Loose<'a>,
        "finish_reason" => finish_reason: Loose<'a>,
        /// GPT-4 with vision said it so (2023-11).
        "finish_details" => finish_details: Option<Raw<'a>>,
        "logprobs" => logprobs: Option<Raw<'a>>,
    }
    // Perplexity sends an empty delta beside the message.
    skip: ["index", "delta"]
    rest: Kept<'a>
}

wire_object! {
    /// One of the choices of a chunk.
    lenient struct ChunkChoice<'a> {
        "index" => index: Number,
        "delta" => delta: Option<Said<'a>>,
        /// What servers send that ignore `stream`; Perplexity and Writer send it beside the delta.
        "message" => message: Option<Raw<'a>>,
        "finish_reason" => finish_reason: Loose<'a>,
        "finish_details" => finish_details: Option<Raw<'a>>,
        "logprobs" => logprobs: Option<Raw<'a>>,
        /// The words in the API before chats; some vendors repeat a delta's so.
        "text" => text: Loose<'a>,
    }
    skip: []
    rest: Kept<'a>
}

wire_object! {
    /// What a message, or a piece of one, says.
    lenient struct Said<'a> {
        "content" => content: Content<'a>,
        /// DeepSeek, llama.cpp, Z.ai, xAI and most others.
        "reasoning_content" => reasoning_content: Loose<'a>,
        /// OpenRouter, Groq, Cerebras, Ollama, newer vLLM.
        "reasoning" => reasoning: Loose<'a>,
        /// OpenRouter's blocks with signatures, to be sent back as they are.
        "reasoning_details" => reasoning_details: Option<Raw<'a>>,
        "refusal" => refusal: Loose<'a>,
        /// Read by [`calls`]: most pieces have none, and moving room for them about costs more.
        "tool_calls" => tool_calls: Option<Raw<'a>>,
        /// The form before tools (2023).
        "function_call" => function_call: Option<Raw<'a>>,
        "audio" => audio: Option<Raw<'a>>,
        "images" => images: Option<Raw<'a>>,
        "annotations" => annotations: Option<Raw<'a>>,
    }
    skip: ["role", "padding"]
    rest: Kept<'a>
}

impl<'a> Said<'a> {
    /// The readable reasoning, whichever field has it, and whether it is the newer one.
    pub(crate) fn take_reasoning(&mut self) -> (Option<Cow<'a, str>>, bool) {
        match std::mem::take(&mut self.reasoning_content).some() {
            Some(text) => (Some(text), false),
            None => (std::mem::take(&mut self.reasoning).some(), true),
        }
    }
}

/// The tool calls of a message, the one in the form before tools last.
pub(crate) fn calls<'a>(tool_calls: Option<Raw<'a>>, function_call: Option<Raw<'a>>) -> impl Iterator<Item = Call<'a>> {
    let calls: Few<Call<'a>> = tool_calls.and_then(parse).unwrap_or_default();
    calls.into_iter().chain(function_call.and_then(parse::<Function<'a>>).map(Call::of))
}

wire_object! {
    /// A tool call, or a piece of one.
    lenient struct Call<'a> {
        "index" => index: Number,
        "id" => id: Loose<'a>,
        "type" => kind: Loose<'a>,
        "function" => function: Function<'a>,
        "custom" => custom: Function<'a>,
    }
    skip: []
    rest: Kept<'a>
}

impl<'a> Call<'a> {
    /// A call in the form before tools.
    pub(crate) fn of(function: Function<'a>) -> Self {
        Self { function, ..Self::default() }
    }
}

wire_object! {
    /// The function of a call.
    lenient struct Function<'a> {
        "name" => name: Loose<'a>,
        "arguments" => arguments: CallArguments<'a>,
        /// What a custom tool has instead.
        "input" => input: Loose<'a>,
    }
    skip: []
    rest: crate::json::Ignored
}

/// The word in `{"type": "stop", "stop": "<|im_end|>"}`.
pub(crate) fn finish_word(details: Raw<'_>) -> Option<Cow<'_, str>> {
    wire_object! {
        lenient struct FinishDetails<'a> {
            "type" => kind: Loose<'a>,
        }
        skip: []
        rest: crate::json::Ignored
    }
    parse::<FinishDetails<'_>>(details)?.kind.some()
}

/// Arguments as raw JSON text. Some vendors send them as an object instead of as a string.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CallArguments<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for CallArguments<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Raw::deserialize(deserializer)?;
        let text = match raw.get().as_bytes().first() {
            Some(b'"') => parse::<Str<'de>>(raw).map_or(Cow::Borrowed(""), |text| text.0),
            Some(b'{' | b'[') => Cow::Borrowed(raw.get()),
            _ => Cow::Borrowed(""),
        };
        Ok(Self(text))
    }
}

/// The words of a message.
#[derive(Debug, Default)]
pub(crate) enum Content<'a> {
    /// Null, absent or something strange.
    #[default]
    Nothing,
    /// A string.
    Text(Cow<'a, str>),
    /// A list of typed parts.
    Parts(Vec<Raw<'a>>),
}

impl<'de> Deserialize<'de> for Content<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;

        impl<'de> Visitor<'de> for Words {
            type Value = Content<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("content")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Content::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Content::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut parts = Vec::new();
                while let Some(part) = seq.next_element()? {
                    parts.push(part);
                }
                Ok(Content::Parts(parts))
            }

            /// Cloudflare's JSON mode answers with the object itself (2026-01).
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let object = Value::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Content::Text(Cow::Owned(object.to_string())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Content::Text(Cow::Owned(number.to_string())))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Content::Text(Cow::Owned(number.to_string())))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Content::Text(Cow::Owned(number.to_string())))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Content::Text(Cow::Borrowed(if value { "true" } else { "false" })))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Content::Nothing)
            }
        }

        deserializer.deserialize_any(Words)
    }
}
