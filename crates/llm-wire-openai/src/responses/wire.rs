//! The shapes of an answer on the wire, whole and streamed, as far as they need names.

use crate::chat::wire::CallArguments;
use crate::json::{Few, Ignored, Kept, Loose, Number, Raw};

wire_object! {
    /// A whole answer, also as the last event of a stream carries it.
    lenient struct Answer<'a> {
        "id" => id: Loose<'a>,
        "object" => object: Loose<'a>,
        "created_at" => created_at: Number,
        "model" => model: Loose<'a>,
        "status" => status: Loose<'a>,
        "output" => output: Option<Few<Raw<'a>>>,
        "usage" => usage: Option<Raw<'a>>,
        "service_tier" => service_tier: Loose<'a>,
        "error" => error: Option<Raw<'a>>,
        "incomplete_details" => incomplete: Incomplete<'a>,
    }
    // What was asked, repeated; with tools and instructions it is most of the answer.
    skip: ["instructions", "tools", "tool_choice", "parallel_tool_calls", "max_tool_calls", "text", "truncation",
        "temperature", "top_p", "top_logprobs", "max_output_tokens", "presence_penalty", "frequency_penalty", "store",
        "background", "user", "safety_identifier", "prompt", "prompt_cache_key", "prompt_cache_retention",
        "prompt_cache_options"]
    rest: Kept<'a>
}

wire_object! {
    lenient struct Incomplete<'a> {
        "reason" => reason: Loose<'a>,
    }
    skip: []
    rest: Ignored
}

wire_object! {
    /// The answer as the first events of a stream carry it.
    lenient struct Opened<'a> {
        "id" => id: Loose<'a>,
        "created_at" => created_at: Number,
        "model" => model: Loose<'a>,
        "service_tier" => service_tier: Loose<'a>,
    }
    skip: []
    rest: Ignored
}

wire_object! {
    /// One item of the output. What this type does not name belongs to the item, whatever its type.
    lenient struct Item<'a> {
        "type" => kind: Loose<'a>,
        "role" => role: Loose<'a>,
        "content" => content: Option<Raw<'a>>,
        "summary" => summary: Option<Raw<'a>>,
        "encrypted_content" => encrypted: Loose<'a>,
        "call_id" => call_id: Loose<'a>,
        "name" => name: Loose<'a>,
        "arguments" => arguments: CallArguments<'a>,
        "input" => input: Loose<'a>,
    }
    // The place of the item in a stream, which xAI repeats inside it.
    skip: ["output_index"]
    rest: Kept<'a>
}

wire_object! {
    /// One part of a message's content, or of reasoning.
    lenient struct Piece<'a> {
        "type" => kind: Loose<'a>,
        "text" => text: Option<Raw<'a>>,
        "refusal" => refusal: Option<Raw<'a>>,
        "annotations" => annotations: Option<Raw<'a>>,
    }
    skip: []
    rest: Kept<'a>
}

wire_object! {
    /// One event of a stream. Long texts stay raw: most events repeat what others have said.
    lenient struct Happened<'a> {
        "type" => kind: Loose<'a>,
        "output_index" => output_index: Number,
        "content_index" => content_index: Number,
        "item_id" => item_id: Loose<'a>,
        "delta" => delta: Loose<'a>,
        "text" => text: Option<Raw<'a>>,
        "refusal" => refusal: Option<Raw<'a>>,
        "arguments" => arguments: Option<Raw<'a>>,
        "input" => input: Option<Raw<'a>>,
        "item" => item: Option<Raw<'a>>,
        "part" => part: Option<Raw<'a>>,
        "annotation" => annotation: Option<Raw<'a>>,
        "response" => response: Option<Raw<'a>>,
        "object" => object: Loose<'a>,
    }
    // Padding against traffic analysis, and a number that says nothing that the order does not.
    skip: ["obfuscation", "sequence_number", "logprobs"]
    rest: Ignored
}
