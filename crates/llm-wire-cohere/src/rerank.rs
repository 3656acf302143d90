//! Documents in order, both ways.

use std::sync::Arc;

use llm_core::{Error, ErrorKind, Origin, Ranked, RerankRequest, RerankResponse, Warnings};
use llm_wire::json::{Object, Patch, Path, list, malformed, object, string, unsigned};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::{API, Encoded, error, usage};

/// Encodes a request for one target. Every field is in the body or in the warnings.
pub fn encode_request(request: &RerankRequest, to: &Origin) -> Result<Encoded, Error> {
    let mut warnings = Warnings::new(request.on_unsupported);
    if request.return_documents == Some(true) {
        warnings.unsupported("return_documents", "the answer names documents by their place only")?;
    }
    let body = serde_json::to_vec(&Body { request, patch: Patch::to(&request.ext, to) })
        .map_err(|error| Error::new(ErrorKind::Internal, "encoding the request as JSON failed").with_source(error))?;
    Ok(Encoded { body, warnings: warnings.into_vec() })
}

struct Body<'a> {
    request: &'a RerankRequest,
    patch: Patch<'a>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, self.patch)?;
        object.fixed("model", &self.request.model)?;
        object.field("query", &self.request.query)?;
        object.field("documents", &self.request.documents)?;
        object.some("top_n", self.request.top_n)?;
        object.some("max_tokens_per_doc", self.request.max_tokens_per_document)?;
        object.end()
    }
}

/// Reads a client's request. Bad input is an `invalid_request` error that names the field.
pub fn decode_request(body: &[u8]) -> Result<RerankRequest, Error> {
    let root = Path::Root;
    let raw: &RawValue = serde_json::from_slice(body).map_err(|_| root.must_be("JSON"))?;
    let mut fields = object(raw, &root)?;
    let mut required = |name: &'static str| {
        let raw = fields.take(name).ok_or_else(|| root.field(name).must_be("there"))?;
        Ok::<_, Error>((raw, root.field(name)))
    };
    let (query, at) = required("query")?;
    let query = string(query, &at)?.into_owned();
    let (documents, at) = required("documents")?;
    let documents = list(documents, &at, "a list of strings")?
        .into_iter()
        .enumerate()
        .map(|(place, raw)| document(raw, &at.index(place)))
        .collect::<Result<Vec<_>, _>>()?;
    let mut number = |name: &'static str| fields.take(name).map(|raw| unsigned(raw, &root.field(name))).transpose();
    let (top_n, max_tokens) = (number("top_n")?, number("max_tokens_per_doc")?);
    let model = fields.take("model").map(|raw| string(raw, &root.field("model"))).transpose()?;
    let mut request = RerankRequest::new(model.unwrap_or_default(), query, documents);
    (request.top_n, request.max_tokens_per_document) = (top_n, max_tokens);
    let rest = fields.rest();
    if !rest.is_empty() {
        request.ext.0.insert(API.to_owned(), rest);
    }
    Ok(request)
}

/// A document: its text, or an object that has it, which the API before this one took.
fn document(raw: &RawValue, at: &Path<'_>) -> Result<String, Error> {
    let whole = serde_json::from_str::<Value>(raw.get()).ok();
    match whole.as_ref().and_then(|document| document["text"].as_str()) {
        Some(text) => Ok(text.to_owned()),
        None => string(raw, at).map(std::borrow::Cow::into_owned),
    }
}

/// Reads an order. An error object in the answer is an error, classified.
pub fn decode_response(body: &[u8], origin: &Arc<Origin>) -> Result<RerankResponse, Error> {
    let said: Value = serde_json::from_slice(body).map_err(|error| malformed("the order", &error))?;
    let Some(results) = said["results"].as_array() else { return Err(error::unexpected("the order", &said)) };
    let ranked = results.iter().map(|one| {
        let index = one["index"].as_u64().and_then(|index| u32::try_from(index).ok());
        let mut ranked = Ranked::new(index?, one["relevance_score"].as_f64()?);
        ranked.document = one["document"]["text"].as_str().map(str::to_owned);
        Some(ranked)
    });
    let ranked: Option<Vec<Ranked>> = ranked.collect();
    let wrong = || Error::new(ErrorKind::Malformed, "reading the order: a result has no index or no score");
    let mut response = RerankResponse::new(origin.clone(), ranked.ok_or_else(wrong)?);
    response.id = said["id"].as_str().map(str::to_owned);
    response.usage = usage::decode(&said["meta"]);
    Ok(response)
}

/// Writes an order.
pub fn encode_response(response: &RerankResponse) -> Vec<u8> {
    let results = response.results.iter().map(|one| json!({ "index": one.index, "relevance_score": one.score }));
    let mut meta = usage::encode(&response.usage);
    meta["api_version"] = json!({ "version": "2" });
    let answer = json!({ "id": response.id, "results": results.collect::<Vec<_>>(), "meta": meta });
    serde_json::to_vec(&answer).unwrap_or_default()
}
