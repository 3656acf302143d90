//! From a chat request to Converse's body, and bodies that come in.

use std::time::Duration;

use llm_core::{
    CacheHint, ChatRequest, ErrorKind, FunctionTool, JsonSchema, Media, MediaData, Message, OutputFormat, Part,
    PartKind, Reasoning, Role, Support, Tool, ToolChoice, ToolResult, ToolStatus,
};
use llm_wire_bedrock::{Profile, ReasoningForm, TopK, converse};
use serde_json::{Value, json};

use crate::{encode, encode_with};

fn plain() -> ChatRequest {
    ChatRequest::new("a.model-v1:0").with_user("hi")
}

fn tool() -> Tool {
    Tool::function("look_up", "looks it up", json!({"type": "object", "properties": {}}))
}

#[test]
fn a_conversation_becomes_turns_with_results_first() {
    let mut result = Part::tool_result("call:1/x", "done");
    result.cache = Some(CacheHint { ttl: Some(Duration::from_hours(1)) });
    let request = ChatRequest::new("m")
        .with_message(Message::system("Be brief."))
        .with_user("one")
        .with_user("two")
        .with_message(Message::new(Role::Assistant, vec![Part::tool_call("call:1/x", "look_up", r#"{"b":1,"a":2}"#)]))
        .with_user("and")
        .with_message(Message::new(Role::Tool, vec![result]));
    let (body, warnings) = encode(&request);
    assert_eq!(warnings, [""; 0]);
    assert_eq!(body["system"], json!([{"text": "Be brief."}]));
    let id = body["messages"][1]["content"][0]["toolUse"]["toolUseId"].as_str().unwrap();
    assert!(id.len() <= 64 && !id.contains('/'), "{id}");
    assert_eq!(
        body["messages"],
        json!([
            {"role": "user", "content": [{"text": "one"}, {"text": "two"}]},
            {"role": "assistant", "content": [{"toolUse": {"toolUseId": id, "name": "look_up", "input": {"a": 2, "b": 1}}}]},
            {"role": "user", "content": [
                {"toolResult": {"toolUseId": id, "content": [{"text": "done"}]}},
                {"cachePoint": {"type": "default", "ttl": "1h"}},
                {"text": "and"},
            ]},
        ])
    );
}

#[test]
fn arguments_go_out_as_the_model_wrote_them() {
    let call = Part::tool_call("c", "t", r#"{ "b": 1.0, "a": 10000000000000000000001 }"#);
    let request = plain().with_message(Message::new(Role::Assistant, vec![call]));
    let encoded = converse::encode_request(&request, &crate::target(), &Profile::default()).unwrap();
    let text = String::from_utf8(encoded.body).unwrap();
    assert!(text.contains(r#"{ "b": 1.0, "a": 10000000000000000000001 }"#), "{text}");
}

#[test]
fn media_go_inline_or_from_a_bucket() {
    let file = |media_type: &str, data| {
        Part::media(Media { media_type: media_type.to_owned(), data, filename: None, detail: None })
    };
    let at = |url: &str| MediaData::Url { url: url.to_owned() };
    let mut named = Media::inline("application/pdf", &b"%PDF"[..]);
    named.filename = Some("Quartal 3/2026.pdf".to_owned());
    let message = Message::user("look")
        .with_part(Part::media(Media::inline("image/png", &b"png"[..])))
        .with_part(file("video/*", at("s3://bucket/clip.mov")))
        .with_part(Part::media(named))
        .with_part(file("text/plain", MediaData::Text { text: "words".to_owned() }))
        .with_part(file("image/png", at("https://host.test/cat.png")))
        .with_part(Part::media(Media::inline("image/tiff", &b"tiff"[..])))
        .with_part(Part::media(Media::inline("audio/mpeg", &b"mp3"[..])));
    let (body, warnings) = encode(&ChatRequest::new("m").with_message(message));
    assert_eq!(
        body["messages"][0]["content"],
        json!([
            {"text": "look"},
            {"image": {"format": "png", "source": {"bytes": "cG5n"}}},
            {"video": {"format": "mov", "source": {"s3Location": {"uri": "s3://bucket/clip.mov"}}}},
            {"document": {"format": "pdf", "name": "Quartal 3-2026", "source": {"bytes": "JVBERg=="}}},
            {"document": {"format": "txt", "name": "document-0-4", "source": {"text": "words"}}},
            {"audio": {"format": "mp3", "source": {"bytes": "bXAz"}}},
        ])
    );
    assert_eq!(warnings, ["messages[0].content[3].filename", "messages[0].content[5]", "messages[0].content[6]"]);
}

#[test]
fn tools_have_their_choice_and_no_choice_leaves_them_out() {
    let mut request = plain().with_tool(tool());
    request.tools.push(
        Tool::Function(FunctionTool {
            name: "bare".to_owned(),
            cache: Some(CacheHint::default()),
            strict: Some(true),
            ..FunctionTool::default()
        })
        .into(),
    );
    request.tools.push(
        Tool::Provider { id: "bedrock.nova_grounding".to_owned(), name: String::new(), args: serde_json::Map::new() }
            .into(),
    );
    request.tool_choice = ToolChoice::Named("bare".to_owned());
    let (body, warnings) = encode(&request);
    assert_eq!(warnings, [""; 0]);
    assert_eq!(
        body["toolConfig"],
        json!({
            "tools": [
                {"toolSpec": {"name": "look_up", "description": "looks it up",
                    "inputSchema": {"json": {"type": "object", "properties": {}}}}},
                {"toolSpec": {"name": "bare", "inputSchema": {"json": {"type": "object"}}, "strict": true}},
                {"cachePoint": {"type": "default"}},
                {"systemTool": {"name": "nova_grounding"}},
            ],
            "toolChoice": {"tool": {"name": "bare"}},
        })
    );
    request.tool_choice = ToolChoice::Required;
    assert_eq!(encode(&request).0["toolConfig"]["toolChoice"], json!({"any": {}}));
    let never = Profile::default().with_forced_tool(Support::No);
    assert_eq!(encode_with(&request, &never).1, ["tool_choice"]);
    request.tool_choice = ToolChoice::None;
    let (body, warnings) = encode(&request);
    assert_eq!((body.get("toolConfig"), warnings), (None, vec!["tool_choice".to_owned()]));
    let call = Message::new(Role::Assistant, vec![Part::tool_call("c", "bare", "{}")]);
    let (body, warnings) = encode(&request.with_message(call));
    assert_eq!(body["toolConfig"]["tools"].as_array().map(Vec::len), Some(4), "the history has calls");
    assert_eq!(warnings, ["tool_choice"]);
}

#[test]
fn reasoning_is_asked_for_as_the_model_takes_it() {
    let fields = |form: ReasoningForm, reasoning: Reasoning| {
        let mut request = plain();
        request.reasoning = Some(reasoning);
        let (mut body, warnings) = encode_with(&request, &Profile::default().with_reasoning(form));
        (body["additionalModelRequestFields"].take(), body["outputConfig"]["effort"].take(), warnings.len())
    };
    let effort = |word: &str| Reasoning::Effort(word.into());
    let thinking = |value: Value| json!({ "thinking": value });
    let none = Value::Null;
    let check =
        |form, reasoning, expected: (Value, Value, usize)| assert_eq!(fields(form, reasoning), expected, "{form:?}");
    check(ReasoningForm::Unknown, effort("minimal"), (none.clone(), "low".into(), 1));
    check(ReasoningForm::Unknown, effort("tomorrow"), (none.clone(), "tomorrow".into(), 0));
    check(ReasoningForm::Unknown, effort("none"), (none.clone(), none.clone(), 1));
    check(ReasoningForm::Unknown, Reasoning::Budget(9000), (none.clone(), "high".into(), 1));
    check(ReasoningForm::Never, effort("high"), (none.clone(), none.clone(), 1));
    let enabled = |tokens: u32| thinking(json!({"type": "enabled", "budget_tokens": tokens}));
    check(ReasoningForm::Budget, Reasoning::Budget(2000), (enabled(2000), none.clone(), 0));
    check(ReasoningForm::Budget, Reasoning::Budget(7), (enabled(1024), none.clone(), 1));
    check(ReasoningForm::Budget, effort("low"), (enabled(2048), none.clone(), 1));
    check(ReasoningForm::Budget, effort("none"), (thinking(json!({"type": "disabled"})), none.clone(), 0));
    check(ReasoningForm::Either, Reasoning::Budget(2000), (enabled(2000), none.clone(), 0));
    check(ReasoningForm::Either, effort("high"), (thinking(json!({"type": "adaptive"})), "high".into(), 0));
    check(ReasoningForm::Adaptive, Reasoning::Budget(2000), (thinking(json!({"type": "adaptive"})), "low".into(), 1));
    let nova = |effort: &str| json!({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": effort}});
    check(ReasoningForm::NovaConfig, effort("max"), (nova("high"), none.clone(), 1));
    check(
        ReasoningForm::NovaConfig,
        effort("none"),
        (json!({"reasoningConfig": {"type": "disabled"}}), none.clone(), 0),
    );
    check(ReasoningForm::Effort, effort("medium"), (json!({"reasoning_effort": "medium"}), none.clone(), 0));
    check(ReasoningForm::Config, effort("high"), (json!({"reasoning_config": "high"}), none, 0));
}

#[test]
fn a_budget_binds_what_stands_beside_it() {
    let profile = Profile::default().with_reasoning(ReasoningForm::Budget).with_top_k(TopK::Snake);
    let mut request = plain();
    request.reasoning = Some(Reasoning::Budget(4000));
    request.sampling.temperature = Some(0.5);
    request.sampling.top_k = Some(5);
    request.sampling.max_output_tokens = Some(3000);
    let (body, warnings) = encode_with(&request, &profile);
    assert_eq!(body["inferenceConfig"], json!({"maxTokens": 3000}));
    assert_eq!(body["additionalModelRequestFields"]["thinking"]["budget_tokens"], 2999);
    assert_eq!(warnings, ["reasoning", "sampling.temperature", "sampling.top_k"]);
    let mut request = request.with_tool(tool());
    request.tool_choice = ToolChoice::Required;
    assert!(encode_with(&request, &profile).1.contains(&"reasoning".to_owned()));
}

#[test]
fn a_schema_is_sent_as_text() {
    let mut request = plain();
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    request.output = OutputFormat::JsonSchema(JsonSchema {
        name: "answer".to_owned(),
        description: Some("what is asked".to_owned()),
        schema: schema.clone(),
        strict: None,
    });
    let (body, _) = encode(&request);
    let format = &body["outputConfig"]["textFormat"];
    let sent = &format["structure"]["jsonSchema"];
    assert_eq!((&format["type"], &sent["name"]), (&json!("json_schema"), &json!("answer")));
    assert_eq!(serde_json::from_str::<Value>(sent["schema"].as_str().unwrap()).unwrap(), schema);
    let never = Profile::default().with_json_schema(Support::No);
    assert_eq!(encode_with(&request, &never).1, ["output"]);
}

#[test]
fn settings_go_into_the_object_they_stand_at() {
    let mut request = plain();
    let mut document = Media::inline("application/pdf", &b"x"[..]);
    document.filename = Some("a".to_owned());
    let mut part = Part::media(document);
    part.ext.set("bedrock", "citations", json!({"enabled": true}));
    request = request.with_message(Message::new(Role::User, vec![part]));
    request.ext.set("bedrock-converse", "inferenceConfig", json!({"topP": 0.5}));
    request.ext.set("bedrock", "additionalModelRequestFields", json!({"x": 1}));
    request.sampling.temperature = Some(1.0);
    let (body, _) = encode(&request);
    assert_eq!(body["messages"][0]["content"][1]["document"]["citations"], json!({"enabled": true}));
    assert_eq!(body["inferenceConfig"], json!({"temperature": 1.0, "topP": 0.5}));
    assert_eq!(body["additionalModelRequestFields"], json!({"x": 1}));
}

#[test]
fn a_request_that_comes_in_goes_out_the_same() {
    let body = json!({
        "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}],
        "messages": [
            {"role": "user", "content": [
                {"guardContent": {"text": {"text": "guarded", "qualifiers": ["query"]}}},
                {"document": {"format": "pdf", "name": "a_b", "context": "c", "citations": {"enabled": true},
                    "source": {"s3Location": {"uri": "s3://b/k", "bucketOwner": "123456789012"}}}},
                {"text": "hi"}, {"cachePoint": {"type": "default", "ttl": "5m"}},
            ]},
            {"role": "assistant", "content": [
                {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s=="}}},
                {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s==", "new": 1}}},
                {"citationsContent": {"content": [{"text": "cited"}],
                    "citations": [{"title": "t", "location": {"documentChar": {"documentIndex": 0, "start": 1, "end": 2}}}]}},
                {"toolUse": {"toolUseId": "t1", "name": "look_up", "input": {"a": 1}}},
            ]},
            {"role": "user", "content": [
                {"toolResult": {"toolUseId": "t1", "status": "success", "content": [
                    {"json": {"a": [1]}}, {"text": "x"},
                    {"searchResult": {"source": "s", "title": "t", "content": [{"text": "w"}]}},
                ]}},
                {"toolResult": {"toolUseId": "t2", "status": "error", "content": []}},
                {"text": "go on"},
            ]},
        ],
        "inferenceConfig": {"maxTokens": 7, "temperature": 0.5, "topP": 0.9, "stopSequences": ["END"]},
        "toolConfig": {"tools": [
            {"toolSpec": {"name": "look_up", "description": "d", "inputSchema": {"json": {"type": "object"}}}},
            {"cachePoint": {"type": "default"}},
            {"systemTool": {"name": "nova_grounding"}},
            {"cachePoint": {"type": "default", "ttl": "1h"}},
            {"toolOfTomorrow": {"x": 1}},
        ], "toolChoice": {"auto": {}}},
        "outputConfig": {"effort": "high", "textFormat": {"type": "json_schema", "new": 1,
            "structure": {"jsonSchema": {"schema": "{\"type\":\"object\"}", "name": "n", "description": "d"}}}},
        "guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"},
        "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 4000}},
        "additionalModelResponseFieldPaths": ["/stop_sequence"],
        "serviceTier": {"type": "flex"},
        "performanceConfig": {"latency": "optimized"},
        "requestMetadata": {"team": "a"},
        "promptVariables": {"v": {"text": "x"}},
    });
    let decoded = converse::decode_request(body.to_string().as_bytes(), "a.model-v1:0").unwrap();
    let (sent, warnings) = encode(&decoded.request);
    assert_eq!(sent, body);
    assert_eq!(warnings, [""; 0]);
    assert!(matches!(
        &decoded.request.messages[3].content[0].kind,
        PartKind::ToolResult(ToolResult { status: ToolStatus::Ok, .. })
    ));
    assert_eq!(decoded.request.messages[3].role, Role::Tool);
}

#[test]
fn what_is_wrong_in_a_request_is_named() {
    let check = |body: Value, param: &str| {
        let error = converse::decode_request(body.to_string().as_bytes(), "m").unwrap_err();
        assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidRequest, Some(param)), "{error}");
        assert!(!error.message().contains("secret"), "{error}");
    };
    check(json!("secret"), "the body");
    check(json!({"messages": "secret"}), "messages");
    check(json!({"messages": [{"role": "secret", "content": []}]}), "messages[0].role");
    check(json!({"messages": [{"role": "user", "content": [{"text": ["secret"]}]}]}), "messages[0].content[0].text");
    check(
        json!({"messages": [{"role": "user", "content": [{"image": {"format": "png", "source": {"bytes": "secret!"}}}]}]}),
        "messages[0].content[0].image.source.bytes",
    );
    check(json!({"inferenceConfig": {"maxTokens": "secret"}}), "inferenceConfig.maxTokens");
    check(json!({"toolConfig": {"tools": [{"toolSpec": {"name": "t"}}]}}), "toolConfig.tools[0].toolSpec.inputSchema");
    check(json!({"toolConfig": {"toolChoice": {"secret": {}}}}), "toolConfig.toolChoice");
    assert!(converse::decode_request(b"{\"secret", "m").is_err());
}
