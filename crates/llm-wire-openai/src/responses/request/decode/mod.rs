//! A request of OpenAI's clients. Whatever their SDKs send is taken; what this crate has no field for goes to `ext`.

mod content;
mod input;
mod tool;
mod wire;

use llm_core::{ChatRequest, Effort, Error, Message, OutputFormat, Reasoning};
use serde_json::{Map, Value};

use super::encode::LOGPROBS;
use crate::chat::request::decode::choice::schema;
use crate::chat::request::decode::{end_user, misread, wrong};
use crate::responses::{FAMILY, mark};
use wire::BodyIn;

/// A request, and what it says of the form of its answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Decoded {
    /// The request. Its model is empty when the client names none.
    pub request: ChatRequest,
    /// The answer is to be streamed.
    pub stream: bool,
}

/// Reads a request. What is wrong with it is an `invalid_request` error that names the field, as its parameter too.
///
/// Items of the assistant in a row become one message. What lives at the vendor and not in the request
/// (`previous_response_id`, `conversation`, `prompt`) stays in `ext` and means something to that vendor only; it stands in
/// `extra`, too, so that a target of another protocol warns of it, or refuses the request where nothing may be left out.
pub fn decode_request(body: &[u8]) -> Result<Decoded, Error> {
    let body: BodyIn<'_> = crate::json::read(body).map_err(|error| misread(&error))?;
    let mut request = ChatRequest::new(body.model.map(|model| model.0.into_owned()).unwrap_or_default());
    let mut rest = body.rest;
    // Null is the default of every field.
    rest.retain(|_, value| !value.is_null());
    match body.instructions {
        // None, but said so: some servers want the field.
        Some(text) if text.0.is_empty() => {
            rest.insert("instructions".to_owned(), "".into());
        }
        Some(text) => {
            let mut message = Message::system(text.0);
            message.ext.set(FAMILY, mark::INSTRUCTIONS, true);
            request.messages.push(message.into());
        }
        None => {}
    }
    match body.input {
        Some(given) => input::read(given, &mut request.messages)?,
        None if mark::ELSEWHERE.iter().any(|name| rest.contains_key(*name)) => {}
        None => return Err(wrong("input", "is missing: send a text or a list of items")),
    }
    request.tools = tool::read(body.tools)?;
    tool::read_choice(body.tool_choice, &mut request, &mut rest)?;
    request.parallel_tool_calls = body.parallel_tool_calls;
    if let Some(text) = body.text {
        request.output = format(text, &mut rest)?;
    }
    if let Some(reasoning) = body.reasoning {
        request.reasoning = effort(reasoning, &mut rest)?;
    }
    request.service_tier = body.service_tier.map(|tier| tier.0.into_owned());
    request.end_user = end_user(body.safety_identifier, body.user, &mut rest);
    request.metadata = body.metadata.unwrap_or_default();
    let sampling = &mut request.sampling;
    sampling.temperature = body.temperature;
    sampling.top_p = body.top_p;
    sampling.max_output_tokens = body.max_output_tokens;
    sampling.logprobs = body.top_logprobs.or_else(|| includes_logprobs(&rest).then_some(0));
    // Every other protocol is to say that it cannot take these.
    for name in mark::ELSEWHERE {
        if let Some(value) = rest.get(name) {
            request.extra.insert(name.to_owned(), value.clone());
        }
    }
    request.keep_asked(FAMILY, rest);
    Ok(Decoded { request, stream: body.stream.unwrap_or(false) })
}

fn includes_logprobs(rest: &Map<String, Value>) -> bool {
    rest.get("include").and_then(Value::as_array).is_some_and(|list| list.iter().any(|entry| entry == LOGPROBS))
}

/// The form of the answer out of `text`; the rest of it is kept.
fn format(mut text: Map<String, Value>, rest: &mut Map<String, Value>) -> Result<OutputFormat, Error> {
    text.retain(|_, value| !value.is_null());
    let kind = |format: &Value| format["type"].as_str().map(str::to_owned);
    let output = match text.get("format") {
        None => OutputFormat::Text,
        Some(format) => match kind(format).as_deref() {
            Some("text") => OutputFormat::Text,
            Some("json_object") => OutputFormat::Json,
            Some("json_schema") => OutputFormat::JsonSchema(schema(format, "text.format")?),
            // A grammar, or what comes next: only this API can be told.
            Some(_) => {
                rest.insert("text".to_owned(), Value::Object(text));
                return Ok(OutputFormat::Text);
            }
            None => return Err(wrong("text.format.type", "is missing")),
        },
    };
    text.remove("format");
    if !text.is_empty() {
        rest.insert("text".to_owned(), Value::Object(text));
    }
    Ok(output)
}

/// The effort out of `reasoning`; the rest of it (the kind of summary) is kept.
fn effort(mut asked: Map<String, Value>, rest: &mut Map<String, Value>) -> Result<Option<Reasoning>, Error> {
    asked.retain(|_, value| !value.is_null());
    let effort = match asked.remove("effort") {
        None => None,
        Some(Value::String(word)) => Some(Reasoning::Effort(Effort::from(word))),
        Some(_) => return Err(wrong("reasoning.effort", "must be a string")),
    };
    if !asked.is_empty() {
        rest.insert("reasoning".to_owned(), Value::Object(asked));
    }
    Ok(effort)
}
