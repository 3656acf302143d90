//! Generators of requests and answers that the protocol can express, and so must come back as they went.
//!
//! Left out, because the protocol says them in another form: consecutive messages of one role and tool messages with
//! several results (they are merged), empty texts and messages, several system messages, names, roles that it lacks,
//! schemas with keywords that it refuses, arguments that are no object, ids outside `[a-zA-Z0-9_-]`, cache times other than 5 minutes and an hour, settings
//! under other names than the family's, a choice or a switch without tools, counts that were not reported, and all
//! fields that are answered with a warning.

use std::sync::Arc;
use std::time::Duration;

use llm_core::{
    CacheHint, ChatRequest, ChatResponse, Citation, Effort, Finish, FinishReason, FunctionTool, JsonSchema, Media,
    MediaData, Message, OutputFormat, Part, PartKind, Reasoning, Role, Tool, ToolCall, ToolChoice, ToolResult,
    ToolStatus, Usage, Visibility,
};
use llm_wire_anthropic::API;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::answers::origin;

fn words() -> impl Strategy<Value = String> {
    // Nothing at its end that a prefill would lose.
    "[ -~äß世🦀\n\\\\\"]{0,20}[a-z]"
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_-]{1,20}"
}

/// JSON objects as text, key order and number form included.
fn arguments() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("{}".to_owned()),
        Just(r#"{"z": 1.0, "a": [1e3, null]}"#.to_owned()),
        words().prop_map(|text| json!({ "text": text }).to_string()),
    ]
}

fn cache() -> impl Strategy<Value = Option<CacheHint>> {
    let ttl = option::of(prop_oneof![Just(Duration::from_secs(300)), Just(Duration::from_secs(3600))]);
    option::weighted(0.2, ttl.prop_map(|ttl| CacheHint { ttl }))
}

fn with_settings(part: impl Strategy<Value = Part>) -> impl Strategy<Value = Part> {
    (part, option::weighted(0.2, words())).prop_map(|(mut part, setting)| {
        if let Some(setting) = setting {
            part.ext.set(API, "unknown_field", setting);
        }
        part
    })
}

fn with_cache(part: impl Strategy<Value = Part>) -> impl Strategy<Value = Part> {
    (part, cache()).prop_map(|(part, cache)| Part { cache, ..part })
}

fn text() -> impl Strategy<Value = Part> {
    with_cache(with_settings(words().prop_map(Part::text)))
}

fn cited() -> impl Strategy<Value = Part> {
    (words(), words()).prop_map(|(text, quote)| {
        let own = json!({"type": "char_location", "cited_text": quote, "document_title": "t", "document_index": 0});
        let mut citation =
            Citation { source: "t".into(), title: Some("t".into()), quote: Some(quote), ..Citation::default() };
        citation.ext.0.insert(API.to_owned(), own.as_object().unwrap().clone());
        Part::new(PartKind::Text { text, citations: vec![citation] })
    })
}

fn media() -> impl Strategy<Value = Part> {
    let file = |media_type: &str| Media {
        media_type: media_type.to_owned(),
        data: MediaData::File { refs: [(API.to_owned(), "file_1".to_owned())].into() },
        filename: None,
        detail: None,
    };
    let document = Media { data: MediaData::Text { text: "words".into() }, ..Media::inline("text/plain", "") };
    let titled = Media { filename: Some("a.pdf".into()), ..Media::inline("application/pdf", &b"%PDF"[..]) };
    let media = prop_oneof![
        vec(any::<u8>(), 0..8).prop_map(|bytes| Media::inline("image/png", bytes)),
        Just(Media::url("image/*", "https://a.test/b.png")),
        Just(Media::url("application/pdf", "https://a.test/b.pdf")),
        Just(file("image/*")),
        Just(file("application/pdf")),
        Just(document),
        Just(titled),
    ];
    with_cache(with_settings(media.prop_map(Part::media)))
}

