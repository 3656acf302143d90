//! `decode(encode(x)) == x` for what the protocol can say.
//!
//! Limits of the generators: texts, names and ids are not empty; no two texts stand beside each other in one message; an
//! assistant's plan comes first and its calls last; documents are the vendor's own; arguments are JSON objects; spans of
//! citations are not set, because the vendor's own form is kept; numbers have two decimals.

use std::sync::Arc;

use llm_core::{
    ChatRequest, ChatResponse, Effort, Event, Finish, FinishReason, FunctionTool, JsonSchema, Media, Message,
    OutputFormat, Part, PartKind, Reasoning, Role, Tool, ToolChoice, ToolResult, Usage,
};
use llm_wire::StreamEncoder;
use llm_wire_cohere::chat;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use serde_json::json;

use crate::support::{collect, events, origin};

fn text() -> impl Strategy<Value = String> {
    "[ -~äß東京🌤\n\t\"\\\\]{1,20}"
}

fn word() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_-]{0,12}"
}

fn hundredths(most: u32) -> impl Strategy<Value = f64> {
    (0..=most).prop_map(|n| f64::from(n) / 100.0)
}

fn user() -> impl Strategy<Value = Message> {
    let image = vec(any::<u8>(), 1..30).prop_map(|bytes| Part::media(Media::inline("image/png", bytes)));
    let link = word().prop_map(|name| Part::media(Media::url("image/*", format!("https://x.test/{name}"))));
    (text(), of(image), of(link)).prop_map(|(text, image, link)| {
        let parts = [Some(Part::text(text)), image, link];
        Message::new(Role::User, parts.into_iter().flatten().collect())
    })
}

fn call() -> impl Strategy<Value = Part> {
    (word(), word(), text()).prop_map(|(id, name, value)| Part::tool_call(id, name, json!({ "a": value }).to_string()))
}

fn said() -> impl Strategy<Value = Vec<Part>> {
    (of(text()), of(text()), of(text()), vec(call(), 0..3)).prop_map(|(plan, thought, words, calls)| {
        let plan = plan.map(|plan| Part::opaque("cohere.tool_plan", json!(plan)));
        plan.into_iter().chain(thought.map(Part::reasoning)).chain(words.map(Part::text)).chain(calls).collect()
    })
}

fn result() -> impl Strategy<Value = Message> {
    let document = word().prop_map(|id| Part::opaque("cohere.document", json!({ "id": id, "data": { "x": "y" } })));
    let content = prop_oneof![text().prop_map(|text| vec![Part::text(text)]), vec(document, 1..3)];
    (word(), content).prop_map(|(call_id, content)| {
        let result = ToolResult { call_id, content, ..ToolResult::default() };
        Message::new(Role::Tool, vec![Part::new(PartKind::ToolResult(result))])
    })
}

fn message() -> impl Strategy<Value = Message> {
    let assistant = said().prop_filter("says nothing", |parts| !parts.is_empty());
    prop_oneof![
        text().prop_map(Message::system),
        user(),
        assistant.prop_map(|parts| Message::new(Role::Assistant, parts)),
        result(),
    ]
}

prop_compose! {
    fn request()(
        messages in vec(message(), 1..5),
        tools in vec((word(), of(text())), 0..3),
        choice in 0..3_usize,
        output in 0..3_usize,
        reasoning in of(prop_oneof![Just(Reasoning::Effort(Effort::None)), (1..9999_u32).prop_map(Reasoning::Budget)]),
        numbers in (of(hundredths(100)), of(hundredths(100)), of(0..500_u32), of(1..9000_u32), of(0..99_i64)),
        stop in vec(word(), 0..3),
        logprobs in any::<bool>(),
    ) -> ChatRequest {
        let mut request = ChatRequest::new("command-a");
        request.messages = messages.into_iter().map(Arc::new).collect();
        for (name, description) in tools {
            let schema = json!({"type": "object"});
            request.tools.push(Arc::new(Tool::Function(FunctionTool { name, description, schema, ..FunctionTool::default() })));
        }
        if !request.tools.is_empty() {
            request.tool_choice = [ToolChoice::Auto, ToolChoice::Required, ToolChoice::None][choice].clone();
        }
        let schema = JsonSchema { schema: json!({"type": "object"}), ..JsonSchema::default() };
        request.output = [OutputFormat::Text, OutputFormat::Json, OutputFormat::JsonSchema(schema)][output].clone();
        request.reasoning = reasoning;
        let sampling = &mut request.sampling;
        (sampling.temperature, sampling.top_p, sampling.top_k, sampling.max_output_tokens, sampling.seed) = numbers;
        sampling.stop = stop;
        sampling.logprobs = logprobs.then_some(0);
        request
    }
}

