//! What can be expressed survives the wire: requests, whole answers and streams.
//!
//! Limits of the generators, because the protocol has one text a message and no place for more: parts stand in the
//! order reasoning, text, images, calls, at most one of the first two; a tool message has one result that names its
//! tool; texts are not empty; efforts are those that Ollama has a word for; schemas have no name; times are whole seconds.

use std::sync::Arc;

use llm_core::{
    ChatRequest, ChatResponse, Effort, Event, Extensions, Finish, FinishReason, FunctionTool, JsonSchema, Media,
    MediaData, Message, OutputFormat, Part, PartId, PartKind, Reasoning, Role, StreamFinish, StreamStart, Tool,
    ToolCall, ToolResult, Usage,
};
use llm_wire::StreamEncoder;
use llm_wire_ollama::chat::{self, Encoder};
use llm_wire_ollama::{API, Profile};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{collect, events, origin};

fn text() -> impl Strategy<Value = String> {
    "(?s).{1,12}"
}

fn image() -> impl Strategy<Value = Part> {
    prop::collection::vec(any::<u8>(), 0..8).prop_map(|tail| {
        let bytes = [b"\x89PNG".as_slice(), &tail].concat();
        Part::media(Media::inline("image/png", bytes))
    })
}

fn json_object() -> impl Strategy<Value = String> {
    prop::collection::btree_map(
        "[a-z]{1,4}",
        prop_oneof![text().prop_map(Value::from), any::<i32>().prop_map(Value::from)],
        0..3,
    )
    .prop_map(|object| json!(object).to_string())
}

fn call() -> impl Strategy<Value = Part> {
    ("[a-z0-9_]{1,8}", "[a-z_]{1,8}", json_object(), any::<bool>()).prop_map(|(id, name, arguments, extra)| {
        let mut part = Part::tool_call(id, name, arguments);
        if extra {
            part.ext.set(API, "novel", true);
        }
        part
    })
}

/// Reasoning, text, images and calls of one message.
fn content() -> impl Strategy<Value = Vec<Part>> {
    (
        prop::option::of(text()),
        prop::option::of(text()),
        prop::collection::vec(image(), 0..2),
        prop::collection::vec(call(), 0..3),
    )
        .prop_map(|(reasoning, text, images, calls)| {
            let reasoning = reasoning.map(Part::reasoning).into_iter();
            reasoning.chain(text.map(Part::text)).chain(images).chain(calls).collect()
        })
}

fn message() -> impl Strategy<Value = Message> {
    let spoken = (prop_oneof![Just(Role::System), Just(Role::User)], text(), prop::collection::vec(image(), 0..2))
        .prop_map(|(role, text, images)| Message::new(role, [Part::text(text)].into_iter().chain(images).collect()));
    let assistant = content().prop_map(|content| Message::new(Role::Assistant, content));
    let tool = ("[a-z0-9_]{1,8}", "[a-z_]{1,8}", text()).prop_map(|(call_id, name, text)| {
        let result = ToolResult { call_id, name: Some(name), content: vec![Part::text(text)], ..ToolResult::default() };
        Message::new(Role::Tool, vec![Part::new(PartKind::ToolResult(result))])
    });
    (prop_oneof![spoken, assistant, tool], any::<bool>()).prop_map(|(mut message, extra)| {
        if extra {
            message.ext.set(API, "novel", json!({ "a": [1] }));
        }
        message
    })
}

fn tool() -> impl Strategy<Value = Tool> {
    ("[a-z_]{1,8}", prop::option::of(text()), any::<bool>()).prop_map(|(name, description, extra)| {
        let schema = json!({ "type": "object", "properties": { "a": { "type": "string" } } });
        let mut tool = FunctionTool { name, description, schema, ..FunctionTool::default() };
        if extra {
            tool.ext.set(API, "novel", true);
        }
        Tool::Function(tool)
    })
}

fn number() -> impl Strategy<Value = Option<f64>> {
    prop::option::of((-200i32..200).prop_map(|number| f64::from(number) / 64.0))
}

