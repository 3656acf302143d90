//! Golden files: what this version does not know survives a round trip through its types.

use llm_core::{ChatRequest, ChatResponse, FinishReason, Message, PartKind, Role};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn check<T: DeserializeOwned + Serialize>(golden: &str) -> T {
    let wanted: Value = serde_json::from_str(golden).unwrap();
    let typed: T = serde_json::from_str(golden).unwrap();
    assert_eq!(serde_json::to_value(&typed).unwrap(), wanted);
    typed
}

#[test]
fn a_request_survives_with_everything_unknown_in_it() {
    let request: ChatRequest = check(include_str!("golden/chat_request.json"));
    assert_eq!(request.messages[4].role, Role::Other("moderator".to_owned()));
    assert!(matches!(request.messages[4].content[0].kind, PartKind::Unknown(_)));
    assert_eq!(request.messages[1].content[0].extra["tone"], "curt");
    assert!(request.extra.contains_key("a_field_of_tomorrow"));
}

#[test]
fn a_response_survives_with_everything_unknown_in_it() {
    let response: ChatResponse = check(include_str!("golden/chat_response.json"));
    assert_eq!(response.finish.reason, FinishReason::Other("fell_asleep".to_owned()));
    assert_eq!(response.usage.extra["queue_time"], 0.25);
    assert_eq!(response.text(), "A cat.");
}

#[test]
fn content_may_be_a_plain_string() {
    let message: Message = serde_json::from_str(r#"{"role": "user", "content": "hi"}"#).unwrap();
    assert_eq!(message, Message::user("hi"));
    let message: Message = serde_json::from_str(r#"{"role": "assistant", "content": null}"#).unwrap();
    assert!(message.content.is_empty());
}

#[test]
fn a_wrong_part_says_what_is_wrong() {
    let error = |text: &str| serde_json::from_str::<Message>(text).unwrap_err().to_string();
    assert!(error(r#"{"content": "hi"}"#).contains("role"));
    assert!(serde_json::from_str::<llm_core::Part>(r#"{"text": "hi"}"#).unwrap_err().to_string().contains("type"));
    assert!(
        serde_json::from_str::<llm_core::Part>(r#"{"type": "text", "text": 7}"#)
            .unwrap_err()
            .to_string()
            .contains("string")
    );
}
