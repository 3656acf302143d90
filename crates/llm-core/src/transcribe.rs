//! The operation that writes down what is said.

use serde::{Deserialize, Serialize};

use crate::answer::answer;
use crate::ext::Extensions;
use crate::media::Media;
use crate::warning::OnUnsupported;

/// Sound to write down. `None` is the vendor's default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TranscribeRequest {
    /// The model: a route or `provider/model` above the router, the vendor's own name below it.
    #[serde(default)]
    pub model: String,
    /// The sound. Its file name or type tells the vendor how to read it.
    pub audio: Media,
    /// Write it in English, whatever language it is in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub translate: bool,
    /// The language that is spoken, as ISO 639-1 (`en`), where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Words that come before, for names and style.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Randomness, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// What the answer says the times of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timestamps: Vec<Timestamps>,
    /// Whether the answer says who speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diarize: Option<bool>,
    /// What to do with fields that the target cannot express.
    #[serde(default)]
    pub on_unsupported: OnUnsupported,
    /// Vendor-specific settings.
    #[serde(default, skip_serializing_if = "Extensions::is_empty")]
    pub ext: Extensions,
}

/// What a transcript says the times of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Timestamps {
    /// Sentences or the like.
    Segment,
    /// Single words.
    Word,
}

impl TranscribeRequest {
    /// Sound for a model.
    pub fn new(model: impl Into<String>, audio: Media) -> Self {
        Self {
            model: model.into(),
            audio,
            translate: false,
            language: None,
            prompt: None,
            temperature: None,
            timestamps: Vec::new(),
            diarize: None,
            on_unsupported: OnUnsupported::default(),
            ext: Extensions::default(),
        }
    }
}

answer! {
    /// What was said, in writing.
    pub struct TranscribeResponse {
        /// All of it.
        pub text: String,
        /// The language that was spoken, in the vendor's word.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub language: Option<String>,
        /// How long the sound is, in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub duration: Option<f64>,
        /// Its parts with their times, where they were asked for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub segments: Vec<Spoken>,
        /// Its words with their times, where they were asked for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub words: Vec<Spoken>,
    }
}

/// A part of what was said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Spoken {
    /// The words.
    pub text: String,
    /// When it begins, in seconds.
    pub start: f64,
    /// When it ends, in seconds.
    pub end: f64,
    /// Who says it, in the vendor's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speaker: Option<String>,
}

impl Spoken {
    /// Words from one time to another.
    pub fn new(text: impl Into<String>, start: f64, end: f64) -> Self {
        Self { text: text.into(), start, end, speaker: None }
    }
}
