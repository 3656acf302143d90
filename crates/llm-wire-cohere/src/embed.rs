//! Vectors, both ways.

use std::sync::Arc;

use llm_core::{EmbedRequest, EmbedResponse, Error, ErrorKind, Origin, Warnings};
use llm_wire::json::{Object, Patch, Path, list, malformed, object, string, unsigned};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::{API, Encoded, error, usage};

/// Encodes a request for one target. Every field is in the body or in the warnings.
///
/// The vendor must know what the vectors are for: where the request does not say, they are of documents.
pub fn encode_request(request: &EmbedRequest, to: &Origin) -> Result<Encoded, Error> {
    let mut warnings = Warnings::new(request.on_unsupported);
    if request.end_user.is_some() {
        warnings.unsupported("end_user", "the vendor knows no end users")?;
    }
    let task = match request.task.as_deref() {
        None | Some("document") => "search_document",
        Some("query") => "search_query",
        Some(word) => word,
    };
    let body = serde_json::to_vec(&Body { request, task, patch: Patch::to(&request.ext, to) })
        .map_err(|error| Error::new(ErrorKind::Internal, "encoding the request as JSON failed").with_source(error))?;
    Ok(Encoded { body, warnings: warnings.into_vec() })
}

struct Body<'a> {
    request: &'a EmbedRequest,
    task: &'a str,
    patch: Patch<'a>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, self.patch)?;
        object.fixed("model", &self.request.model)?;
        object.field("input_type", self.task)?;
        object.field("embedding_types", &["float"])?;
        // Images and mixed inputs are settings; texts beside them are refused.
        let others = ["images", "inputs"].iter().any(|name| self.patch.get(name).is_some());
        if !others || !self.request.inputs.is_empty() {
            object.field("texts", &self.request.inputs)?;
        }
        object.some("output_dimension", self.request.dimensions)?;
        object.end()
    }
}

/// Reads a client's request. Bad input is an `invalid_request` error that names the field.
pub fn decode_request(body: &[u8]) -> Result<EmbedRequest, Error> {
    let root = Path::Root;
    let raw: &RawValue = serde_json::from_slice(body).map_err(|_| root.must_be("JSON"))?;
    let mut fields = object(raw, &root)?;
    let at = root.field("texts");
    let texts = match fields.take("texts") {
        Some(texts) => list(texts, &at, "a list of strings")?,
        None if fields.has("images") || fields.has("inputs") => Vec::new(),
        None => return Err(at.must_be("a list of strings")),
    };
    let texts = texts.into_iter().enumerate();
    let texts: Vec<String> = texts
        .map(|(place, raw)| string(raw, &at.index(place)).map(std::borrow::Cow::into_owned))
        .collect::<Result<_, _>>()?;
    let mut text = |name: &'static str| fields.take(name).map(|raw| string(raw, &root.field(name))).transpose();
    let mut request = EmbedRequest::new(text("model")?.unwrap_or_default(), texts);
    request.task = text("input_type")?.map(|word| match &*word {
        "search_document" => "document".to_owned(),
        "search_query" => "query".to_owned(),
        _ => word.into_owned(),
    });
    let dimension = fields.take("output_dimension");
    request.dimensions = dimension.map(|raw| unsigned(raw, &root.field("output_dimension"))).transpose()?;
    let mut rest = fields.rest();
    rest.retain(|name, value| name != "embedding_types" || *value != json!(["float"]));
    if !rest.is_empty() {
        request.ext.0.insert(API.to_owned(), rest);
    }
    Ok(request)
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    embeddings: Option<&'a RawValue>,
    id: Option<String>,
    #[serde(default)]
    meta: Value,
}

/// The vectors by their types; the first that is there counts. Numbers of all types are read as they are.
#[derive(Deserialize)]
struct ByType {
    float: Option<Vec<Vec<f32>>>,
    int8: Option<Vec<Vec<f32>>>,
    uint8: Option<Vec<Vec<f32>>>,
    binary: Option<Vec<Vec<f32>>>,
    ubinary: Option<Vec<Vec<f32>>>,
}

/// Reads the vectors. An error object in the answer is an error, classified.
pub fn decode_response(body: &[u8], origin: &Arc<Origin>) -> Result<EmbedResponse, Error> {
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|error| malformed("the vectors", &error))?;
    let Some(raw) = answer.embeddings else {
        return Err(error::unexpected("the vectors", &serde_json::from_slice(body).unwrap_or_default()));
    };
    // The API before this one sends a bare list where no type was asked for.
    let vectors = if raw.get().starts_with('[') {
        serde_json::from_str(raw.get()).ok()
    } else {
        let all: Option<ByType> = serde_json::from_str(raw.get()).ok();
        all.and_then(|all| all.float.or(all.int8).or(all.uint8).or(all.binary).or(all.ubinary))
    };
    let wrong = || Error::new(ErrorKind::Malformed, "reading the vectors: they are of no type that is known");
    let mut response = EmbedResponse::new(origin.clone(), vectors.ok_or_else(wrong)?);
    response.id = answer.id;
    response.usage = usage::decode(&answer.meta);
    Ok(response)
}

/// Writes the vectors.
pub fn encode_response(response: &EmbedResponse) -> Vec<u8> {
    let mut meta = usage::encode(&response.usage);
    meta["api_version"] = json!({ "version": "2" });
    let answer = json!({
        "id": response.id,
        "embeddings": { "float": response.vectors },
        "meta": meta,
        "response_type": "embeddings_by_type",
    });
    serde_json::to_vec(&answer).unwrap_or_default()
}
