//! A prompt, both ways.

use std::borrow::Cow;

use llm_core::{ChatRequest, Error, Message, OnUnsupported, Origin, OutputFormat, Part, Role, ToolChoice};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::FAMILY;
use crate::chat::Decoded;
use crate::dialect::{Dialect, StreamUsage};
use crate::encoded::{Encoded, Notes};
use crate::json::{Added, Fields, Str, read_request, to_vec, wrong};

/// Encodes a request for one target. Every field is in the body or in the warnings.
pub fn encode_request(request: &ChatRequest, to: &Origin, stream: bool, dialect: &Dialect) -> Result<Encoded, Error> {
    let mut notes = Notes::new(request.on_unsupported);
    let added = Added::new(&request.ext, to);
    refuse(request, added, &mut notes)?;
    notes.foreign(request, to)?;
    // Several prompts stand beside the request's own.
    let prompt = if added.has(PROMPT) { Cow::Borrowed("") } else { prompt(request, &mut notes)? };
    let body = Body {
        request,
        prompt,
        given: sampling(request, dialect, &mut notes)?,
        stream,
        usage: dialect.stream_usage,
        added,
    };
    let capacity = 256 + body.prompt.len() + body.prompt.len() / 16;
    Ok(Encoded { body: to_vec("encoding the request", &body, capacity)?, warnings: notes.into_vec() })
}

/// Says what a prompt cannot express.
fn refuse(request: &ChatRequest, added: Added<'_>, notes: &mut Notes) -> Result<(), Error> {
    for name in request.extra.keys().filter(|name| !added.has(name)) {
        notes.unknown(name)?;
    }
    for name in request.sampling.extra.keys() {
        notes.unknown(&format!("sampling.{name}"))?;
    }
    for (field, given) in [
        ("tools", !request.tools.is_empty()),
        ("tool_choice", request.tool_choice != ToolChoice::default()),
        ("parallel_tool_calls", request.parallel_tool_calls.is_some()),
        ("output", request.output != OutputFormat::Text),
        ("reasoning", request.reasoning.is_some()),
        ("service_tier", request.service_tier.is_some()),
        ("metadata", !request.metadata.is_empty()),
    ] {
        if given {
            notes.unsupported(field, "this model continues a prompt and knows nothing else")?;
        }
    }
    Ok(())
}

/// The words of one message, or of several with blank lines between.
fn prompt<'a>(request: &'a ChatRequest, notes: &mut Notes) -> Result<Cow<'a, str>, Error> {
    if let [only] = &*request.messages
        && let [part] = &*only.content
        && let Some(text) = part.as_text()
    {
        if only.role != Role::User {
            notes.adapted("messages.role", "a prompt has no roles");
        }
        return Ok(Cow::Borrowed(text));
    }
    let mut texts = Vec::with_capacity(request.messages.len());
    for message in &request.messages {
        if message.content.iter().any(|part| part.as_text().is_none()) {
            notes.unsupported("messages.content", "this model continues a prompt of words")?;
        }
        texts.push(message.content.iter().filter_map(Part::as_text).collect::<String>());
    }
    if texts.len() > 1 {
        notes.adapted("messages", "joined into one prompt");
    }
    Ok(Cow::Owned(texts.join("\n\n")))
}

/// What bounds and draws the answer, under its names here.
fn sampling(request: &ChatRequest, dialect: &Dialect, notes: &mut Notes) -> Result<Vec<(&'static str, Value)>, Error> {
    let from = &request.sampling;
    let number = |value: Option<f64>| value.map(Value::from);
    let whole = |value: Option<u32>| value.map(Value::from);
    let stop = (!from.stop.is_empty()).then(|| json!(from.stop));
    let mut given = Vec::new();
    for (field, path, value) in [
        (Some("max_tokens"), "sampling.max_output_tokens", whole(from.max_output_tokens)),
        (Some("temperature"), "sampling.temperature", number(from.temperature)),
        (Some("top_p"), "sampling.top_p", number(from.top_p)),
        (Some("top_k"), "sampling.top_k", whole(from.top_k)),
        (Some("presence_penalty"), "sampling.presence_penalty", number(from.presence_penalty)),
        (Some("frequency_penalty"), "sampling.frequency_penalty", number(from.frequency_penalty)),
        (dialect.seed, "sampling.seed", from.seed.map(Value::from)),
        (Some("stop"), "sampling.stop", stop),
        (Some("n"), "sampling.candidates", whole(from.candidates)),
        (Some("logprobs"), "sampling.logprobs", whole(from.logprobs)),
        (dialect.end_user.and(Some("user")), "end_user", request.end_user.as_deref().map(Value::from)),
    ] {
        let Some(value) = value else { continue };
        match field {
            Some(field) if !dialect.drops(field) => given.push((field, value)),
            _ => notes.unsupported(path, "this model or vendor refuses it")?,
        }
    }
    Ok(given)
}

