//! Streams in the forms that vendors give them.

use llm_core::{ErrorKind, Event, FinishReason, PartKind};
use llm_wire_openai::{Dialect, chat, dialect::EndMarker};
use serde_json::{Value, json};

use crate::support::{body, choice, chunk, collect, events, origin, streamed};

/// The calls of a stream of deltas, as `id name arguments`, those that were cut with a `!`.
fn calls(deltas: &[Value]) -> Vec<String> {
    let mut chunks: Vec<Value> = deltas.iter().map(|calls| chunk(&json!({"tool_calls": calls}), None)).collect();
    chunks.push(chunk(&json!({}), Some("tool_calls")));
    let response = streamed(&chunks);
    let shown = response
        .message
        .tool_calls()
        .map(|call| format!("{} {} {}{}", call.id, call.name, call.arguments, if call.truncated { "!" } else { "" }));
    shown.collect()
}

#[test]
fn pieces_of_calls_find_their_call() {
    let openai = [
        json!([{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}]),
        json!([{"index": 0, "function": {"arguments": "{\"x\":"}}]),
        json!([{"index": 0, "function": {"arguments": "1}"}}]),
        json!([{"index": 1, "id": "b", "type": "function", "function": {"name": "g", "arguments": ""}}]),
        json!([{"index": 1, "function": {"arguments": "{}"}}]),
    ];
    assert_eq!(calls(&openai), [r#"a f {"x":1}"#, "b g {}"]);
    let interleaved = [
        json!([{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{\"x\":"}}, {"index": 1, "id": "b", "function": {"name": "g", "arguments": "{"}}]),
        json!([{"index": 0, "function": {"arguments": "1}"}}, {"index": 1, "function": {"arguments": "}"}}]),
    ];
    assert_eq!(calls(&interleaved), [r#"a f {"x":1}"#, "b g {}"]);
    // Alibaba and others: an empty id in pieces that follow neither begins a call nor replaces the id.
    let empty_ids = [
        json!([{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{"}}]),
        json!([{"index": 0, "id": "", "function": {"name": null, "arguments": "}"}}]),
    ];
    assert_eq!(calls(&empty_ids), ["a f {}"]);
    // OpenRouter's variants: id and name again in every piece.
    let repeated = [
        json!([{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{"}}]),
        json!([{"index": 0, "id": "a", "function": {"name": "f", "arguments": "}"}}]),
    ];
    assert_eq!(calls(&repeated), ["a f {}"]);
    // Mistral: whole calls at once, without an index or a type.
    let whole = [
        json!([{"id": "a", "function": {"name": "f", "arguments": "{}"}}, {"id": "b", "function": {"name": "g", "arguments": "{}"}}]),
    ];
    assert_eq!(calls(&whole), ["a f {}", "b g {}"]);
    let without_index = [
        json!([{"id": "a", "function": {"name": "f", "arguments": "{\"x\""}}]),
        json!([{"function": {"arguments": ":1}"}}]),
        json!([{"id": "b", "function": {"name": "g", "arguments": "{}"}}]),
    ];
    assert_eq!(calls(&without_index), [r#"a f {"x":1}"#, "b g {}"]);
    // Every call is number 0: another id, or a name after a whole call without ids, begins one.
    let all_zero = [
        json!([{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}]),
        json!([{"index": 0, "id": "b", "function": {"name": "g", "arguments": "{}"}}]),
    ];
    assert_eq!(calls(&all_zero), ["a f {}", "b g {}"]);
    let no_ids = [
        json!([{"index": 0, "id": "", "function": {"name": "f", "arguments": "{}"}}]),
        json!([{"index": 0, "id": "", "function": {"name": "g", "arguments": "{}"}}]),
    ];
    assert_eq!(calls(&no_ids), ["call_0 f {}", "call_1 g {}"]);
    // HuggingFace and Writer: a first piece without arguments; some servers name the call later.
    let named_later = [
        json!([{"index": 0, "id": "a"}]),
        json!([{"index": 0, "function": {"arguments": "{"}}]),
        json!([{"index": 0, "function": {"name": "f"}}]),
        json!([{"index": 0, "function": {"arguments": "}"}}]),
    ];
    assert_eq!(calls(&named_later), ["a f {}"]);
    // Arguments as an object, and none at all.
    assert_eq!(
        calls(&[json!([{"index": 0, "id": "a", "function": {"name": "f", "arguments": {"a": 2, "b": 1}}}])]),
        [r#"a f {"a":2,"b":1}"#]
    );
    assert_eq!(calls(&[json!([{"index": 0, "id": "a", "function": {"name": "f", "arguments": null}}])]), ["a f "]);
    assert_eq!(
        calls(&[json!([{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{\"x\": \"y"}}])]),
        [r#"a f {"x": "y!"#]
    );
    assert_eq!(calls(&[json!([])]), [""; 0]);
}

#[test]
fn the_last_finish_reason_and_the_last_usage_count() {
    let with_usage = |mut chunk: Value, prompt: u64, completion: u64| {
        chunk["usage"] = json!({"prompt_tokens": prompt, "completion_tokens": completion});
        chunk
    };
    // Perplexity: usage in every chunk, and a null finish reason after the finish.
    let response = streamed(&[
        with_usage(chunk(&json!({"content": "a"}), None), 5, 1),
        with_usage(chunk(&json!({"content": "b"}), Some("stop")), 5, 2),
        with_usage(chunk(&json!({"content": ""}), None), 5, 3),
    ]);
    assert_eq!((response.text().as_str(), response.usage.output), ("ab", Some(3)));
    assert_eq!(response.finish.reason, FinishReason::Stop);
    // Together: a finish reason after the first of two calls.
    let call = |id| json!({"tool_calls": [{"index": 0, "id": id, "function": {"name": "f", "arguments": "{}"}}]});
    let response = streamed(&[
        chunk(&call("a"), None),
        chunk(&json!({}), Some("tool_calls")),
        chunk(&call("b"), None),
        chunk(&json!({}), Some("tool_calls")),
    ]);
    assert_eq!(response.message.tool_calls().count(), 2);
    // Groq: only inside x_groq.
    let mut groq = chunk(&json!({"content": "a"}), Some("stop"));
    groq["x_groq"] = json!({"id": "req", "usage": {"prompt_tokens": 7, "completion_tokens": 1}});
    assert_eq!(streamed(&[groq]).usage.input, Some(7));
}

#[test]
fn a_first_chunk_without_names_does_not_start_the_answer() {
    let azure =
        json!({"id": "", "model": "", "created": 0, "object": "", "choices": [], "prompt_filter_results": [{"x": 1}]});
    let no_delta = json!({"id": "c1", "model": "m-1", "created": 5, "choices": [{"index": 0, "finish_reason": null}]});
    let response = streamed(&[azure, no_delta, chunk(&json!({"content": "a"}), Some("stop"))]);
    assert_eq!(
        (response.id.as_deref(), response.model.as_deref(), response.created),
        (Some("c1"), Some("m-1"), Some(5))
    );
    assert_eq!(response.ext.value("openai-chat", "prompt_filter_results"), Some(&json!([{"x": 1}])));
}

#[test]
fn the_id_is_that_of_the_first_chunk() {
    let mut later = chunk(&json!({"content": "b"}), Some("stop"));
    later["id"] = json!("another");
    assert_eq!(streamed(&[chunk(&json!({"content": "a"}), None), later]).id.as_deref(), Some("c1"));
}

#[test]
fn several_answers_may_alternate() {
    let response = streamed(&[
        choice(0, &json!({"role": "assistant", "content": "a"}), None),
        choice(1, &json!({"role": "assistant", "content": "x"}), None),
        choice(0, &json!({"content": "b"}), Some("stop")),
        choice(1, &json!({"content": "y"}), Some("length")),
    ]);
    assert_eq!(response.text(), "ab");
    assert_eq!(
        (response.more[0].message.text().as_str(), &response.more[0].finish.reason),
        ("xy", &FinishReason::Length)
    );
}

#[test]
fn words_and_reasoning_end_when_the_other_begins() {
    let response = streamed(&[
        chunk(&json!({"role": "assistant", "content": "", "reasoning_content": "t"}), None),
        chunk(&json!({"reasoning_content": "u", "content": null}), None),
        chunk(&json!({"content": [{"type": "text", "text": "a"}]}), None),
        chunk(&json!({"content": "b"}), None),
        chunk(&json!({"content": [{"type": "reference", "reference_ids": [1]}]}), None),
        chunk(&json!({"content": "c"}), Some("stop")),
    ]);
    let kinds: Vec<&str> = response
        .message
        .content
        .iter()
        .map(|part| match &part.kind {
            PartKind::Reasoning { text, .. } | PartKind::Text { text, .. } => text,
            PartKind::Opaque { kind, .. } => kind,
            _ => "?",
        })
        .collect();
    assert_eq!(kinds, ["tu", "ab", "openai-chat.reference", "c"]);
    assert_eq!(response.text(), "abc");
}

#[test]
fn blocks_of_reasoning_are_put_together() {
    let details = |text: &str, more: Value| {
        let mut block = json!({"type": "reasoning.text", "index": 0, "text": text});
        block.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"reasoning": text, "reasoning_details": [block]})
    };
    let response = streamed(&[
        chunk(&details("a", json!({})), None),
        chunk(&details("b", json!({})), None),
        chunk(&json!({"content": "x"}), None),
        chunk(&json!({"reasoning_details": [{"type": "reasoning.text", "index": 0, "signature": "s"}]}), None),
        chunk(&json!({}), Some("stop")),
    ]);
    assert_eq!(response.message.content.len(), 2);
    let kept = response.message.content[0].ext.value("vendor", "reasoning_details");
    assert_eq!(kept, Some(&json!([{"type": "reasoning.text", "index": 0, "text": "ab", "signature": "s"}])));
}

#[test]
fn sound_refusals_sources_and_probabilities_arrive() {
    let mut spoken = chunk(&json!({"audio": {"id": "audio_1", "data": "aGk="}}), None);
    spoken["choices"][0]["logprobs"] = json!({"content": [{"token": "a"}], "refusal": null});
    let mut more = chunk(&json!({"audio": {"transcript": "h", "data": "aGk="}}), None);
    more["choices"][0]["logprobs"] = json!({"content": [{"token": "b"}], "refusal": null});
    let response =
        streamed(&[spoken, more, chunk(&json!({"audio": {"transcript": "i", "expires_at": 9}}), Some("stop"))]);
    assert!(matches!(&response.message.content[0].kind, PartKind::Media(media) if media.family() == "audio"));
    assert_eq!(response.message.content[0].ext.value("openai-chat", "transcript"), Some(&json!("hi")));
    let logprobs = json!({"logprobs": {"content": [{"token": "a"}, {"token": "b"}], "refusal": null}});
    assert_eq!(response.ext.value("openai-chat.choices", "0"), Some(&logprobs));

    let refused =
        streamed(&[chunk(&json!({"refusal": "I "}), None), chunk(&json!({"refusal": "cannot"}), Some("stop"))]);
    assert!(matches!(&refused.message.content[0].kind, PartKind::Refusal { text } if text == "I cannot"));

    let source = json!([{"type": "url_citation", "url_citation": {"url": "https://a.test", "title": "A", "start_index": 0, "end_index": 4}}]);
    let cited =
        streamed(&[chunk(&json!({"content": "seen"}), None), chunk(&json!({"annotations": source}), Some("stop"))]);
    let PartKind::Text { citations, .. } = &cited.message.content[0].kind else { panic!("text") };
    assert_eq!((citations[0].source.as_str(), citations[0].span), ("https://a.test", Some((0, 4))));
}

#[test]
fn errors_inside_a_stream_are_errors() {
    let check = |frame: &str, kind: ErrorKind, message: &str| {
        let body = format!("{}{frame}\n\ndata: [DONE]\n\n", body(&[chunk(&json!({"content": "a"}), None)], false));
        let (events, error) = events([body.as_bytes()], &Dialect::COMPATIBLE);
        let error = error.unwrap();
        assert_eq!((error.kind(), error.message()), (kind, message), "{frame}");
        assert!(!events.iter().any(|event| matches!(event, Event::Finish(_))), "{frame}");
    };
    check(r#"data: {"error": {"message": "m", "type": "server_error"}}"#, ErrorKind::Server, "m");
    check(r#"data: {"error": {"message": "m", "code": "rate_limit_exceeded"}}"#, ErrorKind::RateLimited, "m");
    check(
        "event: error\ndata: {\"error\": {\"message\": \"m\", \"code\": \"tool_use_failed\", \"status_code\": 400}}",
        ErrorKind::ModelOutput,
        "m",
    );
    check("event: error\ndata: {\"message\": \"m\"}", ErrorKind::Server, "m");
    check(
        r#"data: {"id": "c1", "error": {"code": 402, "message": "m"}, "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]}"#,
        ErrorKind::QuotaExhausted,
        "m",
    );
    check(
        r#"data: {"object": "error", "message": "m", "type": "BadRequestError", "code": 400}"#,
        ErrorKind::InvalidRequest,
        "m",
    );
    check(r#"data: {"detail": "m"}"#, ErrorKind::Server, "m");
}

#[test]
fn the_end_must_be_shown_in_the_vendors_way() {
    let whole = [chunk(&json!({"content": "a"}), None), chunk(&json!({}), Some("stop"))];
    let cut = [chunk(&json!({"content": "a"}), None)];
    let ended = |body: &str, dialect: &Dialect| events([body.as_bytes()], dialect).1.map(|error| error.kind());
    assert_eq!(ended(&body(&whole, true), &Dialect::OPENAI), None);
    assert_eq!(ended(&body(&whole, false), &Dialect::OPENAI), Some(ErrorKind::Truncated));
    assert_eq!(ended(&body(&whole, false), &Dialect::COMPATIBLE), None);
    assert_eq!(ended(&body(&cut, false), &Dialect::COMPATIBLE), Some(ErrorKind::Truncated));
    // Snowflake never gives a finish reason, but says that it is done.
    assert_eq!(ended(&body(&cut, true), &Dialect::OPENAI), None);
    assert_eq!(ended("data: [DONE]\n\n", &Dialect::COMPATIBLE), Some(ErrorKind::Malformed));
    assert_eq!(ended("", &Dialect::COMPATIBLE), Some(ErrorKind::Truncated));
    // One of two answers is still open.
    let half = [choice(0, &json!({"content": "a"}), Some("stop")), choice(1, &json!({"content": "b"}), None)];
    assert_eq!(ended(&body(&half, false), &Dialect::COMPATIBLE), Some(ErrorKind::Truncated));
    assert_eq!(Dialect::OPENAI.end_marker, EndMarker::Done);
}

#[test]
fn a_chunk_that_is_no_json_is_malformed_and_not_repeated() {
    let (_, error) = events(["data: {\"secret prompt\n\n".as_bytes()], &Dialect::OPENAI);
    let error = error.unwrap();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[test]
fn what_is_unknown_is_handed_on() {
    let body = format!(
        "event: hello\ndata: {{\"type\":\"hello\"}}\n\n{}data: {{\"type\":\"progress\",\"n\":1}}\n\n{}",
        body(&[chunk(&json!({"content": "a", "x_new": 1}), None)], false),
        body(&[chunk(&json!({}), Some("stop"))], true)
    );
    let (events, error) = events([body.as_bytes()], &Dialect::OPENAI);
    assert!(error.is_none());
    assert_eq!(events[0], Event::Ping, "before the start nothing else may come");
    let unknown = Event::Unknown { kind: "openai-chat.progress".into(), data: json!({"type": "progress", "n": 1}) };
    assert!(events.contains(&unknown), "{events:?}");
    assert_eq!(collect(events).ext.value("openai-chat.messages", "0"), Some(&json!({"x_new": 1})));
}

#[test]
fn a_stream_says_the_same_as_the_answer() {
    let message = json!({"role": "assistant", "reasoning_content": "t", "content": "a", "refusal": null, "x_fact": {"y": 1},
        "tool_calls": [{"id": "x", "type": "function", "function": {"name": "f", "arguments": "{}"}, "extra_content": {"google": {"thought_signature": "s"}}}]});
    let whole = json!({"id": "c1", "object": "chat.completion", "created": 5, "model": "m-1", "x_top": true, "system_fingerprint": "fp",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "native_finish_reason": "STOP"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 7}, "service_tier": "flex"});
    let mut streamed_whole = whole.clone();
    streamed_whole["object"] = json!("chat.completion.chunk");
    streamed_whole["choices"][0]["delta"] = message.clone();
    streamed_whole["choices"][0].as_object_mut().unwrap().remove("message");
    let answer = chat::decode_response(whole.to_string().as_bytes(), &origin(), &Dialect::OPENAI).unwrap();
    assert_eq!(streamed(&[streamed_whole]), answer);
    // And a server that ignores `stream` sends the answer itself.
    let (events, error) = events([format!("{whole}\n").as_bytes()], &Dialect::OPENAI);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(collect(events), answer);
}
