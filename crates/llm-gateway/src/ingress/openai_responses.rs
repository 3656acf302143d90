//! `POST /v1/responses`.

use llm_core::{ChatResponse, Error, ErrorKind, OnUnsupported};
use llm_wire_openai::responses::{self, Decoded, Encoder, FAMILY};
use serde_json::Value;

use super::ask::{Asked, Protocol, refuse_lookalikes};

/// OpenAI's Responses API.
pub(crate) struct OpenAiResponses;

/// Fields that decide where a request goes and what it costs.
const DECISIVE: [&str; 9] = [
    "model",
    "input",
    "instructions",
    "stream",
    "tools",
    "max_output_tokens",
    "previous_response_id",
    "conversation",
    "background",
];

impl Protocol for OpenAiResponses {
    type Encoder = Encoder;

    const ID_PREFIX: &'static str = "resp_";

    fn decode(body: &[u8]) -> Result<Asked<Encoder>, Error> {
        let Decoded { mut request, stream, .. } = responses::decode_request(body)?;
        refuse_lookalikes(&request, FAMILY, &DECISIVE)?;
        if request.ext.value(FAMILY, "background") == Some(&Value::Bool(true)) {
            let what = "background cannot be served: answers are not kept here to be fetched later, ask for a stream";
            return Err(Error::new(ErrorKind::InvalidRequest, what).with_param("background"));
        }
        // A part of the conversation is at the vendor: a target that cannot look there would answer something else.
        if !request.extra.is_empty() {
            request.on_unsupported = OnUnsupported::Error;
        }
        Ok(Asked { request, stream: stream.then(Encoder::new), warnings: Vec::new() })
    }

    fn encode(response: &ChatResponse) -> Vec<u8> {
        responses::encode_response(response)
    }
}
