//! The list of models.

use llm_core::{ErrorKind, Support};
use llm_wire_anthropic::models::decode_response;
use serde_json::json;

#[test]
fn a_page_is_read_with_what_it_says_of_each_model() {
    let body = json!({"data": [
        {"type": "model", "id": "claude-b", "created_at": "2025-11-24T00:00:00Z", "max_input_tokens": 200_000,
            "max_tokens": 64_000, "capabilities": {"image_input": {"supported": true}, "pdf_input": {"supported": false},
            "structured_outputs": {"supported": true}, "thinking": {"supported": false}}},
        {"type": "model", "id": "claude-a", "created_at": "1970-01-01T00:00:00Z"},
        {"type": "model"}], "has_more": true, "last_id": "claude-a"});
    let page = decode_response(body.to_string().as_bytes()).unwrap();
    assert_eq!(page.next.as_deref(), Some("claude-a"));
    assert_eq!(page.models.len(), 2);
    let model = &page.models[0];
    assert_eq!((model.id.as_str(), model.created), ("claude-b", Some(1_763_942_400)));
    let known = &model.capabilities;
    assert_eq!((known.context_window, known.max_output), (Some(200_000), Some(64_000)));
    assert_eq!((known.json_schema, known.reasoning, known.tools), (Support::Yes, Support::No, Support::Unknown));
    assert_eq!(known.media_inline, ["image/*"]);
    assert_eq!(page.models[1].created, None);
    assert_eq!(model.raw, body["data"][0]);
}

#[test]
fn the_last_page_has_none_behind_it() {
    let body = json!({"data": [{"id": "a"}], "has_more": false, "last_id": "a"});
    assert_eq!(decode_response(body.to_string().as_bytes()).unwrap().next, None);
    assert_eq!(decode_response(b"{}").unwrap_err().kind(), ErrorKind::Malformed);
}
