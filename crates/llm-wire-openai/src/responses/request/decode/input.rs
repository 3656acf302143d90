//! The items of a request as messages.

use std::sync::Arc;

use llm_core::{Error, Message, Part, PartKind, Role, ToolCall, ToolResult};
use serde_json::{Map, Value};

use super::content::{parts, strictly};
use super::wire::{CallIn, MessageIn, OutputIn, Sniffed};
use crate::chat::arguments::Arguments;
use crate::chat::request::decode::message::{Wrong, at};
use crate::chat::request::decode::wrong;
use crate::json::{Raw, Str, TextOr, parse};
use crate::responses::wire::Item;
use crate::responses::{FAMILY, item, mark};

pub(super) fn read(input: TextOr<'_, Raw<'_>>, messages: &mut Vec<Arc<Message>>) -> Result<(), Error> {
    let mut conversation = Vec::new();
    match input {
        TextOr::Text(text) => conversation.push(Message::user(text)),
        TextOr::List(items) => {
            for (number, raw) in items.into_iter().enumerate() {
                one(raw, &mut conversation)
                    .map_err(|Wrong { path, what }| wrong(&format!("input[{number}]{path}"), &what))?;
            }
        }
    }
    messages.extend(conversation.into_iter().map(Arc::new));
    Ok(())
}

fn one(raw: Raw<'_>, out: &mut Vec<Message>) -> Result<(), Wrong> {
    let Some(sniffed) = parse::<Sniffed<'_>>(raw) else { return Err(at("", "must be an object")) };
    match (&*sniffed.kind.0, &*sniffed.role.0) {
        // `{"id": …}` refers to an item; OpenAI's schema lets its type be left out.
        ("", "") if refers(raw) => {
            assistant(out, vec![Part::opaque(format!("{FAMILY}.item_reference"), strictly::<Value>(raw)?)]);
        }
        ("", "") => return Err(at(".type", "is missing")),
        ("message" | "", role) => message(raw, role, out)?,
        ("function_call", _) => assistant(out, vec![call(raw, false)?]),
        ("custom_tool_call", _) => assistant(out, vec![call(raw, true)?]),
        ("function_call_output", _) => out.push(result(raw, false)?),
        ("custom_tool_call_output", _) => out.push(result(raw, true)?),
        ("reasoning", _) => match parse::<Item<'_>>(raw) {
            Some(item) => assistant(out, vec![item::reasoning(item)]),
            None => return Err(strictly::<Map<String, Value>>(raw).err().map_or_else(not_reasoning, Wrong::from)),
        },
        (kind, _) => {
            let part = Part::opaque(format!("{FAMILY}.{kind}"), strictly::<Value>(raw)?);
            // Results of the client's own machines stand on its side, steps of the vendor's tools on the model's.
            if kind.ends_with("_output") || kind.ends_with("_response") {
                out.push(Message::new(Role::Tool, vec![part]));
            } else {
                assistant(out, vec![part]);
            }
        }
    }
    Ok(())
}

fn refers(raw: Raw<'_>) -> bool {
    parse::<Map<String, Value>>(raw).is_some_and(|fields| fields.get("id").is_some_and(Value::is_string))
}

fn not_reasoning() -> Wrong {
    at("", "is not an item of reasoning: a field has another type")
}

/// Items of the assistant in a row are one message.
fn assistant(out: &mut Vec<Message>, mut parts: Vec<Part>) {
    match out.last_mut().filter(|last| last.role == Role::Assistant) {
        Some(last) => last.content.append(&mut parts),
        None => out.push(Message::new(Role::Assistant, parts)),
    }
}

fn message(raw: Raw<'_>, role: &str, out: &mut Vec<Message>) -> Result<(), Wrong> {
    let MessageIn { content, rest, .. } = strictly(raw)?;
    let facts = said(rest);
    let content = content.ok_or_else(|| at(".content", "is missing"))?;
    let mut content = parts(content, ".content")?;
    let role = match role {
        "user" => Role::User,
        "system" => Role::System,
        "developer" => Role::Developer,
        "assistant" => {
            if content.is_empty() {
                content.push(Part::text(""));
            }
            let goes_on = out.last().is_some_and(|last| {
                let said = |part: &Part| matches!(part.kind, PartKind::Text { .. } | PartKind::Refusal { .. });
                last.role == Role::Assistant && last.content.last().is_some_and(said)
            });
            if goes_on || !facts.is_empty() {
                content[0].ext.set(FAMILY, mark::MESSAGE, facts);
            }
            assistant(out, content);
            return Ok(());
        }
        _ => return Err(at(".role", "must be system, developer, user or assistant")),
    };
    let mut message = Message::new(role, content);
    if !facts.is_empty() {
        message.ext.0.insert(FAMILY.to_owned(), facts);
    }
    out.push(message);
    Ok(())
}

/// Fields that say something.
fn said(mut rest: Map<String, Value>) -> Map<String, Value> {
    rest.retain(|_, value| !value.is_null());
    rest
}

fn call(raw: Raw<'_>, custom: bool) -> Result<Part, Wrong> {
    let call: CallIn<'_> = strictly(raw)?;
    let missing = |field: &str| at(field, "is missing");
    let text = |text: Str<'_>| text.0.into_owned();
    let arguments = match (custom, call.arguments, call.input) {
        (false, Some(arguments), _) => text(arguments),
        (true, _, Some(input)) => text(input),
        (true, ..) => return Err(missing(".input")),
        (false, ..) => return Err(missing(".arguments")),
    };
    let truncated = !custom && Arguments::of(&arguments).is_cut();
    let mut part = Part::new(PartKind::ToolCall(ToolCall {
        id: call.call_id.map(text).ok_or_else(|| missing(".call_id"))?,
        name: call.name.map(text).ok_or_else(|| missing(".name"))?,
        arguments,
        truncated,
        ..ToolCall::default()
    }));
    keep(&mut part, call.rest);
    if custom {
        item::mark_custom(&mut part.ext);
    }
    Ok(part)
}

fn keep(part: &mut Part, rest: Map<String, Value>) {
    let facts = said(rest);
    if !facts.is_empty() {
        part.ext.0.insert(FAMILY.to_owned(), facts);
    }
}

fn result(raw: Raw<'_>, custom: bool) -> Result<Message, Wrong> {
    let result: OutputIn<'_> = strictly(raw)?;
    let Some(call_id) = result.call_id else { return Err(at(".call_id", "is missing")) };
    let output = result.output.ok_or_else(|| at(".output", "is missing"))?;
    let mut part = Part::new(PartKind::ToolResult(ToolResult {
        call_id: call_id.0.into_owned(),
        content: parts(output, ".output")?,
        ..ToolResult::default()
    }));
    keep(&mut part, result.rest);
    if custom {
        item::mark_custom(&mut part.ext);
    }
    Ok(Message::new(Role::Tool, vec![part]))
}
