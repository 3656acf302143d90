//! Images: base64 without a media type on the wire, typed bytes in Loquat.

use bytes::Bytes;
use llm_core::{Media, base64_text};

/// An image from its base64 text, a `data:` URL allowed. `None` when it is not base64.
pub(crate) fn decode(text: &str) -> Option<Media> {
    let text = if text.starts_with("data:") { text.split_once(";base64,")?.1 } else { text };
    let bytes = base64_text::decode(text)?;
    Some(Media::inline(media_type(&bytes), bytes))
}

/// The type by the first bytes; a pattern when they are of no known format.
fn media_type(bytes: &Bytes) -> &'static str {
    match &**bytes {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        [b'B', b'M', ..] => "image/bmp",
        _ => "image/*",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_comes_from_the_bytes() {
        let kind = |bytes: &[u8]| decode(&base64_text::encode(bytes)).unwrap().media_type;
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n"), "image/png");
        assert_eq!(kind(b"\xff\xd8\xff\xe0"), "image/jpeg");
        assert_eq!(kind(b"RIFF\0\0\0\0WEBPVP8 "), "image/webp");
        assert_eq!(kind(b"anything"), "image/*");
        assert_eq!(decode("data:image/gif;base64,R0lGODlh").unwrap().media_type, "image/gif");
        assert_eq!(decode("not base64!"), None);
    }
}
