//! Tokens of a chat, counted by the vendor before it is sent: `models/…:countTokens`.

use std::sync::Arc;

use llm_core::{ChatRequest, Error, ErrorKind, Origin, TokenCount};
use llm_wire::json::malformed;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::error::in_band;
use crate::generate::{self, Encoded, Profile};
use crate::wire::wire_object;

/// Encodes a request for one target, as for an answer. `whole` says that the server takes the whole request of an answer
/// (the Gemini API); Vertex AI takes its fields.
pub fn encode_request(request: &ChatRequest, to: &Origin, profile: &Profile, whole: bool) -> Result<Encoded, Error> {
    let mut encoded = generate::encode_request(request, to, false, profile)?;
    if whole {
        let failed = |error| Error::new(ErrorKind::Internal, format!("writing a countTokens request: {error}"));
        let mut body: Map<String, Value> = serde_json::from_slice(&encoded.body).map_err(failed)?;
        let name = request.model.trim_start_matches("models/");
        body.insert("model".to_owned(), format!("models/{name}").into());
        encoded.body = serde_json::to_vec(&json!({ "generateContentRequest": body })).map_err(failed)?;
    }
    Ok(encoded)
}

/// Reads a count. An error object in the answer is an error, classified.
pub fn decode_response(body: &[u8], origin: &Arc<Origin>) -> Result<TokenCount, Error> {
    wire_object! {
        WireCount {
            tokens: u64 = "totalTokens",
            cached: u64 = "cachedContentTokenCount",
            error: &'a RawValue = "error",
        }
    }
    let said: WireCount<'_> = serde_json::from_slice(body).map_err(|error| malformed("the count of tokens", &error))?;
    let Some(tokens) = said.tokens else {
        let none = || Error::new(ErrorKind::Malformed, "reading the count of tokens: there is none");
        return Err(said.error.map_or_else(none, |error| in_band(error.get())));
    };
    let mut count = TokenCount::new(Arc::clone(origin), tokens);
    count.cached_tokens = said.cached;
    Ok(count)
}

/// Writes a count.
pub fn encode_response(count: &TokenCount) -> Vec<u8> {
    let mut said = json!({ "totalTokens": count.input_tokens });
    if let Some(cached) = count.cached_tokens {
        said["cachedContentTokenCount"] = cached.into();
    }
    serde_json::to_vec(&said).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_request_is_counted_and_the_count_is_read() {
        let origin = Arc::new(Origin::new(crate::API, "gemini", "gemini-x"));
        let request = ChatRequest::new("gemini-x").with_user("hello");
        let body = |whole| {
            let encoded = encode_request(&request, &origin, &Profile::default(), whole).unwrap();
            serde_json::from_slice::<Value>(&encoded.body).unwrap()
        };
        assert_eq!(body(true)["generateContentRequest"]["model"], "models/gemini-x");
        assert_eq!(body(true)["generateContentRequest"]["contents"], body(false)["contents"]);
        let mut count = TokenCount::new(origin.clone(), 61);
        count.cached_tokens = Some(4);
        assert_eq!(decode_response(&encode_response(&count), &origin).unwrap(), count);
        assert_eq!(decode_response(b"[]", &origin).unwrap_err().kind(), ErrorKind::Malformed);
        let refused = br#"{"error":{"code":503,"message":"no","status":"UNAVAILABLE"}}"#;
        assert_eq!(decode_response(refused, &origin).unwrap_err().kind(), ErrorKind::Overloaded);
    }
}
