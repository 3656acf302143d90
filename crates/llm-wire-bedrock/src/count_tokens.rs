//! The tokens of a chat before it is sent (`POST /model/{id}/count-tokens`): Converse's body in an envelope.

use llm_wire::json::malformed;
use std::sync::Arc;

use llm_core::{ChatRequest, Error, ErrorKind, Origin, TokenCount};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::{Encoded, Profile, converse, error};

/// What counts; the rest of Converse's body is refused here.
const COUNTED: [&str; 4] = ["messages", "system", "toolConfig", "additionalModelRequestFields"];

#[derive(Serialize)]
struct Envelope<T> {
    input: Input<T>,
}

#[derive(Serialize)]
struct Input<T> {
    converse: T,
}

/// Encodes a request. What does not count is left out without a word: the chat itself will be told.
pub fn encode_request(request: &ChatRequest, to: &Origin, profile: &Profile) -> Result<Encoded, Error> {
    let Encoded { body, warnings } = converse::encode_request(request, to, profile)?;
    let internal = |error| Error::new(ErrorKind::Internal, "encoding the request as JSON failed").with_source(error);
    let fields: Map<String, Value> = serde_json::from_slice(&body).map_err(internal)?;
    let converse: Map<String, Value> =
        fields.into_iter().filter(|(name, _)| COUNTED.contains(&name.as_str())).collect();
    let body = serde_json::to_vec(&Envelope { input: Input { converse } }).map_err(internal)?;
    Ok(Encoded { body, warnings })
}

/// Decodes a request in Converse's form; the model comes from the path.
pub fn decode_request(body: &[u8], model: &str) -> Result<ChatRequest, Error> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        input: Input<'a>,
    }
    #[derive(Deserialize)]
    struct Input<'a> {
        #[serde(borrow)]
        converse: &'a RawValue,
    }
    let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(|_| {
        let message = "reading the request: input.converse must be an object";
        Error::new(ErrorKind::InvalidRequest, message).with_param("input.converse")
    })?;
    Ok(converse::decode_request(envelope.input.converse.get().as_bytes(), model)?.request)
}

/// Decodes an answer.
pub fn decode_response(body: &[u8], origin: &Arc<Origin>) -> Result<TokenCount, Error> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(rename = "inputTokens")]
        input_tokens: Option<u64>,
    }
    let answer: Answer = serde_json::from_slice(body).map_err(|error| malformed("the answer", &error))?;
    match answer.input_tokens {
        Some(tokens) => Ok(TokenCount::new(Arc::clone(origin), tokens)),
        None => Err(error::not_an_answer(serde_json::from_slice(body).unwrap_or_default())),
    }
}