prop_compose! {
    fn response()(
        parts in said(),
        length in any::<bool>(),
        counts in of((0..9999_u64, 0..9999_u64, of(0..99_u64))),
    ) -> ChatResponse {
        let calls = parts.iter().any(|part| matches!(part.kind, PartKind::ToolCall(_)));
        let finish = match (length, calls) {
            (true, _) => Finish::new(FinishReason::Length, "MAX_TOKENS"),
            (_, true) => Finish::new(FinishReason::ToolCalls, "TOOL_CALL"),
            _ => Finish::new(FinishReason::Stop, "COMPLETE"),
        };
        let mut message = Message::new(Role::Assistant, parts);
        message.origin = Some(origin());
        let mut response = ChatResponse::new(origin(), message, finish);
        response.id = Some("id-1".into());
        if let Some((input, output, cached)) = counts {
            response.usage = Usage::new(input, output);
            response.usage.cache_read = cached;
        }
        response
    }
}

proptest! {
    #[test]
    fn requests_come_back(request in request(), stream in any::<bool>()) {
        let encoded = chat::encode_request(&request, &origin(), stream).unwrap();
        prop_assert!(encoded.warnings.is_empty(), "{:?}", encoded.warnings);
        let decoded = chat::decode_request(&encoded.body).unwrap();
        prop_assert_eq!(decoded.stream, stream);
        prop_assert_eq!(decoded.request, request);
    }

    #[test]
    fn answers_come_back(response in response()) {
        let body = chat::encode_response(&response);
        prop_assert_eq!(chat::decode_response(&body, &origin()).unwrap(), response);
    }

    #[test]
    fn streams_come_back(response in response()) {
        let mut encoder = chat::Encoder::new();
        let mut out = Vec::new();
        for event in told(&response) {
            encoder.event(&event, &mut out);
        }
        let (seen, error) = events([&out[..]]);
        prop_assert!(error.is_none(), "{:?}", error);
        prop_assert_eq!(collect(seen), response);
    }

    #[test]
    fn no_bytes_are_a_panic(bytes in vec(any::<u8>(), 0..200), words in "[\\[\\]{}\",:a-z0-9]{0,60}") {
        for body in [&bytes[..], words.as_bytes()] {
            let _ = chat::decode_request(body);
            let _ = chat::decode_response(body, &origin());
            let _ = events([body]);
        }
    }
}

/// The events of an answer.
fn told(response: &ChatResponse) -> Vec<Event> {
    use llm_core::{PartId, StreamFinish, StreamStart};
    let mut start = StreamStart::new(response.origin.clone());
    start.id.clone_from(&response.id);
    let mut events = vec![Event::Start(Box::new(start))];
    for (number, part) in (0..).zip(&response.message.content) {
        let id = PartId(number);
        let (shell, delta) = match &part.kind {
            PartKind::Text { text, .. } => (
                PartKind::Text { text: String::new(), citations: Vec::new() },
                Some(Event::TextDelta { part: id, text: text.clone() }),
            ),
            PartKind::Reasoning { text, .. } => {
                (Part::reasoning("").kind, Some(Event::ReasoningDelta { part: id, text: text.clone() }))
            }
            PartKind::ToolCall(call) => {
                let mut shell = call.clone();
                shell.arguments.clear();
                (PartKind::ToolCall(shell), Some(Event::ArgumentsDelta { part: id, json: call.arguments.clone() }))
            }
            other => (other.clone(), None),
        };
        events.push(Event::PartStart { part: id, candidate: 0, shell: Box::new(shell) });
        events.extend(delta);
        events.push(Event::PartEnd { part: id, truncated: false, ext: None });
    }
    events.push(Event::Finish(Box::new(StreamFinish::new(response.finish.clone(), response.usage.clone()))));
    events
}
