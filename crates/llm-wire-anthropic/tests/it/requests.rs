//! From a chat request to the vendor's body.

use std::sync::Arc;
use std::time::Duration;

use llm_core::{
    CacheHint, ChatRequest, Effort, ErrorKind, Executor, FunctionTool, JsonSchema, Media, MediaData, Message,
    OnUnsupported, Origin, OutputFormat, Part, PartKind, Reasoning, Role, Support, Tool, ToolCall, ToolChoice,
    ToolResult, ToolStatus, Visibility, Warning,
};
use llm_wire_anthropic::{API, Profile, messages};
use serde_json::{Value, json};

pub(crate) fn target() -> Origin {
    Origin::new(API, "anthropic", "claude-test")
}

pub(crate) fn encode_with(request: &ChatRequest, profile: &Profile) -> (Value, Vec<String>, messages::Encoded) {
    let encoded = messages::encode_request(request, &target(), false, profile).unwrap();
    let fields = encoded.warnings.iter().map(|warning| match warning {
        Warning::Unsupported { field, .. } => format!("-{field}"),
        Warning::Adapted { field, .. } => format!("~{field}"),
        other => panic!("{other:?}"),
    });
    (serde_json::from_slice(&encoded.body).unwrap(), fields.collect(), encoded)
}

/// The body, and the fields warned about: `-` left out, `~` changed.
pub(crate) fn encode(request: &ChatRequest) -> (Value, Vec<String>) {
    let (body, warned, _) = encode_with(request, &Profile::default());
    (body, warned)
}

pub(crate) fn base() -> ChatRequest {
    ChatRequest::new("claude-test").with_user("hi")
}

pub(crate) fn check(request: &ChatRequest, expected: &Value, warned: &[&str]) {
    let (body, warnings) = encode(request);
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(body.get(name).unwrap_or(&Value::Null), value, "{name} in {body}");
    }
    assert_eq!(warnings, warned, "{body}");
}

#[test]
fn a_small_request_is_written_in_the_shortest_form() {
    let request = ChatRequest::new("claude-test").with_message(Message::system("Be brief.")).with_user("hi");
    let encoded = messages::encode_request(&request, &target(), true, &Profile::default()).unwrap();
    assert_eq!(
        String::from_utf8(encoded.body).unwrap(),
        r#"{"model":"claude-test","max_tokens":4096,"stream":true,"system":"Be brief.","messages":[{"role":"user","content":"hi"}]}"#
    );
}

#[test]
fn the_longest_answer_is_the_callers_else_the_models_else_4096() {
    let tokens = |asked, known| {
        let mut request = base();
        request.sampling.max_output_tokens = asked;
        encode_with(&request, &Profile::default().with_max_output(known)).0["max_tokens"].as_u64().unwrap()
    };
    assert_eq!(tokens(Some(7), Some(64_000)), 7);
    assert_eq!(tokens(None, Some(64_000)), 64_000);
    assert_eq!(tokens(None, None), 4096);
}

#[test]
fn instructions_go_to_the_top_as_text_or_as_blocks_with_cache_marks() {
    let mut cached = Part::text("long");
    cached.cache = Some(CacheHint { ttl: Some(Duration::from_secs(3600)) });
    let request = ChatRequest::new("m")
        .with_message(Message::new(Role::Developer, vec![Part::text("a")]))
        .with_message(Message::new(Role::System, vec![cached]))
        .with_user("hi");
    check(
        &request,
        &json!({"system": [{"type": "text", "text": "a"},
            {"type": "text", "text": "long", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]}),
        &[],
    );
}

#[test]
fn later_instructions_stay_where_the_model_takes_them_and_move_up_elsewhere() {
    let request = base().with_message(Message::system("now in French")).with_user("again");
    check(
        &request,
        &json!({"system": "now in French",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "text", "text": "again"}]}]}),
        &["~messages[1]"],
    );
    let (body, warned, _) = encode_with(&request, &Profile::default().with_mid_system(Support::Yes));
    assert_eq!(body["messages"][1], json!({"role": "system", "content": "now in French"}));
    assert!(warned.is_empty() && body.get("system").is_none());
}

