//! Requests of OpenAI's clients: what they send is taken, what is wrong is named.

use llm_core::{Effort, ErrorKind, MediaData, OutputFormat, PartKind, Reasoning, Role, Tool, ToolChoice};
use llm_wire_openai::chat::{self, Decoded};
use serde_json::{Value, json};

fn decode(body: &Value) -> Decoded {
    chat::decode_request(body.to_string().as_bytes()).unwrap()
}

fn user(more: &Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[test]
fn takes_a_whole_conversation() {
    let decoded = decode(&json!({
        "model": "gpt-5.4-mini",
        "messages": [
            {"role": "developer", "content": "be brief"},
            {"role": "user", "name": "ada", "content": [
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk=", "detail": "low"}},
                {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "mp3"}},
                {"type": "file", "file": {"file_data": "data:application/pdf;base64,aGk=", "filename": "a.pdf"}},
            ]},
            // An answer as SDKs send it back, with all its nulls.
            {"role": "assistant", "content": null, "refusal": null, "annotations": [], "audio": null, "function_call": null,
             "reasoning_content": "hm", "tool_calls": [{"id": "x", "index": 0, "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "x", "content": "done"},
        ],
        "stream": true, "stream_options": {"include_usage": true}, "max_tokens": 9, "n": 2, "stop": "END", "seed": -1,
        "logprobs": true, "top_logprobs": 3, "reasoning_effort": "high", "user": "u", "metadata": {"k": "v"}, "temperature": 1,
    }));
    assert!(decoded.stream && decoded.include_usage);
    let request = decoded.request;
    let roles: Vec<_> = request.messages.iter().map(|message| message.role.clone()).collect();
    assert_eq!(roles, [Role::Developer, Role::User, Role::Assistant, Role::Tool]);
    let user = &request.messages[1];
    assert_eq!(user.name.as_deref(), Some("ada"));
    let types: Vec<&str> = user
        .content
        .iter()
        .map(|part| match &part.kind {
            PartKind::Media(media) => media.media_type.as_str(),
            _ => "text",
        })
        .collect();
    assert_eq!(types, ["text", "image/png", "audio/mpeg", "application/pdf"]);
    assert!(
        matches!(&user.content[1].kind, PartKind::Media(media) if media.data == MediaData::Inline { bytes: "hi".into() } && media.detail.as_deref() == Some("low"))
    );
    assert_eq!(request.messages[2].reasoning().as_deref(), Some("hm"));
    assert_eq!(request.messages[2].tool_calls().count(), 1);
    assert_eq!(request.sampling.max_output_tokens, Some(9));
    assert_eq!(
        (request.sampling.candidates, request.sampling.logprobs, request.sampling.seed),
        (Some(2), Some(3), Some(-1))
    );
    assert_eq!(request.sampling.stop, ["END"]);
    assert_eq!(request.reasoning, Some(Reasoning::Effort(Effort::High)));
    assert_eq!((request.end_user.as_deref(), request.metadata["k"].as_str()), (Some("u"), "v"));
    assert!(request.ext.is_empty(), "{:?}", request.ext);
}

#[test]
fn fields_without_a_place_are_kept_for_vendors_of_the_protocol() {
    let body = user(
        &json!({"prompt_cache_key": "k", "web_search_options": {}, "logit_bias": {"5": -1}, "max_completion_tokens": 5,
        "stream_options": {"include_usage": false, "include_obfuscation": false}, "stream": true,
        "response_format": {"type": "grammar", "grammar": "g"}}),
    );
    let decoded = decode(&body);
    assert!(!decoded.include_usage);
    let kept = json!(decoded.request.ext.of("openai-chat").unwrap());
    assert_eq!(
        kept,
        json!({"prompt_cache_key": "k", "web_search_options": {}, "logit_bias": {"5": -1}, "response_format": {"type": "grammar", "grammar": "g"},
            "stream_options": {"include_obfuscation": false, "include_usage": true}})
    );
    let message = decode(
        &json!({"messages": [{"role": "user", "content": [{"type": "video", "video": {"id": 1}}], "x_new": 1}]}),
    );
    let message = &message.request.messages[0];
    assert_eq!(message.ext.value("openai-chat", "x_new"), Some(&json!(1)));
    assert!(
        matches!(&message.content[0].kind, PartKind::Opaque { kind, data } if kind == "openai-chat.video" && data["video"]["id"] == 1)
    );
}

#[test]
fn tools_and_the_choice_among_them_come_in_old_and_new_forms() {
    let tools = json!([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": true, "x": 1}},
        {"type": "custom", "custom": {"name": "c"}}]);
    let choice = |choice: Value| decode(&user(&json!({"tools": tools, "tool_choice": choice}))).request;
    let request = choice(json!({"type": "function", "function": {"name": "f"}}));
    assert_eq!(request.tool_choice, ToolChoice::Named("f".into()));
    let Tool::Function(function) = &*request.tools[0] else { panic!("a function") };
    assert_eq!((function.strict, function.ext.value("openai-chat", "function")), (Some(true), Some(&json!({"x": 1}))));
    assert!(matches!(&*request.tools[1], Tool::Provider { id, name, .. } if id == "openai-chat.custom" && name == "c"));
    assert_eq!(choice(json!("required")).tool_choice, ToolChoice::Required);
    assert_eq!(choice(json!("none")).tool_choice, ToolChoice::None);
    assert_eq!(choice(json!(null)).tool_choice, ToolChoice::Auto);
    let allowed = choice(json!({"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": []}}));
    assert_eq!(allowed.tool_choice, ToolChoice::Required);
    assert!(allowed.ext.value("openai-chat", "tool_choice").is_some());

    let legacy = decode(&json!({"functions": [{"name": "f"}], "function_call": {"name": "f"}, "messages": [
        {"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "done"},
    ]}));
    let request = legacy.request;
    assert_eq!(request.tool_choice, ToolChoice::Named("f".into()));
    let call = request.messages[0].tool_calls().next().unwrap();
    assert!(matches!(&request.messages[1].content[0].kind, PartKind::ToolResult(result) if result.call_id == call.id));
}

#[test]
fn the_form_of_the_answer_is_read() {
    let output = |format: Value| decode(&user(&json!({"response_format": format}))).request.output;
    assert_eq!(output(json!({"type": "text"})), OutputFormat::Text);
    assert_eq!(output(json!({"type": "json_object"})), OutputFormat::Json);
    let schema = output(
        json!({"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": true}}),
    );
    assert!(matches!(schema, OutputFormat::JsonSchema(schema) if schema.name == "n" && schema.strict == Some(true)));
}

#[test]
fn what_is_wrong_is_named() {
    let check = |body: &str, param: Option<&str>, message: &str| {
        let error = chat::decode_request(body.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{body}");
        assert_eq!(error.param(), param, "{body}");
        assert_eq!(error.message(), message, "{body}");
    };
    let with = |more: Value| user(&more).to_string();
    let messages = |message: Value| json!({"messages": [{"role": "user", "content": "hi"}, message]}).to_string();
    check("{", None, "the request body is not valid json (line 1, column 1)");
    check("[]", None, "the request body must be an object");
    check(r#"{"model": "m"}"#, Some("messages"), "messages is missing: send at least one message");
    check(r#"{"messages": []}"#, Some("messages"), "messages is empty: send at least one message");
    check(r#"{"messages": "hi"}"#, Some("messages"), "messages must be a list");
    check(&with(json!({"model": 5})), Some("model"), "model must be a string");
    check(&with(json!({"stream": "yes"})), Some("stream"), "stream must be true or false");
    check(&with(json!({"n": 0})), Some("n"), "n must be at least 1");
    check(&with(json!({"max_tokens": 1.5})), Some("max_tokens"), "max_tokens must be a whole number, 0 or more");
    check(&with(json!({"top_k": 1u64 << 40})), Some("top_k"), "top_k must be a whole number, 0 or more");
    check(&with(json!({"temperature": "hot"})), Some("temperature"), "temperature must be a number");
    check(&with(json!({"stop": 5})), Some("stop"), "stop must be a string or a list of strings");
    check(&with(json!({"stop": ["a", 5]})), Some("stop[1]"), "stop[1] must be a string");
    check(&with(json!({"metadata": ["a"]})), Some("metadata"), "metadata must be an object");
    check(
        &with(json!({"tool_choice": "perhaps"})),
        Some("tool_choice"),
        "tool_choice must be auto, none, required or an object that names a tool",
    );
    check(
        &with(json!({"tools": [{"type": "function", "function": {}}]})),
        Some("tools[0].function.name"),
        "tools[0].function.name is missing",
    );
    check(
        &with(json!({"response_format": {"type": "json_schema"}})),
        Some("response_format.json_schema"),
        "response_format.json_schema must be an object",
    );
    check(&messages(json!({"content": "hi"})), Some("messages[1].role"), "messages[1].role is missing");
    check(
        &messages(json!({"role": "robot", "content": "hi"})),
        Some("messages[1].role"),
        "messages[1].role must be system, developer, user, assistant or tool",
    );
    check(&messages(json!({"role": "user"})), Some("messages[1].content"), "messages[1].content is missing");
    check(
        &messages(json!({"role": "user", "content": 5})),
        Some("messages[1].content"),
        "messages[1].content must be a string or a list of parts",
    );
    check(
        &messages(json!({"role": "user", "content": [{"text": "a"}]})),
        Some("messages[1].content[0].type"),
        "messages[1].content[0].type is missing",
    );
    check(
        &messages(json!({"role": "user", "content": [{"type": "text", "text": 5}]})),
        Some("messages[1].content[0].text"),
        "messages[1].content[0].text must be a string",
    );
    check(
        &messages(
            json!({"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "%", "format": "wav"}}]}),
        ),
        Some("messages[1].content[0].input_audio.data"),
        "messages[1].content[0].input_audio.data must be base64",
    );
    check(
        &messages(json!({"role": "tool", "content": "done"})),
        Some("messages[1].tool_call_id"),
        "messages[1].tool_call_id is missing",
    );
    check(
        &messages(json!({"role": "assistant", "tool_calls": [{"type": "function"}]})),
        Some("messages[1].tool_calls[0].function"),
        "messages[1].tool_calls[0].function is missing",
    );
    check(
        r#"{"messages": [{"role": "user", "role": "system", "content": "hi"}]}"#,
        Some("messages[0].role"),
        "messages[0].role stands in the request more than once",
    );
    check(
        r#"{"messages": [{"role": "user", "content": "hi"}], "x": 1, "x": 2}"#,
        Some("x"),
        "x stands in the request more than once",
    );
}
