//! OpenAI's chat completions and its older completions, for OpenAI and for any server that speaks the protocol.

use llm_wire::sse_stream;
use llm_wire_openai::{Dialect, chat, completions};

use crate::chat::{answer, origin, request};
use crate::input::Input;
use crate::stream::Protocol;

/// Choices: `a` a stream of OpenAI's, `b` of any server, `c` an answer, `d` an answer of any server, `e` a request, `f` a
/// request with a prompt.
pub fn check(data: &[u8]) {
    let Some(input) = Input::read(data) else { return };
    let (body, to) = (input.body, origin("openai-chat"));
    let stream = |dialect: Dialect, marks: &[&str]| {
        let open = |response| sse_stream(response, chat::Decoder::new(to.clone(), Vec::new(), &dialect));
        Protocol { open: &open, marks, frame_end: b"\n\n", encode: None }.check(&input);
    };
    let whole = |dialect: Dialect| {
        answer(body, |body| chat::decode_response(body, &to, &dialect), chat::encode_response);
    };
    match input.choice(6) {
        // `chat.completion` is a whole answer of a server that ignored that a stream was asked for.
        0 => stream(Dialect::OPENAI, &["[DONE]", "chat.completion\""]),
        1 => stream(Dialect::COMPATIBLE, &["[DONE]", "finish_reason"]),
        2 => whole(Dialect::OPENAI),
        3 => whole(Dialect::COMPATIBLE),
        4 => request(
            body,
            |body| chat::decode_request(body).map(|decoded| decoded.request),
            |request| chat::encode_request(request, &to, false, &Dialect::OPENAI).map(|encoded| encoded.body),
        ),
        _ => request(
            body,
            |body| completions::decode_request(body).map(|decoded| decoded.request),
            |request| completions::encode_request(request, &to, false, &Dialect::OPENAI).map(|encoded| encoded.body),
        ),
    }
}
