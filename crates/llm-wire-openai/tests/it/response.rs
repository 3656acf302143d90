//! Whole answers in the forms that vendors give them.

use llm_core::{ChatResponse, ErrorKind, FinishReason, MediaData, PartKind, Visibility};
use llm_wire_openai::{Dialect, chat};
use serde_json::{Value, json};

use crate::support::origin;

fn decode(body: &Value) -> ChatResponse {
    chat::decode_response(body.to_string().as_bytes(), &origin(), &Dialect::COMPATIBLE).unwrap()
}

fn answer(message: &Value, finish: &Value) -> Value {
    json!({"id": "c1", "object": "chat.completion", "created": 5, "model": "m-1",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}]})
}

/// Text, reasoning, calls as `id name arguments`, finish.
fn check(message: &Value, finish: &Value, expected: (&str, Option<&str>, &[&str], FinishReason)) {
    let response = decode(&answer(message, finish));
    let calls: Vec<String> =
        response.message.tool_calls().map(|call| format!("{} {} {}", call.id, call.name, call.arguments)).collect();
    let (text, reasoning, wanted, reason) = expected;
    assert_eq!(response.text(), text, "{message}");
    assert_eq!(response.message.reasoning().as_deref(), reasoning, "{message}");
    assert_eq!(calls, wanted, "{message}");
    assert_eq!(response.finish.reason, reason, "{message}");
}

