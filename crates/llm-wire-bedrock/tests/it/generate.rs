//! Requests and answers as Converse can express them, for properties.
//!
//! Not in them, because Converse has no form for it: names, penalties, seeds, several answers, end users, media by URL
//! outside of buckets, reasoning without a signature. Turns alternate, because neighbours of one role become one.

use llm_core::{
    CacheHint, ChatRequest, ChatResponse, Effort, Finish, FinishReason, FunctionTool, JsonSchema, Media, MediaData,
    Message, OutputFormat, Part, PartKind, Reasoning, Role, Tool, ToolChoice, ToolResult, ToolStatus, Usage,
    Visibility,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::time::Duration;

use crate::origin;

fn words() -> impl Strategy<Value = String> {
    "[a-z\"\\\\\n\u{e4}\u{1f600} ]{0,8}[a-z]"
}

fn id() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_.:-]{1,64}"
}

fn object() -> impl Strategy<Value = Value> {
    vec(("[a-z]{1,4}", prop_oneof![words().prop_map(Value::from), any::<i32>().prop_map(Value::from)]), 0..3)
        .prop_map(|fields| Value::Object(fields.into_iter().collect()))
}

fn cached(part: impl Strategy<Value = Part>) -> impl Strategy<Value = Part> {
    let hint = prop_oneof![Just(None), Just(Some(Duration::from_mins(5))), Just(Some(Duration::from_hours(1)))];
    (part, option::weighted(0.2, hint.prop_map(|ttl| CacheHint { ttl }))).prop_map(|(mut part, cache)| {
        part.cache = cache;
        part
    })
}

fn media() -> impl Strategy<Value = Part> {
    let data = prop_oneof![
        vec(any::<u8>(), 0..20).prop_map(|bytes| MediaData::Inline { bytes: bytes.into() }),
        "s3://bucket/[a-z]{1,5}".prop_map(|url| MediaData::Url { url }),
    ];
    let kind = prop_oneof![
        Just(("image/png", None)),
        Just(("video/mp4", None)),
        Just(("audio/wav", None)),
        "[a-z][a-z0-9 -]{0,6}[a-z]".prop_map(|name: String| ("application/pdf", Some(name.replace("  ", " ")))),
    ];
    (kind, data).prop_map(|((media_type, filename), data)| {
        Part::media(Media { media_type: media_type.to_owned(), data, filename, detail: None })
    })
}

fn call() -> impl Strategy<Value = Part> {
    (id(), "[a-z_]{1,8}", object()).prop_map(|(id, name, input)| Part::tool_call(id, name, input.to_string()))
}

fn reasoning() -> impl Strategy<Value = Part> {
    prop_oneof![
        (words(), "[A-Za-z0-9]{4,8}==").prop_map(|(text, signature)| Part::reasoning(text).with_signature(signature)),
        vec(any::<u8>(), 1..9).prop_map(|bytes| {
            let encrypted = Some(llm_core::base64_text::encode(&bytes));
            Part::new(PartKind::Reasoning { text: String::new(), visibility: Visibility::Redacted, encrypted })
        }),
    ]
}

fn result() -> impl Strategy<Value = Part> {
    (id(), vec(words().prop_map(Part::text), 0..3), any::<bool>()).prop_map(|(call_id, content, ok)| {
        let status = if ok { ToolStatus::Ok } else { ToolStatus::Error };
        Part::new(PartKind::ToolResult(ToolResult { call_id, name: None, content, status }))
    })
}

/// What stands for the user in one turn: words, or results, each in a message of its own.
fn user() -> impl Strategy<Value = Vec<Message>> {
    let said = vec(cached(prop_oneof![words().prop_map(Part::text), media()]), 1..4);
    let results = vec(cached(result()).prop_map(|part| Message::new(Role::Tool, vec![part])), 1..3);
    prop_oneof![3 => said.prop_map(|parts| vec![Message::new(Role::User, parts)]), 1 => results]
}

fn assistant() -> impl Strategy<Value = Message> {
    vec(prop_oneof![cached(words().prop_map(Part::text)), cached(call()), reasoning()], 1..4)
        .prop_map(|parts| Message::new(Role::Assistant, parts))
}