fn reasoning() -> impl Strategy<Value = Part> {
    prop_oneof![
        (words(), name()).prop_map(|(text, signature)| Part::reasoning(text).with_signature(signature)),
        name().prop_map(|data| Part::new(PartKind::Reasoning {
            text: String::new(),
            visibility: Visibility::Redacted,
            encrypted: Some(data),
        })),
    ]
}

fn call() -> impl Strategy<Value = Part> {
    with_settings((name(), name(), arguments()).prop_map(|(id, name, arguments)| {
        Part::new(PartKind::ToolCall(ToolCall { id, name, arguments, ..ToolCall::default() }))
    }))
}

fn opaque() -> impl Strategy<Value = Part> {
    words().prop_map(|text| {
        Part::opaque("anthropic.server_tool_use", json!({"type": "server_tool_use", "id": "s", "input": {"q": text}}))
    })
}

fn result() -> impl Strategy<Value = Part> {
    let content = vec(prop_oneof![text(), media()], 0..3);
    let status = prop_oneof![Just(ToolStatus::Ok), Just(ToolStatus::Error)];
    with_cache((name(), content, status).prop_map(|(call_id, content, status)| {
        Part::new(PartKind::ToolResult(ToolResult { call_id, name: None, content, status }))
    }))
}

fn answer_parts() -> impl Strategy<Value = Vec<Part>> {
    vec(prop_oneof![text(), cited(), reasoning(), call(), opaque()], 1..4)
}

/// A question, then answers each followed by results and, perhaps, words.
fn conversation() -> impl Strategy<Value = Vec<Arc<Message>>> {
    let question = vec(prop_oneof![text(), media()], 1..3);
    let turn = (answer_parts(), vec(result(), 0..3), vec(text(), 1..2));
    (question, vec(turn, 0..3)).prop_map(|(question, turns)| {
        let mut messages = vec![Message::new(Role::User, question)];
        for (answer, results, words) in turns {
            messages.push(Message::new(Role::Assistant, answer));
            messages.extend(results.into_iter().map(|result| Message::new(Role::Tool, vec![result])));
            messages.push(Message::new(Role::User, words));
        }
        messages.into_iter().map(Arc::new).collect()
    })
}

fn tools() -> impl Strategy<Value = Vec<Arc<Tool>>> {
    let function = (name(), option::of(words()), option::of(any::<bool>()), cache(), option::weighted(0.3, words()));
    let function = function.prop_map(|(name, description, strict, cache, setting)| {
        let schema = closed(json!({"a": {"type": "string"}}));
        let mut tool = FunctionTool { name, description, schema, strict, cache, ..FunctionTool::default() };
        if let Some(setting) = setting {
            tool.ext.set(API, "unknown_field", setting);
        }
        Tool::Function(tool)
    });
    let own = words().prop_map(|text| Tool::Provider {
        id: "anthropic.web_search_20250305".into(),
        name: "web_search".into(),
        args: [("user_location".to_owned(), Value::from(text))].into_iter().collect(),
    });
    vec(prop_oneof![function, own].prop_map(Arc::new), 1..4)
}

fn choice() -> impl Strategy<Value = (ToolChoice, Option<bool>)> {
    prop_oneof![
        Just((ToolChoice::None, None)),
        option::of(any::<bool>()).prop_map(|parallel| (ToolChoice::Auto, parallel)),
        option::of(any::<bool>()).prop_map(|parallel| (ToolChoice::Required, parallel)),
        (name(), option::of(any::<bool>())).prop_map(|(name, parallel)| (ToolChoice::Named(name), parallel)),
    ]
}

fn effort() -> impl Strategy<Value = Reasoning> {
    const WORDS: &[&str] = &["none", "low", "medium", "high", "xhigh", "max", "tomorrow"];
    proptest::sample::select(WORDS).prop_map(|word| Reasoning::Effort(Effort::from(word)))
}