#[test]
fn content_may_be_absent_null_empty_or_a_list() {
    let stop = json!("stop");
    check(&json!({"content": "a"}), &stop, ("a", None, &[], FinishReason::Stop));
    check(&json!({"role": "assistant"}), &stop, ("", None, &[], FinishReason::Stop));
    check(&json!({"content": null, "tool_calls": null}), &stop, ("", None, &[], FinishReason::Stop));
    check(&json!({"content": "", "tool_calls": []}), &stop, ("", None, &[], FinishReason::Stop));
    let list = json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "t"}]},
        {"type": "text", "text": "a"}, {"type": "text", "text": "b"}]});
    check(&list, &stop, ("ab", Some("t"), &[], FinishReason::Stop));
    check(&json!({"content": {"a": 1}}), &stop, (r#"{"a":1}"#, None, &[], FinishReason::Stop));
}

#[test]
fn reasoning_stands_under_several_names_and_tags_stay_text() {
    let stop = json!("stop");
    let expected = ("a", Some("t"), &[][..], FinishReason::Stop);
    check(&json!({"content": "a", "reasoning_content": "t"}), &stop, expected.clone());
    check(&json!({"content": "a", "reasoning": "t"}), &stop, expected.clone());
    check(&json!({"content": "a", "reasoning": "t", "reasoning_content": null}), &stop, expected.clone());
    check(&json!({"content": "a", "reasoning": "t", "reasoning_content": "t"}), &stop, expected);
    check(&json!({"content": "<think>t</think>a"}), &stop, ("<think>t</think>a", None, &[], FinishReason::Stop));
}

#[test]
fn calls_come_in_many_shapes() {
    let call = json!({"id": "x", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}});
    let calls = json!("tool_calls");
    check(&json!({"tool_calls": [call]}), &calls, ("", None, &[r#"x f {"a": 1}"#], FinishReason::ToolCalls));
    check(&json!({"tool_calls": [call]}), &json!("stop"), ("", None, &[r#"x f {"a": 1}"#], FinishReason::ToolCalls));
    check(&json!({"tool_calls": [call]}), &json!(""), ("", None, &[r#"x f {"a": 1}"#], FinishReason::ToolCalls));
    let bare =
        json!([{"function": {"name": "f", "arguments": {"a": 2, "b": 1}}}, {"id": "", "function": {"name": "g"}}]);
    check(
        &json!({"tool_calls": bare}),
        &calls,
        ("", None, &[r#"call_0 f {"a":2,"b":1}"#, "call_1 g "], FinishReason::ToolCalls),
    );
    let legacy = json!({"function_call": {"name": "f", "arguments": "{}"}});
    check(&legacy, &json!("function_call"), ("", None, &["call_0 f {}"], FinishReason::ToolCalls));
    // Snowflake sends an empty one with every answer.
    let empty =
        json!({"content": "4", "function_call": {"name": "", "arguments": ""}, "audio": {"id": "", "data": ""}});
    check(&empty, &json!(""), ("4", None, &[], FinishReason::Other("unknown".into())));
    let custom = json!({"tool_calls": [{"id": "x", "type": "custom", "custom": {"name": "f", "input": "{ not json"}}]});
    check(&custom, &calls, ("", None, &["x f { not json"], FinishReason::ToolCalls));
    assert!(!decode(&answer(&custom, &calls)).message.tool_calls().any(|call| call.truncated));
}

#[test]
fn arguments_stay_as_the_model_wrote_them() {
    for arguments in [r#"{"b": 1,  "a": [2]}"#, r#""{\"b\": 1,  \"a\": [2]}""#] {
        let body = format!(
            r#"{{"choices":[{{"message":{{"tool_calls":[{{"id":"x","function":{{"name":"f","arguments":{arguments}}}}}]}}}}]}}"#
        );
        let response = chat::decode_response(body.as_bytes(), &origin(), &Dialect::OPENAI).unwrap();
        let call = response.message.tool_calls().next().unwrap();
        assert_eq!(call.arguments, r#"{"b": 1,  "a": [2]}"#);
    }
}

#[test]
fn cut_off_arguments_are_marked_whatever_the_finish_reason_says() {
    for finish in ["length", "tool_calls", "stop"] {
        let message = json!({"tool_calls": [{"id": "x", "function": {"name": "f", "arguments": "{\"a\": \"b"}}]});
        let response = decode(&answer(&message, &json!(finish)));
        assert!(response.message.tool_calls().all(|call| call.truncated), "{finish}");
    }
    let message = json!({"tool_calls": [{"id": "x", "function": {"name": "f", "arguments": ""}}]});
    assert!(decode(&answer(&message, &json!("length"))).message.tool_calls().all(|call| call.truncated));
    assert!(!decode(&answer(&message, &json!("tool_calls"))).message.tool_calls().any(|call| call.truncated));
}

#[test]
fn refusals_sources_images_and_sound_have_parts_of_their_own() {
    let refused = decode(&answer(&json!({"content": null, "refusal": "I cannot"}), &json!("stop")));
    assert!(matches!(&refused.message.content[0].kind, PartKind::Refusal { text } if text == "I cannot"));
    assert_eq!((refused.text().as_str(), refused.finish.reason), ("", FinishReason::Stop));

    let cited = json!({"content": "seen there", "annotations": [{"type": "url_citation",
        "url_citation": {"url": "https://a.test", "title": "A", "start_index": 5, "end_index": 10}}]});
    let cited = decode(&answer(&cited, &json!("stop")));
    let PartKind::Text { citations, .. } = &cited.message.content[0].kind else { panic!("text") };
    assert_eq!((citations[0].source.as_str(), citations[0].span), ("https://a.test", Some((5, 10))));

    let drawn = json!({"content": "here", "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}]});
    let drawn = decode(&answer(&drawn, &json!("stop")));
    let PartKind::Media(image) = &drawn.message.content[1].kind else { panic!("an image") };
    assert_eq!((image.media_type.as_str(), &image.data), ("image/png", &MediaData::Inline { bytes: "hi".into() }));

    let spoken =
        json!({"content": null, "audio": {"id": "audio_1", "data": "aGk=", "transcript": "hi", "expires_at": 9}});
    let spoken = decode(&answer(&spoken, &json!("stop")));
    assert_eq!(spoken.text(), "", "a transcript is no text");
    assert_eq!(spoken.message.content[0].ext.value("openai-chat", "transcript"), Some(&json!("hi")));
}

#[test]
fn blocks_of_reasoning_are_kept_for_the_same_provider() {
    let details = json!([{"type": "reasoning.encrypted", "data": "xyz", "index": 0}]);
    let hidden =
        decode(&answer(&json!({"content": "a", "reasoning": null, "reasoning_details": details}), &json!("stop")));
    let part = &hidden.message.content[0];
    assert!(matches!(part.kind, PartKind::Reasoning { visibility: Visibility::Redacted, .. }));
    assert_eq!(part.ext.value("vendor", "reasoning_details"), Some(&details));
    let shown =
        decode(&answer(&json!({"content": "a", "reasoning": "t", "reasoning_details": details}), &json!("stop")));
    assert_eq!(shown.message.content.len(), 2);
}

#[test]
fn several_answers_keep_their_own_ends_and_facts() {
    let body = json!({"id": "c1", "model": "m-1", "citations": ["https://a.test"], "choices": [
        {"index": 0, "message": {"content": "a"}, "finish_reason": "stop", "logprobs": {"content": [{"token": "a"}]}},
        {"index": 1, "message": {"content": "b"}, "finish_reason": "length", "native_finish_reason": "MAX"},
    ]});
    let response = decode(&body);
    assert_eq!(response.more.len(), 1);
    assert_eq!(
        (response.more[0].message.text().as_str(), &response.more[0].finish.reason),
        ("b", &FinishReason::Length)
    );
    assert_eq!(response.ext.value("openai-chat", "citations"), Some(&json!(["https://a.test"])));
    assert_eq!(
        response.ext.value("openai-chat.choices", "0"),
        Some(&json!({"logprobs": {"content": [{"token": "a"}]}}))
    );
    assert_eq!(response.ext.value("openai-chat.choices", "1"), Some(&json!({"native_finish_reason": "MAX"})));
}

#[test]
fn blanks_before_the_answer_are_skipped_and_odd_types_taken() {
    let body = "\n\n   \n{\"id\": 7, \"created\": \"1715361795\", \"model\": \"m-1\", \"choices\": [{\"message\": {\"content\": \"a\"}, \
                \"finish_details\": {\"type\": \"max_tokens\"}}], \"usage\": {\"prompt_tokens\": 3.0}}\n";
    let response = chat::decode_response(body.as_bytes(), &origin(), &Dialect::COMPATIBLE).unwrap();
    assert_eq!((response.id.as_deref(), response.created), (Some("7"), Some(1_715_361_795)));
    assert_eq!(response.finish.reason, FinishReason::Length);
    assert_eq!(response.usage.input, Some(3));
}

#[test]
fn an_error_or_nonsense_in_a_good_answer_is_an_error() {
    let decode = |body: &str| chat::decode_response(body.as_bytes(), &origin(), &Dialect::COMPATIBLE).unwrap_err();
    let filtered = decode(r#"{"error": {"message": "filtered", "code": "content_filter", "status": 400}}"#);
    assert_eq!((filtered.kind(), filtered.message()), (ErrorKind::ContentFilter, "filtered"));
    assert_eq!(decode(r#"{"error": {"code": 502, "message": "gone"}, "choices": []}"#).kind(), ErrorKind::Server);
    assert_eq!(decode(r#"{"detail": "Not Found"}"#).message(), "Not Found");
    for nonsense in ["", "<html>secret prompt</html>", r#"{"id": "c1", "choices": []}"#, "[1]", r#"{"choices": ["#] {
        let error = decode(nonsense);
        assert_eq!(error.kind(), ErrorKind::Malformed, "{nonsense}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
