//! Requests as they go to vendors: the protocol's own form, and what dialects change.

use std::time::Duration;

use llm_core::{
    CacheHint, ChatRequest, ErrorKind, FunctionTool, JsonSchema, Media, Message, OnUnsupported, Origin, OutputFormat,
    Part, PartKind, Role, Tool, ToolCall, ToolChoice, ToolResult, Warning,
};
use llm_wire_openai::dialect::{
    CacheForm, Flatten, ModelPrefix, NamePolicy, ReasoningReplay, StreamUsage, StructuredOutput, SystemRole,
    ToolContent, ToolIds,
};
use llm_wire_openai::{Dialect, chat};
use serde_json::{Map, Value, json};

fn to() -> Origin {
    Origin::new("openai-chat", "vendor", "m")
}

fn encode(request: &ChatRequest, dialect: &Dialect) -> (Value, Vec<String>) {
    let encoded = chat::encode_request(request, &to(), false, dialect).unwrap();
    let fields = encoded.warnings.iter().map(|warning| match warning {
        Warning::Unsupported { field, .. } => field.clone(),
        Warning::Adapted { field, .. } => format!("~{field}"),
        other => format!("{other:?}"),
    });
    (serde_json::from_slice(&encoded.body).unwrap(), fields.collect())
}

/// The messages of a request in one dialect.
fn messages(messages: Vec<Message>, dialect: &Dialect) -> (Value, Vec<String>) {
    let request = messages.into_iter().fold(ChatRequest::new("m"), ChatRequest::with_message);
    let (mut body, warnings) = encode(&request, dialect);
    (body["messages"].take(), warnings)
}

fn assistant(content: Vec<Part>) -> Message {
    Message::new(Role::Assistant, content)
}

#[test]
fn the_usual_request_is_small_and_plain() {
    let request = ChatRequest::new("m").with_message(Message::system("be brief")).with_user("hi \"there\"\n🌤");
    let encoded = chat::encode_request(&request, &to(), true, &Dialect::OPENAI).unwrap();
    assert_eq!(
        String::from_utf8(encoded.body).unwrap(),
        concat!(
            r#"{"model":"m","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"hi \"there\"\n🌤"}],"#,
            r#""stream":true,"stream_options":{"include_usage":true}}"#
        )
    );
    assert!(encoded.warnings.is_empty());
}

#[test]
fn media_take_the_form_of_their_kind() {
    let named = Media { filename: Some("a.pdf".into()), ..Media::inline("application/pdf", &b"hi"[..]) };
    let message = Message::user("look")
        .with_part(Part::media(Media::inline("image/png", &b"hi"[..])))
        .with_part(Part::media(Media::url("image/*", "https://a.test/b.png")))
        .with_part(Part::media(Media::inline("audio/wav", &b"hi"[..])))
        .with_part(Part::media(named))
        .with_part(Part::media(Media::url("application/pdf", "https://a.test/b.pdf")))
        .with_part(Part::media(Media::inline("video/mp4", &b"hi"[..])));
    let (written, warnings) = messages(vec![message], &Dialect::OPENAI);
    assert_eq!(
        written[0]["content"],
        json!([
            {"type": "text", "text": "look"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
            {"type": "image_url", "image_url": {"url": "https://a.test/b.png"}},
            {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,aGk=", "filename": "a.pdf"}},
        ])
    );
    assert_eq!(warnings, ["messages.content.media"]);
}

#[test]
fn a_big_image_is_encoded_as_one_text() {
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
    let (written, _) = messages(
        vec![Message::user("x").with_part(Part::media(Media::inline("image/png", bytes.clone())))],
        &Dialect::OPENAI,
    );
    let url = written[0]["content"][1]["image_url"]["url"].as_str().unwrap();
    let expected = llm_core::base64_text::encode(&bytes);
    assert!(url == format!("data:image/png;base64,{expected}"));
}

#[test]
fn results_of_tools_become_messages_of_their_own() {
    let result = |id: &str, text: &str| {
        Part::new(PartKind::ToolResult(ToolResult {
            call_id: id.into(),
            name: Some("f".into()),
            content: vec![Part::text(text)],
            ..ToolResult::default()
        }))
    };
    let history = || {
        vec![
            assistant(vec![Part::tool_call("a", "f", ""), Part::tool_call("b", "f", "{\"x\":1}")]),
            Message::new(Role::User, vec![result("a", "1"), result("b", "2"), Part::text("and?")]),
        ]
    };
    let dialect = Dialect { message_name: NamePolicy::Drop, ..Dialect::OPENAI };
    let (written, warnings) = messages(history(), &dialect);
    assert_eq!(
        written,
        json!([
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                {"id": "b", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}}]},
            {"role": "tool", "tool_call_id": "a", "content": "1"},
            {"role": "tool", "tool_call_id": "b", "content": "2"},
            {"role": "user", "content": "and?"},
        ])
    );
    assert_eq!(warnings, [""; 0]);
    let (written, _) =
        messages(history(), &Dialect { message_name: NamePolicy::ToolOnly, null_content: false, ..Dialect::OPENAI });
    assert_eq!(written[1]["name"], "f");
    assert!(written[0].get("content").is_none());
}