prop_compose! {
    fn request()(
        messages in prop::collection::vec(message().prop_map(Arc::new), 0..5),
        tools in prop::collection::vec(tool().prop_map(Arc::new), 0..3),
        output in prop_oneof![
            Just(OutputFormat::Text),
            Just(OutputFormat::Json),
            Just(OutputFormat::JsonSchema(JsonSchema { schema: json!({ "type": "object" }), ..JsonSchema::default() })),
        ],
        effort in prop::option::of(prop_oneof![
            Just(Effort::None), Just(Effort::Low), Just(Effort::Medium), Just(Effort::High), Just(Effort::Max),
        ]),
        numbers in (number(), number(), number(), number()),
        wholes in (prop::option::of(any::<u32>()), prop::option::of(any::<u32>()), prop::option::of(any::<i64>()), prop::option::of(0u32..20)),
        stop in prop::collection::vec(text(), 0..3),
        num_ctx in prop::option::of(any::<u32>()),
        keep_alive in prop::option::of("[0-9]m"),
    ) -> ChatRequest {
        let mut request = ChatRequest::new("qwen3:8b");
        request.messages = messages;
        request.tools = tools;
        request.output = output;
        request.reasoning = effort.map(Reasoning::Effort);
        let sampling = &mut request.sampling;
        (sampling.temperature, sampling.top_p, sampling.presence_penalty, sampling.frequency_penalty) = numbers;
        (sampling.max_output_tokens, sampling.top_k, sampling.seed, sampling.logprobs) = wholes;
        sampling.stop = stop;
        if let Some(num_ctx) = num_ctx {
            request.ext.set(API, "options", json!({ "num_ctx": num_ctx }));
        }
        if let Some(keep_alive) = keep_alive {
            request.ext.set(API, "keep_alive", keep_alive);
        }
        request
    }
}

prop_compose! {
    fn response()(
        content in content(),
        reason in prop_oneof![Just("stop"), Just("length"), Just("load")],
        counts in (prop::option::of(0u64..1 << 40), prop::option::of(0u64..1 << 40)),
        duration in prop::option::of(0u64..1 << 50),
        created in 0u64..4_102_444_800,
        novel in any::<bool>(),
    ) -> ChatResponse {
        let has_calls = content.iter().any(|part| matches!(part.kind, PartKind::ToolCall(_)));
        let kind = match reason {
            "stop" if has_calls => FinishReason::ToolCalls,
            word => FinishReason::from(word),
        };
        let mut message = Message::new(Role::Assistant, content);
        message.origin = Some(origin());
        let mut response = ChatResponse::new(origin(), message, Finish::new(kind, reason));
        response.model = Some("qwen3:8b".to_owned());
        response.created = Some(created);
        response.usage = Usage::default();
        (response.usage.input, response.usage.output) = counts;
        if let Some(duration) = duration {
            response.usage.extra.insert("eval_duration".to_owned(), duration.into());
        }
        if novel {
            response.ext.set(API, "logprobs", json!([{ "token": "a" }]));
            response.ext.set(API, "message", json!({ "novel": 1 }));
        }
        response
    }
}

