//! Streams as they come in.

use llm_core::{ErrorKind, Event, FinishReason, PartKind};
use serde_json::{Value, json};

use crate::support::{answer, chunk, collect, events, sse, streamed};

/// A stream with everything that a stream can have.
fn transcript() -> Vec<Value> {
    let mut chunks = vec![
        chunk(&json!([{"text": "Zwei Stä", "thought": true}]), &json!({})),
        chunk(&json!([{"text": "dte.", "thought": true}]), &json!({})),
        chunk(&json!([{"text": "Grö"}]), &json!({"safetyRatings": [{"category": "C"}]})),
        chunk(&json!([{"text": "ße 你"}, {"text": "好 😊"}]), &json!({})),
        chunk(&json!([{"executableCode": {"code": "1"}}]), &json!({})),
        chunk(
            &json!([{"functionCall": {"id": "fc", "name": "f", "args": {"a": [1]}}, "thoughtSignature": "s1"}]),
            &json!({}),
        ),
        chunk(&json!([{"functionCall": {"name": "g"}}]), &json!({})),
        chunk(&json!([{"inlineData": {"mimeType": "image/png", "data": "YWJj"}}]), &json!({})),
        chunk(&json!([{"text": "", "thoughtSignature": "s2"}]), &json!({"finishReason": "STOP", "finishMessage": "m"})),
    ];
    for (chunk, tokens) in chunks.iter_mut().zip(1..) {
        let tokens: u64 = tokens;
        chunk["usageMetadata"] = json!({"promptTokenCount": 9, "candidatesTokenCount": tokens, "serviceTier": "flex"});
    }
    chunks
}

#[test]
fn a_stream_says_what_the_whole_answer_says() {
    let whole = answer(&json!({
        "candidates": [{
            "content": {"role": "model", "parts": [
                {"text": "Zwei Städte.", "thought": true},
                {"text": "Größe 你好 😊"},
                {"executableCode": {"code": "1"}},
                {"functionCall": {"id": "fc", "name": "f", "args": {"a": [1]}}, "thoughtSignature": "s1"},
                {"functionCall": {"name": "g"}},
                {"inlineData": {"mimeType": "image/png", "data": "YWJj"}},
                {"text": "", "thoughtSignature": "s2"},
            ]},
            "finishReason": "STOP", "finishMessage": "m", "safetyRatings": [{"category": "C"}],
        }],
        "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 9, "serviceTier": "flex"},
        "modelVersion": "gemini-x", "responseId": "r-1",
    }));
    assert_eq!(streamed(&transcript()), whole);
}

#[test]
fn every_split_gives_the_same_events() {
    let body = sse(&transcript());
    let body = body.as_bytes();
    let (whole, error) = events(&[body]);
    assert!(error.is_none());
    for at in 1..body.len() {
        let (first, second) = body.split_at(at);
        assert_eq!(events(&[first, second]).0, whole, "split at {at}");
    }
    let bytes: Vec<&[u8]> = body.chunks(1).collect();
    assert_eq!(events(&bytes).0, whole);
}

#[test]
fn usage_is_a_snapshot_and_the_newest_stays() {
    let mut chunks = transcript();
    chunks.truncate(3);
    chunks[2]["candidates"][0]["finishReason"] = json!("STOP");
    chunks[2]["usageMetadata"] = json!({"trafficType": "ON_DEMAND"});
    let response = streamed(&chunks);
    assert_eq!((response.usage.input, response.usage.output), (Some(9), Some(2)));
    assert_eq!(response.usage.extra["trafficType"], "ON_DEMAND");
}

#[test]
fn a_stream_without_a_reason_for_its_end_is_cut_off() {
    let whole = transcript();
    for length in 0..whole.len() {
        let (_, error) = events(&[sse(&whole[..length]).as_bytes()]);
        assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::Truncated), "after {length} chunks");
    }
}

#[test]
fn only_the_end_of_the_body_ends_a_stream() {
    let chunks = [
        chunk(&json!([{"text": "First "}]), &json!({"finishReason": "STOP"})),
        chunk(&json!([{"text": "Second"}]), &json!({"finishReason": "STOP"})),
        json!({"candidates": [{"finishReason": "RECITATION", "index": 0}]}),
    ];
    let response = streamed(&chunks);
    assert_eq!((response.text().as_str(), response.finish.reason), ("First Second", FinishReason::ContentFilter));
}

#[test]
fn an_error_in_the_stream_is_an_error_behind_the_words() {
    let mut body = sse(&[chunk(&json!([{"text": "First"}]), &json!({"finishReason": "STOP"}))]);
    for error in [
        "data: {\"error\": {\"code\": 503, \"message\": \"overloaded\", \"status\": \"UNAVAILABLE\"}}\r\n\r\n",
        "{\n  \"error\": {\n    \"code\": 503,\n    \"message\": \"overloaded\"\n  }\n}\n",
        "data: {\"error\": {\"message\": \"overloaded\", \"status\": \"UNAVAILABLE\"}}",
    ] {
        let length = body.len();
        body.push_str(error);
        let (events, found) = events(&[body.as_bytes()]);
        body.truncate(length);
        let found = found.unwrap();
        assert_eq!((found.kind(), found.message()), (ErrorKind::Overloaded, "overloaded"));
        assert!(events.iter().any(|event| matches!(event, Event::TextDelta { text, .. } if text == "First")));
    }
}

#[test]
fn a_blocked_prompt_is_a_whole_stream() {
    let response = streamed(&[json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})]);
    assert_eq!(response.finish.reason, FinishReason::ContentFilter);
    assert_eq!(response.finish.raw.as_deref(), Some("PROHIBITED_CONTENT"));
    assert!(response.message.content.is_empty());
}

