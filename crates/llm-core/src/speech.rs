//! The operation that speaks a text.

use serde::{Deserialize, Serialize};

use crate::answer::answer;
use crate::ext::Extensions;
use crate::media::Media;
use crate::warning::OnUnsupported;

/// A text to speak. `None` is the vendor's default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SpeechRequest {
    /// The model: a route or `provider/model` above the router, the vendor's own name below it.
    pub model: String,
    /// What is said.
    pub input: String,
    /// Who says it, in the vendor's word.
    pub voice: String,
    /// How it is said, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// The form of the file (`mp3`, `opus`, `wav`, `pcm`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// How fast, 1 is as usual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
    /// What to do with fields that the target cannot express.
    pub on_unsupported: OnUnsupported,
    /// Vendor-specific settings.
    #[serde(skip_serializing_if = "Extensions::is_empty")]
    pub ext: Extensions,
}

impl SpeechRequest {
    /// A text for a voice.
    pub fn new(model: impl Into<String>, input: impl Into<String>, voice: impl Into<String>) -> Self {
        Self { model: model.into(), input: input.into(), voice: voice.into(), ..Self::default() }
    }
}

answer! {
    /// A text, spoken.
    pub struct SpeechResponse {
        /// The sound, inline at most vendors.
        pub audio: Media,
    }
}
