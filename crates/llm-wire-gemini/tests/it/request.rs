//! Requests as they go out.

use std::sync::Arc;

use llm_core::{
    ChatRequest, Effort, JsonSchema, Media, MediaData, Message, OnUnsupported, Origin, OutputFormat, Part, PartKind,
    Reasoning, Role, Support, Tool, ToolChoice, ToolResult, ToolStatus,
};
use llm_wire_gemini::{API, Profile, Thinking, generate};
use serde_json::{Value, json};

use crate::support::{MODEL, encoded, encoded_for, fields, origin};

fn check(request: &ChatRequest, expected: &Value) {
    let (body, warnings) = encoded(request);
    assert_eq!(body, *expected);
    assert!(warnings.is_empty(), "{warnings:?}");
}

fn user() -> ChatRequest {
    ChatRequest::new(MODEL).with_user("Hi")
}

fn made_by(mut message: Message, provider: &str, model: &str) -> Message {
    message.origin = Some(Arc::new(Origin::new(API, provider, model)));
    message
}

#[test]
fn instructions_stand_apart_and_roles_have_their_words() {
    let request = ChatRequest::new(MODEL)
        .with_message(Message::system("Be brief."))
        .with_message(Message::new(Role::Developer, vec![Part::text("No lists.")]))
        .with_user("Hi")
        .with_message(Message::assistant("Hello"))
        .with_user("Bye");
    check(
        &request,
        &json!({
            "systemInstruction": {"parts": [{"text": "Be brief."}, {"text": "No lists."}]},
            "contents": [
                {"role": "user", "parts": [{"text": "Hi"}]},
                {"role": "model", "parts": [{"text": "Hello"}]},
                {"role": "user", "parts": [{"text": "Bye"}]},
            ],
        }),
    );
}

