//! Prompts that are continued, `POST /api/generate`, both ways: for models that know nothing of chats, for filling in
//! between a prompt and a `suffix`, and for clients that speak it. Everything beside the prompt is as in a chat, answers and
//! their streams are read by [`chat`](crate::chat).

use llm_core::{ChatRequest, Error, ErrorKind, Origin, Warnings};
use serde_json::{Map, Value, json};

use crate::chat::{self, Decoded};
use crate::{Encoded, Profile, fields, json as text};

/// Fields whose empty values are what they are without the field.
const EMPTY: [&str; 4] = ["suffix", "system", "template", "context"];

/// Writes a request for the target `to`: instructions are `system`, all other messages one prompt.
///
/// Further settings of the vendor's (`suffix`, `raw`, `template`, `context`) are entries of `request.ext` under `ollama`.
pub fn encode_request(request: &ChatRequest, to: &Origin, stream: bool, profile: &Profile) -> Result<Encoded, Error> {
    const DOING: &str = "encoding a prompt for ollama";
    let mut encoded = chat::encode_request(request, to, stream, profile)?;
    let failed = |error| Error::new(ErrorKind::Internal, format!("{DOING}: {error}"));
    let mut body: Map<String, Value> = serde_json::from_slice(&encoded.body).map_err(failed)?;
    let mut warnings = Warnings::new(request.on_unsupported);
    if body.remove("tools").is_some() {
        warnings.unsupported("tools", "a prompt is continued without tools")?;
    }
    let (mut system, mut prompt, mut images) = (Vec::new(), Vec::new(), Vec::new());
    let messages = body.remove("messages");
    for message in messages.as_ref().and_then(Value::as_array).into_iter().flatten() {
        let words = message["content"].as_str().unwrap_or_default();
        if message["role"] == "system" {
            system.push(words);
            continue;
        }
        prompt.push(words);
        images.extend(message["images"].as_array().into_iter().flatten().cloned());
        if message["role"] != "user" {
            warnings.adapted("messages.role", "a prompt has no roles");
        }
        if ["thinking", "tool_calls", "tool_call_id"].iter().any(|name| !message[*name].is_null()) {
            warnings.unsupported("messages.content", "a prompt is made of words and images")?;
        }
    }
    if prompt.len() > 1 {
        warnings.adapted("messages", "joined into one prompt");
    }
    body.entry("prompt").or_insert(prompt.join("\n\n").into());
    if !system.is_empty() {
        body.entry("system").or_insert(system.join("\n\n").into());
    }
    if !images.is_empty() {
        body.entry("images").or_insert(images.into());
    }
    encoded.body = text::to_vec(DOING, &body)?;
    encoded.warnings.append(&mut warnings.into_vec());
    Ok(encoded)
}

/// Reads a request. Errors name the field that is wrong.
pub fn decode_request(body: &[u8]) -> Result<Decoded, Error> {
    let mut fields: Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| fields::invalid("the body".to_owned(), "a json object"))?;
    fields.retain(|name, value| !(EMPTY.contains(&name.as_str()) && (value == "" || *value == json!([]))));
    let mut messages = Vec::new();
    let words = |fields: &mut Map<String, Value>, name: &str| match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(fields::invalid(name.to_owned(), "text")),
    };
    if let Some(system) = words(&mut fields, "system")? {
        messages.push(json!({ "role": "system", "content": system }));
    }
    let prompt = words(&mut fields, "prompt")?.unwrap_or_default();
    let images = fields.remove("images").unwrap_or_default();
    messages.push(json!({ "role": "user", "content": prompt, "images": images }));
    fields.insert("messages".to_owned(), messages.into());
    chat::decode_request(&text::to_vec("reading a prompt", &fields)?)
}

#[cfg(test)]
mod tests {
    use llm_core::{Message, Tool};

    use super::*;

    fn sent(request: &ChatRequest) -> (Value, usize) {
        let to = Origin::new(crate::API, "ollama", "m");
        let encoded = encode_request(request, &to, false, &Profile::default()).unwrap();
        (serde_json::from_slice(&encoded.body).unwrap(), encoded.warnings.len())
    }

    #[test]
    fn a_prompt_goes_both_ways() {
        let body = json!({
            "model": "m", "prompt": "fn add(", "suffix": "}", "system": "Be brief.", "images": ["aGk="], "raw": true,
            "format": "json", "think": false, "stream": false, "options": {"num_predict": 5, "num_ctx": 100},
        });
        let decoded = decode_request(body.to_string().as_bytes()).unwrap();
        assert_eq!((decoded.stream, decoded.request.messages.len()), (false, 2));
        assert_eq!(sent(&decoded.request), (body, 0));
        let bare = decode_request(br#"{"model":"m","prompt":"a","system":"","context":[],"template":""}"#).unwrap();
        assert_eq!(sent(&bare.request).0, json!({"model": "m", "prompt": "a", "stream": false}));
        assert_eq!(decode_request(br#"{"model":"m","prompt":1}"#).unwrap_err().param(), Some("prompt"));
        assert_eq!(decode_request(b"[]").unwrap_err().kind(), ErrorKind::InvalidRequest);
    }

    #[test]
    fn a_chat_becomes_one_prompt_with_a_word_about_it() {
        let request = ChatRequest::new("m")
            .with_message(Message::system("Be brief."))
            .with_user("a")
            .with_message(Message::assistant("b"))
            .with_user("c")
            .with_tool(Tool::function("f", "does", json!({"type": "object"})));
        let (body, warnings) = sent(&request);
        assert_eq!(body, json!({"model": "m", "system": "Be brief.", "prompt": "a\n\nb\n\nc", "stream": false}));
        assert_eq!(warnings, 3, "tools, a role and the joining");
    }
}
