//! Tokens of a chat, counted by the vendor before it is sent: `POST /responses/input_tokens`.

use std::sync::Arc;

use llm_core::{ChatRequest, Error, ErrorKind, Origin, TokenCount};
use llm_wire::json::malformed;
use serde_json::{Map, Value, json};

use crate::dialect::Dialect;
use crate::encoded::Encoded;
use crate::json::to_vec;
use crate::{error, responses};

/// What the input depends on; anything else in a request is about the answer, and refused here (OpenAI's API reference,
/// 2026).
const COUNTED: &[&str] = &[
    "model",
    "input",
    "instructions",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "text",
    "reasoning",
    "truncation",
    "conversation",
    "previous_response_id",
];

/// Encodes a request for one target, as for the Responses API, with what counts.
pub fn encode_request(request: &ChatRequest, to: &Origin, dialect: &Dialect) -> Result<Encoded, Error> {
    let encoded = responses::encode_request(request, to, false, dialect)?;
    let mut body: Map<String, Value> = serde_json::from_slice(&encoded.body)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("encoding the request: {error}")))?;
    body.retain(|name, _| COUNTED.contains(&name.as_str()));
    Ok(Encoded { body: to_vec("encoding the request", &body, encoded.body.len())?, warnings: encoded.warnings })
}

/// Reads a count. An error object in the answer is an error, classified.
pub fn decode_response(body: &[u8], origin: &Arc<Origin>, dialect: &Dialect) -> Result<TokenCount, Error> {
    let what = "the vendor's count of tokens";
    let answer: Value = serde_json::from_slice(body).map_err(|error| malformed(what, &error))?;
    let Some(tokens) = answer["input_tokens"].as_u64() else {
        let nothing = || Error::new(ErrorKind::Malformed, format!("reading {what}: there is none"));
        return Err(error::in_band(&answer, dialect).unwrap_or_else(nothing));
    };
    Ok(TokenCount::new(origin.clone(), tokens))
}

/// Writes a count for OpenAI's clients.
pub fn encode_response(count: &TokenCount) -> Vec<u8> {
    let answer = json!({ "object": "response.input_tokens", "input_tokens": count.input_tokens });
    serde_json::to_vec(&answer).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_counts_is_sent() {
        let mut request = ChatRequest::new("gpt-5.4").with_user("hello");
        request.sampling.max_output_tokens = Some(50);
        request.metadata.insert("a".into(), "b".into());
        let to = Origin::new(responses::FAMILY, "openai", "gpt-5.4");
        let encoded = encode_request(&request, &to, &Dialect::OPENAI).unwrap();
        let body: Value = serde_json::from_slice(&encoded.body).unwrap();
        let mut names: Vec<&String> = body.as_object().unwrap().keys().collect();
        names.sort();
        assert!(names.iter().all(|name| COUNTED.contains(&name.as_str())), "{names:?}");
        assert_eq!(body["model"], "gpt-5.4");
    }

    #[test]
    fn counts_go_both_ways() {
        let origin = Arc::new(Origin::new(responses::FAMILY, "openai", "m"));
        let count = TokenCount::new(origin.clone(), 18);
        assert_eq!(decode_response(&encode_response(&count), &origin, &Dialect::OPENAI).unwrap(), count);
        let refused = br#"{"error":{"message":"no","code":"invalid_api_key"}}"#;
        assert_eq!(decode_response(refused, &origin, &Dialect::OPENAI).unwrap_err().kind(), ErrorKind::Auth);
        assert_eq!(decode_response(b"[]", &origin, &Dialect::OPENAI).unwrap_err().kind(), ErrorKind::Malformed);
    }
}
