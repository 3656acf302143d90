//! `decode(encode(x)) == x` for what the protocol can say.
//!
//! Limits of the generators: texts, names and ids are not empty; an assistant's parts stand in the order of the wire's
//! fields, at most one text among them; arguments are JSON objects; finish reasons are OpenAI's words; there are no
//! blocks of reasoning and no media types that the wire does not name; numbers have two decimals.

use std::collections::BTreeMap;
use std::sync::Arc;

use llm_core::{
    Candidate, ChatRequest, ChatResponse, Effort, Event, Finish, FinishReason, FunctionTool, JsonSchema, Media,
    Message, OutputFormat, Part, PartId, PartKind, Reasoning, Role, StreamFinish, StreamStart, Tool, ToolCall,
    ToolChoice, ToolResult, Usage,
};
use llm_wire::StreamEncoder;
use llm_wire_openai::{Dialect, chat, dialect::ReasoningReplay};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use serde_json::json;

use crate::support::{collect, events, origin};

/// Everything that is said comes back, so nothing may be refused.
const DIALECT: Dialect = Dialect {
    drop: &[],
    reasoning_replay: ReasoningReplay::Field("reasoning_content"),
    tool_content: llm_wire_openai::dialect::ToolContent::Parts,
    ..Dialect::OPENAI
};

pub(crate) fn text() -> impl Strategy<Value = String> {
    "[ -~äß東京🌤\n\t\"\\\\]{1,20}"
}

/// Numbers as people write them: the parser rounds the seventeenth digit.
pub(crate) fn hundredths(most: u32) -> impl Strategy<Value = f64> {
    (0..=most).prop_map(|n| f64::from(n) / 100.0)
}

pub(crate) fn word() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_-]{0,12}"
}

pub(crate) fn arguments() -> impl Strategy<Value = String> {
    (word(), text()).prop_map(|(name, value)| json!({ name: value }).to_string())
}

pub(crate) fn text_part() -> impl Strategy<Value = Part> {
    text().prop_map(Part::text)
}

pub(crate) fn media_part() -> impl Strategy<Value = Part> {
    let bytes = || vec(any::<u8>(), 1..40);
    prop_oneof![
        (bytes(), of(prop_oneof![Just("low".to_owned()), Just("high".to_owned())]))
            .prop_map(|(bytes, detail)| { Part::media(Media { detail, ..Media::inline("image/png", bytes) }) }),
        word().prop_map(|name| Part::media(Media::url("image/*", format!("https://files.test/{name}.png")))),
        bytes().prop_map(|bytes| Part::media(Media::inline("audio/wav", bytes))),
        (bytes(), of(word())).prop_map(|(bytes, filename)| {
            Part::media(Media { filename, ..Media::inline("application/pdf", bytes) })
        }),
    ]
}

pub(crate) fn call_part() -> impl Strategy<Value = Part> {
    (word(), word(), arguments()).prop_map(|(id, name, arguments)| Part::tool_call(id, name, arguments))
}

fn assistant_parts() -> impl Strategy<Value = Vec<Part>> {
    (of(text()), of(text()), of(text()), vec(call_part(), 0..3)).prop_map(|(thoughts, text, refusal, calls)| {
        let thoughts = thoughts.map(Part::reasoning);
        let refusal = refusal.map(|text| Part::new(PartKind::Refusal { text }));
        thoughts.into_iter().chain(text.map(Part::text)).chain(refusal).chain(calls).collect()
    })
}

fn message() -> impl Strategy<Value = Message> {
    let plain = |role: Role| {
        (vec(text_part(), 1..3), of(word())).prop_map(move |(content, name)| {
            let mut message = Message::new(role.clone(), content);
            message.name = name;
            message
        })
    };
    let tool = (word(), vec(text_part(), 0..3), of(word())).prop_map(|(call_id, content, name)| {
        let result = ToolResult { call_id, name, content, ..ToolResult::default() };
        Message::new(Role::Tool, vec![Part::new(PartKind::ToolResult(result))])
    });
    let user = (vec(prop_oneof![text_part(), media_part()], 1..4), of(word()), of(word())).prop_map(
        |(content, name, extra)| {
            let mut message = Message::new(Role::User, content);
            message.name = name;
            if let Some(value) = extra {
                message.ext.set("openai-chat", "x_message", value);
            }
            message
        },
    );
    prop_oneof![
        plain(Role::System),
        plain(Role::Developer),
        user,
        assistant_parts().prop_map(|content| Message::new(Role::Assistant, content)),
        tool,
    ]
}

pub(crate) fn tool() -> impl Strategy<Value = Tool> {
    let schema = prop_oneof![
        Just(json!(null)),
        word().prop_map(|name| json!({"type": "object", "properties": {name: {"type": "string"}}}))
    ];
    (word(), of(text()), schema, of(any::<bool>())).prop_map(|(name, description, schema, strict)| {
        Tool::Function(FunctionTool { name, description, schema, strict, ..FunctionTool::default() })
    })
}

