//! Requests of clients.

use llm_core::{PartKind, Role, ToolChoice};
use llm_wire_openai::{Dialect, responses};
use serde_json::{Value, json};

use super::origin;

fn decode(body: &Value) -> Result<responses::Decoded, String> {
    responses::decode_request(body.to_string().as_bytes()).map_err(|error| error.message().to_owned())
}

#[test]
fn a_text_is_a_question_and_instructions_stand_before_it() {
    let decoded = decode(&json!({"model": "m", "instructions": "Be kind.", "input": "hi", "stream": true,
        "previous_response_id": "resp_1", "store": null}))
    .unwrap();
    let [system, user] = &decoded.request.messages[..] else { panic!("two messages") };
    assert_eq!((&system.role, system.text(), user.text()), (&Role::System, "Be kind.".into(), "hi".into()));
    assert!(decoded.stream);
    assert_eq!(decoded.request.ext.of("openai-responses"), json!({"previous_response_id": "resp_1"}).as_object());
}

#[test]
fn items_of_the_assistant_are_one_message() {
    let input = json!([
        {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "e"},
        {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed",
            "content": [{"type": "output_text", "text": "a", "annotations": [], "logprobs": []}]},
        {"role": "assistant", "content": "b"},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "21"},
        {"type": "computer_call_output", "call_id": "c2", "output": {"type": "computer_screenshot"}},
        {"type": "item_reference", "id": "msg_0"},
    ]);
    let request = decode(&json!({"model": "m", "input": input})).unwrap().request;
    let roles: Vec<_> = request.messages.iter().map(|message| (message.role.as_str(), message.content.len())).collect();
    assert_eq!(roles, [("user", 1), ("assistant", 4), ("tool", 1), ("tool", 1), ("assistant", 1)]);
    assert_eq!(request.messages[1].text(), "ab");
    let encoded = responses::encode_request(&request, &origin(), false, &Dialect::OPENAI).unwrap();
    let body: Value = serde_json::from_slice(&encoded.body).unwrap();
    assert_eq!(body["input"].as_array().map(Vec::len), Some(8), "each item is one again: {body}");
    assert_eq!((&body["input"][1], &body["input"][6]), (&input[1], &input[6]));
    assert_eq!(body["input"][3]["content"][0]["text"], "b");
}

#[test]
fn choices_of_every_form_are_understood() {
    let choose = |choice: Value| {
        let tools = json!([{"type": "function", "name": "f"}, {"type": "web_search"}]);
        let request =
            decode(&json!({"model": "m", "input": "x", "tools": tools, "tool_choice": choice})).unwrap().request;
        let encoded = responses::encode_request(&request, &origin(), false, &Dialect::OPENAI).unwrap();
        (request.tool_choice, serde_json::from_slice::<Value>(&encoded.body).unwrap()["tool_choice"].clone())
    };
    let named = json!({"type": "function", "name": "f"});
    assert_eq!(choose(named.clone()), (ToolChoice::Named("f".into()), named));
    let search = json!({"type": "web_search"});
    assert_eq!(choose(search.clone()), (ToolChoice::Named("openai-responses.web_search".into()), search));
    let allowed = json!({"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]});
    assert_eq!(choose(allowed.clone()), (ToolChoice::Required, allowed));
    let server = json!({"type": "mcp", "server_label": "s"});
    assert_eq!(choose(server.clone()), (ToolChoice::Auto, server));
    assert_eq!(choose(json!("none")), (ToolChoice::None, json!("none")));
}

#[test]
fn what_is_wrong_is_named() {
    for (body, expected) in [
        (json!({"model": "m"}), "input is missing: send a text or a list of items"),
        (json!({"input": 5}), "input must be a string or a list"),
        (json!({"input": ["x"]}), "input[0] must be an object"),
        (json!({"input": [{"content": "x"}]}), "input[0].type is missing"),
        (
            json!({"input": [{"role": "robot", "content": "x"}]}),
            "input[0].role must be system, developer, user or assistant",
        ),
        (json!({"input": [{"role": "user"}]}), "input[0].content is missing"),
        (
            json!({"input": [{"role": "user", "content": [{"type": "input_text"}]}]}),
            "input[0].content[0].text is missing",
        ),
        (
            json!({"input": [{"role": "user", "content": [{"type": "input_text", "text": 5}]}]}),
            "input[0].content[0].text must be a string",
        ),
        (
            json!({"input": [{"role": "user", "content": [{"type": "input_file", "file_data": "?"}]}]}),
            "input[0].content[0].file_data must be base64",
        ),
        (json!({"input": [{"type": "function_call", "name": "f", "arguments": "{}"}]}), "input[0].call_id is missing"),
        (json!({"input": [{"type": "function_call_output", "call_id": "c"}]}), "input[0].output is missing"),
        (json!({"input": "x", "text": "json"}), "text must be an object"),
        (json!({"input": "x", "text": {"format": {"type": "json_schema"}}}), "text.format.name is missing"),
        (json!({"input": "x", "reasoning": {"effort": 5}}), "reasoning.effort must be a string"),
        (json!({"input": "x", "tools": [{"name": "f"}]}), "tools[0].type is missing"),
        (json!({"input": "x", "tools": [{"type": "function"}]}), "tools[0].name is missing"),
        (json!({"input": "x", "temperature": "hot"}), "temperature must be a number"),
    ] {
        assert_eq!(decode(&body).unwrap_err(), expected, "{body}");
    }
    assert!(decode(&json!({"prompt": {"id": "pmpt_1"}})).is_ok());
}

#[test]
fn new_kinds_of_content_and_items_are_kept() {
    let request = decode(&json!({"input": [
        {"role": "user", "content": [{"type": "input_smell", "x": 1}, {"type": "input_text", "text": "hi"}]},
        {"type": "brand_new", "x": 1},
    ]}))
    .unwrap()
    .request;
    let PartKind::Opaque { kind, .. } = &request.messages[0].content[0].kind else { panic!("an opaque part") };
    assert_eq!(kind, "openai-responses.content.input_smell");
    let encoded = responses::encode_request(&request, &origin(), false, &Dialect::OPENAI).unwrap();
    let body: Value = serde_json::from_slice(&encoded.body).unwrap();
    assert_eq!(body["input"][0]["content"][0], json!({"type": "input_smell", "x": 1}));
    assert_eq!(body["input"][1], json!({"type": "brand_new", "x": 1}));
}

#[test]
fn a_request_without_items_is_read_again_as_it_was() {
    let decoded = decode(&json!({"model": "m", "instructions": "Be kind.", "input": []})).unwrap();
    let encoded = responses::encode_request(&decoded.request, &origin(), false, &Dialect::OPENAI).unwrap();
    let body: Value = serde_json::from_slice(&encoded.body).unwrap();
    assert_eq!((&body["instructions"], &body["input"]), (&json!("Be kind."), &json!([])));
    assert_eq!(decode(&body).unwrap().request, decoded.request);
}

#[test]
fn an_item_is_referred_to_with_and_without_a_type() {
    let body = json!({"model": "m", "input": [{"id": "msg_0"}, {"role": "user", "content": "hi"}]});
    let request = decode(&body).unwrap().request;
    let PartKind::Opaque { kind, data } = &request.messages[0].content[0].kind else { panic!("not kept") };
    assert_eq!((kind.as_str(), data), ("openai-responses.item_reference", &json!({"id": "msg_0"})));
    assert!(decode(&json!({"model": "m", "input": [{"text": "hi"}]})).unwrap_err().contains("input[0].type"));
}
