//! OpenAI's Responses API.

use llm_wire::sse_stream;
use llm_wire_openai::{Dialect, responses};

use crate::chat::{answer, origin, request};
use crate::input::Input;
use crate::stream::Protocol;

/// Choices: `a` a stream, `b` an answer, `c` a request.
pub fn check(data: &[u8]) {
    let Some(input) = Input::read(data) else { return };
    let (body, to) = (input.body, origin("openai-responses"));
    match input.choice(3) {
        0 => {
            let open =
                |response| sse_stream(response, responses::Decoder::new(to.clone(), Vec::new(), &Dialect::OPENAI));
            // The last two are a whole answer of a server that ignored that a stream was asked for.
            let marks = &[
                "response.completed",
                "response.incomplete",
                "response.cancelled",
                "response.done",
                "\"object\":\"response\"",
                "\"object\": \"response\"",
            ];
            Protocol { open: &open, marks, frame_end: b"\n\n", encode: None }.check(&input);
        }
        1 => answer(body, |body| responses::decode_response(body, &to, &Dialect::OPENAI), responses::encode_response),
        _ => request(
            body,
            |body| responses::decode_request(body).map(|decoded| decoded.request),
            |request| responses::encode_request(request, &to, false, &Dialect::OPENAI).map(|encoded| encoded.body),
        ),
    }
}
