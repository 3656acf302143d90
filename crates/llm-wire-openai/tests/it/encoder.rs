//! What OpenAI's clients get: answers, streams and errors, byte for byte where it matters.

use llm_core::{
    ChatResponse, Error, ErrorKind, Event, Finish, FinishReason, Message, Part, PartId, PartKind, Role, StreamFinish,
    StreamStart, ToolCall, Usage, Visibility,
};
use llm_wire::StreamEncoder;
use llm_wire_openai::{Dialect, chat};
use serde_json::{Value, json};

use crate::support::{collect, events, origin};

fn start() -> Event {
    let mut start = StreamStart::new(origin());
    start.id = Some("c1".into());
    start.model = Some("m-1".into());
    start.created = Some(5);
    Event::Start(Box::new(start))
}

fn encode(events: &[Event], include_usage: bool) -> String {
    let (mut encoder, mut out) = (chat::Encoder::new(include_usage), Vec::new());
    for event in events {
        encoder.event(event, &mut out);
    }
    String::from_utf8(out).unwrap()
}

/// The chunks of a body, and whether `[DONE]` closes it.
fn chunks(body: &str) -> (Vec<Value>, bool) {
    let data: Vec<&str> = body.split("\n\n").filter_map(|frame| frame.strip_prefix("data: ")).collect();
    let done = data.last() == Some(&"[DONE]");
    (data.iter().filter(|data| **data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect(), done)
}

fn part(part: u32, shell: PartKind) -> Event {
    Event::PartStart { part: PartId(part), candidate: 0, shell: Box::new(shell) }
}

fn end(part: u32) -> Event {
    Event::PartEnd { part: PartId(part), truncated: false, ext: None }
}

fn text_shell() -> PartKind {
    PartKind::Text { text: String::new(), citations: Vec::new() }
}

fn finish(reason: FinishReason, word: &str, usage: Usage) -> Event {
    Event::Finish(Box::new(StreamFinish::new(Finish::new(reason, word), usage)))
}

#[test]
fn a_stream_is_what_the_sdks_read() {
    let call = ToolCall { id: "x".into(), name: "f".into(), ..ToolCall::default() };
    let events = [
        start(),
        part(0, PartKind::Reasoning { text: String::new(), visibility: Visibility::Full, encrypted: None }),
        Event::ReasoningDelta { part: PartId(0), text: "t".into() },
        end(0),
        part(1, text_shell()),
        Event::TextDelta { part: PartId(1), text: "a \"quoted\" 🌤".into() },
        end(1),
        part(2, PartKind::ToolCall(call)),
        Event::ArgumentsDelta { part: PartId(2), json: "{\"a\":1}".into() },
        end(2),
        Event::Ping,
        finish(FinishReason::ToolCalls, "tool_calls", Usage::new(3, 2)),
    ];
    let body = encode(&events, true);
    assert!(body.contains("\n\n: keep-alive\n\n"));
    let (chunks, done) = chunks(&body);
    assert!(done);
    let head = |rest: Value| {
        let mut chunk =
            json!({"id": "c1", "object": "chat.completion.chunk", "created": 5, "model": "m-1", "usage": null});
        chunk.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        chunk
    };
    let delta = |delta: Value| {
        head(json!({"choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": null}]}))
    };
    assert_eq!(
        chunks,
        [
            delta(json!({"role": "assistant", "content": ""})),
            delta(json!({"reasoning_content": "t"})),
            delta(json!({"content": "a \"quoted\" 🌤"})),
            delta(
                json!({"tool_calls": [{"index": 0, "id": "x", "type": "function", "function": {"name": "f", "arguments": ""}}]})
            ),
            delta(json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"a\":1}"}}]})),
            head(json!({"choices": [{"index": 0, "delta": {}, "logprobs": null, "finish_reason": "tool_calls"}]})),
            head(json!({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}})),
        ]
    );
}

#[test]
fn usage_comes_only_when_asked_for_and_known() {
    let events = |usage| [start(), finish(FinishReason::Stop, "stop", usage)];
    let without = encode(&events(Usage::new(3, 2)), false);
    assert!(!without.contains("usage"), "{without}");
    let unknown = encode(&events(Usage::default()), true);
    assert!(!unknown.contains("prompt_tokens"), "{unknown}");
    assert!(unknown.ends_with("data: [DONE]\n\n"));
}

