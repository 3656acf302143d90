//! The operation that makes images from words, and new ones from others.

use serde::{Deserialize, Serialize};

use crate::answer::answer;
use crate::ext::Extensions;
use crate::media::Media;
use crate::warning::OnUnsupported;

/// An image to make. `None` is the vendor's default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ImageRequest {
    /// The model: a route or `provider/model` above the router, the vendor's own name below it.
    pub model: String,
    /// What is to be seen.
    pub prompt: String,
    /// Images to start from; with them it is an edit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Media>,
    /// Where the first of them may change: its transparent parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mask: Option<Media>,
    /// How many images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Width and height in pixels (`1024x1024`), or the vendor's word for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// Width to height (`16:9`), where a vendor asks for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aspect_ratio: Option<String>,
    /// How well it is made, in the vendor's word (`low`, `high`, `hd`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<String>,
    /// The style, in the vendor's word (`vivid`, `natural`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<String>,
    /// What is behind the motif (`transparent`, `opaque`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<String>,
    /// The form of the file (`png`, `jpeg`, `webp`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// How much of the detail a lossy form keeps, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compression: Option<u32>,
    /// For the same image again, as far as a vendor can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// How the images come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<ImageDelivery>,
    /// An opaque id of the end user, for the vendor's abuse detection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_user: Option<String>,
    /// What to do with fields that the target cannot express.
    pub on_unsupported: OnUnsupported,
    /// Vendor-specific settings.
    #[serde(skip_serializing_if = "Extensions::is_empty")]
    pub ext: Extensions,
}

/// How images come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageDelivery {
    /// In the answer.
    Inline,
    /// By URL, for as long as the vendor keeps it.
    Url,
}

impl ImageRequest {
    /// An image of this.
    pub fn new(model: impl Into<String>, prompt: impl Into<String>) -> Self {
        Self { model: model.into(), prompt: prompt.into(), ..Self::default() }
    }

    /// With one more image to start from.
    pub fn with_image(mut self, image: Media) -> Self {
        self.images.push(image);
        self
    }
}

answer! {
    /// Images.
    pub struct ImageResponse {
        /// The images.
        pub images: Vec<MadeImage>,
        /// When the vendor made them, in Unix seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub created: Option<u64>,
    }
}

/// One image that was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MadeImage {
    /// The image, inline or by URL.
    pub media: Media,
    /// The prompt that the vendor made of the one that was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revised_prompt: Option<String>,
}

impl MadeImage {
    /// An image.
    pub fn new(media: Media) -> Self {
        Self { media, revised_prompt: None }
    }
}
