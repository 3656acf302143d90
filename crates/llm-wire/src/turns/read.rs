//! From a message of a body to messages.

use std::sync::Arc;

use llm_core::{Error, Message, Part, PartKind, Role};
use serde_json::value::RawValue;

use crate::json::{self, Path};

/// Reads one message of a body, `{"role": …, "content": …}`. Tool results become messages of their own, in their place;
/// unknown fields are kept as settings of the wire family `api`. `content` reads the content, which is `expected` to be
/// something.
pub fn read_message(
    raw: &RawValue,
    at: &Path<'_>,
    api: &str,
    expected: &str,
    content: impl FnOnce(&RawValue, &Path<'_>) -> Result<Vec<Part>, Error>,
    into: &mut Vec<Arc<Message>>,
) -> Result<(), Error> {
    let mut fields = json::object(raw, at)?;
    let place = at.field("role");
    let role = fields.take("role").map(|raw| json::string(raw, &place)).transpose()?;
    let role = match role.as_deref() {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("system") => Role::System,
        _ => return Err(place.must_be("user, assistant or system")),
    };
    let place = at.field("content");
    let parts = content(fields.take("content").ok_or_else(|| place.must_be(expected))?, &place)?;
    let settings = fields.rest();
    let mut push = |role: Role, parts: Vec<Part>| {
        let mut message = Message::new(role, parts);
        if !settings.is_empty() {
            message.ext.0.insert(api.to_owned(), settings.clone());
        }
        into.push(Arc::new(message));
    };
    let is_result = |part: &Part| matches!(part.kind, PartKind::ToolResult(_));
    if role != Role::User || !parts.iter().any(is_result) {
        push(role, parts);
        return Ok(());
    }
    let mut others = Vec::new();
    for part in parts {
        if is_result(&part) {
            if !others.is_empty() {
                push(Role::User, std::mem::take(&mut others));
            }
            push(Role::Tool, vec![part]);
        } else {
            others.push(part);
        }
    }
    if !others.is_empty() {
        push(Role::User, others);
    }
    Ok(())
}
