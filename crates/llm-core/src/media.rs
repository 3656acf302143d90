//! Images, audio and files as message content.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// An image, sound, video or document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Media {
    /// MIME type (`image/png`, `application/pdf`); a pattern (`image/*`) when only the kind is known, as with most URLs.
    pub media_type: String,
    /// Where the content is.
    pub data: MediaData,
    /// File name, where a vendor wants one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// How closely the model should look (`low`, `high`, `auto`), where a vendor lets one choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Media {
    /// Content given as bytes.
    pub fn inline(media_type: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self {
            media_type: media_type.into(),
            data: MediaData::Inline { bytes: bytes.into() },
            filename: None,
            detail: None,
        }
    }

    /// Content given by URL; the vendor fetches it.
    pub fn url(media_type: impl Into<String>, url: impl Into<String>) -> Self {
        Self { media_type: media_type.into(), data: MediaData::Url { url: url.into() }, filename: None, detail: None }
    }

    /// The content, where it is given as bytes.
    pub fn bytes(&self) -> Option<&Bytes> {
        match &self.data {
            MediaData::Inline { bytes } => Some(bytes),
            _ => None,
        }
    }

    /// Where the content is, where it is given by URL.
    pub fn as_url(&self) -> Option<&str> {
        match &self.data {
            MediaData::Url { url } => Some(url),
            _ => None,
        }
    }

    /// The part of the media type before the slash (`image`).
    pub fn family(&self) -> &str {
        self.media_type.split('/').next().unwrap_or_default()
    }
}

/// Where the content of a [`Media`] is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case")]
#[non_exhaustive]
pub enum MediaData {
    /// Here; base64 in JSON.
    Inline {
        /// The content.
        #[serde(with = "base64_bytes")]
        bytes: Bytes,
    },
    /// At a URL that the vendor fetches.
    Url {
        /// The URL.
        url: String,
    },
    /// Uploaded to vendors before.
    File {
        /// Provider id → that provider's id of the file.
        refs: BTreeMap<String, String>,
    },
    /// Plain text of a document.
    Text {
        /// The text.
        text: String,
    },
}

/// `Bytes` as standard base64 text in JSON.
mod base64_bytes {
    use super::Bytes;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        STANDARD.decode(&*text).map(Bytes::from).map_err(serde::de::Error::custom)
    }
}

/// Base64 (standard alphabet, padded) for wire crates that carry media inside JSON.
pub mod base64_text {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
    use bytes::Bytes;

    /// Bytes as text.
    pub fn encode(bytes: &[u8]) -> String {
        STANDARD.encode(bytes)
    }

    /// Text as bytes; padding may be missing and the alphabet may be the URL-safe one. `None` when it is not base64.
    pub fn decode(text: &str) -> Option<Bytes> {
        let bare = text.trim_end_matches('=');
        STANDARD
            .decode(text)
            .or_else(|_| STANDARD_NO_PAD.decode(bare))
            .or_else(|_| URL_SAFE_NO_PAD.decode(bare))
            .ok()
            .map(Bytes::from)
    }
}
