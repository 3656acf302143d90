//! Media on this wire: data URIs, and the names of audio formats.

use std::fmt;

use llm_core::{Media, MediaData, base64_text};
use serde::{Serialize, Serializer};

/// An image or another medium by the URL that stands in JSON, which may be a data URI.
pub(crate) fn of_url(url: &str, family: &'static str) -> Media {
    if let Some((media_type, data)) = data_uri(url)
        && let Some(bytes) = base64_text::decode(data)
    {
        return Media::inline(if media_type.is_empty() { family } else { media_type }, bytes);
    }
    Media::url(family, url)
}

/// Media type and base64 text of a data URI.
pub(crate) fn data_uri(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let media_type = head.strip_suffix(";base64")?;
    Some((media_type.split(';').next().unwrap_or_default(), data))
}

/// The URL that stands in JSON for a medium; `None` when it is neither here nor at a URL.
pub(crate) fn to_url(media: &Media) -> Option<String> {
    match &media.data {
        MediaData::Inline { bytes } => {
            let mut url = format!("data:{};base64,", media.media_type);
            url.push_str(&base64_text::encode(bytes));
            Some(url)
        }
        MediaData::Url { url } => Some(url.clone()),
        _ => None,
    }
}

/// The content as base64 text; empty when it is not here.
pub(crate) fn inline_text(media: &Media) -> String {
    match &media.data {
        MediaData::Inline { bytes } => base64_text::encode(bytes),
        _ => String::new(),
    }
}

/// OpenAI's name of an audio format; other formats go by their subtype.
pub(crate) fn audio_format(media_type: &str) -> &str {
    let subtype = media_type.split_once('/').map_or(media_type, |(_, subtype)| subtype);
    match subtype {
        "mpeg" | "mp3" => "mp3",
        "wav" | "x-wav" | "wave" | "vnd.wave" => "wav",
        other => other,
    }
}

/// The media type of OpenAI's name of an audio format.
pub(crate) fn audio_type(format: &str) -> String {
    match format {
        "mp3" => "audio/mpeg".to_owned(),
        other => format!("audio/{other}"),
    }
}

/// A medium as a URL: its own, or a data URI that is written without being put together first.
pub(crate) struct Shown<'a>(pub(crate) &'a Media);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.data {
            MediaData::Url { url } => f.write_str(url),
            MediaData::Inline { bytes } => write!(f, "data:{};base64,{}", self.0.media_type, Base64(bytes)),
            _ => Ok(()),
        }
    }
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0.data {
            MediaData::Url { url } => serializer.serialize_str(url),
            _ => serializer.collect_str(self),
        }
    }
}

/// Bytes as base64 text, written in pieces: an image of megabytes needs no second copy of itself.
pub(crate) struct Base64<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Base64<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A multiple of three bytes needs no padding.
        self.0.chunks(3 * 16 * 1024).try_for_each(|piece| f.write_str(&base64_text::encode(piece)))
    }
}

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_uris_are_content_and_urls_are_urls() {
        let inline = of_url("data:image/png;base64,aGk=", "image/*");
        assert_eq!(inline, Media::inline("image/png", &b"hi"[..]));
        assert_eq!(to_url(&inline).unwrap(), "data:image/png;base64,aGk=");
        let url = of_url("https://example.com/a.png", "image/*");
        assert_eq!(url, Media::url("image/*", "https://example.com/a.png"));
        assert_eq!(of_url("data:text/plain,hi", "image/*"), Media::url("image/*", "data:text/plain,hi"));
        assert_eq!(data_uri("data:image/png;charset=x;base64,aGk="), Some(("image/png", "aGk=")));
    }

    #[test]
    fn audio_has_names_of_its_own() {
        assert_eq!(audio_format("audio/mpeg"), "mp3");
        assert_eq!(audio_format("audio/x-wav"), "wav");
        assert_eq!(audio_type("mp3"), "audio/mpeg");
        assert_eq!(audio_type("wav"), "audio/wav");
    }
}
