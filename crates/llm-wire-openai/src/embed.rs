//! Embeddings, both ways.

use std::sync::Arc;

use llm_core::{EmbedRequest, EmbedResponse, Error, ErrorKind, Origin, base64_text};
use llm_wire::json::malformed;
use serde::de::{Deserialize, Deserializer};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::FAMILY;
use crate::dialect::{Dialect, EmbedEncoding, EmbedForm};
use crate::embed_input::InputIn;
use crate::encoded::{Encoded, Notes};
use crate::json::{Added, Fields, Ignored, Items, Loose, Number, Place, Raw, Str, is_empty, parse, to_vec};
use crate::{error, usage};

/// Encodes a request for one target. Every field is in the body or in the warnings.
pub fn encode_request(request: &EmbedRequest, to: &Origin, dialect: &Dialect) -> Result<Encoded, Error> {
    let mut notes = Notes::new(request.on_unsupported);
    let added = Added::new(&request.ext, to);
    let task = match (request.task.as_deref(), dialect.embed_task) {
        (None, Some((field, query, _))) if dialect.embed_task_required && !added.has(field) => {
            notes.adapted("task", "this vendor must be told what the vectors are for; they are made for queries");
            Some((field, query))
        }
        (None, _) => None,
        (Some("query"), Some((field, query, _))) => Some((field, query)),
        (Some("document"), Some((field, _, document))) => Some((field, document)),
        (Some(word), Some((field, ..))) => Some((field, word)),
        (Some(_), None) => {
            notes.unsupported("task", "this vendor does not ask what the vectors are for")?;
            None
        }
    };
    let dimensions = match (request.dimensions, dialect.embed_dimensions) {
        (Some(_), None) => {
            notes.unsupported("dimensions", "this vendor lets nobody choose")?;
            None
        }
        (asked, field) => asked.zip(field),
    };
    if request.end_user.is_some() && dialect.end_user.is_none() {
        notes.unsupported("end_user", "this vendor takes no end user")?;
    }
    let end_user = request.end_user.as_deref().filter(|_| dialect.end_user.is_some());
    let body =
        Body { request, task, dimensions, form: dialect.embed_form, encoding: dialect.embed_encoding, end_user, added };
    let capacity = 128 + request.inputs.iter().map(|text| text.len() + text.len() / 16 + 8).sum::<usize>();
    Ok(Encoded { body: to_vec("encoding the request", &body, capacity)?, warnings: notes.into_vec() })
}

struct Body<'a> {
    request: &'a EmbedRequest,
    task: Option<(&'static str, &'a str)>,
    dimensions: Option<(u32, &'static str)>,
    form: EmbedForm,
    encoding: EmbedEncoding,
    end_user: Option<&'a str>,
    added: Added<'a>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = Fields::new(serializer.serialize_map(None)?, self.added);
        match self.form {
            EmbedForm::Listed => {
                fields.put("model", &self.request.model)?;
                fields.put("input", &self.request.inputs)?;
            }
            EmbedForm::Features => fields.put("inputs", &self.request.inputs)?,
        }
        if let Some((length, name)) = self.dimensions {
            fields.put(name, &length)?;
        }
        if let Some((name, word)) = self.task {
            fields.put(name, word)?;
        }
        match self.encoding {
            EmbedEncoding::Base64 => fields.put("encoding_format", "base64")?,
            EmbedEncoding::Float => fields.put("encoding_format", "float")?,
            EmbedEncoding::Unsaid => {}
        }
        fields.put_some("user", self.end_user)?;
        fields.end()
    }
}

/// A request, and the form its vectors are wanted in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Decoded {
    /// The request. Its model is empty when the client names none.
    pub request: EmbedRequest,
    /// As base64, which OpenAI's own SDKs ask for unasked.
    pub base64: bool,
}

wire_object! {
    strict struct BodyIn<'a> {
        "model" => model: Option<Str<'a>>,
        "input" => input: Option<InputIn>,
        "dimensions" => dimensions: Option<u32>,
        "encoding_format" => encoding_format: Option<Str<'a>>,
        "user" => user: Option<Str<'a>>,
    }
    skip: []
    rest: Map<String, Value>
}

/// Reads a request of OpenAI's clients. What is wrong with it is an `invalid_request` error that names the field.
///
/// Token numbers in the place of texts mean something to the vendor of their vocabulary only: they go to targets of this
/// protocol as they are, and the request has no texts for any other.
pub fn decode_request(body: &[u8]) -> Result<Decoded, Error> {
    let wrong = |path: &str, what: &str| {
        Error::new(ErrorKind::InvalidRequest, format!("{path} {what}")).with_param(path.to_owned())
    };
    let body: BodyIn<'_> = serde_json::from_slice(body).map_err(|error| match Place::of(&error) {
        Place { path, what } if path.is_empty() => {
            Error::new(ErrorKind::InvalidRequest, format!("the request body {what}"))
        }
        Place { path, what } => wrong(&path, &what),
    })?;
    let mut rest = body.rest;
    let inputs = match body.input {
        None => return Err(wrong("input", "is missing")),
        Some(InputIn::Texts(texts)) if texts.is_empty() => {
            return Err(wrong("input", "is empty: send at least one text"));
        }
        Some(InputIn::Texts(texts)) => texts,
        Some(InputIn::Tokens(tokens)) => {
            rest.insert("input".to_owned(), tokens);
            Vec::new()
        }
    };
    let base64 = match body.encoding_format.as_ref().map(|format| &*format.0) {
        None | Some("float") => false,
        Some("base64") => true,
        Some(_) => return Err(wrong("encoding_format", "must be float or base64")),
    };
    let mut request = EmbedRequest::new(body.model.map(|model| model.0.into_owned()).unwrap_or_default(), inputs);
    request.dimensions = body.dimensions;
    request.end_user = body.user.map(|user| user.0.into_owned());
    if !rest.is_empty() {
        request.ext.0.insert(FAMILY.to_owned(), rest);
    }
    Ok(Decoded { request, base64 })
}

