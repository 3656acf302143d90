//! `POST /v1/chat/completions`.

use llm_core::{ChatResponse, Error};
use llm_wire_openai::FAMILY;
use llm_wire_openai::chat::{self, Decoded, Encoder};

use super::ask::{Asked, Protocol, refuse_lookalikes};

/// OpenAI's chat completions.
pub(crate) struct OpenAiChat;

/// Fields that decide where a request goes and what it costs.
const DECISIVE: [&str; 8] =
    ["model", "messages", "stream", "tools", "functions", "n", "max_tokens", "max_completion_tokens"];

impl Protocol for OpenAiChat {
    type Encoder = Encoder;

    const ID_PREFIX: &'static str = "chatcmpl-";

    fn decode(body: &[u8]) -> Result<Asked<Encoder>, Error> {
        let Decoded { request, stream, include_usage, warnings, .. } = chat::decode_request(body)?;
        refuse_lookalikes(&request, FAMILY, &DECISIVE)?;
        Ok(Asked { request, stream: stream.then(|| Encoder::new(include_usage)), warnings })
    }

    fn encode(response: &ChatResponse) -> Vec<u8> {
        chat::encode_response(response)
    }
}