#[test]
fn arguments_in_pieces_are_put_together() {
    let call = |call: Value| chunk(&json!([{"functionCall": call}]), &json!({}));
    let piece = |text: &str, more: bool| json!({"partialArgs": [{"jsonPath": "$.id", "stringValue": text, "willContinue": more}], "willContinue": true});
    let mut chunks = vec![
        chunk(&json!([{"functionCall": {"name": "whole"}, "thoughtSignature": "s"}]), &json!({})),
        call(json!({"name": "read", "id": "fc-1", "willContinue": true})),
        call(piece("A", true)),
        call(piece("B", false)),
        call(json!({"partialArgs": [{"jsonPath": "$.n[0]", "numberValue": 4.0}], "willContinue": true})),
        call(json!({})),
        call(json!({"name": "read", "willContinue": true})),
        call(json!({"name": "args", "args": {"x": 1}})),
        chunk(&json!([{"text": ""}]), &json!({"finishReason": "STOP"})),
    ];
    let response = streamed(&chunks);
    let calls: Vec<_> = response
        .message
        .tool_calls()
        .map(|call| (call.id.as_str(), call.name.as_str(), call.arguments.as_str(), call.truncated))
        .collect();
    assert_eq!(
        calls,
        [
            ("call_0", "whole", "{}", false),
            ("fc-1", "read", r#"{"id":"AB","n":[4.0]}"#, false),
            ("call_1", "read", "{}", false),
            ("call_2", "args", r#"{"x":1}"#, false),
        ]
    );
    assert_eq!(response.message.content[0].signature.as_deref(), Some("s"));
    assert_eq!(response.finish.reason, FinishReason::ToolCalls);

    // The limit came inside the second call.
    chunks.truncate(3);
    chunks.push(chunk(&json!([]), &json!({"finishReason": "MAX_TOKENS"})));
    let response = streamed(&chunks);
    let cut = response.message.tool_calls().last().unwrap();
    assert_eq!((cut.arguments.as_str(), cut.truncated), (r#"{"id":"A"}"#, true));
    assert_eq!(response.finish.reason, FinishReason::Length);

    // The stream was cut inside it: what came so far looks like all of its arguments and is not told.
    let (events, error) = events(&[sse(&chunks[..3]).as_bytes()]);
    assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::Truncated));
    let told = events.iter().filter(|event| matches!(event, Event::ArgumentsDelta { .. })).count();
    assert_eq!(told, 1, "those of the first call: {events:?}");
}

#[test]
fn several_answers_may_interleave() {
    let of = |index: u32, text: &str, more: Value| {
        let mut candidate = json!({"index": index, "content": {"parts": [{"text": text}]}});
        candidate.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        candidate
    };
    let both = json!({"candidates": [of(0, "a", json!({})), of(1, "b", json!({}))]});
    let ends = [of(1, "B", json!({"finishReason": "MAX_TOKENS"})), of(0, "A", json!({"finishReason": "STOP"}))];
    let response = streamed(&[both, json!({"candidates": ends})]);
    assert_eq!((response.text(), response.more[0].message.text()), ("aA".to_owned(), "bB".to_owned()));
    assert_eq!(response.more[0].finish.reason, FinishReason::Length);
    let (_, error) = events(&[sse(&[json!({"candidates": [of(4_000_000_000, "x", json!({}))]})]).as_bytes()]);
    assert_eq!(error.unwrap().kind(), ErrorKind::Malformed);
}

#[test]
fn raw_audio_flows_as_one_part_and_images_do_not() {
    let of = |kind: &str, data: &str| json!([{"inlineData": {"mimeType": kind, "data": data}}]);
    let response = streamed(&[
        chunk(&of("audio/L16;rate=24000", "YWI="), &json!({})),
        chunk(&of("audio/L16;rate=24000", "Yw=="), &json!({})),
        chunk(&of("image/png", "YQ=="), &json!({})),
        chunk(&of("image/png", "Yg=="), &json!({"finishReason": "STOP"})),
    ]);
    let bytes: Vec<_> = response
        .message
        .content
        .iter()
        .map(|part| match &part.kind {
            PartKind::Media(media) => media.data.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = ["abc", "a", "b"].map(|text| llm_core::MediaData::Inline { bytes: text.into() });
    assert_eq!(bytes, expected);
}

#[test]
fn sources_reach_the_open_words() {
    let grounding = json!({
        "groundingChunks": [{"web": {"uri": "https://a.test", "title": "A"}}],
        "groundingSupports": [{"segment": {"endIndex": 5, "text": "Hello"}, "groundingChunkIndices": [0]}],
    });
    for last in [json!([{"text": " you"}]), json!([{"text": "", "thoughtSignature": "s"}]), json!([])] {
        let end = json!({"finishReason": "STOP", "groundingMetadata": grounding});
        let chunks = [chunk(&json!([{"text": "Hello"}]), &json!({"groundingMetadata": {}})), chunk(&last, &end)];
        let response = streamed(&chunks);
        let PartKind::Text { citations, .. } = &response.message.content[0].kind else { panic!("text") };
        assert_eq!(citations.len(), 1);
        assert_eq!(citations[0].source, "https://a.test");
        assert_eq!(response.ext.value("gemini", "groundingMetadata"), Some(&grounding));
    }
}

#[test]
fn empty_frames_and_foreign_end_markers_mean_nothing() {
    let mut body = sse(&transcript());
    body.push_str("data: [DONE]\r\n\r\ndata: \r\n\r\n");
    let (with, error) = events(&[body.as_bytes()]);
    assert!(error.is_none());
    assert_eq!(collect(with), streamed(&transcript()));
}