#[test]
fn a_dialect_decides_what_messages_look_like() {
    let two = || Message::new(Role::User, vec![Part::text("a"), Part::text("b")]);
    let (written, _) = messages(vec![two()], &Dialect::OPENAI);
    assert_eq!(written[0]["content"], json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]));
    let (written, _) = messages(vec![two()], &Dialect { flatten_text: Flatten::TextOnly, ..Dialect::OPENAI });
    assert_eq!(written[0]["content"], "ab");
    let seen = two().with_part(Part::media(Media::inline("image/png", &b"hi"[..])));
    let (written, warnings) = messages(vec![seen], &Dialect { flatten_text: Flatten::Always, ..Dialect::OPENAI });
    assert_eq!((written[0]["content"].as_str(), &*warnings), (Some("ab"), &["messages.content.media".to_owned()][..]));

    let instructions =
        || vec![Message::system("a"), Message::new(Role::Developer, vec![Part::text("b")]), Message::user("c")];
    let roles = |system_role, merge_leading_systems| {
        let dialect = Dialect { system_role, merge_leading_systems, ..Dialect::OPENAI };
        let (written, _) = messages(instructions(), &dialect);
        written
            .as_array()
            .unwrap()
            .iter()
            .map(|message| format!("{}:{}", message["role"], message["content"]).replace('"', ""))
            .collect::<Vec<_>>()
    };
    assert_eq!(roles(SystemRole::AsGiven, false), ["system:a", "developer:b", "user:c"]);
    assert_eq!(roles(SystemRole::System, false), ["system:a", "system:b", "user:c"]);
    assert_eq!(roles(SystemRole::User, false), ["user:a", "user:b", "user:c"]);
    assert_eq!(roles(SystemRole::System, true), ["system:a\\n\\nb", "user:c"]);

    let named = || Message { name: Some("ada".into()), ..Message::user("hi") };
    assert_eq!(messages(vec![named()], &Dialect::OPENAI).0[0]["name"], "ada");
    let (written, warnings) = messages(vec![named()], &Dialect { message_name: NamePolicy::Drop, ..Dialect::OPENAI });
    assert_eq!((written[0].get("name"), &*warnings), (None, &["messages.name".to_owned()][..]));
    let house = Message { name: Some("house".into()), ..Message::system("Be brief.") };
    let of_users = Dialect { message_name: NamePolicy::UserOnly, ..Dialect::OPENAI };
    let (written, warnings) = messages(vec![house, named()], &of_users);
    assert_eq!((written[0].get("name"), &written[1]["name"]), (None, &json!("ada")));
    assert_eq!(warnings, ["messages.name"]);

    let cached = || {
        Message::new(
            Role::User,
            vec![Part { cache: Some(CacheHint { ttl: Some(Duration::from_secs(3600)) }), ..Part::text("a") }],
        )
    };
    let (written, _) = messages(vec![cached()], &Dialect { cache: CacheForm::CacheControl, ..Dialect::OPENAI });
    assert_eq!(
        written[0]["content"],
        json!([{"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}}])
    );
    assert_eq!(messages(vec![cached()], &Dialect::OPENAI).1, ["messages.content.cache", "messages.content.cache.ttl"]);

    let empty = || vec![assistant(Vec::new()), Message::user("hi")];
    assert_eq!(messages(empty(), &Dialect::OPENAI).0[0]["content"], "");
    assert_eq!(
        messages(empty(), &Dialect { drop_empty_assistant: true, ..Dialect::OPENAI }).0.as_array().unwrap().len(),
        1
    );
}

#[test]
fn results_hold_what_the_vendor_reads() {
    let seen = || {
        vec![Message::new(
            Role::Tool,
            vec![Part::new(PartKind::ToolResult(ToolResult {
                call_id: "a".into(),
                content: vec![Part::text("1"), Part::media(Media::inline("image/png", &b"hi"[..])), Part::text("2")],
                ..ToolResult::default()
            }))],
        )]
    };
    let content = |tool_content| {
        let (mut written, warnings) = messages(seen(), &Dialect { tool_content, ..Dialect::OPENAI });
        (written[0]["content"].take(), warnings.len())
    };
    let text = |text: &str| json!({"type": "text", "text": text});
    let image = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}});
    assert_eq!(content(ToolContent::Parts), (json!([text("1"), image, text("2")]), 0));
    assert_eq!(content(ToolContent::TextParts), (json!([text("1"), text("2")]), 1));
    assert_eq!(content(ToolContent::Text), (json!("12"), 1));
}

