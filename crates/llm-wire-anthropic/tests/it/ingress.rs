//! From a body that a client sends to a chat request.

use std::time::Duration;

use llm_core::{Effort, ErrorKind, MediaData, OutputFormat, PartKind, Reasoning, Role, Tool, ToolChoice, ToolStatus};
use llm_wire_anthropic::{API, Profile, messages};
use serde_json::{Value, json};

use crate::requests::target;

fn decode(body: &Value) -> messages::Decoded {
    messages::decode_request(body.to_string().as_bytes()).unwrap()
}

/// A body as an agent sends it: system blocks with cache marks, tools, thinking, settings this crate does not know.
fn agent() -> Value {
    json!({
        "model": "claude-test", "max_tokens": 32000, "stream": true, "temperature": 1,
        "system": [{"type": "text", "text": "You are an agent."},
            {"type": "text", "text": "Rules.", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "weather?"}]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "call it", "signature": "c2ln"},
                {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"z": 1, "a": [2.50]}, "caller": {"type": "direct"}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "22 degrees", "is_error": true,
                    "cache_control": {"type": "ephemeral", "ttl": "5m"}},
                {"type": "text", "text": "<reminder>"}]}],
        "tools": [
            {"name": "weather", "description": "d", "input_schema": {"type": "object"}, "eager_input_streaming": true},
            {"type": "custom", "name": "other", "input_schema": {"type": "object"}, "strict": false},
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": true},
        "thinking": {"type": "enabled", "budget_tokens": 31999, "display": "summarized"},
        "metadata": {"user_id": "{\"device_id\":\"d\"}"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015"}]}
    })
}

