//! What OpenAI's protocol has beside chats: vectors, ranks, images, sound, moderation, models, counts of tokens.

use bytes::Bytes;
use llm_core::{ImageRequest, SpeechRequest};
use llm_wire_openai::audio::{speech, transcriptions};
use llm_wire_openai::{Dialect, count_tokens, embed, images, models, moderations, rerank};

use crate::chat::{again, answer, origin, vectors};
use crate::input::Input;

const DIALECT: Dialect = Dialect::COMPATIBLE;

/// Choices: `a` vectors, `b` ranks, `c` moderation, `d` images, `e` transcripts, `f` models and counts, `g` speech,
/// `h` requests in JSON, `i` forms.
pub fn check(data: &[u8]) {
    let Some(input) = Input::read(data) else { return };
    let (body, to) = (input.body, origin("openai-chat"));
    match input.choice(9) {
        0 => {
            for base64 in [false, true] {
                vectors(
                    body,
                    |body| embed::decode_response(body, &to, &DIALECT),
                    |response| embed::encode_response(response, base64),
                );
            }
        }
        1 => answer(body, |body| rerank::decode_response(body, &to, &DIALECT), rerank::encode_response),
        2 => answer(body, |body| moderations::decode_response(body, &to, &DIALECT), moderations::encode_response),
        3 => {
            let asked = ImageRequest::new("model", "a cat");
            answer(body, |body| images::decode_response(body, &asked, &to, &DIALECT), images::encode_response);
        }
        4 => {
            let body = Bytes::copy_from_slice(body);
            for content_type in [None, Some("application/json"), Some("text/plain"), Some("text/event-stream")] {
                let Ok(read) = transcriptions::decode_response(&body, content_type, &to, &DIALECT) else { continue };
                let (content_type, written) = transcriptions::encode_response(&read, "verbose_json");
                let read = transcriptions::decode_response(&written.into(), Some(content_type), &to, &DIALECT);
                assert!(read.is_ok(), "what we write is refused: {read:?}");
            }
        }
        5 => {
            let _ = models::decode_response(body, &DIALECT);
            let _ = count_tokens::decode_response(body, &to, &DIALECT);
        }
        6 => {
            let asked = SpeechRequest::new("model", "words", "voice");
            let body = Bytes::copy_from_slice(body);
            for content_type in [None, Some("application/json"), Some("audio/mpeg")] {
                let _ = speech::decode_response(body.clone(), content_type, &asked, &to, &DIALECT);
            }
        }
        7 => requests(body, &to),
        _ => {
            let body = Bytes::copy_from_slice(body);
            let form = "multipart/form-data; boundary=x";
            let _ = images::decode_edit(form, &body);
            let _ = transcriptions::decode_request(form, &body, false);
        }
    }
}

fn requests(body: &[u8], to: &llm_core::Origin) {
    again(
        body,
        |body| embed::decode_request(body).map(|decoded| decoded.request),
        |request| Some(embed::encode_request(request, to, &DIALECT).ok()?.body),
    );
    again(body, rerank::decode_request, |request| Some(rerank::encode_request(request, to, &DIALECT).ok()?.body));
    again(body, moderations::decode_request, |request| {
        Some(moderations::encode_request(request, to, &DIALECT).ok()?.body)
    });
    again(body, speech::decode_request, |request| Some(speech::encode_request(request, to, &DIALECT).ok()?.body));
    let _ = images::decode_request(body);
}