fn closed(properties: Value) -> Value {
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

fn schema() -> impl Strategy<Value = OutputFormat> {
    prop_oneof![
        Just(OutputFormat::Text),
        option::of(name()).prop_map(|name| {
            let mut schema = closed(json!({}));
            if let Some(name) = &name {
                schema["title"] = name.as_str().into();
            }
            OutputFormat::JsonSchema(JsonSchema { name: name.unwrap_or_default(), schema, ..JsonSchema::default() })
        }),
    ]
}

fn settings() -> impl Strategy<Value = Map<String, Value>> {
    vec((prop_oneof![Just("container"), Just("inference_geo"), Just("field_of_tomorrow")], words()), 0..3)
        .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect())
}

/// A request and whether it is streamed.
pub(crate) fn request() -> impl Strategy<Value = (ChatRequest, bool)> {
    let system = option::of(vec(text(), 1..3));
    let tools = option::of((tools(), choice()));
    let sampling = (option::of(0.0..=1.0f64), option::of(0.0..=1.0f64), option::of(any::<u32>()), vec(words(), 0..3));
    let rest = (name(), 1..100_000u32, option::of(effort()), schema(), option::of(words()), settings(), any::<bool>());
    (system, conversation(), tools, sampling, rest).prop_map(|(system, messages, tools, sampling, rest)| {
        let (model, max_tokens, reasoning, output, end_user, settings, stream) = rest;
        let mut request = ChatRequest::new(model);
        request.messages.extend(system.map(|parts| Arc::new(Message::new(Role::System, parts))));
        request.messages.extend(messages);
        if let Some((tools, (choice, parallel))) = tools {
            (request.tools, request.tool_choice, request.parallel_tool_calls) = (tools, choice, parallel);
        }
        let (temperature, top_p, top_k, stop) = sampling;
        request.sampling.max_output_tokens = Some(max_tokens);
        (request.sampling.temperature, request.sampling.top_p, request.sampling.top_k) = (temperature, top_p, top_k);
        request.sampling.stop = stop;
        (request.reasoning, request.output, request.end_user) = (reasoning, output, end_user.clone());
        request.service_tier = end_user;
        if !settings.is_empty() {
            request.ext.0.insert(API.to_owned(), settings);
        }
        (request, stream)
    })
}

fn usage() -> impl Strategy<Value = Usage> {
    let count = || 0..1_000_000u64;
    (count(), option::of(count()), option::of((count(), option::of(0..10u64))), count(), option::of(count())).prop_map(
        |(input, read, write, output, reasoning)| {
            let mut usage = Usage::default();
            let written = write.map(|(write, _)| write + 10);
            usage.input = Some(input + read.unwrap_or(0) + written.unwrap_or(0));
            (usage.cache_read, usage.cache_write) = (read, written);
            usage.cache_write_1h = write.and_then(|(_, hour)| hour);
            (usage.output, usage.reasoning) = (Some(output), reasoning);
            usage.extra.insert("inference_geo".to_owned(), "eu".into());
            usage
        },
    )
}

/// A whole answer.
pub(crate) fn response() -> impl Strategy<Value = ChatResponse> {
    let reason =
        proptest::sample::select(&["end_turn", "tool_use", "max_tokens", "pause_turn", "refusal", "tomorrow"][..]);
    let parts = vec(prop_oneof![words().prop_map(Part::text), cited(), reasoning(), call(), opaque()], 0..5);
    (parts, reason, usage(), settings(), option::of(name())).prop_map(|(parts, word, usage, settings, tier)| {
        let mut message = Message::new(Role::Assistant, parts);
        message.origin = Some(origin());
        let calls = message.tool_calls().next().is_some();
        let reason = match word {
            "end_turn" if calls => FinishReason::ToolCalls,
            "end_turn" => FinishReason::Stop,
            "tool_use" => FinishReason::ToolCalls,
            "max_tokens" => FinishReason::Length,
            "pause_turn" => FinishReason::Pause,
            "refusal" => FinishReason::Refusal,
            other => FinishReason::Other(other.to_owned()),
        };
        let mut response = ChatResponse::new(origin(), message, Finish::new(reason, word));
        (response.id, response.model) = (Some("msg_1".into()), Some("claude-test-1".into()));
        (response.usage, response.service_tier) = (usage, tier);
        if !settings.is_empty() {
            response.ext.0.insert(API.to_owned(), settings);
        }
        response
    })
}