struct Body<'a> {
    request: &'a ChatRequest,
    prompt: Cow<'a, str>,
    given: Vec<(&'static str, Value)>,
    stream: bool,
    usage: StreamUsage,
    added: Added<'a>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = Fields::new(serializer.serialize_map(None)?, self.added);
        fields.put("model", &self.request.model)?;
        fields.put("prompt", &*self.prompt)?;
        for (name, value) in &self.given {
            fields.put(name, value)?;
        }
        if self.stream {
            fields.put("stream", &true)?;
            if self.usage == StreamUsage::StreamOptions {
                fields.put("stream_options", &json!({ "include_usage": true }))?;
            }
        }
        fields.end()
    }
}

wire_object! {
    strict struct BodyIn<'a> {
        "model" => model: Option<Str<'a>>,
        "prompt" => prompt: Option<Value>,
        "max_tokens" => max_tokens: Option<u32>,
        "temperature" => temperature: Option<f64>,
        "top_p" => top_p: Option<f64>,
        "top_k" => top_k: Option<u32>,
        "presence_penalty" => presence_penalty: Option<f64>,
        "frequency_penalty" => frequency_penalty: Option<f64>,
        "seed" => seed: Option<i64>,
        "stop" => stop: Option<Value>,
        "n" => n: Option<u32>,
        "logprobs" => logprobs: Option<u32>,
        "user" => user: Option<Str<'a>>,
        "stream" => stream: Option<bool>,
        "stream_options" => stream_options: Option<Value>,
    }
    skip: []
    rest: Map<String, Value>
}

/// Several prompts, or prompts of token numbers: what only this API takes, with one answer for each. They go there as they
/// are, and a target of another protocol refuses the request. Returned are the words of the first.
fn several(prompts: Vec<Value>, request: &mut ChatRequest, rest: &mut Map<String, Value>) -> Result<String, Error> {
    let numbers = |list: &[Value]| !list.is_empty() && list.iter().all(Value::is_u64);
    let taken = numbers(&prompts)
        || prompts.iter().all(|prompt| prompt.is_string() || prompt.as_array().is_some_and(|list| numbers(list)));
    if !taken {
        return Err(wrong("prompt", "must be a string, a list of strings or lists of token numbers"));
    }
    let words = prompts[0].as_str().unwrap_or_default().to_owned();
    request.on_unsupported = OnUnsupported::Error;
    request.extra.insert(PROMPT.to_owned(), prompts.len().into());
    rest.insert(PROMPT.to_owned(), Value::Array(prompts));
    Ok(words)
}

/// Where prompts stand that a chat has no form for.
const PROMPT: &str = "prompt";

/// Reads a client's request. What is wrong with it is an `invalid_request` error that names the field.
pub fn decode_request(body: &[u8]) -> Result<Decoded, Error> {
    let body: BodyIn<'_> = read_request(body)?;
    let mut rest = body.rest;
    let mut request = ChatRequest::new(body.model.map(|model| model.0.into_owned()).unwrap_or_default());
    let words = match body.prompt {
        Some(Value::String(prompt)) => prompt,
        Some(Value::Array(mut prompts)) => match &mut prompts[..] {
            [] => return Err(wrong("prompt", "is empty: send at least one")),
            [Value::String(only)] => std::mem::take(only),
            _ => several(prompts, &mut request, &mut rest)?,
        },
        Some(_) => return Err(wrong("prompt", "must be a string or a list")),
        None => return Err(wrong("prompt", "is missing")),
    };
    request = request.with_message(Message::user(words));
    let sampling = &mut request.sampling;
    sampling.max_output_tokens = body.max_tokens;
    sampling.temperature = body.temperature;
    sampling.top_p = body.top_p;
    sampling.top_k = body.top_k;
    sampling.presence_penalty = body.presence_penalty;
    sampling.frequency_penalty = body.frequency_penalty;
    sampling.seed = body.seed;
    sampling.candidates = body.n;
    sampling.logprobs = body.logprobs;
    sampling.stop = match body.stop {
        None => Vec::new(),
        Some(Value::String(text)) => vec![text],
        Some(list) => {
            serde_json::from_value(list).map_err(|_| wrong("stop", "must be a string or a list of strings"))?
        }
    };
    request.end_user = body.user.map(|user| user.0.into_owned());
    request.keep_asked(FAMILY, rest);
    let include_usage = body.stream_options.is_some_and(|options| options["include_usage"].as_bool() == Some(true));
    Ok(Decoded { request, stream: body.stream.unwrap_or(false), include_usage, warnings: Vec::new() })
}
