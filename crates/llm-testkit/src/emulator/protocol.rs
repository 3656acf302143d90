//! What every emulated vendor can do. Each one is written from its protocol alone, apart from the wire crates of this
//! workspace, so that a mistake in one is not repeated in the other.

use std::fmt;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Map, Value};

use super::answer::{Answer, Asked, Form};
use super::problem::{Class, Problem};
use super::reply::Reply;
use super::stamp::Stamp;

/// A vendor whose protocol is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Vendor {
    /// OpenAI chat completions and embeddings.
    OpenAi,
    /// Anthropic messages.
    Anthropic,
    /// Gemini generateContent and embeddings.
    Gemini,
    /// Ollama's own API.
    Ollama,
}

/// What is asked of a vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// A chat, streamed or not.
    Chat,
    /// Vectors.
    Embed,
    /// The list of models.
    Models,
    /// Nothing that the vendor has.
    Unknown,
}

/// Where a request came in.
#[derive(Debug)]
pub(crate) struct Call<'r> {
    pub(crate) operation: Operation,
    /// The model and the method after it, where they stand in the path.
    pub(crate) target: Option<(String, String)>,
    pub(crate) query: &'r [(String, String)],
    pub(crate) headers: &'r HeaderMap,
}

/// A request for vectors.
#[derive(Debug)]
pub(crate) struct Texts {
    pub(crate) model: String,
    pub(crate) inputs: Vec<String>,
    pub(crate) dimensions: Option<u64>,
    /// As base64 of little-endian floats instead of numbers.
    pub(crate) base64: bool,
    /// A request for one vector, not for a list of them.
    pub(crate) single: bool,
}

/// One vendor's protocol.
pub(crate) trait Protocol: Sync {
    /// The key that the request carries.
    fn key(&self, call: &Call<'_>) -> Option<String>;
    /// Whether the headers let the request in.
    fn admit(&self, call: &Call<'_>) -> Result<(), Problem>;
    /// Top-level fields that the protocol knows.
    fn fields(&self, operation: Operation) -> &'static [&'static str];
    /// Reads and checks a chat request.
    fn read_chat(&self, call: &Call<'_>, body: &Map<String, Value>) -> Result<Asked, Problem>;
    /// Writes an answer.
    fn chat(&self, asked: &Asked, answer: &Answer, stamp: Stamp) -> Reply;
    /// The answer to a prompt that the filter blocks, where that is not an error.
    fn blocked(&self, asked: &Asked, stamp: Stamp) -> Option<Reply>;
    /// Reads and checks a request for vectors.
    fn read_embed(&self, call: &Call<'_>, body: &Map<String, Value>) -> Result<Texts, Problem>;
    /// Writes vectors.
    fn embed(&self, texts: &Texts, vectors: &[Vec<f32>], stamp: Stamp) -> Reply;
    /// Writes a list of models.
    fn models(&self, call: &Call<'_>, names: &[&str], stamp: Stamp) -> Reply;
    /// Writes an error.
    fn problem(&self, problem: &Problem, stamp: Stamp) -> Reply;
    /// Writes an error within a stream that has begun; `first` when nothing came before it.
    fn in_band(&self, problem: &Problem, form: Form, first: bool, stamp: Stamp) -> Bytes;
    /// Writes a frame whose JSON is broken.
    fn bad_chunk(&self, form: Form) -> Bytes;
    /// Writes a sign of life, where the protocol has one.
    fn ping(&self) -> Option<Bytes>;
}

impl Vendor {
    /// How it is spoken.
    pub(crate) fn protocol(self) -> &'static dyn Protocol {
        match self {
            Self::OpenAi => &super::openai::OpenAi,
            Self::Anthropic => &super::anthropic::Anthropic,
            Self::Gemini => &super::gemini::Gemini,
            Self::Ollama => &super::ollama::Ollama,
        }
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
        })
    }
}

/// The key after `Bearer`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim().to_owned())
}

/// The value of a header, if it is text.
pub(crate) fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.trim().to_owned())
}

/// Lets any key in but an empty one and the word `wrong`.
pub(crate) fn check_key(key: Option<&str>) -> Result<(), Problem> {
    match key {
        None | Some("") => Err(Problem::new(Class::Auth).with_message("no api key came with the request")),
        Some("wrong") => Err(Problem::new(Class::Auth)),
        Some(_) => Ok(()),
    }
}

/// All words of a content: a string, or a list of parts with `text`.
pub(crate) fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(text_of).collect(),
        Value::Object(part) => part.get("text").and_then(Value::as_str).unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}

/// A list of texts: one string, or several.
pub(crate) fn texts_of(input: Option<&Value>) -> Option<Vec<String>> {
    match input? {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(texts) => texts.iter().map(|text| text.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

/// A list of strings, or a single one.
pub(crate) fn strings(value: Option<&Value>) -> Vec<String> {
    texts_of(value).unwrap_or_default()
}
