//! Texts spoken. The answer is the sound itself.

use std::sync::Arc;

use bytes::Bytes;
use llm_core::{Component, Error, ErrorKind, Media, Origin, SpeechRequest, SpeechResponse};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::media_type;
use crate::dialect::Dialect;
use crate::encoded::{Encoded, Notes};
use crate::json::{Added, Fields, Str, read_request, to_vec, wrong};
use crate::{FAMILY, error};

/// Encodes a request for one target. Every field is in the body or in the warnings.
pub fn encode_request(request: &SpeechRequest, to: &Origin, dialect: &Dialect) -> Result<Encoded, Error> {
    let mut notes = Notes::new(request.on_unsupported);
    let mut keep = |name: &str, path: &'static str, given: bool| {
        if given && dialect.drops(name) {
            notes.unsupported(path, "this vendor does not know it")?;
            return Ok::<_, Error>(false);
        }
        Ok(given)
    };
    let body = Body {
        request,
        instructions: keep("instructions", "instructions", request.instructions.is_some())?,
        format: keep("response_format", "format", request.format.is_some())?,
        speed: keep("speed", "speed", request.speed.is_some())?,
        added: Added::new(&request.ext, to),
    };
    let body = to_vec("encoding the request", &body, 256 + request.input.len())?;
    Ok(Encoded { body, warnings: notes.into_vec() })
}

struct Body<'a> {
    request: &'a SpeechRequest,
    instructions: bool,
    format: bool,
    speed: bool,
    added: Added<'a>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = self.request;
        let mut fields = Fields::new(serializer.serialize_map(None)?, self.added);
        fields.put("model", &request.model)?;
        fields.put("input", &request.input)?;
        fields.put("voice", &request.voice)?;
        fields.put_some("instructions", request.instructions.as_ref().filter(|_| self.instructions))?;
        fields.put_some("response_format", request.format.as_ref().filter(|_| self.format))?;
        fields.put_some("speed", request.speed.filter(|_| self.speed))?;
        fields.end()
    }
}

wire_object! {
    strict struct BodyIn<'a> {
        "model" => model: Option<Str<'a>>,
        "input" => input: Option<Str<'a>>,
        "voice" => voice: Option<Value>,
        "instructions" => instructions: Option<Str<'a>>,
        "response_format" => format: Option<Str<'a>>,
        "speed" => speed: Option<f64>,
    }
    skip: []
    rest: Map<String, Value>
}

/// Reads a client's request. What is wrong with it is an `invalid_request` error that names the field.
pub fn decode_request(body: &[u8]) -> Result<SpeechRequest, Error> {
    let body: BodyIn<'_> = read_request(body)?;
    let Some(input) = body.input else { return Err(wrong("input", "is missing")) };
    let text = |text: Option<Str<'_>>| text.map(|text| text.0.into_owned());
    let mut rest = body.rest;
    let voice = match body.voice {
        Some(Value::String(voice)) => voice,
        // A voice of one's own: `{"id": "voice_…"}`.
        Some(voice @ Value::Object(_)) => {
            let id = voice["id"].as_str().unwrap_or_default().to_owned();
            rest.insert("voice".to_owned(), voice);
            id
        }
        None => String::new(),
        Some(_) => return Err(wrong("voice", "must be a string")),
    };
    let mut request = SpeechRequest::new(text(body.model).unwrap_or_default(), input.0, voice);
    request.instructions = text(body.instructions);
    request.format = text(body.format);
    request.speed = body.speed;
    if !rest.is_empty() {
        request.ext.0.insert(FAMILY.to_owned(), rest);
    }
    Ok(request)
}

/// Takes the sound that was asked for by `request`. An answer that is JSON is an error, classified.
///
/// Vendors report nothing of it: the characters that were spoken are counted, which is what OpenAI's `tts-1` is billed by.
pub fn decode_response(
    body: Bytes,
    content_type: Option<&str>,
    request: &SpeechRequest,
    origin: &Arc<Origin>,
    dialect: &Dialect,
) -> Result<SpeechResponse, Error> {
    let what = "the vendor's sound";
    let said =
        content_type.map(|value| value.split(';').next().unwrap_or_default().trim()).filter(|said| !said.is_empty());
    if said.is_some_and(|said| said.ends_with("json")) {
        let value: Value = serde_json::from_slice(&body).unwrap_or_default();
        let nothing =
            || Error::new(ErrorKind::Malformed, format!("reading {what}: it is json, and no error that is known"));
        return Err(error::in_band(&value, dialect).unwrap_or_else(nothing));
    }
    if body.is_empty() {
        return Err(Error::new(ErrorKind::Malformed, format!("reading {what}: it is empty")));
    }
    let known = said.filter(|said| said.starts_with("audio/"));
    let media_type = known.unwrap_or_else(|| media_type(request.format.as_deref().unwrap_or("mp3")));
    let mut response = SpeechResponse::new(origin.clone(), Media::inline(media_type, body));
    let characters = u64::try_from(request.input.chars().count()).unwrap_or(u64::MAX);
    response.usage = response.usage.with_counted(Component::InputCharacter, characters);
    Ok(response)
}