pub(crate) fn output() -> impl Strategy<Value = OutputFormat> {
    prop_oneof![
        Just(OutputFormat::Text),
        Just(OutputFormat::Json),
        (word(), of(text()), of(any::<bool>())).prop_map(|(name, description, strict)| {
            OutputFormat::JsonSchema(JsonSchema { name, description, schema: json!({"type": "object"}), strict })
        }),
    ]
}

prop_compose! {
    fn sampling()(
        temperature in of(hundredths(200)), top_p in of(hundredths(100)), top_k in of(any::<u32>()), seed in of(any::<i64>()),
        presence_penalty in of(hundredths(200)), max_output_tokens in of(any::<u32>()), stop in vec(text(), 0..3),
        candidates in of(1..5_u32), logprobs in of(0..20_u32),
    ) -> llm_core::Sampling {
        let mut sampling = llm_core::Sampling::default();
        sampling.temperature = temperature;
        sampling.top_p = top_p;
        sampling.top_k = top_k;
        sampling.seed = seed;
        sampling.presence_penalty = presence_penalty;
        sampling.max_output_tokens = max_output_tokens;
        sampling.stop = stop;
        sampling.candidates = candidates;
        sampling.logprobs = logprobs;
        sampling
    }
}

prop_compose! {
    fn request()(
        model in word(), messages in vec(message(), 1..5), tools in vec(tool(), 0..3), choice in 0..4_u8, output in output(),
        parallel in of(any::<bool>()), sampling in sampling(), effort in of(word()), tier in of(word()), user in of(word()),
        metadata in btree_map(word(), text(), 0..3), ext in of((word(), text())),
    ) -> ChatRequest {
        let mut request = ChatRequest::new(model);
        request.messages = messages.into_iter().map(Arc::new).collect();
        if let Some(first) = tools.first() {
            request.tool_choice = match choice {
                0 => ToolChoice::Auto,
                1 => ToolChoice::None,
                2 => ToolChoice::Required,
                _ => ToolChoice::Named(first.name().to_owned()),
            };
            request.parallel_tool_calls = parallel;
        }
        request.tools = tools.into_iter().map(Arc::new).collect();
        request.output = output;
        request.sampling = sampling;
        request.reasoning = effort.map(|word| Reasoning::Effort(Effort::from(word)));
        request.service_tier = tier;
        request.end_user = user;
        request.metadata = metadata;
        if let Some((name, value)) = ext {
            request.ext.set("openai-chat", &format!("x_{name}"), value);
        }
        request
    }
}

fn end() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("stop"), Just("length"), Just("content_filter")]
}

fn finish(word: &str, calls: bool) -> Finish {
    match word {
        _ if calls => Finish::new(FinishReason::ToolCalls, "tool_calls"),
        "stop" => Finish::new(FinishReason::Stop, "stop"),
        "length" => Finish::new(FinishReason::Length, "length"),
        _ => Finish::new(FinishReason::ContentFilter, "content_filter"),
    }
}

fn candidate() -> impl Strategy<Value = Candidate> {
    (assistant_parts(), end()).prop_map(|(content, word)| {
        let mut message = Message::new(Role::Assistant, content);
        message.origin = Some(origin());
        let finish = finish(word, message.tool_calls().next().is_some());
        Candidate { message, finish }
    })
}

prop_compose! {
    pub(crate) fn usage()(input in any::<u32>(), output in any::<u32>(), cache_read in of(any::<u32>()), reasoning in of(any::<u32>()), cost in of(word())) -> Usage {
        let mut usage = Usage::new(input.into(), output.into());
        usage.cache_read = cache_read.map(Into::into);
        usage.reasoning = reasoning.map(Into::into);
        if let Some(cost) = cost {
            usage.extra.insert("x_cost".into(), cost.into());
        }
        usage
    }
}

prop_compose! {
    fn response()(
        first in candidate(), more in vec(candidate(), 0..3), id in word(), model in word(), created in 1..u64::from(u32::MAX),
        usage in usage(), tier in of(word()), fingerprint in of(word()), fact in of(text()),
    ) -> ChatResponse {
        let mut response = ChatResponse::new(origin(), first.message, first.finish);
        response.more = more;
        response.id = Some(id);
        response.model = Some(model);
        response.created = Some(created);
        response.usage = usage;
        response.service_tier = tier;
        response.system_fingerprint = fingerprint;
        if let Some(fact) = fact {
            response.ext.set("openai-chat", "x_fact", fact);
        }
        response
    }
}