#[test]
fn reasoning_goes_back_as_the_vendor_wants_it() {
    let said = || assistant(vec![Part::reasoning("t"), Part::text("a"), Part::tool_call("x", "f", "{}")]);
    let replay = |reasoning_replay, message| messages(vec![message], &Dialect { reasoning_replay, ..Dialect::OPENAI });
    let (written, warnings) = replay(ReasoningReplay::Drop, said());
    assert_eq!((written[0].get("reasoning_content"), &*warnings), (None, &["messages.reasoning".to_owned()][..]));
    assert_eq!(replay(ReasoningReplay::Field("reasoning"), said()).0[0]["reasoning"], "t");
    assert_eq!(replay(ReasoningReplay::Tags, said()).0[0]["content"], "<think>t</think>a");
    let silent = assistant(vec![Part::tool_call("x", "f", "{}")]);
    assert_eq!(replay(ReasoningReplay::Required("reasoning_content"), silent).0[0]["reasoning_content"], " ");
    // Blocks go back to the provider that made them, and to no other.
    let mut part = Part::reasoning("t");
    part.ext.set("vendor", "reasoning_details", json!([{"type": "reasoning.text", "text": "t"}]));
    part.ext.set("elsewhere", "reasoning_details", json!([{"type": "wrong"}]));
    let (written, warnings) = replay(ReasoningReplay::Drop, assistant(vec![part, Part::text("a")]));
    assert_eq!(written[0]["reasoning_details"], json!([{"type": "reasoning.text", "text": "t"}]));
    assert_eq!(warnings, [""; 0]);
}

#[test]
fn ids_of_calls_are_fitted_on_both_sides() {
    let history = vec![
        assistant(vec![Part::tool_call("call_with_underscores", "f", "{}")]),
        Message::tool_result("call_with_underscores", "1"),
    ];
    let (written, _) = messages(history, &Dialect { tool_ids: ToolIds::Alphanumeric(9), ..Dialect::OPENAI });
    let id = written[0]["tool_calls"][0]["id"].as_str().unwrap();
    assert_eq!(id.len(), 9);
    assert_eq!(written[1]["tool_call_id"], id);
}

#[test]
fn tools_are_sent_as_far_as_the_vendor_knows_them() {
    let mut function = FunctionTool { name: "f".into(), strict: Some(true), ..FunctionTool::default() };
    function.ext.set("vendor", "function", json!({"x_inner": 1}));
    function.ext.set("vendor", "x_outer", 2);
    let own = |id: &str| Tool::Provider {
        id: id.into(),
        name: "c".into(),
        args: Map::from_iter([("custom".into(), json!({"name": "c"}))]),
    };
    let mut request = ChatRequest::new("m")
        .with_user("hi")
        .with_tool(Tool::Function(function))
        .with_tool(own("openai-chat.custom"))
        .with_tool(own("anthropic.web_search"));
    request.tool_choice = ToolChoice::Named("c".into());
    let (body, warnings) = encode(&request, &Dialect::OPENAI);
    assert_eq!(
        body["tools"],
        json!([{"type": "function", "function": {"name": "f", "strict": true, "x_inner": 1}, "x_outer": 2}, {"type": "custom", "custom": {"name": "c"}}])
    );
    assert_eq!(body["tool_choice"], json!({"type": "custom", "custom": {"name": "c"}}));
    assert_eq!(warnings, ["tools"]);
    request.tool_choice = ToolChoice::Named("f".into());
    let (body, warnings) = encode(
        &request,
        &Dialect { named_tool: false, required_tool: Some("any"), strict: false, ..Dialect::COMPATIBLE },
    );
    assert_eq!(body["tools"], json!([{"type": "function", "function": {"name": "f", "x_inner": 1}, "x_outer": 2}]));
    assert_eq!(body["tool_choice"], "any", "the only tool is required instead of named");
    assert_eq!(warnings, ["~tools.strict", "tools", "~tool_choice"]);
}

