//! What a client's request becomes, and what is said of a wrong one.

use llm_core::{Effort, ErrorKind, OutputFormat, PartKind, Reasoning, Role, ToolResult};
use llm_wire_ollama::{API, chat};
use serde_json::json;

fn decode(body: &serde_json::Value) -> chat::Decoded {
    chat::decode_request(body.to_string().as_bytes()).unwrap()
}

fn refused(body: &str, param: &str) {
    let error = chat::decode_request(body.as_bytes()).unwrap_err();
    assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidRequest, Some(param)), "{body}");
    assert!(error.message().starts_with(param), "{}", error.message());
}

#[test]
fn a_client_that_says_nothing_wants_a_stream() {
    assert!(decode(&json!({ "model": "m", "messages": [] })).stream);
    assert!(decode(&json!({ "model": "m", "messages": [], "stream": null })).stream);
    assert!(!decode(&json!({ "model": "m", "messages": [], "stream": false })).stream);
}

#[test]
fn what_loquat_has_no_field_for_is_kept() {
    let decoded = decode(&json!({
        "model": "m", "messages": [{ "role": "user", "content": "hi", "novel": 1 }],
        "keep_alive": "5m", "format": "",
        "options": { "num_ctx": 8192, "num_predict": -1, "temperature": 1, "stop": "END", "top_k": 40.0 },
    }));
    let request = decoded.request;
    assert_eq!(request.ext.of(API).unwrap()["keep_alive"], json!("5m"));
    assert_eq!(request.ext.of(API).unwrap()["options"], json!({ "num_ctx": 8192, "num_predict": -1 }));
    assert_eq!(request.messages[0].ext.of(API).unwrap()["novel"], json!(1));
    assert_eq!((request.sampling.temperature, request.sampling.top_k), (Some(1.0), Some(40)));
    assert_eq!(request.sampling.stop, ["END"]);
    assert_eq!(request.output, OutputFormat::Text);
}

#[test]
fn thinking_is_read_in_all_its_forms() {
    let think = |value: serde_json::Value| decode(&json!({ "model": "m", "think": value })).request.reasoning;
    assert_eq!(think(json!(null)), None);
    assert_eq!(think(json!(false)), Some(Reasoning::Effort(Effort::None)));
    assert_eq!(think(json!(true)), Some(Reasoning::Effort(Effort::Medium)));
    assert_eq!(think(json!("max")), Some(Reasoning::Effort(Effort::Max)));
}

#[test]
fn results_find_their_calls() {
    let call = |name: &str| json!({ "function": { "name": name, "arguments": { "n": 1 } } });
    let request = decode(&json!({ "model": "m", "messages": [
        { "role": "assistant", "content": "", "tool_calls": [call("a"), call("b"), call("a")] },
        { "role": "tool", "tool_name": "b", "content": "1" },
        { "role": "tool", "tool_name": "a", "content": "2" },
        { "role": "tool", "content": "3" },
        { "role": "tool", "tool_call_id": "elsewhere", "content": "4" },
    ] }))
    .request;
    assert_eq!(
        request.messages[0].tool_calls().map(|call| &*call.id).collect::<Vec<_>>(),
        ["call_0", "call_1", "call_2"]
    );
    assert_eq!(request.messages[0].tool_calls().next().unwrap().arguments, "{\"n\":1}");
    let answered = request.messages[1..].iter().map(|message| match &message.content[0].kind {
        PartKind::ToolResult(ToolResult { call_id, .. }) => call_id.as_str(),
        other => panic!("{other:?}"),
    });
    assert_eq!(answered.collect::<Vec<_>>(), ["call_1", "call_0", "call_2", "elsewhere"]);
    assert_eq!(request.messages[1].role, Role::Tool);
}

#[test]
fn a_wrong_field_is_named() {
    refused(r#"{"messages":[]}"#, "model");
    refused(r#"{"model":1}"#, "model");
    refused(r#"{"model":"m","stream":"yes"}"#, "stream");
    refused(r#"{"model":"m","messages":{}}"#, "messages");
    refused(r#"{"model":"m","messages":["hi"]}"#, "messages[0]");
    refused(r#"{"model":"m","messages":[{"role":"user","content":"a"},{"content":"b"}]}"#, "messages[1].role");
    refused(r#"{"model":"m","messages":[{"role":"user","content":["a"]}]}"#, "messages[0].content");
    refused(r#"{"model":"m","messages":[{"role":"user","images":["AAAA","?"]}]}"#, "messages[0].images[1]");
    refused(
        r#"{"model":"m","messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}]}"#,
        "messages[0].tool_calls[0].function.arguments",
    );
    refused(r#"{"model":"m","tools":[{"type":"function"}]}"#, "tools[0].function");
    refused(r#"{"model":"m","tools":[{"function":{"name":"f"}},{"function":{}}]}"#, "tools[1].function.name");
    refused(r#"{"model":"m","format":"xml"}"#, "format");
    refused(r#"{"model":"m","think":3}"#, "think");
    refused(r#"{"model":"m","options":{"temperature":"hot"}}"#, "options.temperature");
    refused(r#"{"model":"m","options":{"num_predict":1.5}}"#, "options.num_predict");
    refused(r#"{"model":"m","options":{"stop":[1]}}"#, "options.stop");
}

#[test]
fn an_error_never_repeats_what_was_sent() {
    for body in [r#"{"model":{"secret":"PROMPT"}}"#, r#"{"model":"m","messages":["PROMPT"]}"#, "PROMPT"] {
        let error = chat::decode_request(body.as_bytes()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("PROMPT"), "{error}");
    }
}

#[test]
fn what_has_no_place_in_a_function_survives() {
    let body = serde_json::json!({
        "model": "m",
        "messages": [{"role": "assistant", "content": "", "tool_calls": [
            {"id": "c", "new": 1, "function": {"index": 0, "name": "f", "arguments": {"a": 1}}},
        ]}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": true}}],
        "stream": false,
    });
    let request = chat::decode_request(body.to_string().as_bytes()).unwrap().request;
    let to = llm_core::Origin::new("ollama", "ollama", "m");
    let encoded = chat::encode_request(&request, &to, false, &llm_wire_ollama::Profile::default()).unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&encoded.body).unwrap(), body);
}