#[test]
fn a_call_without_arguments_still_has_an_object() {
    let call = ToolCall { id: "x".into(), name: "f".into(), ..ToolCall::default() };
    let body = encode(&[start(), part(0, PartKind::ToolCall(call)), end(0)], false);
    assert!(body.contains(r#""function":{"arguments":"{}"}"#), "{body}");
    let mut response = ChatResponse::new(
        origin(),
        Message::new(Role::Assistant, vec![Part::tool_call("x", "f", "")]),
        Finish::new(FinishReason::ToolCalls, "tool_calls"),
    );
    response.usage = Usage::default();
    let whole: Value = serde_json::from_slice(&chat::encode_response(&response)).unwrap();
    assert_eq!(whole["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"], "{}");
    assert_eq!(whole["choices"][0]["message"]["content"], Value::Null);
    assert!(whole.get("usage").is_none(), "what is not known is not 0");
}

#[test]
fn every_answer_of_several_has_its_role_and_its_end() {
    let mut finish = StreamFinish::new(Finish::new(FinishReason::Stop, "stop"), Usage::default());
    finish.more = vec![Finish::new(FinishReason::Length, "length")];
    let second = Event::PartStart { part: PartId(0), candidate: 1, shell: Box::new(text_shell()) };
    let body = encode(
        &[
            start(),
            second,
            Event::TextDelta { part: PartId(0), text: "b".into() },
            end(0),
            Event::Finish(Box::new(finish)),
        ],
        false,
    );
    let (chunks, _) = chunks(&body);
    let shown: Vec<String> = chunks
        .iter()
        .map(|chunk| {
            format!(
                "{} {} {}",
                chunk["choices"][0]["index"], chunk["choices"][0]["delta"], chunk["choices"][0]["finish_reason"]
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            r#"0 {"role":"assistant","content":""} null"#,
            r#"1 {"role":"assistant","content":""} null"#,
            r#"1 {"content":"b"} null"#,
            r#"0 {} "stop""#,
            r#"1 {} "length""#,
        ]
    );
}

#[test]
fn a_word_that_clients_do_not_know_stands_beside_theirs() {
    let body = encode(&[start(), finish(FinishReason::Pause, "pause_turn", Usage::default())], false);
    assert!(body.contains(r#""finish_reason":"stop","native_finish_reason":"pause_turn""#), "{body}");
}

#[test]
fn an_error_ends_the_stream_without_done() {
    let (mut encoder, mut out) = (chat::Encoder::new(false), Vec::new());
    encoder.event(&start(), &mut out);
    encoder.error(&Error::upstream(ErrorKind::Overloaded, "busy").with_provider("vendor").with_status(503), &mut out);
    let body = String::from_utf8(out).unwrap();
    let (chunks, done) = chunks(&body);
    assert!(!done);
    assert_eq!(chunks[1]["error"]["type"], "overloaded_error");
    assert_eq!(chunks[1]["error"]["message"], "busy");
    assert_eq!(chunks[1]["error"]["x_llm"]["provider"], "vendor");
    // And our own decoder takes it for the error that it is.
    let (_, error) = events([body.as_bytes()], &Dialect::OPENAI);
    assert_eq!(error.unwrap().kind(), ErrorKind::Overloaded);
}

#[test]
fn probabilities_sources_and_sound_reach_the_client() {
    let vendor = concat!(
        "data: {\"id\":\"c1\",\"model\":\"m\",\"created\":5,\"choices\":[{\"index\":0,\"delta\":{\"content\":\"seen\"},\"logprobs\":{\"content\":[{\"token\":\"seen\"}],\"refusal\":null}}]}\n\n",
        "data: {\"id\":\"c1\",\"citations\":[\"https://a.test\"],\"choices\":[{\"index\":0,\"delta\":{\"annotations\":[{\"type\":\"url_citation\",\"url_citation\":{\"url\":\"https://a.test\",\"title\":\"A\",\"start_index\":0,\"end_index\":4}}]}}]}\n\n",
        "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"audio\":{\"id\":\"s1\",\"data\":\"aGk=\",\"transcript\":\"hi\"}},\"finish_reason\":\"stop\",\"native_finish_reason\":\"STOP\"}]}\n\n",
        "data: [DONE]\n\n",
    );
    let (read, error) = events([vendor.as_bytes()], &Dialect::OPENAI);
    assert!(error.is_none());
    let body = encode(&read, true);
    let (again, error) = events([body.as_bytes()], &Dialect::OPENAI);
    assert!(error.is_none());
    assert_eq!(collect(again), collect(read));
}
