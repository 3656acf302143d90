//! Ollama's chat.

use llm_wire::ndjson_stream;
use llm_wire_ollama::{Profile, chat, embed, models};

use crate::chat::{again, answer, origin, request, vectors};
use crate::input::Input;
use crate::stream::Protocol;

/// Choices: `a` a stream, `b` an answer, `c` a request, `d` vectors and lists of models, `e` a request for vectors.
pub fn check(data: &[u8]) {
    let Some(input) = Input::read(data) else { return };
    let (body, to) = (input.body, origin("ollama"));
    match input.choice(5) {
        0 => {
            let open = |response| ndjson_stream(response, chat::Decoder::new(to.clone(), Vec::new()));
            Protocol { open: &open, marks: &["\"done\""], frame_end: b"\n", encode: None }.check(&input);
        }
        1 => answer(body, |body| chat::decode_response(body, &to), chat::encode_response),
        2 => request(
            body,
            |body| chat::decode_request(body).map(|decoded| decoded.request),
            |request| chat::encode_request(request, &to, false, &Profile::default()).map(|encoded| encoded.body),
        ),
        3 => {
            let _ = models::decode_response(body);
            vectors(body, |body| embed::decode_response(body, &to), embed::encode_response);
        }
        _ => again(body, embed::decode_request, |request| {
            embed::encode_request(request, &to, &Profile::default()).ok().map(|encoded| encoded.body)
        }),
    }
}
