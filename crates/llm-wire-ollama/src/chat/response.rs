//! A whole answer, both ways.

use std::sync::Arc;

use llm_core::{ChatResponse, Error, ErrorKind, Message, Origin, Part, PartKind, Role};
use llm_wire::json::malformed;
use serde_json::{Map, Value};

use super::answer::{self, Said};
use crate::wire::Answer;
use crate::{API, error, finish, image, timestamp};

/// Reads an answer. An error inside it, which a server may send with status 200, is an error here.
pub fn decode_response(body: &[u8], origin: &Arc<Origin>) -> Result<ChatResponse, Error> {
    const WHAT: &str = "ollama's answer";
    let mut answer: Answer<'_> = serde_json::from_slice(body).map_err(|error| malformed(WHAT, &error))?;
    if let Some(problem) = answer.problem() {
        return Err(error::in_band(problem));
    }
    if answer.done == Some(false) {
        return Err(Error::truncated());
    }
    let usage = answer.metrics().decode();
    let Some(said) = answer.said() else {
        return Err(Error::new(ErrorKind::Malformed, format!("reading {WHAT}: it has no message")));
    };
    let mut content = Vec::new();
    if let Some(thinking) = said.thinking.some() {
        content.push(Part::reasoning(thinking));
    }
    if let Some(text) = said.content.some() {
        content.push(Part::text(text));
    }
    let mut rest = said.rest;
    for image in said.images.unwrap_or_default() {
        match image::decode(image.as_str()) {
            Some(media) => content.push(Part::media(media)),
            None => keep_image(&mut rest, image.as_str()),
        }
    }
    let calls = said.tool_calls.unwrap_or_default();
    let has_calls = !calls.is_empty();
    for (number, call) in calls.into_iter().enumerate() {
        let (call, ext) = answer::decode_call(call, number);
        content.push(Part { ext, ..Part::new(PartKind::ToolCall(call)) });
    }
    let mut message = Message::new(Role::Assistant, content);
    message.origin = Some(origin.clone());
    let finish = finish::decode(answer.done_reason.as_str(), has_calls);
    let mut response = ChatResponse::new(origin.clone(), message, finish);
    response.created = timestamp::parse(answer.created_at.as_str());
    response.model = answer.model.some().map(Into::into);
    response.usage = usage;
    let mut ext = answer.rest;
    if let Some(logprobs) = answer.logprobs {
        ext.insert("logprobs".to_owned(), Value::Array(logprobs));
    }
    if !rest.is_empty() {
        ext.insert("message".to_owned(), Value::Object(rest));
    }
    if !ext.is_empty() {
        response.ext.of_mut(API).extend(ext);
    }
    Ok(response)
}

/// An image that is not base64 is kept as it came.
pub(super) fn keep_image(rest: &mut Map<String, Value>, image: &str) {
    if let Value::Array(images) = rest.entry("images").or_insert_with(|| Value::Array(Vec::new())) {
        images.push(image.into());
    }
}

/// Writes an answer: its first one, where there are several.
pub fn encode_response(response: &ChatResponse) -> Vec<u8> {
    let mut message = Said::default();
    response.message.content.iter().for_each(|part| message.add(part));
    let model = response.model.as_deref().unwrap_or(&response.origin.model);
    let created_at = answer::created_at(response.created);
    let line = answer::last_line(model, &created_at, message, &response.finish, &response.usage);
    let mut body = Vec::with_capacity(512);
    answer::write(&line, &response.ext, &mut body);
    body
}
