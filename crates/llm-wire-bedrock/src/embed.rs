//! Embeddings through `InvokeModel`: bodies by publisher, answers by their fields.

use std::sync::Arc;

use http::HeaderMap;
use llm_core::{Capabilities, EmbedRequest, EmbedResponse, Error, ErrorKind, Origin, Warnings};
use llm_wire::json::{Fields, malformed};
use serde_json::{Map, Value, json};

use crate::{API, Encoded, error, settings};

/// The form of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// Amazon Titan: one text a call.
    Titan,
    /// Amazon Nova: one text a call.
    Nova,
    /// Cohere: up to 96 texts a call.
    Cohere,
}

impl Form {
    /// The form that a model takes, by what is known of it: the form itself, else its publisher's. `None` where neither is
    /// known, or the publisher has several.
    pub fn of(known: &Capabilities) -> Option<Self> {
        match known.form.as_deref().or(known.publisher.as_deref())? {
            "titan" => Some(Self::Titan),
            "nova" => Some(Self::Nova),
            "cohere" => Some(Self::Cohere),
            _ => None,
        }
    }

    /// Texts that one call takes.
    pub fn batch(self) -> usize {
        match self {
            Self::Titan | Self::Nova => 1,
            Self::Cohere => 96,
        }
    }
}

/// Encodes a call for some of the request's texts: at most [`Form::batch`] of them.
pub fn encode_request(request: &EmbedRequest, texts: &[String], to: &Origin, form: Form) -> Result<Encoded, Error> {
    let mut warnings = Warnings::new(request.on_unsupported);
    if request.end_user.is_some() {
        warnings.unsupported("end_user", "the vendor has no field for it")?;
    }
    let text = texts.first().map(String::as_str).unwrap_or_default();
    let mut body = match form {
        Form::Titan => {
            if request.task.is_some() {
                warnings.unsupported("task", "the model has no field for it")?;
            }
            let mut body = json!({ "inputText": text });
            set(&mut body, "dimensions", request.dimensions);
            body
        }
        Form::Nova => {
            let mut params = json!({
                "embeddingPurpose": request.task.as_deref().map_or("GENERIC_INDEX", nova_purpose),
                "text": { "value": text, "truncationMode": "NONE" },
            });
            set(&mut params, "embeddingDimension", request.dimensions);
            json!({ "taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": params })
        }
        Form::Cohere => {
            let task = request.task.as_deref().map_or("search_document", cohere_task);
            let mut body = json!({ "texts": texts, "input_type": task });
            set(&mut body, "output_dimension", request.dimensions);
            body
        }
    };
    settings::lay(&mut body, &request.ext, to);
    Ok(Encoded { body: body.to_string().into_bytes(), warnings: warnings.into_vec() })
}

fn set(body: &mut Value, name: &str, value: Option<u32>) {
    if let (Value::Object(body), Some(value)) = (body, value) {
        body.insert(name.to_owned(), value.into());
    }
}

/// Our words for the two tasks that every vendor knows; the vendor's own words pass.
fn cohere_task(task: &str) -> &str {
    match task {
        "query" => "search_query",
        "document" => "search_document",
        other => other,
    }
}

fn nova_purpose(task: &str) -> &str {
    match task {
        "query" => "GENERIC_RETRIEVAL",
        "document" => "GENERIC_INDEX",
        other => other,
    }
}

