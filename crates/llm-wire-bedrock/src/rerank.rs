//! Rerank through `InvokeModel`: Cohere's and Amazon's models take the same body.

use llm_wire::json::malformed;
use std::sync::Arc;

use http::HeaderMap;
use llm_core::{Capabilities, Error, Origin, Ranked, RerankRequest, RerankResponse, Warnings};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Encoded, error, settings};

/// Cohere's version of the body; it must be named (AWS's page on Rerank 3.5, 2026-11).
const COHERE_VERSION: u32 = 2;

/// The form of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// Amazon's.
    Amazon,
    /// Cohere's: its version is named, and how much of a document is read.
    Cohere,
}

impl Form {
    /// The form that a model takes, by what is known of it: the form itself, else its publisher's. `None` where neither is
    /// known.
    pub fn of(known: &Capabilities) -> Option<Self> {
        match known.form.as_deref().or(known.publisher.as_deref())? {
            "amazon" => Some(Self::Amazon),
            "cohere" => Some(Self::Cohere),
            _ => None,
        }
    }
}

/// Encodes a request.
pub fn encode_request(request: &RerankRequest, to: &Origin, form: Form) -> Result<Encoded, Error> {
    let mut warnings = Warnings::new(request.on_unsupported);
    let mut body = json!({ "query": request.query, "documents": request.documents });
    if let Value::Object(body) = &mut body {
        if let Some(top_n) = request.top_n {
            body.insert("top_n".to_owned(), top_n.into());
        }
        if form == Form::Cohere {
            body.insert("api_version".to_owned(), COHERE_VERSION.into());
            if let Some(most) = request.max_tokens_per_document {
                body.insert("max_tokens_per_doc".to_owned(), most.into());
            }
        } else if request.max_tokens_per_document.is_some() {
            warnings.unsupported("max_tokens_per_document", "the model has no field for it")?;
        }
        if request.return_documents == Some(true) {
            warnings.unsupported("return_documents", "the vendor does not repeat documents")?;
        }
    }
    settings::lay(&mut body, &request.ext, to);
    Ok(Encoded { body: body.to_string().into_bytes(), warnings: warnings.into_vec() })
}

#[derive(Deserialize)]
struct Answer {
    results: Option<Vec<One>>,
    id: Option<String>,
}

#[derive(Deserialize)]
struct One {
    index: u32,
    relevance_score: f64,
}

/// Decodes an answer.
pub fn decode_response(body: &[u8], headers: &HeaderMap, origin: &Arc<Origin>) -> Result<RerankResponse, Error> {
    let answer: Answer = serde_json::from_slice(body).map_err(|error| malformed("the answer", &error))?;
    let Some(results) = answer.results else {
        return Err(error::not_an_answer(serde_json::from_slice(body).unwrap_or_default()));
    };
    let results = results.into_iter().map(|one| Ranked::new(one.index, one.relevance_score)).collect();
    let mut response = RerankResponse::new(Arc::clone(origin), results);
    response.id = answer.id;
    response.usage.input =
        headers.get("x-amzn-bedrock-input-token-count").and_then(|value| value.to_str().ok()?.parse().ok());
    Ok(response)
}
