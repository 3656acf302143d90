//! Whole answers.

use llm_core::{ChatResponse, Error, ErrorKind, FinishReason, PartKind};
use llm_wire_openai::{Dialect, responses};
use serde_json::{Value, json};

use super::origin;

fn decode(body: &Value) -> Result<ChatResponse, Error> {
    responses::decode_response(body.to_string().as_bytes(), &origin(), &Dialect::OPENAI)
}

#[test]
fn items_become_parts_in_order() {
    let response = decode(&json!({
        "id": "resp_1", "object": "response", "created_at": 1_700_000_000.0, "model": "m-1", "status": "completed",
        "instructions": "long", "tools": [{"type": "function", "name": "f"}], "temperature": 1.0, "service_tier": "flex",
        "completed_at": 1_700_000_002, "metadata": {},
        "output": [
            {"type": "reasoning", "id": "rs_1", "encrypted_content": "e", "summary": []},
            {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "phase": "commentary",
                "content": [{"type": "output_text", "text": "a"}, {"type": "output_text", "text": "b"}]},
            {"type": "message", "id": "msg_2", "role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
            {"type": "mcp_call", "id": "mcp_1", "name": "x", "output": "y"},
        ],
        "usage": {"input_tokens": 4, "output_tokens": 2, "output_tokens_details": {"reasoning_tokens": 1}},
    }))
    .unwrap();
    assert_eq!((response.created, response.service_tier.as_deref()), (Some(1_700_000_000), Some("flex")));
    assert_eq!(response.text(), "ab");
    let kept = json!({"completed_at": 1_700_000_002});
    assert_eq!(response.ext.of("openai-responses"), kept.as_object(), "what was asked is not kept");
    let [_, a, b, refusal, step] = &response.message.content[..] else { panic!("{:?}", response.message.content) };
    let item = |part: &llm_core::Part| part.ext.value("openai-responses", "message").map(|item| item["id"].clone());
    assert_eq!((item(a), item(b), item(refusal)), (Some(json!("msg_1")), None, Some(json!("msg_2"))));
    assert!(matches!(&step.kind, PartKind::Opaque { kind, .. } if kind == "openai-responses.mcp_call"));
    assert_eq!((response.finish.reason, response.usage.reasoning), (FinishReason::Stop, Some(1)));
}

#[test]
fn a_failure_inside_a_good_status_is_an_error() {
    let failed = json!({"id": "r", "object": "response", "status": "failed", "output": [],
        "error": {"code": "rate_limit_exceeded", "message": "Slow down"}});
    let error = decode(&failed).unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::RateLimited, "Slow down"));
    let silent = json!({"id": "r", "status": "failed", "output": [], "error": null});
    assert_eq!(decode(&silent).unwrap_err().kind(), ErrorKind::Server);
    assert_eq!(decode(&json!({"id": "r"})).unwrap_err().kind(), ErrorKind::Malformed);
    assert_eq!(decode(&json!({"error": {"message": "m", "code": 402}})).unwrap_err().kind(), ErrorKind::QuotaExhausted);
}

#[test]
fn an_answer_that_waits_in_a_queue_is_no_failure() {
    let response = decode(&json!({"id": "r", "status": "queued", "background": true, "output": [], "usage": null}));
    let finish = response.unwrap().finish;
    assert_eq!((finish.reason, finish.raw.as_deref()), (FinishReason::Other("queued".into()), Some("queued")));
}

#[test]
fn a_compacted_conversation_is_kept_as_it_is() {
    let user =
        json!({"type": "message", "id": "msg_1", "role": "user", "content": [{"type": "input_text", "text": "x"}]});
    let compacted = json!({"type": "compaction", "id": "cmp_1", "encrypted_content": "e"});
    let response = decode(&json!({"id": "r", "object": "response.compaction", "output": [user, compacted],
        "usage": {"input_tokens": 9, "output_tokens": 1}}))
    .unwrap();
    let data: Vec<_> = response
        .message
        .content
        .iter()
        .map(|part| match &part.kind {
            PartKind::Opaque { data, .. } => data.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!((data, response.text()), (vec![user, compacted], String::new()));
}
