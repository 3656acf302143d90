//! The toy's request: Loquat's own JSON, less what is not for this vendor, and without `top_k`, which it does not have.

use llm_core::{
    ChatRequest, EmbedRequest, Error, ErrorKind, Extensions, MediaData, Message, OnUnsupported, Origin, Part, PartKind,
    Tool, Warning, Warnings,
};
use serde_json::{Map, Value, json};

pub(super) fn request(
    request: &ChatRequest,
    to: &Origin,
    stream: bool,
    defect: &str,
) -> Result<(Value, Vec<Warning>), Error> {
    let mut asked = request.clone();
    if defect == "only warns in strict mode" {
        asked.on_unsupported = OnUnsupported::Warn;
    }
    if defect == "drops the fields of other protocols in silence" {
        asked.form = None;
    }
    let mut warnings = Warnings::of(&asked, to)?;
    let mut body = fields(request)?;
    if defect != "sends unknown fields" {
        body.retain(|key, _| !request.extra.contains_key(key));
    }
    for key in ["on_unsupported", "ext", "form"] {
        body.remove(key);
    }
    if let Some(sampling) = body.get_mut("sampling").and_then(Value::as_object_mut) {
        sampling.retain(|key, _| !request.sampling.extra.contains_key(key));
    }
    body.retain(|_, value| *value != json!({}));
    if request.sampling.top_k.is_some() {
        if let Some(sampling) = body.get_mut("sampling").and_then(Value::as_object_mut) {
            sampling.remove("top_k");
        }
        body.retain(|_, value| *value != json!({}));
        if defect != "drops top_k in silence" {
            warnings.unsupported("sampling.top_k", "the toy has no such setting")?;
        }
    }
    if defect == "rounds the temperature" && request.sampling.temperature.is_some() {
        body["sampling"]["temperature"] = json!(0.5);
    }
    body.insert("stream".to_owned(), stream.into());
    let mut messages = Vec::new();
    for sent in &request.messages {
        messages.push(message(sent, to, &mut warnings, defect)?);
    }
    body.insert("messages".to_owned(), Value::Array(messages));
    let mut tools = Vec::new();
    for tool in &request.tools {
        match &**tool {
            Tool::Provider { id, .. } if !id.starts_with("toy.") => {
                warnings.unsupported("tools", "a tool of another provider")?;
            }
            Tool::Function(function) => {
                let mut body = fields(&Tool::Function(function.clone()))?;
                body.remove("ext");
                if defect == "drops the strict mode of tools in silence" {
                    body.remove("strict");
                }
                merge(&mut body, &function.ext, to);
                tools.push(Value::Object(body));
            }
            tool => tools.push(json!(tool)),
        }
    }
    body.insert("tools".to_owned(), Value::Array(tools));
    merge(&mut body, &request.ext, to);
    if defect == "sends everybody's ext" {
        body.extend(request.ext.0.values().flatten().map(|(key, value)| (key.clone(), value.clone())));
    }
    Ok((Value::Object(body), warnings.into_vec()))
}

/// A request for vectors, which this vendor makes for no task in particular.
pub(super) fn embedding(request: &EmbedRequest, to: &Origin, defect: &str) -> Result<(Value, Vec<Warning>), Error> {
    let mut warnings = Warnings::new(request.on_unsupported);
    let mut body = fields(request)?;
    for key in ["on_unsupported", "ext", "task"] {
        body.remove(key);
    }
    if request.task.is_some() {
        warnings.unsupported("task", "the toy knows none")?;
    }
    match defect {
        "drops the dimensions in silence" => drop(body.remove("dimensions")),
        "drops all texts but one" => drop(body.insert("inputs".to_owned(), json!([request.inputs[0]]))),
        _ => {}
    }
    merge(&mut body, &request.ext, to);
    Ok((Value::Object(body), warnings.into_vec()))
}

fn fields(value: &impl serde::Serialize) -> Result<Map<String, Value>, Error> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err(Error::new(ErrorKind::Internal, "a request is no json object")),
    }
}

fn merge(body: &mut Map<String, Value>, ext: &Extensions, to: &Origin) {
    for reader in [&*to.api, &*to.provider] {
        body.extend(ext.of(reader).cloned().unwrap_or_default());
    }
}

fn message(message: &Message, to: &Origin, warnings: &mut Warnings, defect: &str) -> Result<Value, Error> {
    let mut body = fields(message)?;
    body.retain(|key, _| !message.extra.contains_key(key));
    body.remove("origin");
    body.remove("ext");
    merge(&mut body, &message.ext, to);
    let made_here = message.origin.as_ref().is_none_or(|origin| origin.is_target(&to.provider, &to.model));
    let mut parts = Vec::new();
    for sent in &message.content {
        parts.extend(part(sent, made_here, to, warnings, defect)?);
    }
    body.insert("content".to_owned(), Value::Array(parts));
    Ok(Value::Object(body))
}

fn part(
    part: &Part,
    made_here: bool,
    to: &Origin,
    warnings: &mut Warnings,
    defect: &str,
) -> Result<Option<Value>, Error> {
    let why = match &part.kind {
        PartKind::Opaque { kind, .. } if !kind.starts_with("toy.") => Some("an item of another vendor"),
        PartKind::Unknown(_) => Some("a part of unknown type"),
        PartKind::Media(media) => match &media.data {
            MediaData::File { refs } if !refs.contains_key(&*to.provider) => Some("a file of another provider"),
            _ => None,
        },
        _ => None,
    };
    if let Some(why) = why {
        warnings.unsupported("messages.content", why)?;
        return Ok(None);
    }
    let mut body = fields(part)?;
    body.retain(|key, _| !part.extra.contains_key(key));
    body.remove("ext");
    merge(&mut body, &part.ext, to);
    if defect == "drops the tool status in silence" {
        body.remove("status");
    }
    if defect == "calls every file a png" && body.contains_key("media_type") {
        body.insert("media_type".to_owned(), "image/png".into());
    }
    if let Some(Value::String(base64)) = body.get_mut("data").and_then(|data| data.get_mut("bytes")) {
        match defect {
            "writes bytes for addresses" => *base64 = base64.replace('+', "-").replace('/', "_"),
            "sends more bytes than there are" => *base64 = format!("AAAA{base64}"),
            _ => {}
        }
    }
    let signed = part.signature.is_some() || body.contains_key("encrypted");
    if signed && (!made_here || defect == "drops signatures") && defect != "sends signatures to anybody" {
        body.remove("signature");
        body.remove("encrypted");
        warnings.unsupported("messages.signature", "it was made by another target")?;
    }
    Ok(Some(Value::Object(body)))
}