/// The events that a vendor would have sent for an answer, its texts cut in two and its finish at the end.
fn as_events(response: &ChatResponse) -> Vec<Event> {
    let mut start = StreamStart::new(response.origin.clone());
    (start.model, start.created) = (response.model.clone(), response.created);
    let mut events = vec![Event::Start(Box::new(start))];
    for (part, id) in response.message.content.iter().zip(0..).map(|(part, id)| (part, PartId(id))) {
        let begin = |shell: PartKind| Event::PartStart { part: id, candidate: 0, shell: Box::new(shell) };
        let cut = |text: &str| {
            let at = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
            [text[..at].to_owned(), text[at..].to_owned()]
        };
        match &part.kind {
            PartKind::Text { text, .. } => {
                events.push(begin(PartKind::Text { text: String::new(), citations: Vec::new() }));
                events.extend(cut(text).map(|text| Event::TextDelta { part: id, text }));
            }
            PartKind::Reasoning { text, visibility, .. } => {
                let shell = PartKind::Reasoning { text: String::new(), visibility: *visibility, encrypted: None };
                events.push(begin(shell));
                events.extend(cut(text).map(|text| Event::ReasoningDelta { part: id, text }));
            }
            PartKind::ToolCall(call) => {
                events.push(begin(PartKind::ToolCall(ToolCall { arguments: String::new(), ..call.clone() })));
                events.extend(cut(&call.arguments).map(|json| Event::ArgumentsDelta { part: id, json }));
            }
            PartKind::Media(media) => {
                let MediaData::Inline { bytes } = &media.data else { panic!("inline only") };
                let empty = Media { data: MediaData::Inline { bytes: bytes::Bytes::new() }, ..media.clone() };
                events.push(begin(PartKind::Media(empty)));
                events.push(Event::MediaDelta { part: id, bytes: bytes.clone() });
            }
            other => panic!("not generated: {other:?}"),
        }
        let ext: Option<Box<Extensions>> = Some(Box::new(part.ext.clone())).filter(|ext| !ext.is_empty());
        events.push(Event::PartEnd { part: id, truncated: false, ext });
    }
    let mut finish = StreamFinish::new(response.finish.clone(), response.usage.clone());
    finish.ext = response.ext.clone();
    events.push(Event::Finish(Box::new(finish)));
    events
}

proptest! {
    #[test]
    fn a_request_survives_the_wire(mut request in request(), stream in any::<bool>()) {
        // What the client wrote beyond our own fields is a part of what it asked.
        request.form = request.ext.of(API).map(|_| API.into());
        let encoded = chat::encode_request(&request, &origin(), stream, &Profile::default()).unwrap();
        prop_assert_eq!(&encoded.warnings, &[]);
        let decoded = chat::decode_request(&encoded.body).unwrap();
        prop_assert_eq!(decoded.request, request);
        prop_assert_eq!(decoded.stream, stream);
    }

    #[test]
    fn an_answer_survives_the_wire(response in response()) {
        let body = chat::encode_response(&response);
        prop_assert_eq!(chat::decode_response(&body, &origin()).unwrap(), response);
    }

    #[test]
    fn a_stream_survives_the_wire(response in response()) {
        let (mut encoder, mut body) = (Encoder::new(), Vec::new());
        for event in as_events(&response) {
            encoder.event(&event, &mut body);
        }
        let (events, error) = events([body.as_slice()]);
        prop_assert!(error.is_none());
        prop_assert_eq!(collect(events), response);
    }

    #[test]
    fn no_body_makes_the_decoders_panic(body in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = chat::decode_request(&body);
        let _ = chat::decode_response(&body, &origin());
        let _ = events([body.as_slice()]);
    }
}

#[test]
fn arguments_with_line_breaks_stay_on_one_line() {
    let mut response = ChatResponse::new(
        origin(),
        Message::new(Role::Assistant, vec![Part::tool_call("a", "f", "{\n  \"text\": \"x\\ny\"\n}")]),
        Finish::new(FinishReason::ToolCalls, "stop"),
    );
    response.model = Some("m".to_owned());
    let (mut encoder, mut body) = (Encoder::new(), Vec::new());
    for event in as_events(&response) {
        encoder.event(&event, &mut body);
    }
    assert_eq!(body.split(|byte| *byte == b'\n').count(), 3);
    let streamed = collect(events([body.as_slice()]).0);
    let arguments: Value = serde_json::from_str(&streamed.message.tool_calls().next().unwrap().arguments).unwrap();
    assert_eq!(arguments, json!({ "text": "x\ny" }));
}

#[test]
fn an_error_in_a_stream_has_the_wire_form() {
    let (mut encoder, mut body) = (Encoder::new(), Vec::new());
    encoder.event(&Event::Start(Box::new(StreamStart::new(origin()))), &mut body);
    encoder.error(&llm_core::Error::new(llm_core::ErrorKind::Server, "boom"), &mut body);
    assert_eq!(body, b"{\"error\":\"boom\"}\n");
}
