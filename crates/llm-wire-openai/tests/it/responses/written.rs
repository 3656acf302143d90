//! Streams for clients.

use llm_core::{
    Citation, Error, ErrorKind, Event, Finish, FinishReason, PartId, PartKind, StreamFinish, StreamStart, ToolCall,
    Usage, Visibility,
};
use llm_wire::StreamEncoder;
use llm_wire_openai::responses;
use serde_json::{Value, json};

use super::origin;

fn written(events: &[Event]) -> Vec<Value> {
    let (mut encoder, mut body) = (responses::Encoder::new(), Vec::new());
    for event in events {
        encoder.event(event, &mut body);
    }
    read(&body)
}

fn read(body: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(body).unwrap();
    let events = text.split("\n\n").filter(|event| !event.is_empty()).map(|event| {
        let (name, data) = event.split_once('\n').unwrap();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(name.strip_prefix("event: "), data["type"].as_str());
        data
    });
    events.collect()
}

fn start() -> Event {
    let mut start = StreamStart::new(origin());
    start.id = Some("resp_1".into());
    start.model = Some("m-1".into());
    Event::Start(Box::new(start))
}

fn begin(part: u32, shell: PartKind) -> Event {
    Event::PartStart { part: PartId(part), candidate: 0, shell: Box::new(shell) }
}

fn end(part: u32) -> Event {
    Event::PartEnd { part: PartId(part), truncated: false, ext: None }
}

fn finish() -> Event {
    let finish = Finish::new(FinishReason::Stop, "end_turn");
    Event::Finish(Box::new(StreamFinish::new(finish, Usage::new(3, 2))))
}

fn text() -> PartKind {
    PartKind::Text { text: String::new(), citations: Vec::new() }
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

#[test]
fn another_vendors_answer_is_told_item_by_item() {
    let thought = PartKind::Reasoning { text: String::new(), visibility: Visibility::Full, encrypted: None };
    let call = PartKind::ToolCall(ToolCall { id: "c1".into(), name: "f".into(), ..ToolCall::default() });
    let source = Citation { source: "u".into(), span: Some((0, 2)), ..Citation::default() };
    let events = written(&[
        start(),
        begin(0, thought),
        Event::ReasoningDelta { part: PartId(0), text: "hm".into() },
        Event::SignatureDelta { part: PartId(0), signature: "sig".into() },
        end(0),
        begin(1, text()),
        Event::TextDelta { part: PartId(1), text: "hi".into() },
        Event::Citation { part: PartId(1), citation: Box::new(source) },
        end(1),
        begin(2, call),
        end(2),
        finish(),
    ]);
    assert_eq!(
        kinds(&events),
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.reasoning_text.delta",
            "response.reasoning_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.annotation.added",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.output_item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    let numbers: Vec<_> = events.iter().map(|event| event["sequence_number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..20).collect::<Vec<_>>());
    let last = &events[19]["response"];
    assert_eq!(
        (&last["id"], &last["status"], &last["usage"]["input_tokens"]),
        (&json!("resp_1"), &json!("completed"), &json!(3))
    );
    assert_eq!(
        last["output"],
        json!([
            {"type": "reasoning", "id": "rs_1_0", "summary": [], "encrypted_content": "sig",
                "content": [{"type": "reasoning_text", "text": "hm"}]},
            {"type": "message", "id": "msg_1_1", "status": "completed", "role": "assistant", "content": [
                {"type": "output_text", "text": "hi", "annotations": [
                    {"type": "url_citation", "url": "u", "title": "", "start_index": 0, "end_index": 2}]}]},
            {"type": "function_call", "id": "fc_1_2", "status": "completed", "call_id": "c1", "name": "f", "arguments": "{}"},
        ])
    );
    for event in &events {
        if let Some(id) = event["item_id"].as_str() {
            let place = usize::try_from(event["output_index"].as_u64().unwrap()).unwrap();
            assert_eq!(last["output"][place]["id"], id, "{event}");
        }
    }
}

#[test]
fn events_of_the_same_protocol_pass_with_new_numbers() {
    let item = json!({"type": "web_search_call", "id": "ws_1", "status": "completed"});
    let own = |kind: &str, data: Value| Event::Unknown { kind: format!("openai-responses.{kind}"), data };
    let events = written(&[
        start(),
        own(
            "response.output_item.added",
            json!({"type": "response.output_item.added", "sequence_number": 40, "output_index": 7,
                "item": {"type": "web_search_call", "id": "ws_1", "status": "in_progress"}}),
        ),
        own(
            "response.web_search_call.searching",
            json!({"type": "response.web_search_call.searching", "sequence_number": 41, "output_index": 7, "item_id": "ws_1"}),
        ),
        begin(0, PartKind::Opaque { kind: "openai-responses.web_search_call".into(), data: item.clone() }),
        end(0),
        finish(),
    ]);
    assert_eq!(
        kinds(&events)[2..],
        [
            "response.output_item.added",
            "response.web_search_call.searching",
            "response.output_item.done",
            "response.completed"
        ]
    );
    assert_eq!(
        events[3],
        json!({"type": "response.web_search_call.searching", "sequence_number": 3, "output_index": 0, "item_id": "ws_1"})
    );
    assert_eq!(events[5]["response"]["output"], json!([item]));
}

#[test]
fn an_error_ends_the_stream_as_failed() {
    let (mut encoder, mut body) = (responses::Encoder::new(), Vec::new());
    encoder.event(&start(), &mut body);
    encoder.error(&Error::upstream(ErrorKind::Overloaded, "busy").with_provider("vendor"), &mut body);
    let events = read(&body);
    assert_eq!(kinds(&events)[2..], ["error", "response.failed"]);
    assert_eq!((&events[2]["message"], &events[2]["x_llm"]["provider"]), (&json!("busy"), &json!("vendor")));
    let failed = &events[3]["response"];
    assert_eq!((&failed["status"], &failed["error"]["message"]), (&json!("failed"), &json!("busy")));
}