#[test]
fn results_of_a_turn_stand_in_one_content_with_the_names_of_their_functions() {
    let call = |id: &str, name: &str| Part::tool_call(id, name, r#"{"city": "Bern"}"#).with_signature("sig");
    let mut failed = ToolResult { call_id: "call_1".to_owned(), ..ToolResult::default() };
    (failed.status, failed.content) = (ToolStatus::Error, vec![Part::text("no network")]);
    let request = user()
        .with_message(Message::new(Role::Assistant, vec![call("fc-1", "weather"), call("call_1", "news")]))
        .with_message(Message::tool_result("fc-1", r#"{"degrees": 21.50}"#))
        .with_message(Message::new(Role::Tool, vec![Part::new(PartKind::ToolResult(failed))]))
        .with_message(Message::tool_result("fc-1", "sunny"));
    let (body, warnings) = encoded(&request);
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(
        body["contents"][1]["parts"],
        json!([
            {"functionCall": {"id": "fc-1", "name": "weather", "args": {"city": "Bern"}}, "thoughtSignature": "sig"},
            {"functionCall": {"name": "news", "args": {"city": "Bern"}}, "thoughtSignature": "sig"},
        ])
    );
    assert_eq!(
        body["contents"][2],
        json!({"role": "user", "parts": [
            {"functionResponse": {"id": "fc-1", "name": "weather", "response": {"degrees": 21.50}}},
            {"functionResponse": {"name": "news", "response": {"error": "no network"}}},
            {"functionResponse": {"id": "fc-1", "name": "weather", "response": {"result": "sunny"}}},
        ]})
    );
    assert_eq!(body["contents"].as_array().map(Vec::len), Some(3));
}

#[test]
fn arguments_are_sent_as_they_are_written() {
    let arguments = r#"{ "b": 1.0, "a": 12345678901234567890123 }"#;
    let request = user().with_message(made_by(
        Message::new(Role::Assistant, vec![Part::tool_call("f", "n", arguments)]),
        "google-eu",
        MODEL,
    ));
    let body = generate::encode_request(&request, &origin(), false, &Profile::default()).unwrap().body;
    assert!(String::from_utf8(body).unwrap().contains(arguments));
}

#[test]
fn arguments_that_are_no_object_are_wrapped_with_a_warning() {
    for (arguments, sent, warned) in [
        ("", json!({}), false),
        ("null", json!({}), false),
        (r#"{"city": "Be"#, json!({"arguments": r#"{"city": "Be"#}), true),
        ("[1]", json!({"arguments": "[1]"}), true),
    ] {
        let request = user().with_message(Message::new(Role::Assistant, vec![Part::tool_call("f", "n", arguments)]));
        let (body, warnings) = encoded(&request);
        assert_eq!(body["contents"][1]["parts"][0]["functionCall"]["args"], sent, "{arguments}");
        let expected: &[&str] = if warned { &["messages[1].content[0].arguments"] } else { &[] };
        assert_eq!(fields(&warnings), expected);
    }
}

#[test]
fn a_call_that_this_model_did_not_make_gets_the_stand_in_for_a_signature() {
    let calls = || {
        let call = |id| Part::tool_call(id, "n", "{}");
        Message::new(Role::Assistant, vec![call("a"), call("b")])
    };
    let signatures = |message: Message| {
        let (body, _) = encoded(&user().with_message(message));
        let parts = body["contents"][1]["parts"].clone();
        (parts[0]["thoughtSignature"].clone(), parts[1]["thoughtSignature"].clone())
    };
    let stand_in = (json!("skip_thought_signature_validator"), Value::Null);
    assert_eq!(signatures(calls()), stand_in);
    assert_eq!(signatures(made_by(calls(), "openai", "gpt")), stand_in);
    assert_eq!(signatures(made_by(calls(), "google-eu", "gemini-y")), stand_in);
    assert_eq!(signatures(made_by(calls(), "google-eu", MODEL)), (Value::Null, Value::Null));
}

#[test]
fn signatures_return_to_their_maker_on_their_part() {
    let message = Message::new(
        Role::Assistant,
        vec![
            Part::reasoning("hm").with_signature("s1"),
            Part::text("Hello").with_signature("s2"),
            Part::text("").with_signature("s3"),
        ],
    );
    let (body, warnings) = encoded(&user().with_message(made_by(message.clone(), "google-eu", MODEL)));
    assert_eq!(
        body["contents"][1]["parts"],
        json!([
            {"text": "hm", "thought": true, "thoughtSignature": "s1"},
            {"text": "Hello", "thoughtSignature": "s2"},
            {"text": "", "thoughtSignature": "s3"},
        ])
    );
    assert!(warnings.is_empty());
    let (body, warnings) = encoded(&user().with_message(made_by(message, "elsewhere", MODEL)));
    assert_eq!(body["contents"][1]["parts"], json!([{"text": "hm", "thought": true}, {"text": "Hello"}]));
    assert_eq!(fields(&warnings), ["messages.signature"]);
}

#[test]
fn media_go_as_bytes_or_by_address() {
    let file = MediaData::File { refs: [("google-eu".to_owned(), "https://g.test/files/1".to_owned())].into() };
    let mut uploaded = Media::url("application/pdf", "");
    uploaded.data = file;
    let parts = vec![
        Part::media(Media::inline("image/png", &b"abc"[..])),
        Part::media(Media::url("image/*", "https://x.test/a")),
        Part::media(Media::url("*/*", "data:image/gif;base64,R0lG")),
        Part::media(uploaded),
    ];
    let (body, warnings) = encoded(&ChatRequest::new(MODEL).with_message(Message::new(Role::User, parts)));
    assert_eq!(
        body["contents"][0]["parts"],
        json!([
            {"inlineData": {"mimeType": "image/png", "data": "YWJj"}},
            {"fileData": {"fileUri": "https://x.test/a"}},
            {"inlineData": {"mimeType": "image/gif", "data": "R0lG"}},
            {"fileData": {"mimeType": "application/pdf", "fileUri": "https://g.test/files/1"}},
        ])
    );
    assert!(warnings.is_empty());
}

#[test]
fn sampling_and_output_become_the_generation_config() {
    let mut request = user();
    let sampling = &mut request.sampling;
    (sampling.temperature, sampling.top_p, sampling.top_k) = (Some(0.5), Some(0.9), Some(40));
    (sampling.presence_penalty, sampling.frequency_penalty) = (Some(0.1), Some(-0.1));
    (sampling.seed, sampling.max_output_tokens) = (Some(-7), Some(99));
    (sampling.candidates, sampling.logprobs) = (Some(2), Some(0));
    sampling.stop = vec!["END".to_owned()];
    let schema = json!({"type": "object"});
    request.output = OutputFormat::JsonSchema(JsonSchema { schema: schema.clone(), ..JsonSchema::default() });
    let expected = json!({
        "temperature": 0.5, "topP": 0.9, "topK": 40, "presencePenalty": 0.1, "frequencyPenalty": -0.1, "seed": -7,
        "maxOutputTokens": 99, "candidateCount": 2, "responseLogprobs": true, "stopSequences": ["END"],
        "responseMimeType": "application/json", "responseJsonSchema": schema,
    });
    let (body, warnings) = encoded(&request);
    assert_eq!(body["generationConfig"], expected);
    assert!(warnings.is_empty());
}

#[test]
fn reasoning_is_a_level_or_a_budget_by_the_model() {
    let levels = Profile::default();
    let no_minimal = levels.with_minimal_thinking(Support::No);
    let budgets = levels.with_thinking(Thinking::Budget);
    let effort = |word: &str| Reasoning::Effort(Effort::from(word));
    for (reasoning, profile, expected) in [
        (effort("none"), levels, json!({"thinkingBudget": 0})),
        (effort("minimal"), levels, json!({"thinkingLevel": "MINIMAL", "includeThoughts": true})),
        (effort("minimal"), no_minimal, json!({"thinkingLevel": "LOW", "includeThoughts": true})),
        (effort("medium"), levels, json!({"thinkingLevel": "MEDIUM", "includeThoughts": true})),
        (effort("max"), levels, json!({"thinkingLevel": "HIGH", "includeThoughts": true})),
        (effort("ultra"), levels, json!({"thinkingLevel": "ULTRA", "includeThoughts": true})),
        (effort("none"), budgets, json!({"thinkingBudget": 0})),
        (effort("medium"), budgets, json!({"thinkingBudget": 8192, "includeThoughts": true})),
        (Reasoning::Budget(300), levels, json!({"thinkingBudget": 300, "includeThoughts": true})),
        (Reasoning::Budget(0), budgets, json!({"thinkingBudget": 0})),
    ] {
        let mut request = user();
        request.reasoning = Some(reasoning.clone());
        let (body, _) = encoded_for(&request, profile);
        assert_eq!(body["generationConfig"]["thinkingConfig"], expected, "{reasoning:?}");
    }
}

#[test]
fn a_model_without_sampling_gets_none_of_it() {
    let mut request = user();
    (request.sampling.temperature, request.sampling.top_k) = (Some(0.5), Some(3));
    let (body, warnings) = encoded_for(&request, Profile::default().with_sampling(Support::No));
    assert_eq!(body.get("generationConfig"), None);
    assert_eq!(fields(&warnings), ["sampling.temperature", "sampling.top_k"]);
}

#[test]
fn tools_and_their_choice() {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let mut request = user()
        .with_tool(Tool::function("weather", "looks it up", schema.clone()))
        .with_tool(Tool::Provider {
            id: "gemini.googleSearch".to_owned(),
            name: String::new(),
            args: [("excludeDomains".to_owned(), json!(["x.test"]))].into_iter().collect(),
        })
        .with_tool(Tool::function("news", "reads it", Value::Null));
    let functions = json!([
        {"name": "weather", "description": "looks it up", "parametersJsonSchema": schema},
        {"name": "news", "description": "reads it"},
    ]);
    for (choice, config) in [
        (ToolChoice::Auto, Value::Null),
        (ToolChoice::None, json!({"mode": "NONE"})),
        (ToolChoice::Required, json!({"mode": "ANY"})),
        (ToolChoice::Named("news".to_owned()), json!({"mode": "ANY", "allowedFunctionNames": ["news"]})),
    ] {
        request.tool_choice = choice;
        let (body, warnings) = encoded(&request);
        let search = json!({"googleSearch": {"excludeDomains": ["x.test"]}});
        assert_eq!(body["tools"], json!([{"functionDeclarations": functions}, search]));
        assert_eq!(body["toolConfig"]["functionCallingConfig"], config);
        assert!(warnings.is_empty());
    }
}

#[test]
fn ext_joins_what_is_written_and_the_provider_wins() {
    let mut request = user().with_tool(Tool::function("f", "", Value::Null));
    request.sampling.temperature = Some(0.5);
    request.tool_choice = ToolChoice::Required;
    request.ext.set("gemini", "generationConfig", json!({"mediaResolution": "LOW", "topK": 1}));
    request.ext.set("gemini", "safetySettings", json!([{"category": "X"}]));
    request.ext.set("google-eu", "generationConfig", json!({"topK": 2}));
    request.ext.set("google-eu", "toolConfig", json!({"functionCallingConfig": {"allowedFunctionNames": ["f"]}}));
    request.ext.set("elsewhere", "cachedContent", "c");
    let mut message = Message::user("Hi");
    message.ext.set("gemini", "note", 1);
    message.content[0].ext.set("gemini", "videoMetadata", json!({"fps": 2}));
    request.messages = vec![message.into()];
    check(
        &request,
        &json!({
            "contents": [{"role": "user", "parts": [{"text": "Hi", "videoMetadata": {"fps": 2}}], "note": 1}],
            "tools": [{"functionDeclarations": [{"name": "f", "description": ""}]}],
            "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
            "generationConfig": {"temperature": 0.5, "mediaResolution": "LOW", "topK": 2},
            "safetySettings": [{"category": "X"}],
        }),
    );
}

#[test]
fn what_the_vendor_cannot_take_is_named_or_refused() {
    let mut request = user();
    request.messages.push(Message::new(Role::Assistant, vec![Part::opaque("anthropic.compaction", json!({}))]).into());
    request.messages.push(Message::system("late").into());
    request.end_user = Some("u".to_owned());
    request.parallel_tool_calls = Some(false);
    request.sampling.seed = Some(i64::MAX);
    let (body, warnings) = encoded(&request);
    let expected = [
        "messages[1].content[0]",
        "messages[1]",
        "messages[2].role",
        "sampling.seed",
        "parallel_tool_calls",
        "end_user",
    ];
    assert_eq!(fields(&warnings), expected);
    assert_eq!(body["contents"].as_array().map(Vec::len), Some(1));
    request.on_unsupported = OnUnsupported::Error;
    let error = generate::encode_request(&request, &origin(), true, &Profile::default()).unwrap_err();
    assert_eq!(error.param(), Some("messages[1].content[0]"));
}