#[test]
fn the_form_of_the_answer_depends_on_the_vendor() {
    let mut request = ChatRequest::new("m").with_user("hi");
    request.output = OutputFormat::JsonSchema(JsonSchema {
        schema: json!({"type": "object"}),
        strict: Some(true),
        ..JsonSchema::default()
    });
    let schema =
        json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": true}});
    assert_eq!(encode(&request, &Dialect::OPENAI).0["response_format"], schema);
    let (body, warnings) =
        encode(&request, &Dialect { structured_output: StructuredOutput::JsonObject, ..Dialect::OPENAI });
    assert_eq!(
        (body["response_format"].clone(), &*warnings),
        (json!({"type": "json_object"}), &["output.schema".to_owned()][..])
    );
    let request = request.with_tool(Tool::function("f", "d", json!({})));
    let (body, warnings) = encode(&request, &Dialect { tools_with_output: false, ..Dialect::OPENAI });
    assert_eq!((body.get("response_format"), &*warnings), (None, &["output".to_owned()][..]));
}

#[test]
fn a_schema_keeps_the_order_of_its_keys() {
    let schema = r#"{"type":"object","required":["why","answer"],"properties":{"why":{"type":"string"},"answer":{"type":"boolean"}}}"#;
    let format = format!(r#"{{"type":"json_schema","json_schema":{{"name":"n","schema":{schema}}}}}"#);
    let tools = format!(r#"[{{"type":"function","function":{{"name":"f","parameters":{schema}}}}}]"#);
    let body = format!(
        r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}],"response_format":{format},"tools":{tools}}}"#
    );
    let decoded = chat::decode_request(body.as_bytes()).unwrap().request;
    let encoded = chat::encode_request(&decoded, &to(), false, &Dialect::OPENAI).unwrap().body;
    assert_eq!(String::from_utf8(encoded).unwrap().matches(schema).count(), 2);
}

#[test]
fn names_prefixes_bounds_and_refusals_are_data() {
    let mut request = ChatRequest::new("m").with_user("hi");
    request.sampling.seed = Some(7);
    request.sampling.temperature = Some(1.5);
    request.sampling.max_output_tokens = Some(5);
    request.sampling.presence_penalty = Some(0.5);
    request.end_user = Some("u".into());
    let dialect = Dialect {
        model_prefix: Some(ModelPrefix { prefix: "accounts/x/models/", unless: &["accounts/"] }),
        seed: Some("random_seed"),
        max_tokens: "max_tokens",
        end_user: None,
        temperature: Some((0.0, 1.0)),
        drop: &["presence_penalty"],
        stream_usage: StreamUsage::UsageInclude,
        ..Dialect::OPENAI
    };
    let (body, warnings) = encode(&request, &dialect);
    assert_eq!(
        body,
        json!({"model": "accounts/x/models/m", "messages": [{"role": "user", "content": "hi"}], "temperature": 1.0, "random_seed": 7, "max_tokens": 5, "usage": {"include": true}})
    );
    assert_eq!(warnings, ["~sampling.temperature", "sampling.presence_penalty", "end_user"]);
    request.on_unsupported = OnUnsupported::Error;
    let error = chat::encode_request(&request, &to(), false, &dialect).unwrap_err();
    assert_eq!((error.kind(), error.param()), (ErrorKind::Unsupported, Some("sampling.presence_penalty")));
}

#[test]
fn the_callers_own_fields_win_and_stand_once() {
    let mut request = ChatRequest::new("m").with_user("hi");
    request.sampling.temperature = Some(0.5);
    request.ext.set("openai-chat", "temperature", 0.7);
    request.ext.set("vendor", "x", 1);
    request.ext.set("elsewhere", "y", 1);
    let encoded = chat::encode_request(&request, &to(), false, &Dialect::OPENAI).unwrap();
    let text = String::from_utf8(encoded.body).unwrap();
    assert_eq!(text, r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"temperature":0.7,"x":1}"#);
}

#[test]
fn what_cannot_be_said_is_warned_about_once() {
    let mut reasoning = Part::reasoning("t");
    reasoning.signature = Some("s".into());
    let served = Part::new(PartKind::ToolCall(ToolCall {
        id: "x".into(),
        executed_by: llm_core::Executor::Provider,
        ..ToolCall::default()
    }));
    let foreign = Part::opaque("anthropic.web_search_tool_result", json!({}));
    let message = assistant(vec![reasoning.clone(), reasoning, served, foreign.clone(), foreign, Part::text("a")]);
    let (written, mut warnings) = messages(vec![message], &Dialect::OPENAI);
    assert_eq!(written, json!([{"role": "assistant", "content": "a"}]));
    warnings.sort();
    assert_eq!(
        warnings,
        ["messages.content.opaque", "messages.content.tool_call", "messages.reasoning", "messages.signature"]
    );
}
