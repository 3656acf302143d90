//! What goes to the vendor.

use std::sync::Arc;

use llm_core::{
    ChatRequest, Effort, Media, MediaData, Message, Origin, Part, PartKind, Reasoning, Role, Tool, ToolResult, Warning,
};
use llm_wire_openai::{Dialect, responses};
use serde_json::{Value, json};

use super::origin;

fn encode(request: &ChatRequest) -> (Value, Vec<String>) {
    let encoded = responses::encode_request(request, &origin(), false, &Dialect::OPENAI).unwrap();
    let fields = encoded.warnings.iter().map(|warning| match warning {
        Warning::Unsupported { field, .. } | Warning::Adapted { field, .. } => field.clone(),
        other => panic!("{other:?}"),
    });
    (serde_json::from_slice(&encoded.body).unwrap(), fields.collect())
}

fn input(message: Message) -> (Value, Vec<String>) {
    let (body, warnings) = encode(&ChatRequest::new("m").with_message(message));
    (body["input"].clone(), warnings)
}

#[test]
fn a_conversation_is_a_list_of_items() {
    let mut request = ChatRequest::new("m").with_message(Message::system("Be kind.")).with_user("hi");
    request = request
        .with_message(Message::new(
            Role::Assistant,
            vec![Part::text("One moment."), Part::tool_call("c1", "f", ""), Part::text("And?")],
        ))
        .with_message(Message::tool_result("c1", "21"));
    let (body, warnings) = encode(&request);
    assert_eq!(
        body,
        json!({"model": "m", "input": [
            {"type": "message", "role": "system", "content": "Be kind."},
            {"type": "message", "role": "user", "content": "hi"},
            {"type": "message", "role": "assistant", "content": "One moment."},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
            {"type": "message", "role": "assistant", "content": "And?"},
            {"type": "function_call_output", "call_id": "c1", "output": "21"},
        ]})
    );
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn media_have_their_own_parts() {
    let document = Media { filename: Some("a.pdf".into()), ..Media::inline("application/pdf", &b"hi"[..]) };
    let uploaded = MediaData::File { refs: [("vendor".to_owned(), "file-1".to_owned())].into() };
    let (items, warnings) = input(Message::new(
        Role::User,
        vec![
            Part::media(Media { detail: Some("low".into()), ..Media::inline("image/png", &b"hi"[..]) }),
            Part::media(document),
            Part::media(Media::url("application/pdf", "https://files.test/b.pdf")),
            Part::media(Media { data: uploaded, ..Media::url("application/*", "") }),
            Part::media(Media::url("video/*", "https://files.test/c.mp4")),
        ],
    ));
    assert_eq!(
        items[0]["content"],
        json!([
            {"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "low"},
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,aGk="},
            {"type": "input_file", "file_url": "https://files.test/b.pdf"},
            {"type": "input_file", "file_id": "file-1"},
        ])
    );
    assert_eq!(warnings, ["messages.content.media"]);
}

/// An answer with everything that belongs to its items.
fn answer(origin: Option<Origin>) -> Message {
    let body = json!({"id": "r", "status": "completed", "output": [
        {"type": "reasoning", "id": "rs_1", "encrypted_content": "e", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"type": "web_search_call", "id": "ws_1", "status": "completed"},
        {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "phase": "final_answer",
            "content": [{"type": "output_text", "text": "a", "annotations": []}]},
        {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{}", "status": "completed"},
    ]});
    let decoded = responses::decode_response(body.to_string().as_bytes(), &super::origin(), &Dialect::OPENAI).unwrap();
    let mut message = decoded.message;
    message.origin = origin.map(Arc::new);
    message
}

#[test]
fn items_go_back_to_their_target_as_they_came() {
    let expected = json!([
        {"type": "reasoning", "id": "rs_1", "encrypted_content": "e", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"type": "web_search_call", "id": "ws_1", "status": "completed"},
        {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "phase": "final_answer",
            "content": [{"type": "output_text", "text": "a", "annotations": []}]},
        {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{}", "status": "completed"},
    ]);
    assert_eq!(input(answer(Some(Origin::new("openai-responses", "vendor", "m")))), (expected.clone(), vec![]));
    assert_eq!(input(answer(None)).0, expected, "who nobody knows may be the target");
}

#[test]
fn to_another_target_go_words_and_calls_only() {
    let (items, warnings) = input(answer(Some(Origin::new("openai-responses", "vendor", "another"))));
    assert_eq!(
        items,
        json!([
            {"type": "web_search_call", "id": "ws_1", "status": "completed"},
            {"type": "message", "role": "assistant", "content": "a"},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        ])
    );
    assert_eq!(warnings, ["messages.signature", "messages.reasoning"]);
}

#[test]
fn what_the_api_lacks_is_told() {
    let mut request = ChatRequest::new("m").with_user("hi");
    request.sampling.stop = vec!["x".into()];
    request.sampling.seed = Some(1);
    request.sampling.top_k = Some(1);
    request.sampling.candidates = Some(2);
    request.reasoning = Some(Reasoning::Budget(5000));
    let (body, warnings) = encode(&request);
    assert_eq!(body["reasoning"], json!({"effort": "medium"}));
    assert_eq!(warnings, ["sampling.top_k", "sampling.seed", "sampling.stop", "sampling.candidates", "reasoning"]);
}

#[test]
fn the_callers_fields_stand_beside_the_requests_own() {
    let mut request = ChatRequest::new("m").with_user("hi");
    request.reasoning = Some(Reasoning::Effort(Effort::Low));
    request.sampling.logprobs = Some(2);
    request.output = llm_core::OutputFormat::Json;
    request.ext.set("openai-responses", "reasoning", json!({"summary": "auto"}));
    request.ext.set("openai-responses", "text", json!({"verbosity": "low"}));
    request.ext.set("openai-responses", "include", json!(["reasoning.encrypted_content"]));
    request.ext.set("vendor", "store", false);
    let (body, _) = encode(&request);
    assert_eq!(body["reasoning"], json!({"effort": "low", "summary": "auto"}));
    assert_eq!(body["text"], json!({"format": {"type": "json_object"}, "verbosity": "low"}));
    assert_eq!(body["include"], json!(["reasoning.encrypted_content", "message.output_text.logprobs"]));
    assert_eq!((&body["store"], &body["top_logprobs"]), (&json!(false), &json!(2)));
}

#[test]
fn tools_of_either_protocol_are_written_in_this_ones_form() {
    let custom = json!({"custom": {"name": "sql", "format": {"type": "grammar",
        "grammar": {"syntax": "lark", "definition": "start: x"}}}});
    let own = |id: &str, args: &Value| Tool::Provider {
        id: id.to_owned(),
        name: String::new(),
        args: args.as_object().cloned().unwrap_or_default(),
    };
    let request = ChatRequest::new("m")
        .with_user("hi")
        .with_tool(Tool::function("f", "does", json!({"type": "object"})))
        .with_tool(own("openai-chat.custom", &custom))
        .with_tool(own("openai.web_search", &json!({"search_context_size": "low"})))
        .with_tool(own("anthropic.bash", &json!({})));
    let (body, warnings) = encode(&request);
    assert_eq!(
        body["tools"],
        json!([
            {"type": "function", "name": "f", "description": "does", "parameters": {"type": "object"}},
            {"type": "custom", "name": "sql", "format": {"type": "grammar", "syntax": "lark", "definition": "start: x"}},
            {"type": "web_search", "search_context_size": "low"},
        ])
    );
    assert_eq!(warnings, ["tools"]);
}

#[test]
fn results_of_custom_tools_are_told_from_those_of_functions() {
    let mut call = Part::tool_call("c1", "sql", "select 1");
    call.ext.set("openai-chat", "type", "custom");
    let mut picture = ToolResult { call_id: "c1".into(), ..ToolResult::default() };
    picture.content = vec![Part::text("see"), Part::media(Media::url("image/*", "https://files.test/a.png"))];
    let request = ChatRequest::new("m")
        .with_message(Message::new(Role::Assistant, vec![call]))
        .with_message(Message::new(Role::Tool, vec![Part::new(PartKind::ToolResult(picture))]));
    assert_eq!(
        encode(&request).0["input"],
        json!([
            {"type": "custom_tool_call", "call_id": "c1", "name": "sql", "input": "select 1"},
            {"type": "custom_tool_call_output", "call_id": "c1", "output": [
                {"type": "input_text", "text": "see"},
                {"type": "input_image", "image_url": "https://files.test/a.png"}]},
        ])
    );
}