#[test]
fn all_tool_results_of_a_turn_stand_first_in_one_message() {
    let failed = ToolResult {
        call_id: "b".into(),
        content: vec![Part::text("no"), Part::media(Media::inline("image/png", &b"png"[..]))],
        status: ToolStatus::Error,
        ..ToolResult::default()
    };
    let request = base()
        .with_message(
            Message::assistant("calling")
                .with_part(Part::tool_call("a", "f", r#"{"z": 1, "a": 2}"#))
                .with_part(Part::tool_call("b", "g", "")),
        )
        .with_message(Message::tool_result("a", "yes"))
        .with_user("and then?")
        .with_message(Message::new(Role::Tool, vec![Part::new(PartKind::ToolResult(failed))]));
    check(
        &request,
        &json!({"messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [{"type": "text", "text": "calling"},
                {"type": "tool_use", "id": "a", "name": "f", "input": {"z": 1, "a": 2}},
                {"type": "tool_use", "id": "b", "name": "g", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": "yes"},
                {"type": "tool_result", "tool_use_id": "b", "is_error": true, "content": [{"type": "text", "text": "no"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "cG5n"}}]},
                {"type": "text", "text": "and then?"}]}]}),
        &[],
    );
}

#[test]
fn arguments_stay_the_text_that_the_model_wrote() {
    let text = "{\"z\": 1.0,\n  \"a\": 100000000000000000000000000000}";
    let request = base().with_message(Message::new(Role::Assistant, vec![Part::tool_call("a", "f", text)]));
    let encoded = messages::encode_request(&request, &target(), false, &Profile::default()).unwrap();
    assert!(String::from_utf8(encoded.body).unwrap().contains(&format!("\"input\":{text}")));
}

#[test]
fn arguments_that_are_no_object_become_an_empty_one_with_a_warning() {
    for arguments in [r#"{"city": "Par"#, "[1]", "12", "\"text\"", "{} {}"] {
        let request = base().with_message(Message::new(Role::Assistant, vec![Part::tool_call("a", "f", arguments)]));
        let (body, warned) = encode(&request);
        assert_eq!(body["messages"][1]["content"][0]["input"], json!({}), "{arguments}");
        assert_eq!(warned, ["~messages[1].content[0].arguments"], "{arguments}");
    }
    let request = base().with_message(Message::new(Role::Assistant, vec![Part::tool_call("a", "f", " null ")]));
    check(&request, &json!({}), &[]);
}

#[test]
fn ids_that_the_vendor_refuses_are_changed_in_call_and_result_alike() {
    let request = base()
        .with_message(Message::new(Role::Assistant, vec![Part::tool_call("functions.f:0", "f", "{}")]))
        .with_message(Message::tool_result("functions.f:0", "yes"));
    let (body, _) = encode(&request);
    let id = body["messages"][1]["content"][0]["id"].as_str().unwrap();
    assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'), "{id}");
    assert_eq!(body["messages"][2]["content"][0]["tool_use_id"], id);
}

fn thought(signature: Option<&str>, encrypted: Option<&str>) -> Part {
    let kind = PartKind::Reasoning {
        text: if encrypted.is_some() { "" } else { "hm" }.into(),
        visibility: if encrypted.is_some() { Visibility::Redacted } else { Visibility::Full },
        encrypted: encrypted.map(Into::into),
    };
    Part { signature: signature.map(Into::into), ..Part::new(kind) }
}