#[test]
fn what_an_agent_sends_is_understood() {
    let decoded = decode(&agent());
    let request = decoded.request;
    assert!(decoded.stream);
    let roles: Vec<&str> = request.messages.iter().map(|message| message.role.as_str()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool", "user"]);
    assert_eq!(request.messages[0].text(), "You are an agent.Rules.");
    assert_eq!(request.messages[0].content[1].cache.map(|hint| hint.ttl), Some(None));
    let calls: Vec<_> = request.messages[2].tool_calls().collect();
    assert_eq!(calls[0].arguments, r#"{"z":1,"a":[2.5]}"#);
    assert_eq!(request.messages[2].content[0].signature.as_deref(), Some("c2ln"));
    let result = &request.messages[3].content[0];
    assert_eq!(result.cache.and_then(|hint| hint.ttl), Some(Duration::from_secs(300)));
    let PartKind::ToolResult(result) = &result.kind else { panic!("{result:?}") };
    assert_eq!((result.call_id.as_str(), result.status), ("toolu_1", ToolStatus::Error));
    assert_eq!(request.tools.len(), 3);
    assert!(matches!(&*request.tools[1], Tool::Function(tool) if tool.strict == Some(false)));
    assert!(matches!(&*request.tools[2], Tool::Provider { id, name, .. }
        if id == "anthropic.web_search_20250305" && name == "web_search"));
    assert_eq!((request.tool_choice, request.parallel_tool_calls), (ToolChoice::Auto, Some(false)));
    assert_eq!(request.reasoning, Some(Reasoning::Budget(31999)));
    assert_eq!(request.end_user.as_deref(), Some("{\"device_id\":\"d\"}"));
    assert!(request.ext.value(API, "context_management").is_some());
}

#[test]
fn what_an_agent_sends_reaches_the_vendor_as_it_was() {
    let decoded = decode(&agent());
    let encoded = messages::encode_request(&decoded.request, &target(), decoded.stream, &Profile::default()).unwrap();
    let mut expected = agent();
    expected["tools"][1].as_object_mut().unwrap().remove("type");
    expected["messages"][0]["content"] = "weather?".into();
    expected["temperature"] = json!(1.0);
    let body: Value = serde_json::from_slice(&encoded.body).unwrap();
    assert_eq!(body, expected);
    assert_eq!(encoded.warnings, []);
}

#[test]
fn argument_text_survives_the_way_through() {
    let body = r#"{"model":"claude-test","max_tokens":1,"messages":[{"role":"assistant","content":
        [{"type":"tool_use","id":"a","name":"f","input":{"z":1.0,  "a":123456789012345678901234567890}}]}]}"#;
    let request = messages::decode_request(body.as_bytes()).unwrap().request;
    let encoded = messages::encode_request(&request, &target(), false, &Profile::default()).unwrap();
    assert!(String::from_utf8(encoded.body).unwrap().contains(r#"{"z":1.0,  "a":123456789012345678901234567890}"#));
}

#[test]
fn reasoning_settings_mean_what_they_mean_at_the_vendor() {
    let check = |body: Value, reasoning: Option<Reasoning>| {
        let mut whole =
            json!({"model": "claude-test", "max_tokens": 4000, "messages": [{"role": "user", "content": "hi"}]});
        whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        let request = decode(&whole).request;
        assert_eq!(request.reasoning, reasoning, "{body}");
        let encoded = messages::encode_request(&request, &target(), false, &Profile::default()).unwrap();
        let again: Value = serde_json::from_slice(&encoded.body).unwrap();
        assert_eq!(again, whole);
    };
    let effort = |effort| Some(Reasoning::Effort(effort));
    check(json!({"thinking": {"type": "disabled"}}), effort(Effort::None));
    check(json!({"thinking": {"type": "adaptive"}}), None);
    check(json!({"thinking": {"type": "between_tools"}}), None);
    check(
        json!({"thinking": {"type": "adaptive", "display": "omitted"}, "output_config": {"effort": "max"}}),
        effort(Effort::Max),
    );
    check(
        json!({"thinking": {"type": "enabled", "budget_tokens": 2000}, "output_config": {"effort": "low"}}),
        Some(Reasoning::Budget(2000)),
    );
    // An effort alone does not turn reasoning on.
    check(json!({"output_config": {"effort": "medium", "task_budget": 5}}), effort(Effort::Medium));
}

#[test]
fn schemas_come_from_the_field_of_today_and_of_the_beta() {
    let schema = json!({"type": "object", "title": "City"});
    for body in [
        json!({"output_config": {"format": {"type": "json_schema", "schema": schema}}}),
        json!({"output_format": {"type": "json_schema", "schema": schema}}),
    ] {
        let mut whole = json!({"model": "m", "max_tokens": 1, "messages": []});
        whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        let OutputFormat::JsonSchema(format) = decode(&whole).request.output else { panic!("{body}") };
        assert_eq!((format.name.as_str(), &format.schema), ("City", &schema));
    }
}

#[test]
fn media_and_unknown_blocks_are_kept() {
    let image = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "cG5n"}});
    let document = json!({"type": "document", "title": "a", "context": "c", "citations": {"enabled": true},
        "source": {"type": "url", "url": "https://a.test/b.pdf"}});
    let custom = json!({"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "x"}]}});
    let search = json!({"type": "search_result", "source": "s", "title": "t", "content": []});
    let body = json!({"model": "claude-test", "max_tokens": 1, "messages": [{"role": "user",
        "content": [image, document, custom, search]}]});
    let request = decode(&body).request;
    let parts = &request.messages[0].content;
    assert!(matches!(&parts[0].kind, PartKind::Media(media) if media.media_type == "image/png"));
    assert!(matches!(&parts[1].kind, PartKind::Media(media)
        if matches!(media.data, MediaData::Url { .. }) && media.filename.as_deref() == Some("a")));
    assert!(matches!(&parts[2].kind, PartKind::Opaque { kind, .. } if kind == "anthropic.document"));
    assert!(matches!(&parts[3].kind, PartKind::Opaque { kind, .. } if kind == "anthropic.search_result"));
    let encoded = messages::encode_request(&request, &target(), false, &Profile::default()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&encoded.body).unwrap(), body);
}

#[test]
fn system_messages_inside_the_conversation_are_taken() {
    let body = json!({"model": "m", "max_tokens": 1, "system": "", "messages": [
        {"role": "user", "content": "a"}, {"role": "system", "content": "b"}]});
    let request = decode(&body).request;
    let roles: Vec<&Role> = request.messages.iter().map(|message| &message.role).collect();
    assert_eq!(roles, [&Role::User, &Role::System]);
}

