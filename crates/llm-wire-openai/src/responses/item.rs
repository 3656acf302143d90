//! One item of an answer as the parts that it becomes.

use std::borrow::Cow;

use llm_core::{Part, PartKind, ToolCall, Visibility};
use serde_json::{Map, Value};

use super::wire::{Item, Piece};
use super::{FAMILY, mark, piece};
use crate::chat::arguments::Arguments;
use crate::json::{Kept, Raw, is_empty, parse};

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Message,
    Reasoning,
    Call { custom: bool },
    Other,
}

impl Kind {
    pub(super) fn of(item: &Item<'_>) -> Self {
        match (&*item.kind.0, &*item.role.0) {
            ("message" | "", "assistant") | ("message", "") => Self::Message,
            ("reasoning", _) => Self::Reasoning,
            ("function_call", _) => Self::Call { custom: false },
            ("custom_tool_call", _) => Self::Call { custom: true },
            _ => Self::Other,
        }
    }
}

/// The parts of one item, in order. What is no object has none.
pub(super) fn parts(raw: Raw<'_>, calls: &mut usize) -> Vec<Part> {
    let Some(item) = parse::<Item<'_>>(raw) else { return Vec::new() };
    match Kind::of(&item) {
        Kind::Message => message(&item),
        Kind::Reasoning => vec![reasoning(item)],
        Kind::Call { custom } => {
            *calls += 1;
            vec![call(item, custom, *calls - 1)]
        }
        Kind::Other => other(&item, raw).into_iter().collect(),
    }
}

/// A message; the fields of the item stand on its first part.
fn message(item: &Item<'_>) -> Vec<Part> {
    let mut parts = item.content.map(piece::parts).unwrap_or_default();
    if let Some(first) = parts.first_mut() {
        first.ext.set(FAMILY, mark::MESSAGE, facts(&item.rest));
    }
    parts
}

/// The fields that an item has beside its content.
pub(super) fn facts(rest: &Kept<'_>) -> Map<String, Value> {
    let mut facts = Map::new();
    rest.read_into(&mut facts);
    facts.retain(|_, value| !matches!(value, Value::Object(fields) if fields.is_empty()));
    facts
}

/// Reasoning. Where summary and text could not be told apart again, or are in several pieces, they are kept as they came.
pub(super) fn reasoning(item: Item<'_>) -> Part {
    let (summary, thoughts) = (words(item.summary), words(item.content));
    let visibility = match (summary.text.is_empty(), thoughts.text.is_empty()) {
        (false, _) => Visibility::Summary,
        (true, false) => Visibility::Full,
        (true, true) => Visibility::Redacted,
    };
    let as_it_came = summary.count + thoughts.count > 1 || !summary.plain || !thoughts.plain;
    let text = match (&*summary.text, &*thoughts.text) {
        (_, "") => summary.text.into_owned(),
        ("", _) => thoughts.text.into_owned(),
        (summary, thoughts) => [summary, thoughts].concat(),
    };
    let encrypted = item.encrypted.owned();
    // Beside readable words it is a signature over them, which every protocol with such a thing can carry.
    let (encrypted, signature) = if text.is_empty() { (encrypted, None) } else { (None, encrypted) };
    let mut part = Part::new(PartKind::Reasoning { text, visibility, encrypted });
    part.signature = signature;
    let mut facts = facts(&item.rest);
    if as_it_came {
        for (name, raw) in [("summary", item.summary), ("content", item.content)] {
            if let Some(value) = raw.filter(|raw| !is_empty(raw)).and_then(parse) {
                facts.insert(name.to_owned(), value);
            }
        }
    }
    if !facts.is_empty() {
        part.ext.0.insert(FAMILY.to_owned(), facts);
    }
    part
}

/// The words of a list of pieces.
struct Words<'a> {
    text: Cow<'a, str>,
    count: usize,
    /// They say nothing but their type and their words.
    plain: bool,
}