wire_object! {
    lenient struct Answer<'a> {
        "data" => data: Option<Items<Row<'a>>>,
        "model" => model: Loose<'a>,
        "usage" => usage: Option<Raw<'a>>,
        "error" => error: Option<Raw<'a>>,
    }
    skip: []
    rest: Ignored
}

wire_object! {
    lenient struct Row<'a> {
        "embedding" => embedding: Vector,
        "index" => index: Number,
    }
    skip: []
    rest: Ignored
}

/// A vector as numbers, as base64 of little-endian floats, or as a list of one vector (llama.cpp).
#[derive(Debug, Default)]
pub(crate) struct Vector(Option<Vec<f32>>);

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Raw::deserialize(deserializer)?;
        let text = raw.get().trim_start();
        let vector = if text.starts_with('"') {
            crate::json::parse::<Str<'_>>(raw).and_then(|text| floats(&base64_text::decode(&text.0)?))
        } else if text.strip_prefix('[').is_some_and(|inner| inner.trim_start().starts_with('[')) {
            crate::json::parse::<Vec<Vec<f32>>>(raw).and_then(|mut rows| rows.pop().filter(|_| rows.is_empty()))
        } else {
            crate::json::parse(raw)
        };
        Ok(Self(vector))
    }
}

/// Vectors with nothing around them; one text may have one vector or a list of one.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Bare {
    One(Vec<f32>),
    Several(Vec<Vec<f32>>),
}

fn floats(bytes: &[u8]) -> Option<Vec<f32>> {
    let (words, rest) = bytes.as_chunks::<4>();
    rest.is_empty().then(|| words.iter().map(|word| f32::from_le_bytes(*word)).collect())
}

/// Reads the vectors. An error object in the answer is an error, classified.
pub fn decode_response(body: &[u8], origin: &Arc<Origin>, dialect: &Dialect) -> Result<EmbedResponse, Error> {
    let what = "the vendor's embeddings";
    if dialect.embed_form == EmbedForm::Features
        && let Ok(bare) = serde_json::from_slice::<Bare>(body)
    {
        let vectors = match bare {
            Bare::One(vector) => vec![vector],
            Bare::Several(vectors) => vectors,
        };
        return Ok(EmbedResponse::new(origin.clone(), vectors));
    }
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|error| malformed(what, &error))?;
    let data = match answer.data {
        Some(data) if answer.error.is_none_or(is_empty) => data.0,
        _ => {
            let value: Value = serde_json::from_slice(body).unwrap_or_default();
            let nothing = || Error::new(ErrorKind::Malformed, format!("reading {what}: there are none"));
            return Err(error::in_band(&value, dialect).unwrap_or_else(nothing));
        }
    };
    let mut rows = Vec::with_capacity(data.len());
    for (place, row) in data.into_iter().enumerate() {
        let Some(vector) = row.embedding.0 else {
            return Err(Error::new(ErrorKind::Malformed, format!("reading {what}: number {place} is no vector")));
        };
        rows.push((row.index.0.unwrap_or(place as u64), vector));
    }
    rows.sort_by_key(|(index, _)| *index);
    let mut response = EmbedResponse::new(origin.clone(), rows.into_iter().map(|(_, vector)| vector).collect());
    response.model = answer.model.owned();
    response.usage = answer.usage.and_then(|raw| usage::decode(raw, dialect.reasoning_tokens)).unwrap_or_default();
    if response.usage.input.is_none() {
        // Voyage says a total only. There is no output, so it is the input; that it was said so is kept.
        let total = answer.usage.and_then(parse::<Total>).and_then(|said| said.total_tokens);
        response.usage.input = total;
        response.usage.extra.extend(total.map(|total| ("total_tokens".to_owned(), total.into())));
    }
    Ok(response)
}

#[derive(serde::Deserialize)]
struct Total {
    total_tokens: Option<u64>,
}

/// Writes the vectors for OpenAI's clients, as numbers or as base64.
pub fn encode_response(response: &EmbedResponse, base64: bool) -> Vec<u8> {
    #[derive(Serialize)]
    struct Row<'a> {
        object: &'static str,
        index: usize,
        embedding: Shown<'a>,
    }
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Shown<'a> {
        Numbers(&'a [f32]),
        Base64(String),
    }
    #[derive(Serialize)]
    struct Count {
        prompt_tokens: u64,
        total_tokens: u64,
    }
    #[derive(Serialize)]
    struct Answer<'a> {
        object: &'static str,
        data: Vec<Row<'a>>,
        model: &'a str,
        usage: Count,
    }
    let data = response.vectors.iter().enumerate().map(|(index, vector)| {
        let embedding = if base64 {
            let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
            Shown::Base64(base64_text::encode(&bytes))
        } else {
            Shown::Numbers(vector)
        };
        Row { object: "embedding", index, embedding }
    });
    let prompt_tokens = response.usage.input.unwrap_or(0);
    let answer = Answer {
        object: "list",
        data: data.collect(),
        model: response.model.as_deref().unwrap_or(&response.origin.model),
        usage: Count { prompt_tokens, total_tokens: prompt_tokens },
    };
    serde_json::to_vec(&answer).unwrap_or_default()
}
