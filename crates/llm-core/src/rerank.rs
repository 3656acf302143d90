//! The operation that orders documents by how well they answer a query.

use serde::{Deserialize, Serialize};

use crate::answer::answer;
use crate::ext::Extensions;
use crate::warning::OnUnsupported;

/// A query and the documents to order by it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RerankRequest {
    /// The model: a route or `provider/model` above the router, the vendor's own name below it.
    pub model: String,
    /// What is looked for.
    pub query: String,
    /// The documents.
    pub documents: Vec<String>,
    /// Only so many of the best; all when `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_n: Option<u32>,
    /// Tokens of each document that count, the rest is cut off; the vendor's default when `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens_per_document: Option<u32>,
    /// Whether the answer repeats the documents; the vendor's default when `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_documents: Option<bool>,
    /// What to do with fields that the target cannot express.
    pub on_unsupported: OnUnsupported,
    /// Vendor-specific settings.
    #[serde(skip_serializing_if = "Extensions::is_empty")]
    pub ext: Extensions,
}

impl RerankRequest {
    /// Documents to order by a query.
    pub fn new(
        model: impl Into<String>,
        query: impl Into<String>,
        documents: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            model: model.into(),
            query: query.into(),
            documents: documents.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }
}

answer! {
    /// Documents in order, the best first.
    pub struct RerankResponse {
        /// The documents, the best first.
        pub results: Vec<Ranked>,
    }
}

/// One document in its order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ranked {
    /// Its place in the request, from 0.
    pub index: u32,
    /// How well it answers the query. Comparable within one answer only: most vendors give 0 to 1, llama.cpp any number.
    pub score: f64,
    /// The document, where the vendor repeats it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
}

impl Ranked {
    /// The document at this place of the request.
    pub fn new(index: u32, score: f64) -> Self {
        Self { index, score, document: None }
    }
}
