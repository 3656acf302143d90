//! Bedrock's Converse, and its older calls by model. Streams are written as lines, `TYPE JSON`, and become messages with
//! their checksums here: no mutation would find a valid one.

use http::HeaderMap;
use llm_core::{ChatStream, HttpResponse, base64_text};
use llm_wire::StreamDecoder;
use llm_wire::aws_event_stream::{AwsHeaderValue, aws_event_stream, encode_message};
use llm_wire_bedrock::invoke::{ChunkDecoder, ConverseChunks, PromptDecoder, PromptForm, Shape};
use llm_wire_bedrock::{Profile, converse, count_tokens, embed, invoke, models, rerank};

use crate::chat::{answer, origin, request};
use crate::input::Input;
use crate::stream::{Encode, Protocol};

/// Choices: `a` a stream of Converse, `b` a stream by model, `c` an answer of Converse, `d` one by model, `e` a request,
/// `f` a request by model, `g` vectors, ranks, lists of models, counts of tokens.
pub fn check(data: &[u8]) {
    let Some(input) = Input::read(data) else { return };
    let (body, to) = (input.body, origin("bedrock"));
    let stream = |open: &dyn Fn(HttpResponse) -> ChatStream, marks: &[&str], encode: &Encode<'_>| {
        Protocol { open, marks, frame_end: b"\n", encode: Some(encode) }.check(&input);
    };
    let headers = HeaderMap::new();
    match input.choice(7) {
        0 => {
            let open = |response| aws_event_stream(response, converse::Decoder::new(to.clone(), Vec::new()));
            stream(&open, &["messageStop", "metadata"], &|body| messages(body, None));
        }
        1 => {
            let open = |response| aws_event_stream(response, chunks(to.clone()));
            // Streams of messages and of Converse also have their own end.
            stream(&open, &["amazon-bedrock-invocationMetrics", "message_stop", "stop_reason", "metadata"], &|body| {
                messages(body, Some("chunk"))
            });
        }
        2 => answer(body, |body| converse::decode_response(body, &to), converse::encode_response),
        3 => {
            let _ = invoke::decode_response(body, &headers, &to);
            let _ = invoke::shape(body);
        }
        4 => request(
            body,
            |body| converse::decode_request(body, "model").map(|decoded| decoded.request),
            |request| converse::encode_request(request, &to, &Profile::default()).map(|encoded| encoded.body),
        ),
        5 => request(
            body,
            |body| invoke::decode_request(body, "model", PromptForm::Titan),
            |request| invoke::encode_request(request, &to, PromptForm::Titan).map(|encoded| encoded.body),
        ),
        _ => {
            let _ = models::decode_response(body);
            let _ = models::decode_profiles(body);
            let _ = count_tokens::decode_response(body, &to);
            let _ = count_tokens::decode_request(body, "model");
            let _ = embed::decode_response(body, &headers, &to);
            let _ = rerank::decode_response(body, &headers, &to);
        }
    }
}

fn chunks(to: std::sync::Arc<llm_core::Origin>) -> impl StreamDecoder {
    ChunkDecoder::new(move |shape| -> Box<dyn StreamDecoder> {
        match shape {
            Shape::Messages => Box::new(llm_wire_anthropic::messages::Decoder::new(to, Vec::new())),
            Shape::Chat => {
                let dialect = llm_wire_openai::Dialect::COMPATIBLE;
                Box::new(llm_wire_openai::chat::Decoder::new(to, Vec::new(), &dialect))
            }
            Shape::Converse => Box::new(ConverseChunks::new(converse::Decoder::new(to, Vec::new()))),
            _ => Box::new(PromptDecoder::new(to, Vec::new())),
        }
    })
}

/// The messages of lines: `TYPE JSON`, `!EXCEPTION JSON`, or with a `chunk` type JSON alone, packed as AWS packs it.
fn messages(body: &[u8], chunk: Option<&str>) -> Vec<u8> {
    let mut messages = Vec::new();
    for line in String::from_utf8_lossy(body).lines() {
        let (name, payload) = match chunk {
            Some(chunk) if line.starts_with('{') => {
                (chunk, format!("{{\"bytes\":\"{}\"}}", base64_text::encode(line.as_bytes())))
            }
            _ => line.split_once(' ').map_or((line, "{}".to_owned()), |(name, json)| (name, json.to_owned())),
        };
        let (header, name, kind) = match name.strip_prefix('!') {
            Some(name) => (":exception-type", name, "exception"),
            None => (":event-type", name, "event"),
        };
        let headers = [(header, name), (":message-type", kind)];
        let headers = headers.map(|(name, value)| (name, AwsHeaderValue::Text(value)));
        // A name that fits no header is left out.
        messages.extend(encode_message(&headers, payload.as_bytes()).unwrap_or_default());
    }
    messages
}