#[test]
fn a_name_that_stands_twice_cannot_slip_past() {
    let body = r#"{"model":"allowed","max_tokens":1,"messages":[],"model":"last wins"}"#;
    let request = messages::decode_request(body.as_bytes()).unwrap().request;
    assert_eq!(request.model, "last wins");
    assert!(request.ext.is_empty());
}

#[test]
fn a_wrong_body_is_refused_by_the_name_of_its_field() {
    let check = |change: Value, field: &str| {
        let mut body = json!({"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "secret"}]});
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let error = messages::decode_request(body.to_string().as_bytes()).unwrap_err();
        assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidRequest, Some(field)), "{error}");
        assert!(error.message().contains(field) && !error.message().contains("secret"), "{error}");
    };
    let user = |content: Value| json!({"messages": [{"role": "user", "content": content}]});
    check(json!({"model": null}), "model");
    check(json!({"model": ""}), "model");
    check(json!({"model": 1}), "model");
    check(json!({"messages": null}), "messages");
    check(json!({"messages": {}}), "messages");
    check(json!({"messages": ["secret"]}), "messages[0]");
    check(json!({"messages": [{"content": "secret"}]}), "messages[0].role");
    check(json!({"messages": [{"role": "secret", "content": ""}]}), "messages[0].role");
    check(json!({"messages": [{"role": "user"}]}), "messages[0].content");
    check(user(json!(12)), "messages[0].content");
    check(user(json!(["secret"])), "messages[0].content[0]");
    check(user(json!([{"text": "secret"}])), "messages[0].content[0].type");
    check(user(json!([{"type": "text"}])), "messages[0].content[0].text");
    check(user(json!([{"type": "text", "text": ["secret"]}])), "messages[0].content[0].text");
    check(user(json!([{"type": "image"}])), "messages[0].content[0].source");
    check(user(json!([{"type": "image", "source": {"type": "base64", "data": "ä"}}])), "messages[0].content[0].source");
    check(user(json!([{"type": "tool_result"}])), "messages[0].content[0].tool_use_id");
    check(
        user(json!([{"type": "tool_result", "tool_use_id": "a", "content": [1]}])),
        "messages[0].content[0].content[0]",
    );
    check(json!({"system": 1}), "system");
    check(json!({"max_tokens": -1}), "max_tokens");
    check(json!({"temperature": "secret"}), "temperature");
    check(json!({"top_k": 0.5}), "top_k");
    check(json!({"stream": "yes"}), "stream");
    check(json!({"stop_sequences": "secret"}), "stop_sequences");
    check(json!({"stop_sequences": [1]}), "stop_sequences[0]");
    check(json!({"tools": {}}), "tools");
    check(json!({"tools": [{"input_schema": {}}]}), "tools[0].name");
    check(json!({"tools": [{"name": "f"}]}), "tools[0].input_schema");
    check(json!({"tools": [{"name": "f", "input_schema": "secret"}]}), "tools[0].input_schema");
    check(json!({"tool_choice": {"type": "secret"}}), "tool_choice.type");
    check(json!({"tool_choice": {"type": "tool"}}), "tool_choice.name");
    check(json!({"thinking": {"type": "enabled"}}), "thinking.budget_tokens");
    check(json!({"thinking": {}}), "thinking.type");
    check(json!({"metadata": {"user_id": 1}}), "metadata.user_id");
    check(json!({"output_config": {"format": {"type": "secret"}}}), "output_config.format.type");
    check(json!({"output_config": {"format": {"type": "json_schema"}}}), "output_config.format.schema");

    let error = messages::decode_request(b"{\"secret\": ").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(error.message().contains("column") && !error.message().contains("secret"), "{error}");
}

#[test]
fn deep_nesting_is_refused_and_breaks_nothing() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for body in [
        deep.clone(),
        format!(r#"{{"model":"m","messages":[{{"role":"user","content":{deep}}}]}}"#),
        format!(r#"{{"model":"m","messages":[],"tools":[{{"name":"f","input_schema":{deep}}}]}}"#),
        format!(r#"{{"model":"m","messages":[],"unknown":{deep}}}"#),
    ] {
        if let Err(error) = messages::decode_request(body.as_bytes()) {
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        }
    }
}
