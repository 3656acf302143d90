//! Anthropic's messages.

use llm_wire::sse_stream;
use llm_wire_anthropic::{Profile, count_tokens, messages, models};

use crate::chat::{answer, origin, request};
use crate::input::Input;
use crate::stream::Protocol;

/// Choices: `a` a stream, `b` an answer, `c` a request, `d` lists of models and counts of tokens.
pub fn check(data: &[u8]) {
    let Some(input) = Input::read(data) else { return };
    let (body, to) = (input.body, origin("anthropic"));
    match input.choice(4) {
        0 => {
            let open = |response| sse_stream(response, messages::Decoder::new(to.clone(), Vec::new()));
            // The second is that of a whole answer of a server that ignored that a stream was asked for.
            let marks = &["message_stop", "\"stop_reason\":\""];
            Protocol { open: &open, marks, frame_end: b"\n\n", encode: None }.check(&input);
        }
        1 => answer(body, |body| messages::decode_response(body, &to), messages::encode_response),
        2 => request(
            body,
            |body| messages::decode_request(body).map(|decoded| decoded.request),
            |request| messages::encode_request(request, &to, false, &Profile::default()).map(|encoded| encoded.body),
        ),
        _ => {
            let _ = models::decode_response(body);
            let _ = count_tokens::decode_response(body, &to);
        }
    }
}
