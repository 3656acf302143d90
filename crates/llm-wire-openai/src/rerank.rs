//! Documents in order, both ways, in the form that Cohere and Jina began and that OpenRouter, llama.cpp and vLLM took
//! over; Voyage's differs in two names.

use std::sync::Arc;

use llm_core::{Component, Error, ErrorKind, Origin, Ranked, RerankRequest, RerankResponse};
use llm_wire::json::malformed;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::dialect::Dialect;
use crate::encoded::{Encoded, Notes};
use crate::json::{Added, Fields, Items, Str, read_request, take, to_vec, wrong};
use crate::{FAMILY, counts, error};

/// Encodes a request for one target. Every field is in the body or in the warnings.
pub fn encode_request(request: &RerankRequest, to: &Origin, dialect: &Dialect) -> Result<Encoded, Error> {
    let mut notes = Notes::new(request.on_unsupported);
    let max_tokens = request.max_tokens_per_document.filter(|_| !dialect.drops("max_tokens_per_doc"));
    if request.max_tokens_per_document.is_some() && max_tokens.is_none() {
        notes.unsupported("max_tokens_per_document", "this vendor lets nobody choose")?;
    }
    let body = Body { request, max_tokens, top: dialect.rerank_top, added: Added::new(&request.ext, to) };
    let capacity = 160 + request.documents.iter().map(|text| text.len() + text.len() / 16 + 8).sum::<usize>();
    Ok(Encoded { body: to_vec("encoding the request", &body, capacity)?, warnings: notes.into_vec() })
}

struct Body<'a> {
    request: &'a RerankRequest,
    max_tokens: Option<u32>,
    top: &'static str,
    added: Added<'a>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = Fields::new(serializer.serialize_map(None)?, self.added);
        fields.put("model", &self.request.model)?;
        fields.put("query", &self.request.query)?;
        fields.put("documents", &self.request.documents)?;
        fields.put_some(self.top, self.request.top_n)?;
        fields.put_some("max_tokens_per_doc", self.max_tokens)?;
        fields.put_some("return_documents", self.request.return_documents)?;
        fields.end()
    }
}

wire_object! {
    strict struct BodyIn<'a> {
        "model" => model: Option<Str<'a>>,
        "query" => query: Option<Str<'a>>,
        "documents" => documents: Option<Items<Value>>,
        "top_n" => top_n: Option<u32>,
        "top_k" => top_k: Option<u32>,
        "max_tokens_per_doc" => max_tokens: Option<u32>,
        "return_documents" => return_documents: Option<bool>,
    }
    skip: []
    rest: Map<String, Value>
}

/// Reads a client's request. What is wrong with it is an `invalid_request` error that names the field.
pub fn decode_request(body: &[u8]) -> Result<RerankRequest, Error> {
    let body: BodyIn<'_> = read_request(body)?;
    let Some(query) = body.query else { return Err(wrong("query", "is missing")) };
    let Some(Items(documents)) = body.documents else { return Err(wrong("documents", "is missing")) };
    if documents.is_empty() {
        return Err(wrong("documents", "is empty: send at least one"));
    }
    let mut texts = Vec::with_capacity(documents.len());
    for (place, document) in documents.into_iter().enumerate() {
        texts.push(text(document).ok_or_else(|| wrong(&format!("documents[{place}]"), "must be a string"))?);
    }
    let mut request =
        RerankRequest::new(body.model.map(|model| model.0.into_owned()).unwrap_or_default(), query.0, texts);
    request.top_n = body.top_n.or(body.top_k);
    request.max_tokens_per_document = body.max_tokens;
    request.return_documents = body.return_documents;
    if !body.rest.is_empty() {
        request.ext.0.insert(FAMILY.to_owned(), body.rest);
    }
    Ok(request)
}

/// A document: a string, or an object with its `text`.
fn text(document: Value) -> Option<String> {
    match document {
        Value::String(text) => Some(text),
        Value::Object(mut fields) => match fields.remove("text") {
            Some(Value::String(text)) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// Reads an order. An error object in the answer is an error, classified.
pub fn decode_response(body: &[u8], origin: &Arc<Origin>, dialect: &Dialect) -> Result<RerankResponse, Error> {
    let what = "the vendor's order";
    let mut answer: Value = serde_json::from_slice(body).map_err(|error| malformed(what, &error))?;
    let (results, data) = (take(&mut answer, "results"), take(&mut answer, "data"));
    let ((Value::Array(results), _) | (_, Value::Array(results))) = (results, data) else {
        let nothing = || Error::new(ErrorKind::Malformed, format!("reading {what}: there is none"));
        return Err(error::in_band(&answer, dialect).unwrap_or_else(nothing));
    };
    let mut ranked = Vec::with_capacity(results.len());
    for (place, mut result) in results.into_iter().enumerate() {
        let index = result["index"].as_u64().and_then(|index| u32::try_from(index).ok());
        let score = result["relevance_score"].as_f64().or_else(|| result["score"].as_f64());
        let (Some(index), Some(score)) = (index, score) else {
            return Err(Error::new(
                ErrorKind::Malformed,
                format!("reading {what}: number {place} has no index or no score"),
            ));
        };
        let mut one = Ranked::new(index, score);
        one.document = text(take(&mut result, "document"));
        ranked.push(one);
    }
    let mut response = RerankResponse::new(origin.clone(), ranked);
    response.id = answer["id"].as_str().map(str::to_owned);
    response.model = answer["model"].as_str().map(str::to_owned);
    response.usage = counts::decode(&answer["usage"]);
    if response.usage.input.is_some() {
        response.usage.output = response.usage.output.or(Some(0));
    }
    Ok(response)
}

/// Writes an order for clients of the Cohere and Jina form.
pub fn encode_response(response: &RerankResponse) -> Vec<u8> {
    let results = response.results.iter().map(|one| {
        let mut result = json!({ "index": one.index, "relevance_score": one.score });
        if let Some(text) = &one.document {
            result["document"] = json!({ "text": text });
        }
        result
    });
    let mut usage = Map::new();
    if let Some(input) = response.usage.input {
        usage.insert("prompt_tokens".to_owned(), input.into());
        usage.insert("total_tokens".to_owned(), response.usage.total().unwrap_or(input).into());
    }
    if let Some(searches) = response.usage.counted.get(&Component::Request) {
        usage.insert("search_units".to_owned(), (*searches).into());
    }
    let answer = json!({
        "id": response.id,
        "model": response.model.as_deref().unwrap_or(&response.origin.model),
        "results": results.collect::<Vec<_>>(),
        "usage": usage,
    });
    serde_json::to_vec(&answer).unwrap_or_default()
}
