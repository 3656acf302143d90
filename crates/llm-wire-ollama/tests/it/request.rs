//! What a request becomes.

use std::sync::Arc;

use llm_core::{
    CacheHint, ChatRequest, Effort, ErrorKind, FunctionTool, JsonSchema, Media, Message, OnUnsupported, Origin,
    OutputFormat, Part, PartKind, Reasoning, Role, Tool, ToolChoice, ToolResult, ToolStatus, Warning,
};
use llm_wire_ollama::{API, Profile, chat};
use serde_json::{Value, json};

use crate::support::origin;

fn encode(request: &ChatRequest) -> (Value, Vec<String>) {
    let encoded = chat::encode_request(request, &origin(), false, &Profile::default()).unwrap();
    let fields = encoded.warnings.iter().map(|warning| match warning {
        Warning::Unsupported { field, .. } => format!("-{field}"),
        Warning::Adapted { field, .. } => format!("~{field}"),
        other => format!("{other:?}"),
    });
    (serde_json::from_slice(&encoded.body).unwrap(), fields.collect())
}

fn check(request: &ChatRequest, body: &Value, warnings: &[&str]) {
    let (encoded, warned) = encode(request);
    assert_eq!(encoded, *body);
    assert_eq!(warned, warnings);
}

fn request() -> ChatRequest {
    ChatRequest::new("qwen3:8b").with_user("hi")
}

#[test]
fn stream_is_always_said() {
    for stream in [true, false] {
        let encoded = chat::encode_request(&request(), &origin(), stream, &Profile::default()).unwrap();
        let body: Value = serde_json::from_slice(&encoded.body).unwrap();
        assert_eq!(body["stream"], json!(stream));
    }
}

#[test]
fn sampling_goes_under_options() {
    let mut request = request();
    request.sampling.max_output_tokens = Some(64);
    request.sampling.temperature = Some(0.0);
    request.sampling.top_p = Some(0.9);
    request.sampling.top_k = Some(40);
    request.sampling.seed = Some(-7);
    request.sampling.presence_penalty = Some(0.5);
    request.sampling.frequency_penalty = Some(-0.5);
    request.sampling.stop = vec!["END".to_owned()];
    request.sampling.logprobs = Some(3);
    request.reasoning = Some(Reasoning::Effort(Effort::High));
    check(
        &request,
        &json!({
            "model": "qwen3:8b",
            "messages": [{ "role": "user", "content": "hi" }],
            "stream": false,
            "options": {
                "num_predict": 64, "temperature": 0.0, "top_p": 0.9, "top_k": 40, "seed": -7,
                "presence_penalty": 0.5, "frequency_penalty": -0.5, "stop": ["END"],
            },
            "think": "high", "logprobs": true, "top_logprobs": 3,
        }),
        &[],
    );
}

#[test]
fn the_form_of_the_answer_is_a_word_or_a_schema() {
    let mut request = request();
    request.output = OutputFormat::Json;
    assert_eq!(encode(&request).0["format"], json!("json"));
    let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
    let named = JsonSchema { name: "weather".to_owned(), schema: schema.clone(), ..JsonSchema::default() };
    request.output = OutputFormat::JsonSchema(named);
    assert_eq!(encode(&request).0["format"], schema);
}

#[test]
fn settings_of_the_provider_yield_to_the_request_and_the_request_to_its_extensions() {
    let mut profile = Profile { keep_alive: Some(json!("10m")), ..Profile::default() };
    profile.options = json!({ "num_ctx": 8192, "temperature": 1.0, "top_k": 1 }).as_object().unwrap().clone();
    let mut request = request();
    request.sampling.temperature = Some(0.5);
    request.ext.set(API, "options", json!({ "top_k": 2, "repeat_penalty": 1.1 }));
    request.ext.set(API, "truncate", false);
    request.ext.set("gpu-box", "options", json!({ "repeat_penalty": 1.2 }));
    request.ext.set("openai-chat", "store", true);
    let to = Origin::new(API, "gpu-box", "qwen3:8b");
    let body: Value =
        serde_json::from_slice(&chat::encode_request(&request, &to, true, &profile).unwrap().body).unwrap();
    assert_eq!(body["keep_alive"], json!("10m"));
    assert_eq!(body["truncate"], json!(false));
    assert_eq!(body["options"], json!({ "num_ctx": 8192, "temperature": 0.5, "top_k": 2, "repeat_penalty": 1.2 }));
    assert_eq!(body.get("store"), None);
}