fn words(list: Option<Raw<'_>>) -> Words<'_> {
    let mut words = Words { text: Cow::Borrowed(""), count: 0, plain: true };
    for piece in list.map(piece::pieces).unwrap_or_default() {
        let Some(piece) = parse::<Piece<'_>>(piece) else { continue };
        words.count += 1;
        words.plain &= piece.rest.0.is_empty() && matches!(&*piece.kind.0, "summary_text" | "reasoning_text");
        let text = piece.text.map(piece::text).unwrap_or_default();
        words.text = if words.text.is_empty() { text } else { Cow::Owned([&*words.text, &*text].concat()) };
    }
    words
}

/// A call of a function, or of a custom tool, whose arguments are free text.
pub(super) fn call(item: Item<'_>, custom: bool, number: usize) -> Part {
    let arguments = if custom { item.input.0 } else { item.arguments.0 }.into_owned();
    let cut = Arguments::of(&arguments);
    let incomplete = item.rest.word("status") == Some("incomplete");
    let truncated = !custom && (cut.is_cut() || (incomplete && cut.is_empty()));
    let mut part = Part::new(PartKind::ToolCall(ToolCall {
        id: item.call_id.owned().unwrap_or_else(|| format!("call_{number}")),
        name: item.name.0.into_owned(),
        arguments,
        truncated,
        ..ToolCall::default()
    }));
    let facts = facts(&item.rest);
    if !facts.is_empty() {
        part.ext.0.insert(FAMILY.to_owned(), facts);
    }
    if custom {
        mark_custom(&mut part.ext);
    }
    part
}

/// The mark of a custom tool's call is that of chat completions, so that either protocol can carry it on.
pub(super) fn mark_custom(ext: &mut llm_core::Extensions) {
    ext.set(crate::FAMILY, "type", "custom");
}

/// True for a call of a custom tool.
pub(super) fn is_custom(ext: &llm_core::Extensions) -> bool {
    ext.value(crate::FAMILY, "type").and_then(Value::as_str) == Some("custom")
}

/// An item that only this API knows, kept as it came.
pub(super) fn other(item: &Item<'_>, raw: Raw<'_>) -> Option<Part> {
    let kind = item.kind.as_some().unwrap_or("item");
    Some(Part::opaque(format!("{FAMILY}.{kind}"), parse(raw)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(json: &Value) -> Vec<Part> {
        let text = json.to_string();
        parts(serde_json::from_str(&text).unwrap(), &mut 0)
    }

    #[test]
    fn reasoning_is_readable_encrypted_or_both() {
        let summed = read(&json!({"type": "reasoning", "id": "rs_1", "encrypted_content": "e",
            "summary": [{"type": "summary_text", "text": "a"}]}));
        let PartKind::Reasoning { text, visibility, encrypted } = &summed[0].kind else { panic!("reasoning") };
        assert_eq!((text.as_str(), *visibility, encrypted), ("a", Visibility::Summary, &None));
        assert_eq!(summed[0].signature.as_deref(), Some("e"));
        assert_eq!(summed[0].ext.of(FAMILY), json!({"id": "rs_1"}).as_object());

        let hidden = read(&json!({"type": "reasoning", "id": "rs_1", "encrypted_content": "e", "summary": []}));
        let PartKind::Reasoning { text, visibility, encrypted } = &hidden[0].kind else { panic!("reasoning") };
        assert_eq!((text.as_str(), *visibility, encrypted.as_deref()), ("", Visibility::Redacted, Some("e")));

        let open = read(&json!({"type": "reasoning", "content": [{"type": "reasoning_text", "text": "a"}]}));
        assert_eq!(open, [Part::reasoning("a")]);
    }

    #[test]
    fn several_summaries_are_one_text_and_kept_apart() {
        let summary = json!([{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}]);
        let parts = read(&json!({"type": "reasoning", "id": "rs_1", "summary": summary}));
        let PartKind::Reasoning { text, .. } = &parts[0].kind else { panic!("reasoning") };
        assert_eq!((text.as_str(), parts[0].ext.value(FAMILY, "summary")), ("ab", Some(&summary)));
    }

    #[test]
    fn calls_keep_what_belongs_to_their_item() {
        let parts = read(&json!({"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f",
            "arguments": "{\"a\":", "status": "incomplete"}));
        let PartKind::ToolCall(call) = &parts[0].kind else { panic!("a call") };
        assert_eq!((call.id.as_str(), call.name.as_str(), call.truncated), ("c1", "f", true));
        assert_eq!(parts[0].ext.of(FAMILY), json!({"id": "fc_1", "status": "incomplete"}).as_object());
        let parts = read(&json!({"type": "custom_tool_call", "call_id": "c1", "name": "sh", "input": "ls {"}));
        let PartKind::ToolCall(call) = &parts[0].kind else { panic!("a call") };
        assert_eq!((call.arguments.as_str(), call.truncated), ("ls {", false));
        assert!(is_custom(&parts[0].ext));
    }

    #[test]
    fn steps_of_the_vendors_tools_and_words_of_others_are_opaque() {
        for item in [
            json!({"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}}),
            json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "mine"}]}),
        ] {
            let kind = format!("openai-responses.{}", item["type"].as_str().unwrap());
            assert_eq!(read(&item), [Part::opaque(kind, item)]);
        }
        assert_eq!(read(&json!("text")), []);
    }
}
