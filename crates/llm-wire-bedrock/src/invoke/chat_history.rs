//! A conversation as one prompt, or as Cohere's earlier turns and one message.

use llm_core::{ChatRequest, Error, Message, PartKind, Role, Warnings};
use serde_json::{Map, Value, json};

/// The words of a message; what is not words is left out with a warning.
fn words(message: &Message, index: usize, warnings: &mut Warnings) -> Result<String, Error> {
    if message.name.is_some() {
        warnings.unsupported(&format!("messages[{index}].name"), "a prompt has no names")?;
    }
    if !message.ext.is_empty() {
        warnings.unsupported(&format!("messages[{index}].ext"), "a prompt has no settings")?;
    }
    let mut words = String::new();
    for (number, part) in message.content.iter().enumerate() {
        let field = |name: &str| format!("messages[{index}].content[{number}]{name}");
        match &part.kind {
            PartKind::Text { text, citations } => {
                if !citations.is_empty() {
                    warnings.unsupported(&field(".citations"), "a prompt has no citations")?;
                }
                words.push_str(text);
            }
            PartKind::Refusal { text } => {
                warnings.adapted(&field(""), "the refusal is sent as text");
                words.push_str(text);
            }
            _ => warnings.unsupported(&field(""), "a prompt is words only; ask the model through Converse")?,
        }
        if part.cache.is_some() {
            warnings.unsupported(&field(".cache"), "a prompt cannot be marked for the cache")?;
        }
        if part.signature.is_some() {
            warnings.unsupported("messages.signature", "a prompt has no signatures")?;
        }
        if !part.ext.is_empty() {
            warnings.unsupported(&field(".ext"), "a prompt has no settings")?;
        }
    }
    Ok(words)
}

/// The whole conversation as one prompt: a lone question as it stands, anything else as a script of two speakers.
pub(super) fn prompt(request: &ChatRequest, warnings: &mut Warnings) -> Result<String, Error> {
    let mut lines = Vec::with_capacity(request.messages.len());
    for (index, message) in request.messages.iter().enumerate() {
        lines.push((&message.role, words(message, index, warnings)?));
    }
    if let [(Role::User, only)] = lines.as_mut_slice() {
        return Ok(std::mem::take(only));
    }
    warnings
        .adapted("messages", "the model takes one prompt, so the turns are written out; Converse knows its template");
    let mut prompt = String::new();
    for (role, words) in &lines {
        match role {
            Role::System | Role::Developer => {}
            Role::Assistant => prompt.push_str("Bot: "),
            _ => prompt.push_str("User: "),
        }
        prompt.push_str(words);
        prompt.push_str("\n\n");
    }
    prompt.push_str("Bot:");
    Ok(prompt)
}

/// Cohere's `message`, `chat_history` and `preamble`.
pub(super) fn turns(
    request: &ChatRequest,
    body: &mut Map<String, Value>,
    warnings: &mut Warnings,
) -> Result<String, Error> {
    let (mut preamble, mut history) = (Vec::new(), Vec::new());
    for (index, message) in request.messages.iter().enumerate() {
        let words = words(message, index, warnings)?;
        match &message.role {
            Role::System | Role::Developer => preamble.push(words),
            Role::Assistant => history.push(("CHATBOT", words)),
            _ => history.push(("USER", words)),
        }
    }
    let last = match history.pop() {
        Some(("USER", words)) => words,
        Some(answer) => {
            warnings.adapted("messages", "the model is asked something, so an empty question follows its answer");
            history.push(answer);
            String::new()
        }
        None => String::new(),
    };
    if !preamble.is_empty() {
        body.insert("preamble".to_owned(), preamble.join("\n\n").into());
    }
    if !history.is_empty() {
        let history = history.into_iter().map(|(role, message)| json!({ "role": role, "message": message }));
        body.insert("chat_history".to_owned(), history.collect());
    }
    Ok(last)
}

/// The earlier turns of a request that comes in.
pub(super) fn read(body: &mut Map<String, Value>, request: &mut ChatRequest) {
    if let Some(Value::String(preamble)) = body.remove("preamble") {
        request.messages.push(Message::system(preamble).into());
    }
    let Some(Value::Array(history)) = body.remove("chat_history") else { return };
    for turn in history {
        let text = |name: &str| turn.get(name).and_then(Value::as_str).unwrap_or_default();
        let message = match text("role") {
            "CHATBOT" => Message::assistant(text("message")),
            "SYSTEM" => Message::system(text("message")),
            _ => Message::user(text("message")),
        };
        request.messages.push(message.into());
    }
}
