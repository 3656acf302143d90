//! Images, sounds, videos and documents: by bytes, by address, as text and as files that were uploaded.

use std::collections::BTreeMap;

use llm_core::{ChatRequest, Media, MediaData, Message, Part, base64_text};

use super::super::fields::byte_by_byte;
use super::super::subject::INSTANCE;
use super::case::Fate;
use super::chat::Chats;

/// No text, and in base64 with padding and every character: what is read as text, cut or written for addresses is seen.
pub(super) const BYTES: &[u8] = &every_byte();
/// What stands in a file of text.
const WORDS: &[u8] = b"bytes-of-a-file-7351";
pub(super) const URL: &str = "https://files.test/file-7351";

/// One type of each kind, and those that vendors treat by themselves.
const TYPES: &[&str] = &[
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "audio/wav",
    "audio/mpeg",
    "audio/mp3",
    "audio/ogg",
    "video/mp4",
    "application/pdf",
    "text/plain",
    "text/csv",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/octet-stream",
];

/// Every byte but two, of which one would leave no padding and the other stands between the forms of a mark.
const fn every_byte() -> [u8; 254] {
    let mut bytes = [0; 254];
    let (mut at, mut byte) = (0, 1_u8);
    while at < bytes.len() {
        if byte == b'|' {
            byte += 1;
        }
        bytes[at] = byte;
        at += 1;
        byte = byte.wrapping_add(1);
    }
    bytes
}

/// The bytes as they may stand in a request: by themselves, and in base64 as a whole string or as the rest of a data URL.
pub(super) fn bytes_mark() -> String {
    let base64 = base64_text::encode(BYTES);
    format!("\"{base64}\"|;base64,{base64}\"|{}", byte_by_byte(BYTES))
}

/// What a file of a type holds, and how it may stand in a request.
fn file(media_type: &str) -> (&'static [u8], String) {
    if media_type.starts_with("text/") {
        return (WORDS, format!("{}|{}", base64_text::encode(WORDS), byte_by_byte(WORDS)));
    }
    (BYTES, bytes_mark())
}

pub(super) fn all(cases: &mut Chats) {
    let bytes = bytes_mark();
    let inline = |media_type: &str| Media::inline(media_type, BYTES);
    for media_type in TYPES {
        let (bytes, mark) = file(media_type);
        cases.user_part(&format!("inline {media_type}"), &[&mark], Part::media(Media::inline(*media_type, bytes)));
    }
    for media_type in ["image/*", "audio/*", "video/*"].iter().chain(TYPES) {
        cases.user_part(&format!("{media_type} by url"), &[URL], Part::media(Media::url(*media_type, URL)));
    }
    let of = |data| Media { data, ..inline("application/pdf") };
    let text = MediaData::Text { text: "words-7351".to_owned() };
    let document = Media { media_type: "text/plain".to_owned(), ..of(text) };
    cases.user_part("a document as text", &["words-7351"], Part::media(document));
    for media_type in ["application/pdf", "image/png", "audio/wav"] {
        let file = |owner: &str| {
            let refs = BTreeMap::from([(owner.to_owned(), "file-7351".to_owned())]);
            Part::media(Media { data: MediaData::File { refs }, ..inline(media_type) })
        };
        cases.user_part(&format!("an uploaded {media_type}"), &["file-7351"], file(INSTANCE));
        cases.user_part(&format!("{media_type} uploaded elsewhere"), &["file-7351"], file("someone-else"));
        cases.last(Fate::Warned);
    }
    let with = |media: Media| {
        move |request: &mut ChatRequest| {
            request.messages = vec![Message::user("Hello").with_part(Part::media(media)).into()];
        }
    };
    let image = inline("image/png");
    for word in ["low", "high", "word-7351"] {
        let detailed = Media { detail: Some(word.to_owned()), ..image.clone() };
        cases.change(&format!("the detail {word} of an image"), "messages", &[], with(image.clone()), with(detailed));
    }
    let (a, b) = (with(image), with(inline("image/jpeg")));
    cases.change("the type of an image", "messages", &["jpeg"], a, b);
    cases.last(Fate::Instead("png"));
    let named = Media { filename: Some("report-7351.pdf".to_owned()), ..inline("application/pdf") };
    let mark = &["report-7351"];
    cases.change("the name of a file", "messages", mark, with(inline("application/pdf")), with(named));
    for (place, message) in
        [("a system message", Message::system("Be brief")), ("the model's words", Message::assistant("Hi"))]
    {
        let said = |message: Message| {
            move |request: &mut ChatRequest| {
                let before = Message::user("Hello");
                request.messages = match message.role {
                    llm_core::Role::System => vec![message.into(), before.into()],
                    _ => vec![before.into(), message.into(), Message::user("Go on").into()],
                };
            }
        };
        for media_type in ["image/png", "audio/wav", "application/pdf"] {
            let seen = message.clone().with_part(Part::media(inline(media_type)));
            let name = format!("inline {media_type} in {place}");
            cases.change(&name, "messages", &[&bytes], said(message.clone()), said(seen));
        }
    }
}
