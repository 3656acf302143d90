//! Images, sounds, videos and documents: by bytes, by address, as text and as files that were uploaded.

use std::collections::BTreeMap;

use llm_core::{ChatRequest, Media, MediaData, Message, Part, base64_text};

use super::super::subject::INSTANCE;
use super::case::Fate;
use super::chat::Chats;

pub(super) const BYTES: &[u8] = b"bytes-of-a-file-7351";
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

/// The bytes as they may stand in a request.
pub(super) fn bytes_mark() -> String {
    format!("{}|{}", base64_text::encode(BYTES), String::from_utf8_lossy(BYTES))
}

pub(super) fn all(cases: &mut Chats) {
    let bytes = bytes_mark();
    let inline = |media_type: &str| Media::inline(media_type, BYTES);
    for media_type in TYPES {
        cases.user_part(&format!("inline {media_type}"), &[&bytes], Part::media(inline(media_type)));
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
