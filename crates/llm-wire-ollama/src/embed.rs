//! The embedding operation, `POST /api/embed`, both ways.

use std::sync::Arc;

use llm_core::{EmbedRequest, EmbedResponse, Error, ErrorKind, Origin, Warnings};
use llm_wire::json::malformed;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::fields::{self, Fields};
use crate::usage::Metrics;
use crate::wire::{Problem, Text};
use crate::{API, Encoded, Profile, error, merge};

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    input: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_alive: Option<&'a Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    options: &'a Map<String, Value>,
}

/// Writes a request for the target `to`.
pub fn encode_request(request: &EmbedRequest, to: &Origin, profile: &Profile) -> Result<Encoded, Error> {
    const DOING: &str = "encoding an embedding request for ollama";
    let mut warnings = Warnings::new(request.on_unsupported);
    if request.task.is_some() {
        warnings.unsupported("task", "ollama does not ask what the vectors are for")?;
    }
    if request.end_user.is_some() {
        warnings.unsupported("end_user", "ollama does not ask who the end user is")?;
    }
    let body = Body {
        model: &request.model,
        input: &request.inputs,
        dimensions: request.dimensions,
        keep_alive: profile.keep_alive.as_ref(),
        options: &profile.options,
    };
    let body = merge::body(DOING, &body, &request.ext, to)?;
    Ok(Encoded { body, warnings: warnings.into_vec() })
}

const INPUT: &str = "text or a list of texts";

/// Reads a request. Errors name the field that is wrong.
pub fn decode_request(body: &[u8]) -> Result<EmbedRequest, Error> {
    let mut fields = Fields::of_body(body)?;
    let mut request = EmbedRequest::new(fields.require::<String>("model", "text")?, Vec::<String>::new());
    request.dimensions = fields.take("dimensions", "a whole number")?;
    let input: &RawValue = fields.require("input", INPUT)?;
    request.inputs = if input.get().starts_with('[') {
        let list: Vec<&RawValue> = serde_json::from_str(input.get()).unwrap_or_default();
        let text = |(index, raw): (usize, &RawValue)| {
            serde_json::from_str(raw.get()).map_err(|_| fields::invalid(format!("input[{index}]"), "text"))
        };
        list.into_iter().enumerate().map(text).collect::<Result<_, _>>()?
    } else {
        vec![serde_json::from_str(input.get()).map_err(|_| fields.wrong("input", INPUT))?]
    };
    let rest = fields.rest();
    if !rest.is_empty() {
        request.ext.of_mut(API).extend(rest);
    }
    Ok(request)
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    error: Option<Problem<'a>>,
    #[serde(borrow, default)]
    model: Text<'a>,
    #[serde(default)]
    embeddings: Option<Vec<Vec<f32>>>,
    /// The one vector of `/api/embeddings`, the endpoint before this one, which some servers still answer with.
    #[serde(default)]
    embedding: Option<Vec<f32>>,
    #[serde(flatten)]
    metrics: Metrics,
}

/// Reads an answer.
pub fn decode_response(body: &[u8], origin: &Arc<Origin>) -> Result<EmbedResponse, Error> {
    const WHAT: &str = "ollama's embeddings";
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|error| malformed(WHAT, &error))?;
    if let Some(problem) = &answer.error {
        return Err(error::in_band(problem));
    }
    let Some(vectors) = answer.embeddings.or_else(|| answer.embedding.map(|vector| vec![vector])) else {
        return Err(Error::new(ErrorKind::Malformed, format!("reading {WHAT}: it has no embeddings")));
    };
    let mut response = EmbedResponse::new(origin.clone(), vectors);
    response.model = answer.model.some().map(Into::into);
    response.usage = answer.metrics.decode();
    Ok(response)
}

#[derive(Serialize)]
struct Said<'a> {
    model: &'a str,
    embeddings: &'a [Vec<f32>],
    #[serde(flatten)]
    metrics: Metrics,
}

/// Writes an answer.
pub fn encode_response(response: &EmbedResponse) -> Vec<u8> {
    let said = Said {
        model: response.model.as_deref().unwrap_or(&response.origin.model),
        embeddings: &response.vectors,
        metrics: Metrics::encode(&response.usage),
    };
    serde_json::to_vec(&said).unwrap_or_default()
}
