//! The embedding operation.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::attempt::Attempt;
use crate::cache::CacheStatus;
use crate::cost::Cost;
use crate::ext::Extensions;
use crate::id::Origin;
use crate::usage::Usage;
use crate::warning::{OnUnsupported, Warning};

/// Texts to turn into vectors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct EmbedRequest {
    /// The model: a route or `provider/model` above the router, the vendor's own name below it.
    pub model: String,
    /// The texts.
    pub inputs: Vec<String>,
    /// Length of the vectors, where a model lets one choose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<u32>,
    /// What the vectors are for (`query`, `document`, …), where a vendor asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// An opaque id of the end user, for the vendor's abuse detection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_user: Option<String>,
    /// What to do with fields that the target cannot express.
    pub on_unsupported: OnUnsupported,
    /// Vendor-specific settings.
    #[serde(skip_serializing_if = "Extensions::is_empty")]
    pub ext: Extensions,
}

impl EmbedRequest {
    /// Texts for a model.
    pub fn new(model: impl Into<String>, inputs: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { model: model.into(), inputs: inputs.into_iter().map(Into::into).collect(), ..Self::default() }
    }
}

/// Vectors, one per text, in the order of the texts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EmbedResponse {
    /// Who answered.
    pub origin: Arc<Origin>,
    /// The model, as the answer names it.
    pub model: Option<String>,
    /// The vectors.
    pub vectors: Vec<Vec<f32>>,
    /// Tokens.
    pub usage: Usage,
    /// What it cost, where that is known: all attempts that were billed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// What the response cache did for it; `None` where there is no cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheStatus>,
    /// What the caller should know.
    pub warnings: Vec<Warning>,
    /// Every attempt that was made for it, the successful one last; empty below the driver.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
}

impl EmbedResponse {
    /// Vectors from a provider.
    pub fn new(origin: Arc<Origin>, vectors: Vec<Vec<f32>>) -> Self {
        Self {
            origin,
            model: None,
            vectors,
            usage: Usage::default(),
            cost: None,
            cache: None,
            warnings: Vec::new(),
            attempts: Vec::new(),
        }
    }
}