fn tool() -> impl Strategy<Value = Tool> {
    ("[a-z_]{1,8}", option::of(words()), object(), option::of(any::<bool>())).prop_map(
        |(name, description, properties, strict)| {
            let schema = json!({"type": "object", "properties": properties});
            Tool::Function(FunctionTool { name, description, schema, strict, ..FunctionTool::default() })
        },
    )
}

fn output() -> impl Strategy<Value = OutputFormat> {
    let schema = (option::of("[a-z]{1,5}"), option::of(words()), object()).prop_map(|(name, description, schema)| {
        OutputFormat::JsonSchema(JsonSchema { name: name.unwrap_or_default(), description, schema, strict: None })
    });
    prop_oneof![2 => Just(OutputFormat::Text), 1 => schema]
}

/// A request.
pub(crate) fn request() -> impl Strategy<Value = ChatRequest> {
    let talk = (option::of(vec(cached(words().prop_map(Part::text)), 1..3)), vec((user(), assistant()), 1..3), user());
    let rest = (vec(tool(), 0..3), 0..3usize, output(), option::of(0..3usize));
    let sampling = (option::of(0..=100u32), option::of(0..=100u32), option::of(1..9999u32), vec(words(), 0..3));
    let more = (option::of("[a-z]{1,5}"), proptest::collection::btree_map("[a-z]{1,4}", words(), 0..2));
    (talk, rest, sampling, more).prop_map(|((system, turns, last), (tools, choice, output, effort), sampling, more)| {
        let mut request = ChatRequest::new("a.model-v1:0");
        let mut push = |message: Message| request.messages.push(message.into());
        if let Some(parts) = system {
            push(Message::new(Role::System, parts));
        }
        for (question, answer) in turns {
            question.into_iter().chain([answer]).for_each(&mut push);
        }
        last.into_iter().for_each(&mut push);
        request.tool_choice = match (choice, tools.first()) {
            (1, Some(_)) => ToolChoice::Required,
            (2, Some(tool)) => ToolChoice::Named(tool.name().to_owned()),
            _ => ToolChoice::Auto,
        };
        request.tools = tools.into_iter().map(Into::into).collect();
        request.output = output;
        request.reasoning = effort.map(|at| Reasoning::Effort([Effort::Low, Effort::High, Effort::Max][at].clone()));
        let (temperature, top_p, most, stop) = sampling;
        request.sampling.temperature = temperature.map(|hundredths| f64::from(hundredths) / 100.0);
        request.sampling.top_p = top_p.map(|hundredths| f64::from(hundredths) / 100.0);
        request.sampling.max_output_tokens = most;
        request.sampling.stop = stop;
        (request.service_tier, request.metadata) = more;
        request
    })
}

fn usage() -> impl Strategy<Value = Usage> {
    let count = || option::of(0..1000u64);
    (0..1000u64, 0..1000u64, count(), count()).prop_map(|(fresh, output, cache_read, cache_write)| {
        let cached = cache_read.unwrap_or(0) + cache_write.unwrap_or(0);
        let mut usage = Usage::new(fresh + cached, output);
        usage.cache_read = cache_read;
        usage.cache_write = cache_write;
        usage.cache_write_1h = cache_write.map(|write| write / 2);
        usage
    })
}

/// An answer.
pub(crate) fn response() -> impl Strategy<Value = ChatResponse> {
    let parts = vec(prop_oneof![words().prop_map(Part::text), call(), reasoning()], 0..4);
    let word = prop_oneof![Just("end_turn"), Just("max_tokens"), Just("guardrail_intervened"), Just("stop_sequence")];
    (parts, word, usage(), option::of("[a-z]{1,5}")).prop_map(|(parts, word, usage, tier)| {
        let mut message = Message::new(Role::Assistant, parts);
        message.origin = Some(origin());
        let reason = match word {
            "max_tokens" => FinishReason::Length,
            "guardrail_intervened" => FinishReason::ContentFilter,
            _ if message.tool_calls().next().is_some() => FinishReason::ToolCalls,
            _ => FinishReason::Stop,
        };
        let mut response = ChatResponse::new(origin(), message, Finish::new(reason, word));
        response.usage = usage;
        response.service_tier = tier;
        response.ext.set("bedrock-converse", "metrics", json!({"latencyMs": 5}));
        response
    })
}
