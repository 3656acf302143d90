//! Errors of every vendor: no answer breaks their reading, and what a message repeats of a request decides nothing.

use http::HeaderMap;
use llm_core::{Error, ErrorKind};
use llm_wire::ErrorResponse;
use llm_wire_openai::Dialect;

use crate::input::Input;

/// Where the message of an error stands in a body.
const PLACE: &str = "MESSAGE";
const STATUSES: [u16; 16] = [400, 401, 402, 403, 404, 408, 413, 422, 424, 429, 498, 500, 501, 503, 529, 0];

/// A vendor's reading of errors, and its writing of them.
type Wire = (fn(&ErrorResponse) -> Error, fn(&Error) -> (u16, Vec<u8>));

/// Choices: `a` OpenAI, `b` any server of its protocol, `c` Anthropic, `d` Gemini, `e` Ollama, `f` Cohere, `g` Bedrock.
/// The first line of the body is a phrase, what follows is the answer.
pub fn check(data: &[u8]) {
    const WIRES: [Wire; 7] = [
        (|response| llm_wire_openai::decode_error(response, &Dialect::OPENAI), llm_wire_openai::encode_error),
        (|response| llm_wire_openai::decode_error(response, &Dialect::COMPATIBLE), llm_wire_openai::encode_error),
        (llm_wire_anthropic::decode_error, llm_wire_anthropic::encode_error),
        (llm_wire_gemini::decode_error, llm_wire_gemini::encode_error),
        (llm_wire_ollama::decode_error, llm_wire_ollama::encode_error),
        (llm_wire_cohere::decode_error, llm_wire_cohere::encode_error),
        (llm_wire_bedrock::decode_error, llm_wire_bedrock::encode_error),
    ];
    let Some(input) = Input::read(data) else { return };
    let (decode, encode) = WIRES[usize::from(input.choice(7))];
    let status = STATUSES[input.random().usize(0..STATUSES.len())];
    let read = |body: Vec<u8>| {
        decode(&ErrorResponse { status, headers: HeaderMap::new(), body: body.into(), received_at: None })
    };
    let Some(end) = input.body.iter().position(|byte| *byte == b'\n') else { return };
    let (phrase, body) = (String::from_utf8_lossy(&input.body[..end]), &input.body[end + 1..]);
    let error = read(body.to_vec());
    hold(&error, status);
    let (status, written) = encode(&error);
    let again = decode(&ErrorResponse { status, headers: HeaderMap::new(), body: written.into(), received_at: None });
    hold(&again, status);

    let Ok(body) = std::str::from_utf8(body) else { return };
    let kind = |message: &str| {
        let escaped = serde_json::to_string(message).unwrap();
        read(body.replace(PLACE, &escaped[1..escaped.len() - 1]).into_bytes()).kind()
    };
    let plain = kind("the value of a field is wrong");
    for message in
        [format!("the value of a field is wrong: \"{phrase}\""), format!("the value {phrase} of a field is wrong")]
    {
        assert_eq!(kind(&message), plain, "the message decides the class: {message}");
    }
}

/// What holds for every error.
fn hold(error: &Error, status: u16) {
    assert!(!error.message().trim().is_empty(), "an error says nothing");
    assert_eq!(error.status(), Some(status), "an error lost its status");
    if status >= 400 {
        assert_ne!(error.kind(), ErrorKind::Malformed, "an error answer passes for an answer that is broken");
    }
}
