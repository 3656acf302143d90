//! What a request becomes, and what of it cannot be said.

use llm_core::{
    CacheHint, ChatRequest, Media, MediaData, Message, OnUnsupported, Origin, Part, PartKind, Reasoning, Role, Tool,
    ToolChoice, Warning,
};
use llm_wire_cohere::{API, chat};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::support::origin;

fn body(request: &ChatRequest) -> (Value, Vec<String>) {
    let encoded = chat::encode_request(request, &origin(), false).unwrap();
    let fields = encoded.warnings.iter().map(|warning| match warning {
        Warning::Unsupported { field, .. } | Warning::Adapted { field, .. } => field.clone(),
        other => panic!("{other:?}"),
    });
    (serde_json::from_slice(&encoded.body).unwrap(), fields.collect())
}

#[test]
fn everything_has_its_place() {
    let mut request = ChatRequest::new("command-a").with_message(Message::system("Be brief."));
    request = request.with_message(Message::new(
        Role::User,
        vec![Part::text("What is it?"), Part::media(Media::inline("image/png", &b"hi"[..]))],
    ));
    let call = Part::tool_call("call_1", "weather", r#"{"city": "Bern"}"#);
    let plan = Part::opaque("cohere.tool_plan", json!("I will look."));
    request = request.with_message(Message::new(Role::Assistant, vec![plan, Part::reasoning("Hm."), call]));
    request = request.with_message(Message::tool_result("call_1", "sunny"));
    request = request.with_tool(Tool::function("weather", "Looks", json!({"type": "object"})));
    request.tool_choice = ToolChoice::Required;
    request.reasoning = Some(Reasoning::Budget(200));
    request.sampling.top_p = Some(0.5);
    request.sampling.stop = vec!["END".into()];
    request.ext.set(API, "safety_mode", "OFF");
    let (body, warnings) = body(&request);
    assert_eq!(warnings, [""; 0]);
    let expected = json!({
        "model": "command-a",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "What is it?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
            ]},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm."}], "tool_plan": "I will look.",
                "tool_calls": [{"id": "call_1", "type": "function",
                    "function": {"name": "weather", "arguments": "{\"city\": \"Bern\"}"}}]},
            {"role": "tool", "content": "sunny", "tool_call_id": "call_1"},
        ],
        "stream": false,
        "tools": [{"type": "function", "function": {"name": "weather", "description": "Looks", "parameters": {"type": "object"}}}],
        "tool_choice": "REQUIRED",
        "p": 0.5,
        "stop_sequences": ["END"],
        "thinking": {"type": "enabled", "token_budget": 200},
        "safety_mode": "OFF",
    });
    assert_eq!(body, expected);
}

#[test]
fn documents_of_text_stand_beside_the_messages() {
    let mut facts = Media::inline("text/plain", &b"The sky is green."[..]);
    facts.filename = Some("facts.txt".into());
    let more = Media { data: MediaData::Text { text: "So is grass.".into() }, ..facts.clone() };
    let message = Message::new(Role::User, vec![Part::media(facts), Part::media(more), Part::text("What colour?")]);
    let (body, warnings) = body(&ChatRequest::new("m").with_message(message));
    assert_eq!(warnings, ["messages.content.media"], "they are sent in another form");
    assert_eq!(body["messages"], json!([{"role": "user", "content": "What colour?"}]));
    assert_eq!(
        body["documents"],
        json!([
            {"id": "doc:0", "data": {"title": "facts.txt", "text": "The sky is green."}},
            {"id": "doc:1", "data": {"title": "facts.txt", "text": "So is grass."}},
        ])
    );
}

#[test]
fn a_named_tool_is_sent_alone() {
    let mut request = ChatRequest::new("m").with_user("x");
    for name in ["a", "b"] {
        request = request.with_tool(Tool::function(name, "", json!({})));
    }
    request.tool_choice = ToolChoice::Named("b".into());
    let (body, warnings) = body(&request);
    assert_eq!((&body["tool_choice"], &body["tools"][0]["function"]["name"]), (&json!("REQUIRED"), &json!("b")));
    assert_eq!((body["tools"].as_array().unwrap().len(), warnings), (1, vec!["tool_choice".to_owned()]));
}

