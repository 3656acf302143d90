//! Chat through `InvokeModel`: each publisher's own body, and answers told apart by their fields.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::HeaderMap;
use llm_core::{Capabilities, ChatRequest, ChatResponse, Error, ErrorKind, Origin, Warning};
use llm_wire::StreamDecoder;
use llm_wire_bedrock::invoke::{self, ChunkDecoder, ConverseChunks, Form, PromptDecoder, Shape};
use llm_wire_bedrock::{API, Encoded, converse};
use llm_wire_openai::Dialect;
use serde_json::value::RawValue;

use crate::models;

/// OpenAI's chat as Bedrock's models take it: the model is in the path.
pub(crate) const DIALECT: Dialect = Dialect::COMPATIBLE;

/// The wire family of a body.
pub(crate) fn api(form: Form) -> &'static str {
    match form {
        Form::Messages => llm_wire_anthropic::API,
        Form::Chat => llm_wire_openai::FAMILY,
        _ => API,
    }
}

/// Encodes a request in a form.
pub(crate) fn encode(
    form: Form,
    request: &ChatRequest,
    to: &Origin,
    stream: bool,
    known: &Capabilities,
) -> Result<(Vec<u8>, Vec<Warning>), Error> {
    match form {
        Form::Messages => {
            let profile = models::messages_profile(&request.model, known);
            let encoded = llm_wire_anthropic::messages::encode_request(request, to, stream, &profile)?;
            Ok((encoded.body, encoded.warnings))
        }
        Form::Prompt(form) => invoke::encode_request(request, to, form).map(apart),
        Form::Converse => converse::encode_request(request, to, &models::profile(&request.model, known)).map(apart),
        _ => {
            // Model and stream are said by the path, and some models refuse what they do not know.
            let encoded = llm_wire_openai::chat::encode_request(request, to, false, &DIALECT)?;
            Ok((without_model(&encoded.body)?, encoded.warnings))
        }
    }
}

fn without_model(body: &[u8]) -> Result<Vec<u8>, Error> {
    let internal = |error| Error::new(ErrorKind::Internal, "encoding the request as JSON failed").with_source(error);
    let mut fields: BTreeMap<String, &RawValue> = serde_json::from_slice(body).map_err(internal)?;
    fields.remove("model");
    serde_json::to_vec(&fields).map_err(internal)
}

fn apart(encoded: Encoded) -> (Vec<u8>, Vec<Warning>) {
    (encoded.body, encoded.warnings)
}

/// Decodes an answer by its own fields.
pub(crate) fn decode(body: &[u8], headers: &HeaderMap, origin: &Arc<Origin>) -> Result<ChatResponse, Error> {
    let mut response = match invoke::shape(body) {
        Shape::Messages => llm_wire_anthropic::messages::decode_response(body, origin),
        Shape::Chat => llm_wire_openai::chat::decode_response(&invoke::whole_chat(body), origin, &DIALECT),
        Shape::Converse => converse::decode_response(body, origin),
        _ => invoke::decode_response(body, headers, origin),
    }?;
    if response.usage.is_unknown() {
        invoke::usage_of_headers(headers, &mut response.usage);
    }
    response.request_id = llm_wire::request_id(headers);
    Ok(response)
}

/// The decoder of a stream, which finds out by the first chunk what is in it.
pub(crate) fn decoder(origin: Arc<Origin>, warnings: Vec<Warning>, headers: &HeaderMap) -> impl StreamDecoder + use<> {
    let headers = headers.clone();
    ChunkDecoder::new(move |shape| -> Box<dyn StreamDecoder> {
        match shape {
            Shape::Messages => {
                Box::new(llm_wire_anthropic::messages::Decoder::new(origin, warnings).with_headers(&headers))
            }
            Shape::Chat => {
                Box::new(llm_wire_openai::chat::Decoder::new(origin, warnings, &DIALECT).with_headers(&headers))
            }
            Shape::Converse => {
                Box::new(ConverseChunks::new(converse::Decoder::new(origin, warnings).with_headers(&headers)))
            }
            _ => Box::new(PromptDecoder::new(origin, warnings).with_headers(&headers)),
        }
    })
}