#[test]
fn reasoning_goes_back_signed_and_only_to_the_target_that_made_it() {
    let history = |origin: Option<Origin>| {
        let mut message = Message::new(Role::Assistant, vec![thought(Some("sig"), None), thought(None, Some("enc"))]);
        message.content.push(Part::text("so"));
        message.origin = origin.map(Arc::new);
        base().with_message(message).with_user("go on")
    };
    let kept = json!([{"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "redacted_thinking", "data": "enc"}, {"type": "text", "text": "so"}]);
    for origin in [None, Some(target())] {
        let (body, warned) = encode(&history(origin));
        assert_eq!((&body["messages"][1]["content"], warned.len()), (&kept, 0));
    }
    for origin in [Origin::new(API, "anthropic", "claude-other"), Origin::new("gemini", "gemini", "claude-test")] {
        let (body, warned) = encode(&history(Some(origin)));
        assert_eq!(body["messages"][1]["content"], "so");
        assert_eq!(warned, ["-messages.signature"]);
    }
}

#[test]
fn reasoning_without_a_signature_is_left_out() {
    let request = base().with_message(Message::new(Role::Assistant, vec![thought(None, None), Part::text("so")]));
    check(
        &request,
        &json!({"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "so"}]}),
        &["-messages[1].content[0]"],
    );
}

#[test]
fn what_other_vendors_signed_or_ran_or_invented_is_left_out() {
    let server = ToolCall { executed_by: Executor::Provider, ..ToolCall::default() };
    let request = base().with_message(Message::new(
        Role::Assistant,
        vec![
            Part::text("a").with_signature("gemini's"),
            Part::new(PartKind::ToolCall(server)),
            Part::opaque("openai-responses.reasoning", json!({})),
            Part::opaque("anthropic.server_tool_use", json!({"type": "server_tool_use", "id": "s"})),
        ],
    ));
    check(
        &request,
        &json!({"messages": [{"role": "user", "content": "hi"},
            {"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "server_tool_use", "id": "s"}]}]}),
        &["-messages.signature", "-messages[1].content[1]", "-messages[1].content[2]"],
    );
}

#[test]
fn media_goes_as_bytes_as_address_or_as_file() {
    let file = |provider: &str| Media {
        media_type: "image/*".into(),
        data: MediaData::File { refs: [(provider.to_owned(), "file_1".to_owned())].into() },
        filename: None,
        detail: None,
    };
    let pdf = Media { filename: Some("a.pdf".into()), ..Media::inline("application/pdf", &b"%PDF"[..]) };
    let text = Media { data: MediaData::Text { text: "words".into() }, ..Media::inline("text/plain", "") };
    let look = Media { detail: Some("low".into()), ..Media::url("image/*", "https://a.test/b.png") };
    let parts = [
        look,
        file("anthropic"),
        file("openai"),
        pdf,
        text,
        Media::inline("text/csv", "a,b"),
        Media::inline("audio/wav", "x"),
    ];
    let request = ChatRequest::new("m").with_message(Message::new(Role::User, parts.map(Part::media).to_vec()));
    check(
        &request,
        &json!({"messages": [{"role": "user", "content": [
            {"type": "image", "source": {"type": "url", "url": "https://a.test/b.png"}},
            {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
            {"type": "document", "title": "a.pdf",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="}},
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "a,b"}}]}]}),
        &[
            "-messages[0].content[0].detail",
            "-messages[0].content[2]",
            "~messages[0].content[5]",
            "-messages[0].content[6]",
        ],
    );
}

#[test]
fn empty_texts_and_answers_are_not_sent_and_a_prefill_ends_without_blanks() {
    let request = base()
        .with_message(Message::assistant(""))
        .with_user("still there?")
        .with_message(Message::assistant("Yes, \n"));
    check(
        &request,
        &json!({"messages": [
            {"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "text", "text": "still there?"}]},
            {"role": "assistant", "content": "Yes,"}]}),
        &["~messages"],
    );
}

#[test]
fn tools_and_the_choice_among_them() {
    let mut request = base().with_tool(Tool::Function(FunctionTool {
        name: "f".into(),
        schema: json!({"properties": {}}),
        strict: Some(false),
        cache: Some(CacheHint::default()),
        ..FunctionTool::default()
    }));
    let tools = [
        ("anthropic.web_search_20250305", ""),
        ("anthropic.mcp_toolset", ""),
        ("anthropic.computer_20250124", "pc"),
        ("openai.web_search", ""),
    ];
    for (id, name) in tools {
        let args = [("max_uses".to_owned(), json!(3))].into_iter().collect();
        request.tools.push(Arc::new(Tool::Provider { id: id.into(), name: name.into(), args }));
    }
    check(
        &request,
        &json!({"tools": [
            {"name": "f", "input_schema": {"type": "object", "properties": {}}, "strict": false,
                "cache_control": {"type": "ephemeral"}},
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
            {"type": "mcp_toolset", "max_uses": 3},
            {"type": "computer_20250124", "name": "pc", "max_uses": 3}], "tool_choice": null}),
        &["-tools[4]"],
    );
}

#[test]
fn every_choice_has_its_form_and_the_switch_for_parallel_calls() {
    let check = |choice: ToolChoice, parallel, expected: Value, warned: &[&str]| {
        let mut request = base().with_tool(Tool::function("f", "", Value::Null));
        request.tool_choice = choice;
        request.parallel_tool_calls = parallel;
        check(&request, &json!({ "tool_choice": expected }), warned);
    };
    check(ToolChoice::Auto, None, Value::Null, &[]);
    check(ToolChoice::Auto, Some(false), json!({"type": "auto", "disable_parallel_tool_use": true}), &[]);
    check(ToolChoice::Required, None, json!({"type": "any"}), &[]);
    check(
        ToolChoice::Named("f".into()),
        Some(true),
        json!({"type": "tool", "name": "f", "disable_parallel_tool_use": false}),
        &[],
    );
    check(ToolChoice::None, Some(false), json!({"type": "none"}), &["-parallel_tool_calls"]);

    let mut request = base();
    request.tool_choice = ToolChoice::Required;
    super::requests::check(&request, &json!({ "tool_choice": null }), &["-tool_choice"]);
}

#[test]
fn a_model_that_cannot_be_forced_is_not_forced() {
    let mut request = base().with_tool(Tool::function("f", "", Value::Null));
    request.tool_choice = ToolChoice::Required;
    let (body, warned, _) = encode_with(&request, &Profile::default().with_forced_tool(Support::No));
    assert_eq!((body.get("tool_choice"), warned), (None, vec!["-tool_choice".to_owned()]));
}

#[test]
fn what_the_protocol_has_no_place_for_is_warned_about_or_refused() {
    let mut request = base();
    request.messages = vec![Arc::new(Message { name: Some("Ann".into()), ..Message::user("hi") })];
    request.sampling.presence_penalty = Some(0.1);
    request.sampling.frequency_penalty = Some(0.1);
    request.sampling.seed = Some(1);
    request.sampling.candidates = Some(2);
    request.sampling.logprobs = Some(0);
    request.sampling.temperature = Some(1.5);
    request.sampling.stop = vec!["\n".into(), "END".into()];
    request.metadata.insert("a".into(), "b".into());
    request.output = OutputFormat::Json;
    request.end_user = Some("u1".into());
    request.service_tier = Some("standard_only".into());
    check(
        &request,
        &json!({"stop_sequences": ["END"], "temperature": 1.0, "metadata": {"user_id": "u1"},
            "service_tier": "standard_only", "output_config": null}),
        &[
            "-messages[0].name",
            "~sampling.temperature",
            "-sampling.stop",
            "-output",
            "-sampling.presence_penalty",
            "-sampling.frequency_penalty",
            "-sampling.seed",
            "-sampling.candidates",
            "-sampling.logprobs",
            "-metadata",
        ],
    );
    request.on_unsupported = OnUnsupported::Error;
    let error = messages::encode_request(&request, &target(), false, &Profile::default()).unwrap_err();
    assert_eq!((error.kind(), error.param()), (ErrorKind::Unsupported, Some("messages[0].name")));
    request.on_unsupported = OnUnsupported::Ignore;
    assert!(encode(&request).1.is_empty());
}

#[test]
fn a_schema_carries_its_name_and_description_inside() {
    let mut request = base();
    request.output = OutputFormat::JsonSchema(JsonSchema {
        name: "city".into(),
        description: Some("a place".into()),
        schema: json!({"type": "string", "description": "kept"}),
        strict: Some(true),
    });
    check(
        &request,
        &json!({"output_config": {"format": {"type": "json_schema",
            "schema": {"type": "string", "title": "city", "description": "kept"}}}}),
        &[],
    );
}

#[test]
fn schemas_that_bind_the_answer_are_fitted_and_others_are_not() {
    let open = json!({"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}});
    let fitted = json!({"type": "object", "additionalProperties": false,
        "properties": {"a": {"type": "integer", "description": "{minimum: 1}"}}});
    let tool = |name: &str, strict| {
        let tool = FunctionTool { name: name.into(), schema: open.clone(), strict, ..FunctionTool::default() };
        Tool::Function(tool)
    };
    let mut request = base().with_tool(tool("loose", None)).with_tool(tool("bound", Some(true)));
    request.output = OutputFormat::JsonSchema(JsonSchema { schema: open.clone(), ..JsonSchema::default() });
    check(
        &request,
        &json!({"tools": [{"name": "loose", "input_schema": open},
            {"name": "bound", "input_schema": fitted, "strict": true}],
            "output_config": {"format": {"type": "json_schema", "schema": fitted}}}),
        &["~tools[1].schema", "~output.schema"],
    );
}

#[test]
fn settings_are_merged_where_they_stand() {
    let mut request = base().with_tool(Tool::function("f", "", Value::Null));
    request.reasoning = Some(Reasoning::Effort(Effort::Low));
    request.sampling.stop = vec!["x".into()];
    request.ext.set(API, "container", "c1");
    request.ext.set(API, "thinking", json!({"display": "summarized"}));
    request.ext.set(API, "stop_sequences", Value::Null);
    request.ext.set(API, "max_tokens", 9);
    request.ext.set(API, "betas", json!(["a-1", "b-2"]));
    request.ext.set(API, "model", "another");
    request.ext.set("openai", "container", "not here");
    let (body, _, encoded) = encode_with(&request, &Profile::default());
    assert_eq!(body["container"], "c1");
    assert_eq!(body["thinking"], json!({"type": "adaptive", "display": "summarized"}));
    assert_eq!((body.get("stop_sequences"), &body["max_tokens"]), (None, &json!(9)));
    assert_eq!((body.get("betas"), encoded.betas), (None, vec!["a-1".to_owned(), "b-2".to_owned()]));
    assert_eq!(body["model"], "claude-test", "what is asked is not a setting");

    let to = Origin::new(API, "claude-eu", "claude-test");
    request.ext.set("claude-eu", "max_tokens", 10);
    let encoded = messages::encode_request(&request, &to, false, &Profile::default()).unwrap();
    let body: Value = serde_json::from_slice(&encoded.body).unwrap();
    assert_eq!((&body["max_tokens"], &body["container"]), (&json!(10), &json!("c1")), "the provider's own go first");
}

#[test]
fn another_host_has_model_and_version_elsewhere() {
    let mut request = ChatRequest::new("claude-haiku-4-5").with_user("hi");
    request.ext.set("anthropic", "betas", serde_json::json!(["b-1"]));
    let body = |host, stream| {
        let profile = Profile::default().with_host(host);
        let to = Origin::new(llm_wire_anthropic::API, "host", "claude-haiku-4-5");
        let encoded = llm_wire_anthropic::messages::encode_request(&request, &to, stream, &profile).unwrap();
        serde_json::from_slice::<serde_json::Value>(&encoded.body).unwrap()
    };
    let bedrock = body(llm_wire_anthropic::Hosted::BEDROCK, true);
    assert_eq!(bedrock["anthropic_version"], "bedrock-2023-05-31");
    assert_eq!(bedrock["anthropic_beta"], serde_json::json!(["b-1"]));
    assert!(bedrock.get("model").is_none() && bedrock.get("stream").is_none() && bedrock.get("betas").is_none());
    let vertex = body(llm_wire_anthropic::Hosted::VERTEX, true);
    assert_eq!((&vertex["anthropic_version"], &vertex["stream"]), (&"vertex-2023-10-16".into(), &true.into()));
}