/// The events by which a stream would give this answer.
pub(crate) fn as_events(response: &ChatResponse) -> Vec<Event> {
    let mut start = StreamStart::new(response.origin.clone());
    start.id.clone_from(&response.id);
    start.model.clone_from(&response.model);
    start.created = response.created;
    start.system_fingerprint.clone_from(&response.system_fingerprint);
    let mut events = vec![Event::Start(Box::new(start))];
    let mut next = 0;
    let all = std::iter::once(&response.message).chain(response.more.iter().map(|more| &more.message));
    for (candidate, message) in (0..).zip(all) {
        for part in &message.content {
            let id = PartId(next);
            next += 1;
            let (shell, delta) = match &part.kind {
                PartKind::Text { text, .. } => (
                    PartKind::Text { text: String::new(), citations: Vec::new() },
                    Event::TextDelta { part: id, text: text.clone() },
                ),
                PartKind::Refusal { text } => {
                    (PartKind::Refusal { text: String::new() }, Event::TextDelta { part: id, text: text.clone() })
                }
                PartKind::Reasoning { text, visibility, encrypted } => (
                    PartKind::Reasoning { text: String::new(), visibility: *visibility, encrypted: encrypted.clone() },
                    Event::ReasoningDelta { part: id, text: text.clone() },
                ),
                PartKind::ToolCall(call) => (
                    PartKind::ToolCall(ToolCall { arguments: String::new(), ..call.clone() }),
                    Event::ArgumentsDelta { part: id, json: call.arguments.clone() },
                ),
                other => panic!("not generated: {other:?}"),
            };
            events.push(Event::PartStart { part: id, candidate, shell: Box::new(shell) });
            events.push(delta);
            events.extend(part.signature.clone().map(|signature| Event::SignatureDelta { part: id, signature }));
            events.push(Event::PartEnd { part: id, truncated: false, ext: None });
        }
    }
    let mut finish = StreamFinish::new(response.finish.clone(), response.usage.clone());
    finish.more = response.more.iter().map(|more| more.finish.clone()).collect();
    finish.service_tier.clone_from(&response.service_tier);
    finish.ext = response.ext.clone();
    events.push(Event::Finish(Box::new(finish)));
    events
}

proptest! {
    #[test]
    fn a_request_comes_back(mut request in request(), stream in any::<bool>()) {
        // What the client wrote beyond our own fields is a part of what it asked.
        request.form = request.ext.of(llm_wire_openai::FAMILY).map(|_| llm_wire_openai::FAMILY.into());
        let encoded = chat::encode_request(&request, &origin(), stream, &DIALECT).unwrap();
        prop_assert_eq!(encoded.warnings, vec![]);
        let decoded = chat::decode_request(&encoded.body).unwrap();
        prop_assert_eq!(decoded.request, request);
        prop_assert_eq!((decoded.stream, decoded.include_usage), (stream, stream));
    }

    #[test]
    fn an_answer_comes_back(response in response()) {
        let decoded = chat::decode_response(&chat::encode_response(&response), &origin(), &Dialect::OPENAI).unwrap();
        prop_assert_eq!(decoded, response);
    }

    #[test]
    fn a_stream_comes_back(response in response()) {
        let (mut encoder, mut body) = (chat::Encoder::new(true), Vec::new());
        for event in as_events(&response) {
            encoder.event(&event, &mut body);
        }
        let (events, error) = events([&body[..]], &Dialect::OPENAI);
        prop_assert!(error.is_none(), "{:?}", error);
        prop_assert_eq!(collect(events), response);
    }

    #[test]
    fn no_damage_makes_it_panic(response in response(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let (mut encoder, mut stream) = (chat::Encoder::new(true), Vec::new());
        for event in as_events(&response) {
            encoder.event(&event, &mut stream);
        }
        let mut body = chat::encode_response(&response);
        for bytes in [&mut body, &mut stream] {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = chat::decode_response(&body, &origin(), &Dialect::COMPATIBLE);
        let (events, _) = events([&stream[..]], &Dialect::COMPATIBLE);
        let mut accumulator = llm_core::Accumulator::default();
        for event in events {
            prop_assert!(accumulator.push(event).is_ok(), "the order of events holds whatever comes");
        }
    }

    #[test]
    fn no_bytes_make_it_panic(body in vec(any::<u8>(), 0..200)) {
        let _ = chat::decode_request(&body);
        let _ = chat::decode_response(&body, &origin(), &Dialect::COMPATIBLE);
        let _ = events([&body[..]], &Dialect::COMPATIBLE);
        let framed = [b"data: ", &body[..], b"\n\n"].concat();
        let _ = events([&framed[..]], &Dialect::COMPATIBLE);
    }
}

#[test]
fn metadata_keeps_its_order_of_names() {
    let mut request = ChatRequest::new("m").with_user("hi");
    request.metadata = BTreeMap::from([("b".into(), "2".into()), ("a".into(), "1".into())]);
    let body = chat::encode_request(&request, &origin(), false, &DIALECT).unwrap().body;
    assert!(String::from_utf8(body).unwrap().contains(r#""metadata":{"a":"1","b":"2"}"#));
}
