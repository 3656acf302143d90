//! The shapes of a request on the wire. They are strict: a wrong type or a second field of one name is an error.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::chat::request::decode::AudioIn;
use crate::json::{Ignored, Items, Loose, Raw, Str, TextOr};

wire_object! {
    /// The body.
    strict struct BodyIn<'a> {
        "model" => model: Option<Str<'a>>,
        "instructions" => instructions: Option<Str<'a>>,
        "input" => input: Option<TextOr<'a, Raw<'a>>>,
        "tools" => tools: Option<Items<ToolIn<'a>>>,
        "tool_choice" => tool_choice: Option<Value>,
        "parallel_tool_calls" => parallel_tool_calls: Option<bool>,
        "text" => text: Option<Map<String, Value>>,
        "reasoning" => reasoning: Option<Map<String, Value>>,
        "temperature" => temperature: Option<f64>,
        "top_p" => top_p: Option<f64>,
        "max_output_tokens" => max_output_tokens: Option<u32>,
        "top_logprobs" => top_logprobs: Option<u32>,
        "service_tier" => service_tier: Option<Str<'a>>,
        "user" => user: Option<Str<'a>>,
        "safety_identifier" => safety_identifier: Option<Str<'a>>,
        "metadata" => metadata: Option<BTreeMap<String, String>>,
        "stream" => stream: Option<bool>,
    }
    skip: []
    rest: Map<String, Value>
}

wire_object! {
    /// Enough of an item, or of a part of content, to know what it is.
    lenient struct Sniffed<'a> {
        "type" => kind: Loose<'a>,
        "role" => role: Loose<'a>,
    }
    skip: []
    rest: Ignored
}

wire_object! {
    strict struct MessageIn<'a> {
        "content" => content: Option<TextOr<'a, Raw<'a>>>,
    }
    skip: ["type", "role"]
    rest: Map<String, Value>
}

wire_object! {
    /// A call of a function or of a custom tool.
    strict struct CallIn<'a> {
        "call_id" => call_id: Option<Str<'a>>,
        "name" => name: Option<Str<'a>>,
        "arguments" => arguments: Option<Str<'a>>,
        "input" => input: Option<Str<'a>>,
    }
    skip: ["type"]
    rest: Map<String, Value>
}

wire_object! {
    /// What a function or a custom tool answered.
    strict struct OutputIn<'a> {
        "call_id" => call_id: Option<Str<'a>>,
        "output" => output: Option<TextOr<'a, Raw<'a>>>,
    }
    skip: ["type"]
    rest: Map<String, Value>
}

wire_object! {
    /// One part of a message's content.
    strict struct PartIn<'a> {
        "text" => text: Option<Str<'a>>,
        "refusal" => refusal: Option<Str<'a>>,
        "annotations" => annotations: Option<Raw<'a>>,
        "image_url" => image_url: Option<Str<'a>>,
        "detail" => detail: Option<Str<'a>>,
        "file_id" => file_id: Option<Str<'a>>,
        "file_url" => file_url: Option<Str<'a>>,
        "file_data" => file_data: Option<Str<'a>>,
        "filename" => filename: Option<Str<'a>>,
        "input_audio" => input_audio: Option<AudioIn<'a>>,
    }
    skip: ["type"]
    rest: Map<String, Value>
}

wire_object! {
    /// A function; other tools keep these fields where they are.
    strict struct ToolIn<'a> {
        "type" => kind: Option<Str<'a>>,
        "name" => name: Option<Str<'a>>,
        "description" => description: Option<Str<'a>>,
        "parameters" => parameters: Option<Value>,
        "strict" => strict: Option<bool>,
    }
    skip: []
    rest: Map<String, Value>
}
