//! What was said, thought, called and answered before.

use llm_core::{
    ChatRequest, Executor, Media, Message, Part, PartKind, Role, ToolCall, ToolResult, ToolStatus, Visibility,
};
use serde_json::{Map, Value, json};

use super::case::Fate;
use super::chat::Chats;
use super::media::{BYTES, bytes_mark};

pub(super) fn all(cases: &mut Chats, api: &str) {
    words(cases);
    of_vendors(cases, api);
    calls(cases);
    results(cases);
}

fn words(cases: &mut Chats) {
    cases.assistant_part("a second text part of the model", &["words-7351"], Part::text("words-7351"));
    cases.assistant_part("reasoning in history", &["words-7351"], Part::reasoning("words-7351"));
    let refusal = Part::new(PartKind::Refusal { text: "words-7351".to_owned() });
    cases.assistant_part("a refusal in history", &["words-7351"], refusal);
    let encrypted = Some("words-7351".to_owned());
    let hidden = PartKind::Reasoning { text: String::new(), visibility: Visibility::Redacted, encrypted };
    cases.assistant_part("encrypted reasoning in history", &["words-7351"], Part::new(hidden));
    for part in [Part::text("yes"), Part::reasoning("so"), Part::tool_call("call_1", "look_up", "{}")] {
        let name = match &part.kind {
            PartKind::Text { .. } => "the signature of a text",
            PartKind::Reasoning { .. } => "the signature of reasoning",
            _ => "the signature of a call",
        };
        let signed = part.clone().with_signature("words-7351");
        cases.assistant_change(name, &["words-7351"], part, signed);
    }
}

fn of_vendors(cases: &mut Chats, api: &str) {
    let own = Part::opaque(format!("{api}.x_block"), json!({"type": "x_block", "x": "words-7351"}));
    cases.assistant_part("an opaque item of the same api", &["words-7351"], own);
    cases.assistant_part("an opaque item of another api", &[], Part::opaque("elsewhere.x_block", json!({"x": 1})));
    cases.last(Fate::Warned);
    let unknown = Map::from_iter([("type".to_owned(), Value::from("x_part"))]);
    cases.assistant_part("a part of unknown type", &[], Part::new(PartKind::Unknown(unknown)));
}

fn calls(cases: &mut Chats) {
    let call = Part::tool_call("call_1", "look_up_7351", r#"{"city":"words-7351"}"#);
    cases.assistant_part("a tool call in history", &["look_up_7351", "words-7351"], call);
    let call = |name: &str, arguments: &str| ToolCall {
        id: "call_1".to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
        ..ToolCall::default()
    };
    let cut = ToolCall { truncated: true, ..call("look_up_7351", r#"{"city":"wor"#) };
    cases.assistant_part("a cut-off tool call in history", &["look_up_7351"], Part::new(PartKind::ToolCall(cut)));
    let ran = ToolCall { executed_by: Executor::Provider, ..call("look_up", "{}") };
    let (asked, ran) = (PartKind::ToolCall(call("look_up", "{}")), PartKind::ToolCall(ran));
    cases.assistant_change("a call that the vendor ran", &[], Part::new(asked), Part::new(ran));
    let two = |request: &mut ChatRequest| {
        let calls = ["look_up", "second_7351"].map(|name| Part::tool_call(format!("call_{name}"), name, "{}"));
        let results = ["look_up", "second_7351"]
            .map(|name| Part::tool_result(format!("call_{name}"), format!("result of {name}")));
        request.messages = vec![
            Message::user("Hello").into(),
            Message::new(Role::Assistant, calls.to_vec()).into(),
            Message::new(Role::Tool, results.to_vec()).into(),
        ];
    };
    cases.named("two calls and their results", "messages", &["second_7351", "result of second_7351"], two);
}

fn results(cases: &mut Chats) {
    let with = |result: ToolResult| {
        move |request: &mut ChatRequest| {
            let call = Message::new(Role::Assistant, vec![Part::tool_call("call_1", "look_up", "{}")]);
            let result = Message::new(Role::Tool, vec![Part::new(PartKind::ToolResult(result))]);
            request.messages = vec![Message::user("Hello").into(), call.into(), result.into()];
        }
    };
    let result =
        ToolResult { call_id: "call_1".to_owned(), content: vec![Part::text("done")], ..ToolResult::default() };
    let said = ToolResult { content: vec![Part::text("words-7351")], ..result.clone() };
    cases.change("a tool result", "messages", &["words-7351"], with(result.clone()), with(said));
    for status in [ToolStatus::Error, ToolStatus::Denied] {
        let failed = ToolResult { status, ..result.clone() };
        cases.change(&format!("the tool status {status:?}"), "messages", &[], with(result.clone()), with(failed));
    }
    for media_type in ["image/png", "application/pdf", "audio/wav"] {
        let mut seen = result.clone();
        seen.content.push(Part::media(Media::inline(media_type, BYTES)));
        let name = format!("inline {media_type} in a tool result");
        cases.change(&name, "messages", &[&bytes_mark()], with(result.clone()), with(seen));
    }
}
