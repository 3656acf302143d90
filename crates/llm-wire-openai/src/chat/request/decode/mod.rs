//! A request of OpenAI's clients. Whatever their SDKs send is taken; what this crate has no field for goes to `ext`.

mod calls;
pub(crate) mod choice;
pub(crate) mod message;
pub(crate) mod tool;
mod wire;

use std::collections::BTreeMap;

use llm_core::{ChatRequest, Effort, Error, ErrorKind, Reasoning, Warning};
use serde_json::{Map, Value};

use crate::FAMILY;
use crate::json::{Place, Str};
pub(crate) use wire::AudioIn;
use wire::{BodyIn, CountIn, LogprobsIn, StopIn};

/// A request, and what it says of the form of its answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Decoded {
    /// The request. Its model is empty when the client names none.
    pub request: ChatRequest,
    /// The answer is to be streamed.
    pub stream: bool,
    /// The stream is to end with a chunk of usage.
    pub include_usage: bool,
    /// What could not be kept.
    pub warnings: Vec<Warning>,
}

/// Reads a request. What is wrong with it is an `invalid_request` error that names the field, as its parameter too.
pub fn decode_request(body: &[u8]) -> Result<Decoded, Error> {
    let body: BodyIn<'_> = crate::json::read(body).map_err(|error| misread(&error))?;
    read(body)
}

/// The error of a body that is not what the protocol says.
pub(crate) fn misread(error: &serde_json::Error) -> Error {
    let Place { path, what } = Place::of(error);
    match path.as_str() {
        "" => Error::new(ErrorKind::InvalidRequest, format!("the request body {what}")),
        path => wrong(path, &what),
    }
}

/// An error that names the field.
pub(crate) fn wrong(path: &str, what: &str) -> Error {
    Error::new(ErrorKind::InvalidRequest, format!("{path} {what}")).with_param(path)
}

fn read(body: BodyIn<'_>) -> Result<Decoded, Error> {
    let Some(messages) = body.messages else { return Err(wrong("messages", "is missing: send at least one message")) };
    if messages.0.is_empty() {
        return Err(wrong("messages", "is empty: send at least one message"));
    }
    if body.n == Some(0) {
        return Err(wrong("n", "must be at least 1"));
    }
    let mut request = ChatRequest::new(body.model.map(|model| model.0.into_owned()).unwrap_or_default());
    request.messages = message::read(messages.0)?;
    request.tools = tool::read(body.tools, body.functions)?;
    let mut rest = body.rest;
    choice::read_tool_choice(body.tool_choice, body.function_call, &mut request, &mut rest)?;
    choice::read_response_format(body.response_format, &mut request, &mut rest)?;
    request.parallel_tool_calls = body.parallel_tool_calls;
    request.service_tier = body.service_tier.map(|tier| tier.0.into_owned());
    request.metadata = metadata(body.metadata, &mut rest)?;
    request.reasoning = match body.reasoning_effort {
        Some(word) => Some(Reasoning::Effort(Effort::from(&*word.0))),
        None => reasoning(&mut rest),
    };
    request.end_user = end_user(body.safety_identifier, body.user, &mut rest);
    let sampling = &mut request.sampling;
    sampling.temperature = body.temperature;
    sampling.top_p = body.top_p;
    sampling.top_k = count(body.top_k, "top_k", &mut rest);
    sampling.presence_penalty = body.presence_penalty;
    sampling.frequency_penalty = body.frequency_penalty;
    sampling.seed = body.seed;
    let older = count(body.max_tokens, "max_tokens", &mut rest);
    sampling.max_output_tokens = count(body.max_completion_tokens, "max_completion_tokens", &mut rest).or(older);
    sampling.candidates = body.n;
    sampling.logprobs = match body.logprobs {
        Some(LogprobsIn::Wanted(true)) => Some(body.top_logprobs.unwrap_or(0)),
        Some(LogprobsIn::Wanted(false)) => None,
        Some(LogprobsIn::Count(count)) => {
            rest.insert("logprobs".to_owned(), count.into());
            None
        }
        None => body.top_logprobs,
    };
    sampling.stop = match body.stop {
        Some(StopIn::Text(text)) => vec![text.into_owned()],
        Some(StopIn::List(texts)) => texts,
        None => Vec::new(),
    };
    let mut include_usage = false;
    if let Some(options) = body.stream_options {
        include_usage = options.include_usage.unwrap_or(false);
        if !options.rest.is_empty() && body.stream == Some(true) {
            // Whoever sends it on asks for usage anyway.
            let mut options = options.rest;
            options.insert("include_usage".to_owned(), true.into());
            rest.insert("stream_options".to_owned(), Value::Object(options));
        }
    }
    request.keep_asked(FAMILY, rest);
    Ok(Decoded { request, stream: body.stream.unwrap_or(false), include_usage, warnings: Vec::new() })
}

/// Labels are texts; where one is something else, as Mistral allows, they go to `rest`.
fn metadata(given: Option<Value>, rest: &mut Map<String, Value>) -> Result<BTreeMap<String, String>, Error> {
    let Some(given) = given else { return Ok(BTreeMap::new()) };
    let Value::Object(labels) = &given else { return Err(wrong("metadata", "must be an object")) };
    let texts = labels.iter().map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned())));
    if let Some(texts) = texts.collect() {
        return Ok(texts);
    }
    rest.insert("metadata".to_owned(), given);
    Ok(BTreeMap::new())
}

/// A count; a number that is none goes to `rest`, as only some servers know what it means.
fn count(given: Option<CountIn>, name: &str, rest: &mut Map<String, Value>) -> Option<u32> {
    match given? {
        CountIn::Count(count) => Some(count),
        CountIn::Below(number) => {
            rest.insert(name.to_owned(), number.into());
            None
        }
    }
}

/// The end user, by the newer of two fields; the other then goes to `rest`.
pub(crate) fn end_user(
    safety_identifier: Option<Str<'_>>,
    user: Option<Str<'_>>,
    rest: &mut Map<String, Value>,
) -> Option<String> {
    match (safety_identifier, user) {
        (Some(id), user) => {
            if let Some(user) = user {
                rest.insert("user".to_owned(), user.0.into());
            }
            Some(id.0.into_owned())
        }
        (None, user) => user.map(|user| user.0.into_owned()),
    }
}

/// OpenRouter's form, which many clients send. Taken only when nothing of it would be lost.
fn reasoning(rest: &mut Map<String, Value>) -> Option<Reasoning> {
    let asked = rest.get("reasoning")?.as_object()?;
    let known = match (asked.len(), asked.get("effort"), asked.get("max_tokens")) {
        (1, Some(Value::String(word)), _) => Reasoning::Effort(Effort::from(word.as_str())),
        (1, _, Some(tokens)) => Reasoning::Budget(u32::try_from(tokens.as_u64()?).ok()?),
        _ => return None,
    };
    rest.remove("reasoning");
    Some(known)
}
