//! Tokens of a chat, counted by the vendor before it is sent: `POST /v1/messages/count_tokens`.

use std::sync::Arc;

use llm_core::{ChatRequest, Error, ErrorKind, Origin, TokenCount};
use llm_wire::json::{Fields, malformed};
use serde_json::{Map, Value};

use crate::error;
use crate::messages::{self, Encoded};
use crate::profile::Profile;

/// What the input depends on; anything else in a request is about the answer, and refused here (the vendor's API
/// reference, 2026).
const COUNTED: &[&str] = &[
    "model",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "cache_control",
    "mcp_servers",
    "context_management",
    "output_config",
];

/// Encodes a request for one target, as for a message, with what counts.
pub fn encode_request(request: &ChatRequest, to: &Origin, profile: &Profile) -> Result<Encoded, Error> {
    let mut encoded = messages::encode_request(request, to, false, profile)?;
    let failed = |error: serde_json::Error| {
        Error::new(ErrorKind::Internal, "encoding the request as JSON failed").with_source(error)
    };
    let mut body: Map<String, Value> = serde_json::from_slice(&encoded.body).map_err(failed)?;
    body.retain(|name, _| COUNTED.contains(&name.as_str()));
    encoded.body = serde_json::to_vec(&body).map_err(failed)?;
    Ok(encoded)
}

/// Reads a count. An error object is an `Err` of its class, also in an answer with a good status.
pub fn decode_response(body: &[u8], origin: &Arc<Origin>) -> Result<TokenCount, Error> {
    let mut fields: Fields<'_> =
        serde_json::from_slice(body).map_err(|error| malformed("the count of tokens", &error))?;
    if fields.has("error") {
        return Err(error::in_band(fields, Some(200)));
    }
    let tokens = fields.take("input_tokens").and_then(|raw| serde_json::from_str(raw.get()).ok());
    let nothing = || Error::new(ErrorKind::Malformed, "reading the count of tokens: there is none");
    Ok(TokenCount::new(Arc::clone(origin), tokens.ok_or_else(nothing)?))
}

/// Writes a count.
pub fn encode_response(count: &TokenCount) -> Vec<u8> {
    format!("{{\"input_tokens\":{}}}", count.input_tokens).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_counts_is_sent_and_the_count_is_read() {
        let mut request = ChatRequest::new("claude-x").with_user("hello");
        request.sampling.temperature = Some(0.5);
        let origin = Arc::new(Origin::new(crate::API, "anthropic", "claude-x"));
        let encoded = encode_request(&request, &origin, &Profile::default()).unwrap();
        let body: Map<String, Value> = serde_json::from_slice(&encoded.body).unwrap();
        assert_eq!(body.keys().collect::<std::collections::BTreeSet<_>>().len(), 2, "{:?}", body.keys());
        let count = TokenCount::new(origin.clone(), 588);
        assert_eq!(decode_response(&encode_response(&count), &origin).unwrap(), count);
        assert_eq!(decode_response(b"{}", &origin).unwrap_err().kind(), ErrorKind::Malformed);
        let refused = br#"{"type":"error","error":{"type":"overloaded_error","message":"no"}}"#;
        assert_eq!(decode_response(refused, &origin).unwrap_err().kind(), ErrorKind::Overloaded);
    }
}