#[test]
fn a_tool_round_is_sent_with_names_ids_and_whole_objects() {
    let mut request = ChatRequest::new("qwen3:8b")
        .with_message(Message::new(Role::Developer, vec![Part::text("Be brief."), Part::text("Be kind.")]))
        .with_user("Weather in Tokyo and Kyoto?")
        .with_message(Message::new(
            Role::Assistant,
            vec![
                Part::reasoning("Two calls."),
                Part::text("Let me "),
                Part::text("look."),
                Part::tool_call("call_0", "weather", "{\"city\": \"Tokyo\"}"),
                Part::tool_call("call_1", "weather", ""),
            ],
        ))
        .with_message(Message::new(
            Role::Tool,
            vec![Part::tool_result("call_0", "22 C"), Part::tool_result("call_1", "21 C")],
        ));
    request.tools.push(Arc::new(Tool::function("weather", "Tells the weather.", json!({ "type": "object" }))));
    request.tools.push(Arc::new(Tool::Function(FunctionTool { name: "now".to_owned(), ..FunctionTool::default() })));
    check(
        &request,
        &json!({
            "model": "qwen3:8b",
            "messages": [
                { "role": "system", "content": "Be brief.\nBe kind." },
                { "role": "user", "content": "Weather in Tokyo and Kyoto?" },
                { "role": "assistant", "content": "Let me look.", "thinking": "Two calls.", "tool_calls": [
                    { "id": "call_0", "function": { "name": "weather", "arguments": { "city": "Tokyo" } } },
                    { "id": "call_1", "function": { "name": "weather", "arguments": {} } },
                ] },
                { "role": "tool", "content": "22 C", "tool_name": "weather", "tool_call_id": "call_0" },
                { "role": "tool", "content": "21 C", "tool_name": "weather", "tool_call_id": "call_1" },
            ],
            "stream": false,
            "tools": [
                { "type": "function", "function": {
                    "name": "weather", "description": "Tells the weather.", "parameters": { "type": "object" },
                } },
                { "type": "function", "function": {
                    "name": "now", "parameters": { "type": "object", "properties": {} },
                } },
            ],
        }),
        &[],
    );
}

#[test]
fn arguments_keep_their_bytes() {
    let message = Message::new(Role::Assistant, vec![Part::tool_call("a", "f", "{\"z\": 1.50, \"a\":\t[]}")]);
    let request = ChatRequest::new("m").with_message(message);
    let encoded = chat::encode_request(&request, &origin(), false, &Profile::default()).unwrap();
    assert!(String::from_utf8(encoded.body).unwrap().contains("\"arguments\":{\"z\": 1.50, \"a\":\t[]}"));
}

#[test]
fn a_result_is_named_after_the_last_call_of_its_id() {
    let call = |name: &str| Message::new(Role::Assistant, vec![Part::tool_call("call_0", name, "{}")]);
    let request = ChatRequest::new("m")
        .with_message(call("first"))
        .with_message(Message::tool_result("call_0", "1"))
        .with_message(call("second"))
        .with_message(Message::tool_result("call_0", "2"))
        .with_message(Message::tool_result("nobody", "3"));
    let body = encode(&request).0;
    let names: Vec<&Value> = body["messages"].as_array().unwrap().iter().map(|message| &message["tool_name"]).collect();
    assert_eq!(names, [&Value::Null, &json!("first"), &Value::Null, &json!("second"), &Value::Null]);
}

#[test]
fn inline_images_go_along_and_urls_do_not() {
    let request = ChatRequest::new("m").with_message(Message::new(
        Role::User,
        vec![
            Part::text("What is it?"),
            Part::media(Media::inline("image/png", b"png".as_slice())),
            Part::media(Media::url("image/*", "data:image/png;base64,cG5n")),
            Part::media(Media::url("image/*", "https://example.invalid/a.png")),
            Part::media(Media::inline("audio/wav", b"wav".as_slice())),
        ],
    ));
    check(
        &request,
        &json!({
            "model": "m",
            "messages": [{ "role": "user", "content": "What is it?", "images": ["cG5n", "cG5n"] }],
            "stream": false,
        }),
        &["-messages.media", "-messages.media"],
    );
}