/// Decodes a request of one of the forms; the model comes from the path.
pub fn decode_request(body: &[u8], model: &str, form: Form) -> Result<EmbedRequest, Error> {
    let wrong = |name: &str, what: &str| {
        Error::new(ErrorKind::InvalidRequest, format!("reading the request: {name} must be {what}")).with_param(name)
    };
    let Ok(Value::Object(mut body)) = serde_json::from_slice(body) else { return Err(wrong("the body", "an object")) };
    let mut request = EmbedRequest::new(model, [""; 0]);
    let number = |value: Option<Value>| value.and_then(|value| u32::try_from(value.as_u64()?).ok());
    match form {
        Form::Titan => {
            let Some(Value::String(text)) = body.remove("inputText") else {
                return Err(wrong("inputText", "a string"));
            };
            request.inputs.push(text);
            request.dimensions = number(body.remove("dimensions"));
        }
        Form::Cohere => {
            let texts = body.remove("texts").and_then(|texts| serde_json::from_value(texts).ok());
            request.inputs = texts.ok_or_else(|| wrong("texts", "a list of strings"))?;
            request.dimensions = number(body.remove("output_dimension"));
            request.task = body.remove("input_type").and_then(|task| task.as_str().map(read_task));
        }
        Form::Nova => {
            let mut params = take_object(&mut body, "singleEmbeddingParams");
            let mut text = take_object(&mut params, "text");
            let Some(Value::String(words)) = text.remove("value") else {
                return Err(wrong("singleEmbeddingParams.text.value", "a string"));
            };
            request.inputs.push(words);
            request.dimensions = number(params.remove("embeddingDimension"));
            request.task = params.remove("embeddingPurpose").and_then(|task| task.as_str().map(read_task));
            // What encoding says anyway.
            text.retain(|name, value| name != "truncationMode" || value != "NONE");
            body.retain(|name, value| name != "taskType" || value != "SINGLE_EMBEDDING");
            put_object(&mut params, "text", text);
            put_object(&mut body, "singleEmbeddingParams", params);
        }
    }
    if !body.is_empty() {
        request.ext.0.insert(API.to_owned(), body);
    }
    Ok(request)
}

fn take_object(fields: &mut Map<String, Value>, name: &str) -> Map<String, Value> {
    match fields.remove(name) {
        Some(Value::Object(inner)) => inner,
        _ => Map::new(),
    }
}

fn put_object(fields: &mut Map<String, Value>, name: &str, inner: Map<String, Value>) {
    if !inner.is_empty() {
        fields.insert(name.to_owned(), inner.into());
    }
}

fn read_task(task: &str) -> String {
    match task {
        "search_query" | "GENERIC_RETRIEVAL" => "query",
        "search_document" | "GENERIC_INDEX" => "document",
        other => other,
    }
    .to_owned()
}

/// Decodes the answer of one call: the vectors, and the tokens that its body or its headers name.
pub fn decode_response(body: &[u8], headers: &HeaderMap, origin: &Arc<Origin>) -> Result<EmbedResponse, Error> {
    let mut fields: Fields<'_> = serde_json::from_slice(body).map_err(|error| malformed("the answer", &error))?;
    let vectors = match (fields.take("embedding"), fields.take("embeddings")) {
        (Some(raw), _) => Some(vec![read::<Vec<f32>>(raw.get())?]),
        (None, Some(raw)) => Some(read_many(raw.get())?),
        (None, None) => None,
    };
    let counted = fields.take("inputTextTokenCount").and_then(|raw| serde_json::from_str::<f64>(raw.get()).ok());
    let Some(vectors) = vectors else { return Err(error::not_an_answer(fields)) };
    let mut response = EmbedResponse::new(Arc::clone(origin), vectors);
    let header = headers.get("x-amzn-bedrock-input-token-count").and_then(|value| value.to_str().ok()?.parse().ok());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of tokens")]
    let counted = counted.map(|count| count.max(0.0) as u64);
    response.usage.input = header.or(counted);
    Ok(response)
}

fn read<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| malformed("the vectors of the answer", &error))
}

/// Cohere: a list of vectors, or an object of lists by type; Nova: a list of objects.
fn read_many(text: &str) -> Result<Vec<Vec<f32>>, Error> {
    #[derive(serde::Deserialize)]
    struct One {
        embedding: Vec<f32>,
    }
    #[derive(serde::Deserialize)]
    struct ByType {
        float: Vec<Vec<f32>>,
    }
    if text.starts_with('{') {
        return read::<ByType>(text).map(|by_type| by_type.float);
    }
    match serde_json::from_str::<Vec<One>>(text) {
        Ok(list) => Ok(list.into_iter().map(|one| one.embedding).collect()),
        Err(_) => read(text),
    }
}
