//! Answers that are not OpenAI's: vectors, documents in order, prompts continued, lists of models, errors inside streams.

use std::borrow::Cow;
use std::sync::Arc;

use http::HeaderMap;
use llm_core::{Capabilities, EmbedResponse, Error, ErrorKind, ModelInfo, Origin, Ranked, RerankResponse, Support};
use llm_wire::{ErrorResponse, EventQueue, Frame, StreamDecoder};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::dialect::DIALECT;

#[derive(Deserialize)]
struct Answer<T> {
    results: Vec<T>,
    input_token_count: Option<u64>,
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8], what: &str) -> Result<T, Error> {
    // The parser's words may quote the body.
    serde_json::from_slice(body)
        .map_err(|_| Error::new(ErrorKind::Malformed, format!("reading the answer: it has no {what}")))
}

pub(crate) fn embed(body: &[u8], origin: &Arc<Origin>) -> Result<EmbedResponse, Error> {
    #[derive(Deserialize)]
    struct One {
        embedding: Vec<f32>,
    }
    let answer: Answer<One> = read(body, "vectors")?;
    let vectors = answer.results.into_iter().map(|one| one.embedding).collect();
    let mut response = EmbedResponse::new(Arc::clone(origin), vectors);
    response.usage.input = answer.input_token_count;
    Ok(response)
}

pub(crate) fn rerank(body: &[u8], origin: &Arc<Origin>) -> Result<RerankResponse, Error> {
    #[derive(Deserialize)]
    struct One {
        index: u32,
        score: f64,
        input: Option<Value>,
    }
    let answer: Answer<One> = read(body, "documents in order")?;
    let ranked = answer.results.into_iter().map(|one| {
        let mut ranked = Ranked::new(one.index, one.score);
        ranked.document = one.input.and_then(|input| input["text"].as_str().or(input.as_str()).map(str::to_owned));
        ranked
    });
    let mut response = RerankResponse::new(Arc::clone(origin), ranked.collect());
    response.usage.input = answer.input_token_count;
    Ok(response)
}

pub(crate) fn models(body: &[u8]) -> Result<Vec<ModelInfo>, Error> {
    #[derive(Deserialize)]
    struct List {
        resources: Vec<Value>,
    }
    let list: List = read(body, "models")?;
    let model = |raw: Value| {
        let mut model = ModelInfo::new(raw["model_id"].as_str()?);
        let limits = &raw["model_limits"];
        model.capabilities.context_window = limits["max_sequence_length"].as_u64();
        model.capabilities.max_output = limits["max_output_tokens"].as_u64();
        can(&raw, &mut model.capabilities);
        model.raw = raw;
        Some(model)
    };
    Ok(list.resources.into_iter().filter_map(model).collect())
}

/// What a model's functions are.
fn can(raw: &Value, capabilities: &mut Capabilities) {
    let functions = raw["functions"].as_array().into_iter().flatten();
    for function in functions.filter_map(|function| function["id"].as_str()) {
        match function {
            "text_chat" => capabilities.chat = Support::Yes,
            "embedding" => capabilities.embeddings = Support::Yes,
            "rerank" => capabilities.rerank = Support::Yes,
            "image_chat" => capabilities.media_inline = vec![Cow::Borrowed("image/*")],
            _ => {}
        }
    }
}

#[derive(Deserialize)]
struct Continued<'a> {
    #[serde(borrow)]
    model_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    results: Vec<Words<'a>>,
}

#[derive(Deserialize)]
struct Words<'a> {
    #[serde(borrow, default)]
    generated_text: Cow<'a, str>,
    #[serde(default)]
    generated_token_count: u64,
    #[serde(default)]
    input_token_count: u64,
    #[serde(borrow)]
    stop_reason: Option<Cow<'a, str>>,
}

/// A prompt's continuation in OpenAI's form. A stream says the tokens of the prompt once: `input` keeps them.
pub(crate) fn completion(body: &[u8], input: &mut u64) -> Result<Vec<u8>, Error> {
    let Continued { model_id, results } = read(body, "words")?;
    let mut output = 0;
    let choices = results.into_iter().enumerate().map(|(index, words)| {
        *input = words.input_token_count.max(*input);
        output += words.generated_token_count;
        let reason = words.stop_reason.filter(|reason| reason != "not_finished");
        json!({"index": index, "text": words.generated_text, "finish_reason": reason})
    });
    let choices: Value = choices.collect();
    let usage = json!({"prompt_tokens": *input, "completion_tokens": output});
    Ok(json!({"model": model_id, "choices": choices, "usage": usage}).to_string().into_bytes())
}

/// A stream, whose errors come as events of that name, in the form of other errors.
pub(crate) struct Stream<D> {
    pub(crate) inner: D,
    /// Tokens of the prompt, where one is continued.
    pub(crate) input: Option<u64>,
}

impl<D: StreamDecoder> StreamDecoder for Stream<D> {
    fn frame(&mut self, frame: Frame<'_>, out: &mut EventQueue) -> Result<(), Error> {
        if frame.name == Some("error") {
            return Err(in_stream(frame.data));
        }
        match &mut self.input {
            Some(input) => self.inner.frame(Frame::data(&completion(frame.data, input)?), out),
            None => self.inner.frame(Frame::data(frame.data), out),
        }
    }

    fn end(&mut self, out: &mut EventQueue) -> Result<(), Error> {
        self.inner.end(out)
    }

    fn is_done(&self) -> bool {
        self.inner.is_done()
    }
}

fn in_stream(body: &[u8]) -> Error {
    #[derive(Deserialize)]
    struct Complaint {
        status_code: Option<u16>,
    }
    let status = serde_json::from_slice::<Complaint>(body).ok().and_then(|complaint| complaint.status_code);
    let (headers, body) = (HeaderMap::new(), body.to_vec().into());
    let response = ErrorResponse { status: status.unwrap_or(500), headers, body, received_at: None };
    llm_wire_openai::decode_error(&response, &DIALECT)
}
