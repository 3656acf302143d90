//! Cohere's chat, and its embed and rerank.

use llm_wire::{ndjson_stream, sse_stream};
use llm_wire_cohere::{chat, embed, models, rerank};

use crate::chat::{again, answer, origin, request, vectors};
use crate::input::Input;
use crate::stream::Protocol;

/// Choices: `a` a stream of events, `b` a stream of lines as the first version has it, `c` an answer, `d` a request,
/// `e` vectors, ranks and lists of models, `f` requests for vectors and ranks.
pub fn check(data: &[u8]) {
    let Some(input) = Input::read(data) else { return };
    let (body, to) = (input.body, origin("cohere"));
    let decoder = || chat::Decoder::new(to.clone(), Vec::new());
    match input.choice(6) {
        0 => {
            let open = |response| sse_stream(response, decoder());
            Protocol { open: &open, marks: &["message-end", "stream-end"], frame_end: b"\n\n", encode: None }
                .check(&input);
        }
        1 => {
            let open = |response| ndjson_stream(response, decoder());
            Protocol { open: &open, marks: &["message-end", "stream-end"], frame_end: b"\n", encode: None }
                .check(&input);
        }
        2 => answer(body, |body| chat::decode_response(body, &to), chat::encode_response),
        3 => request(
            body,
            |body| chat::decode_request(body).map(|decoded| decoded.request),
            |request| chat::encode_request(request, &to, false).map(|encoded| encoded.body),
        ),
        4 => {
            let _ = models::decode_response(body);
            vectors(body, |body| embed::decode_response(body, &to), embed::encode_response);
            answer(body, |body| rerank::decode_response(body, &to), rerank::encode_response);
        }
        _ => {
            again(body, embed::decode_request, |request| Some(embed::encode_request(request, &to).ok()?.body));
            again(body, rerank::decode_request, |request| Some(rerank::encode_request(request, &to).ok()?.body));
        }
    }
}
