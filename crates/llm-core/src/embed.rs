//! The embedding operation.

use serde::{Deserialize, Serialize};

use crate::answer::answer;
use crate::ext::Extensions;
use crate::warning::OnUnsupported;

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

answer! {
    /// Vectors, one per text, in the order of the texts.
    pub struct EmbedResponse {
        /// The vectors.
        pub vectors: Vec<Vec<f32>>,
    }
}