#[test]
fn a_choice_of_none_leaves_the_tools_out_and_a_forced_one_is_a_warning() {
    let mut request = request().with_tool(Tool::function("f", "d", json!({ "type": "object" })));
    request.tool_choice = ToolChoice::None;
    let (body, warnings) = encode(&request);
    assert_eq!((body.get("tools"), warnings), (None, vec!["~tool_choice".to_owned()]));
    for forced in [ToolChoice::Required, ToolChoice::Named("f".to_owned())] {
        request.tool_choice = forced;
        let (body, warnings) = encode(&request);
        assert_eq!(body["tools"].as_array().unwrap().len(), 1);
        assert_eq!(body.get("tool_choice"), None);
        assert_eq!(warnings, ["-tool_choice"]);
    }
}

#[test]
fn every_field_without_a_place_is_a_warning_and_in_strict_mode_an_error() {
    let mut request = request();
    request.parallel_tool_calls = Some(false);
    request.service_tier = Some("flex".to_owned());
    request.end_user = Some("u".to_owned());
    request.metadata.insert("k".to_owned(), "v".to_owned());
    request.sampling.candidates = Some(2);
    request.tools.push(Arc::new(Tool::Provider {
        id: "anthropic.web_search".to_owned(),
        name: String::new(),
        args: serde_json::Map::new(),
    }));
    request.tools.push(Arc::new(Tool::Function(FunctionTool {
        name: "f".to_owned(),
        strict: Some(true),
        cache: Some(CacheHint::default()),
        ..FunctionTool::default()
    })));
    let fields = [
        "-parallel_tool_calls",
        "-service_tier",
        "-end_user",
        "-metadata",
        "-tools",
        "-tools.strict",
        "-tools.cache",
        "-sampling.candidates",
    ];
    assert_eq!(encode(&request).1, fields);
    request.on_unsupported = OnUnsupported::Error;
    let error = chat::encode_request(&request, &origin(), false, &Profile::default()).unwrap_err();
    assert_eq!((error.kind(), error.param()), (ErrorKind::Unsupported, Some("parallel_tool_calls")));
    request.on_unsupported = OnUnsupported::Ignore;
    assert!(encode(&request).1.is_empty());
}

#[test]
fn parts_that_only_other_vendors_know_are_left_out_aloud() {
    let mut named = Message::user("hi");
    named.name = Some("Ann".to_owned());
    let failed = ToolResult {
        call_id: "c".to_owned(),
        name: Some("f".to_owned()),
        content: vec![Part::text("no network")],
        status: ToolStatus::Error,
    };
    let request = ChatRequest::new("m")
        .with_message(named)
        .with_message(Message::new(
            Role::Assistant,
            vec![
                Part::reasoning("hm").with_signature("sig"),
                Part::new(PartKind::Refusal { text: "No.".to_owned() }),
                Part::opaque("anthropic.web_search_tool_result", json!({ "a": 1 })),
                Part::tool_call("c", "f", "{\"cut\": "),
            ],
        ))
        .with_message(Message::new(Role::Tool, vec![Part::new(PartKind::ToolResult(failed))]));
    check(
        &request,
        &json!({
            "model": "m",
            "messages": [
                { "role": "user", "content": "hi" },
                { "role": "assistant", "content": "No.", "thinking": "hm", "tool_calls": [
                    { "id": "c", "function": { "name": "f", "arguments": { "arguments": "{\"cut\": " } } },
                ] },
                { "role": "tool", "content": "no network", "tool_name": "f", "tool_call_id": "c" },
            ],
            "stream": false,
        }),
        &[
            "-messages.name",
            "-messages.signature",
            "~messages.refusal",
            "-messages.content",
            "~messages.tool_call.arguments",
            "~messages.tool_result.status",
        ],
    );
}

#[test]
fn settings_of_messages_and_calls_are_merged_where_they_stand() {
    let mut call = Part::tool_call("c", "f", "{}");
    call.ext.set(API, "thought_signature", "s");
    let mut message = Message::new(Role::Assistant, vec![call]);
    message.ext.set(API, "cache", true);
    let body = encode(&ChatRequest::new("m").with_message(message)).0;
    assert_eq!(body["messages"][0]["cache"], json!(true));
    assert_eq!(body["messages"][0]["tool_calls"][0]["thought_signature"], json!("s"));
}
