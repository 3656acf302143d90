//! The grammar of the vendor's stream, as a checker.

use llm_wire::{SseItem, SseParser};
use serde_json::Value;

/// Which deltas a block of a type takes.
fn takes(block: &str, delta: &str) -> bool {
    match block {
        "text" => matches!(delta, "text_delta" | "citations_delta"),
        "thinking" => matches!(delta, "thinking_delta" | "signature_delta"),
        "tool_use" | "server_tool_use" | "mcp_tool_use" => delta == "input_json_delta",
        _ => false,
    }
}

/// Fails when a stream is not
/// `message_start (content_block_start content_block_delta* content_block_stop)* message_delta message_stop`
/// with blocks numbered from 0, pings anywhere, or an error as the last word.
pub(crate) fn check(stream: &str) {
    let mut parser = SseParser::new();
    parser.push(stream.to_owned().into());
    parser.finish();
    let (mut started, mut ended, mut over) = (false, false, false);
    let mut open: Option<String> = None;
    let mut blocks = 0;
    while let Some(item) = parser.next_item() {
        let SseItem::Event(event) = item.unwrap() else { panic!("a comment in {stream}") };
        let data: Value = serde_json::from_slice(event.data).unwrap();
        let name = data["type"].as_str().unwrap();
        assert_eq!(event.name, Some(name));
        assert!(!over, "{name} after the end of {stream}");
        match name {
            "ping" => {}
            "error" => {
                assert!(data["error"]["type"].is_string() && data["error"]["message"].is_string());
                over = true;
            }
            "message_start" => {
                assert!(!started);
                started = true;
                let message = &data["message"];
                for field in ["id", "model"] {
                    assert!(message[field].is_string(), "{data}");
                }
                assert_eq!((&message["type"], &message["role"]), (&"message".into(), &"assistant".into()));
                assert_eq!(message["content"], Value::Array(Vec::new()));
                assert!(message["usage"]["input_tokens"].is_u64() && message["usage"]["output_tokens"].is_u64());
            }
            "content_block_start" => {
                assert!(started && !ended && open.is_none(), "{data} in {stream}");
                assert_eq!(data["index"], blocks);
                let kind = data["content_block"]["type"].as_str().unwrap().to_owned();
                match kind.as_str() {
                    "text" => assert_eq!(data["content_block"]["text"], ""),
                    "thinking" => assert_eq!(data["content_block"]["thinking"], ""),
                    "tool_use" => assert_eq!(data["content_block"]["input"], serde_json::json!({})),
                    _ => {}
                }
                open = Some(kind);
                blocks += 1;
            }
            "content_block_delta" => {
                assert_eq!(data["index"], blocks - 1);
                let (block, delta) = (open.as_deref().unwrap(), data["delta"]["type"].as_str().unwrap());
                assert!(takes(block, delta), "{delta} in a block of type {block}");
            }
            "content_block_stop" => {
                assert!(open.take().is_some());
                assert_eq!(data["index"], blocks - 1);
            }
            "message_delta" => {
                assert!(started && !ended && open.is_none());
                ended = true;
                assert!(data["delta"].get("stop_reason").is_some() && data["delta"].get("stop_sequence").is_some());
                assert!(data["usage"]["output_tokens"].is_u64());
            }
            "message_stop" => {
                assert!(ended);
                over = true;
            }
            other => panic!("the grammar has no {other}"),
        }
    }
    assert!(over, "no end: {stream}");
}
