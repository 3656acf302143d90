//! Requests with one prompt, both ways. These models are few and old: a tree of JSON is good enough for them.

use llm_core::{ChatRequest, Error, ErrorKind, Message, Origin, OutputFormat, ToolChoice, Warnings};
use serde_json::{Map, Value};

use super::chat_history;
use super::form::PromptForm;
use crate::{API, Encoded, settings};

/// Encodes a request as one prompt.
pub fn encode_request(request: &ChatRequest, to: &Origin, form: PromptForm) -> Result<Encoded, Error> {
    let mut warnings = Warnings::of(request, to)?;
    let names = form.names();
    let mut body = Map::new();
    let prompt = match form {
        PromptForm::CommandR => chat_history::turns(request, &mut body, &mut warnings)?,
        _ => chat_history::prompt(request, &mut warnings)?,
    };
    body.insert(names.prompt.to_owned(), prompt.into());
    let mut config = Map::new();
    let sampling = &request.sampling;
    let mut set = |name: &str, value: Option<Value>| config.extend(value.map(|value| (name.to_owned(), value)));
    set(names.max_tokens, sampling.max_output_tokens.map(Value::from));
    set("temperature", sampling.temperature.map(Value::from));
    set(names.top_p, sampling.top_p.map(Value::from));
    match (names.top_k, sampling.top_k) {
        (Some(name), top_k) => set(name, top_k.map(Value::from)),
        (None, Some(_)) => warnings.unsupported("sampling.top_k", "this model has no such parameter")?,
        (None, None) => {}
    }
    let stop = Some(&sampling.stop).filter(|stop| !stop.is_empty());
    match (names.stop, stop) {
        (Some(name), stop) => set(name, stop.map(|stop| stop.clone().into())),
        (None, Some(_)) => warnings.unsupported("sampling.stop", "this model takes no stop texts")?,
        (None, None) => {}
    }
    match names.config {
        Some(name) if !config.is_empty() => {
            body.insert(name.to_owned(), config.into());
        }
        _ => body.extend(config),
    }
    not_expressible(request, &mut warnings)?;
    let mut body = Value::Object(body);
    settings::lay(&mut body, &request.ext, to);
    Ok(Encoded { body: body.to_string().into_bytes(), warnings: warnings.into_vec() })
}

/// Fields that a prompt has no place for.
fn not_expressible(request: &ChatRequest, warnings: &mut Warnings) -> Result<(), Error> {
    let sampling = &request.sampling;
    let absent = "a model that takes one prompt has no such thing; ask it through Converse";
    let mut check = |there: bool, field: &str| if there { warnings.unsupported(field, absent) } else { Ok(()) };
    check(!request.tools.is_empty(), "tools")?;
    check(request.tool_choice != ToolChoice::Auto, "tool_choice")?;
    check(request.parallel_tool_calls.is_some(), "parallel_tool_calls")?;
    check(request.output != OutputFormat::Text, "output")?;
    check(request.reasoning.is_some(), "reasoning")?;
    check(request.service_tier.is_some(), "service_tier")?;
    check(request.end_user.is_some(), "end_user")?;
    check(!request.metadata.is_empty(), "metadata")?;
    check(sampling.presence_penalty.is_some(), "sampling.presence_penalty")?;
    check(sampling.frequency_penalty.is_some(), "sampling.frequency_penalty")?;
    check(sampling.seed.is_some(), "sampling.seed")?;
    check(sampling.candidates.is_some_and(|candidates| candidates != 1), "sampling.candidates")?;
    check(sampling.logprobs.is_some(), "sampling.logprobs")
}

/// Decodes a request with one prompt; the model comes from the path.
pub fn decode_request(body: &[u8], model: &str, form: PromptForm) -> Result<ChatRequest, Error> {
    let wrong = |name: &str, what: &str| {
        Error::new(ErrorKind::InvalidRequest, format!("reading the request: {name} must be {what}")).with_param(name)
    };
    let Ok(Value::Object(mut body)) = serde_json::from_slice(body) else { return Err(wrong("the body", "an object")) };
    let names = form.names();
    let mut request = ChatRequest::new(model);
    if form == PromptForm::CommandR {
        chat_history::read(&mut body, &mut request);
    }
    let Some(Value::String(prompt)) = body.remove(names.prompt) else { return Err(wrong(names.prompt, "a string")) };
    request.messages.push(Message::user(prompt).into());
    let mut config = match names.config {
        Some(name) => match body.remove(name) {
            Some(Value::Object(config)) => config,
            None => Map::new(),
            Some(_) => return Err(wrong(name, "an object")),
        },
        None => std::mem::take(&mut body),
    };
    let sampling = &mut request.sampling;
    let mut take = |name: &str| config.remove(name).filter(|value| !value.is_null());
    let whole = |value: Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
    let numbers =
        [(names.max_tokens, &mut sampling.max_output_tokens), (names.top_k.unwrap_or_default(), &mut sampling.top_k)];
    for (name, place) in numbers {
        if let Some(value) = take(name) {
            *place = Some(whole(value).ok_or_else(|| wrong(name, "a whole number"))?);
        }
    }
    for (name, place) in [("temperature", &mut sampling.temperature), (names.top_p, &mut sampling.top_p)] {
        if let Some(value) = take(name) {
            *place = Some(value.as_f64().ok_or_else(|| wrong(name, "a number"))?);
        }
    }
    if let Some(name) = names.stop
        && let Some(value) = take(name)
    {
        sampling.stop = serde_json::from_value(value).map_err(|_| wrong(name, "a list of strings"))?;
    }
    match names.config {
        Some(name) if !config.is_empty() => {
            body.insert(name.to_owned(), config.into());
        }
        _ => body.extend(config),
    }
    request.keep_asked(API, body);
    Ok(request)
}
