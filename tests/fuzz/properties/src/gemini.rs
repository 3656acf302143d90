//! Gemini's `generateContent`.

use llm_wire::sse_or_json_array_stream;
use llm_wire_gemini::{Profile, count_tokens, embed, generate, models};

use crate::chat::{again, answer, origin, request, vectors};
use crate::input::Input;
use crate::stream::Protocol;

/// Choices: `a` a stream, `b` an answer, `c` a request, `d` vectors, lists of models, counts of tokens, `e` a request for
/// vectors.
pub fn check(data: &[u8]) {
    let Some(input) = Input::read(data) else { return };
    let (body, to) = (input.body, origin("gemini"));
    match input.choice(5) {
        0 => {
            let open = |response| sse_or_json_array_stream(response, generate::Decoder::new(to.clone(), Vec::new()));
            // Google's JSON also comes with the names of its fields in snake case.
            let marks = &["finishReason", "finish_reason", "blockReason", "block_reason"];
            Protocol { open: &open, marks, frame_end: b"\n\n", encode: None }.check(&input);
        }
        1 => answer(body, |body| generate::decode_response(body, &to), generate::encode_response),
        2 => request(
            body,
            |body| generate::decode_request(body, "model", false).map(|decoded| decoded.request),
            |request| generate::encode_request(request, &to, false, &Profile::default()).map(|encoded| encoded.body),
        ),
        3 => {
            let _ = models::decode_response(body);
            let _ = count_tokens::decode_response(body, &to);
            vectors(body, |body| embed::decode_response(body, &to), |response| embed::encode_response(response, true));
        }
        _ => again(
            body,
            |body| embed::decode_request(body, "model"),
            |request| embed::encode_request(request, &to).ok().map(|encoded| encoded.body),
        ),
    }
}
