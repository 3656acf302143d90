//! Images: made from words, and from other images; requests and answers, both ways.

mod request;
mod response;

pub use request::{decode_edit, decode_request, encode_request};
pub use response::{decode_response, encode_response};

/// The media type of a file form (`png`, `jpeg`, `webp`).
fn media_type(format: &str) -> String {
    match format {
        "jpg" => "image/jpeg".to_owned(),
        other => format!("image/{other}"),
    }
}

/// The media type that the first bytes of an image tell.
fn sniffed(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}