#[test]
fn what_cannot_be_said_is_told_once_or_refused() {
    let other = Arc::new(Origin::new("anthropic", "anthropic", "claude"));
    let mut thought =
        Message::new(Role::Assistant, vec![Part::reasoning("a").with_signature("s"), Part::reasoning("b")]);
    thought.origin = Some(other);
    let mut request = ChatRequest::new("m").with_message(thought).with_user("x");
    let pdf = Part::media(Media::inline("application/pdf", &b"%PDF"[..]));
    let mut hinted = Part::text("y");
    hinted.cache = Some(CacheHint::default());
    request = request.with_message(Message::new(
        Role::User,
        vec![pdf, hinted, Part::new(PartKind::Opaque { kind: "anthropic.thing".into(), data: json!({}) })],
    ));
    request.end_user = Some("u".into());
    request.sampling.candidates = Some(2);
    let (body, mut warnings) = body(&request);
    warnings.sort();
    let expected = [
        "end_user",
        "messages.content",
        "messages.content.cache",
        "messages.content.media",
        "messages.reasoning",
        "messages.signature",
        "sampling.candidates",
    ];
    assert_eq!(warnings, expected);
    assert!(!body.to_string().contains("thing"));
    request.on_unsupported = OnUnsupported::Error;
    assert!(chat::encode_request(&request, &origin(), false).is_err());
}

#[test]
fn bad_requests_name_their_field() {
    for (body, param) in [
        ("[]", "the body"),
        ("{}", "messages"),
        (r#"{"messages": {}}"#, "messages"),
        (r#"{"messages": [{}]}"#, "messages[0].role"),
        (r#"{"messages": [{"role": "user", "content": 5}]}"#, "messages[0].content"),
        (r#"{"messages": [{"role": "user", "content": [{"kind": "poem"}]}]}"#, "messages[0].content[0].type"),
        (r#"{"messages": [{"role": "tool", "content": "x"}]}"#, "messages[0].tool_call_id"),
        (r#"{"messages": [], "k": -1}"#, "k"),
        (r#"{"messages": [], "tool_choice": "auto"}"#, "tool_choice"),
        (r#"{"messages": [], "tools": [{"function": {}}]}"#, "tools[0].function.name"),
        (r#"{"messages": [], "response_format": {"type": "poem"}}"#, "response_format.type"),
    ] {
        let error = chat::decode_request(body.as_bytes()).unwrap_err();
        assert_eq!(error.param(), Some(param), "{body}");
    }
}

#[test]
fn what_is_added_to_an_object_that_is_not_sent_stays_behind() {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}],
        "response_format": {"type": "text", "new": 1}});
    let decoded = chat::decode_request(body.to_string().as_bytes()).unwrap();
    let encoded = chat::encode_request(&decoded.request, &origin(), false).unwrap();
    assert!(!String::from_utf8(encoded.body).unwrap().contains("response_format"));
}

#[test]
fn what_has_no_place_goes_out_as_it_came() {
    let body = json!({
        "model": "m",
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Hi", "new": 1}, {"type": "sound", "sound": {"a": 1}}]},
            {"role": "assistant", "content": "Well.", "citations": [{"start": 0, "end": 4}],
                "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}", "new": 5}, "new": 2}]},
            {"role": "tool", "tool_call_id": "c", "content": [{"type": "document", "document": {"data": {"x": "y"}}}], "new": 3,
                "tool_calls": [{"id": "of-no-assistant", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        ],
        "tools": [{"type": "function", "new": 4,
            "function": {"name": "f", "parameters": {"type": "object"}, "strict": true}}],
        "stream": false,
        "response_format": {"type": "json_object", "new": 6},
        "thinking": {"type": "enabled", "token_budget": 100, "new": 7},
        "documents": [{"id": "d", "data": {"text": "t"}}],
        "citation_options": {"mode": "FAST"},
        "safety_mode": "NONE",
        "strict_tools": true,
    });
    let decoded = chat::decode_request(body.to_string().as_bytes()).unwrap();
    let encoded = chat::encode_request(&decoded.request, &origin(), false).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&encoded.body).unwrap(), body);
    assert_eq!(encoded.warnings, []);
}

#[test]
fn images_can_be_embedded_by_settings() {
    let body = json!({"model": "m", "input_type": "image", "embedding_types": ["float"], "images": ["data:image/png;base64,aGk="]});
    let request = llm_wire_cohere::embed::decode_request(body.to_string().as_bytes()).unwrap();
    let encoded = llm_wire_cohere::embed::encode_request(&request, &origin()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&encoded.body).unwrap(), body);
}
