//! Speech in writing, in its own language or in English.

use std::sync::Arc;

use bytes::Bytes;
use llm_core::{
    Component, Error, ErrorKind, Media, Origin, Spoken, Timestamps, TranscribeRequest, TranscribeResponse, base64_text,
};
use llm_wire::SseParser;
use llm_wire::json::malformed;
use llm_wire::sse::SseItem;
use serde_json::{Map, Value, json};

use super::filename;
use crate::chat::request::decode::AudioIn;
use crate::chat::request::decode::message::{Wrong, sound};
use crate::dialect::{Dialect, TranscriptionForm};
use crate::encoded::{Notes, Payload};
use crate::json::{Added, Str, read_request, to_vec, wrong};
use crate::media::audio_format;
use crate::multipart::{self, Form};
use crate::{FAMILY, counts, error};

/// Encodes a request for one target: a form with the sound, or JSON where the dialect says so.
/// Every field is in the body or in the warnings.
pub fn encode_request(request: &TranscribeRequest, to: &Origin, dialect: &Dialect) -> Result<Payload, Error> {
    let mut notes = Notes::new(request.on_unsupported);
    let Some(bytes) = request.audio.bytes() else {
        let message = "encoding the request: the sound must be inline, this vendor fetches none";
        return Err(Error::new(ErrorKind::Unsupported, message).with_param("audio"));
    };
    let added = Added::new(&request.ext, to);
    let fields = fields(request, dialect, &mut notes)?;
    let given = fields.into_iter().filter(|(name, _)| !added.has(name.trim_end_matches("[]")));
    if dialect.transcription == TranscriptionForm::InputAudio {
        let mut body: Map<String, Value> = given.map(|(name, value)| (name.to_owned(), value)).collect();
        let format = audio_format(&request.audio.media_type);
        body.insert("input_audio".to_owned(), json!({ "data": base64_text::encode(bytes), "format": format }));
        body.extend(added.fields().map(|(name, value)| (name.clone(), value.clone())));
        return Ok(Payload::json(to_vec("encoding the request", &body, bytes.len() * 3 / 2)?, notes.into_vec()));
    }
    let mut form = Form::default();
    let mut put = |name: &str, value: &Value| match value {
        Value::String(text) => form.text(name, text.as_str()),
        other => form.text(name, other.to_string()),
    };
    given.for_each(|(name, value)| put(name, &value));
    added.fields().for_each(|(name, value)| put(name, value));
    let name = request.audio.filename.as_deref().unwrap_or_else(|| filename(&request.audio.media_type));
    form.file("file", name, &request.audio.media_type, bytes);
    Ok(Payload::form(form, notes.into_vec()))
}

fn fields(
    request: &TranscribeRequest,
    dialect: &Dialect,
    notes: &mut Notes,
) -> Result<Vec<(&'static str, Value)>, Error> {
    let mut fields = vec![("model", Value::from(request.model.as_str()))];
    if request.translate && request.language.is_some() {
        notes.unsupported("language", "a translation finds the language by itself")?;
    } else if let Some(language) = &request.language {
        fields.push(("language", language.as_str().into()));
    }
    if let Some(prompt) = &request.prompt {
        if dialect.transcription == TranscriptionForm::Flags {
            notes.unsupported("prompt", "this vendor takes no words before")?;
        } else {
            fields.push(("prompt", prompt.as_str().into()));
        }
    }
    if let Some(temperature) = request.temperature {
        fields.push(("temperature", temperature.into()));
    }
    let times = request.timestamps.iter().map(|times| match times {
        Timestamps::Word => Value::from("word"),
        _ => Value::from("segment"),
    });
    match dialect.transcription {
        TranscriptionForm::Formats => {
            if request.diarize == Some(true) {
                fields.push(("response_format", "diarized_json".into()));
                if !request.timestamps.is_empty() {
                    notes.adapted("timestamps", "who speaks comes with the times of segments");
                }
            } else if request.timestamps.is_empty() {
                fields.push(("response_format", "json".into()));
            } else {
                fields.push(("response_format", "verbose_json".into()));
                fields.extend(times.map(|times| ("timestamp_granularities[]", times)));
            }
        }
        TranscriptionForm::Flags => {
            fields.extend(times.map(|times| ("timestamp_granularities", times)));
            fields.extend(request.diarize.map(|diarize| ("diarize", diarize.into())));
        }
        TranscriptionForm::InputAudio => {
            if !request.timestamps.is_empty() {
                notes.unsupported("timestamps", "this vendor says no times")?;
            }
            if request.diarize == Some(true) {
                notes.unsupported("diarize", "this vendor does not say who speaks")?;
            }
        }
    }
    Ok(fields)
}

/// A client's request, and the form in which it wants the answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Decoded {
    /// The request. Its model is empty when the client names none.
    pub request: TranscribeRequest,
    /// `json`, `verbose_json`, `diarized_json` or `text`.
    pub format: String,
}

wire_object! {
    strict struct BodyIn<'a> {
        "model" => model: Option<Str<'a>>,
        "input_audio" => audio: Option<AudioIn<'a>>,
        "language" => language: Option<Str<'a>>,
        "prompt" => prompt: Option<Str<'a>>,
        "temperature" => temperature: Option<f64>,
        "response_format" => format: Option<Str<'a>>,
    }
    skip: []
    rest: Map<String, Value>
}

/// Reads a client's JSON, the form of OpenRouter. What is wrong with it is an `invalid_request` error that names the field.
pub fn decode_json(body: &[u8]) -> Result<Decoded, Error> {
    let body: BodyIn<'_> = read_request(body)?;
    let audio = sound(body.audio).map_err(|Wrong { path, what }| wrong(path.trim_start_matches('.'), &what))?;
    let text = |text: Option<Str<'_>>| text.map(|text| text.0.into_owned());
    let mut request = TranscribeRequest::new(text(body.model).unwrap_or_default(), audio);
    request.language = text(body.language);
    request.prompt = text(body.prompt);
    request.temperature = body.temperature;
    if !body.rest.is_empty() {
        request.ext.0.insert(FAMILY.to_owned(), body.rest);
    }
    Ok(Decoded { request, format: text(body.format).unwrap_or_else(|| "json".to_owned()) })
}

/// Reads a client's form. What is wrong with it is an `invalid_request` error that names the field.
/// `translate` says that it came where translations are asked for.
pub fn decode_request(content_type: &str, body: &Bytes, translate: bool) -> Result<Decoded, Error> {
    let mut request = TranscribeRequest::new("", Media::inline("audio/*", Bytes::new()));
    request.translate = translate;
    let (mut format, mut has_file) = ("json".to_owned(), false);
    for entry in multipart::read(content_type, body)? {
        match &*entry.name {
            "file" => {
                has_file = true;
                let media_type = entry.media_type.unwrap_or_else(|| "audio/*".to_owned());
                request.audio = Media { filename: entry.filename, ..Media::inline(media_type, entry.content) };
            }
            "model" => entry.text().clone_into(&mut request.model),
            "language" => request.language = Some(entry.text().to_owned()),
            "prompt" => request.prompt = Some(entry.text().to_owned()),
            "temperature" => request.temperature = Some(entry.number("temperature")?),
            "response_format" => entry.text().clone_into(&mut format),
            "diarize" => request.diarize = Some(entry.text() == "true"),
            "timestamp_granularities[]" | "timestamp_granularities" => request.timestamps.push(match entry.text() {
                "word" => Timestamps::Word,
                "segment" => Timestamps::Segment,
                _ => return Err(wrong("timestamp_granularities", "must be word or segment")),
            }),
            name => request.ext.set(FAMILY, name, entry.text()),
        }
    }
    if !has_file {
        return Err(wrong("file", "is missing"));
    }
    match &*format {
        "json" | "text" => {}
        "verbose_json" if request.timestamps.is_empty() => request.timestamps.push(Timestamps::Segment),
        "verbose_json" => {}
        "diarized_json" => request.diarize = Some(true),
        _ => return Err(wrong("response_format", "must be json, text, verbose_json or diarized_json")),
    }
    Ok(Decoded { request, format })
}

/// Reads a transcript: JSON, bare text, or the events of a stream that is over. An error object in it is an error,
/// classified.
pub fn decode_response(
    body: &Bytes,
    content_type: Option<&str>,
    origin: &Arc<Origin>,
    dialect: &Dialect,
) -> Result<TranscribeResponse, Error> {
    let what = "the vendor's transcript";
    let is = |word: &str| content_type.is_some_and(|said| said.contains(word));
    if is("event-stream") {
        return decode_events(body, origin, dialect);
    }
    if is("text/plain") {
        let text = String::from_utf8_lossy(body).trim_end_matches('\n').to_owned();
        return Ok(TranscribeResponse::new(origin.clone(), text));
    }
    let answer: Value = serde_json::from_slice(body).map_err(|error| malformed(what, &error))?;
    transcript(&answer, origin).ok_or_else(|| {
        let nothing = || Error::new(ErrorKind::Malformed, format!("reading {what}: there is none"));
        error::in_band(&answer, dialect).unwrap_or_else(nothing)
    })
}

fn transcript(answer: &Value, origin: &Arc<Origin>) -> Option<TranscribeResponse> {
    let mut response = TranscribeResponse::new(origin.clone(), answer["text"].as_str()?.to_owned());
    response.model = answer["model"].as_str().map(str::to_owned);
    response.language = answer["language"].as_str().map(str::to_owned);
    response.duration = answer["duration"].as_f64();
    response.segments = spoken(&answer["segments"], "text");
    response.words = spoken(&answer["words"], "word");
    response.usage = counts::decode(&answer["usage"]);
    // Before `usage` came (2025) only the length told what is billed.
    if response.usage.says_nothing()
        && let Some(seconds) = counts::seconds(&answer["duration"])
    {
        response.usage = response.usage.with_counted(Component::InputAudioSecond, seconds);
    }
    Some(response)
}

fn spoken(list: &Value, text: &str) -> Vec<Spoken> {
    let one = |item: &Value| {
        let mut spoken = Spoken::new(item[text].as_str()?, item["start"].as_f64()?, item["end"].as_f64()?);
        // OpenAI; Mistral.
        spoken.speaker = item["speaker"].as_str().or_else(|| item["speaker_id"].as_str()).map(str::to_owned);
        Some(spoken)
    };
    list.as_array().into_iter().flatten().filter_map(one).collect()
}

/// The events of a stream: the last one has the whole text, those before it segments.
fn decode_events(body: &Bytes, origin: &Arc<Origin>, dialect: &Dialect) -> Result<TranscribeResponse, Error> {
    let mut parser = SseParser::new();
    parser.push(body.clone());
    parser.finish();
    let (mut segments, mut done) = (Vec::new(), None);
    while let Some(item) = parser.next_item() {
        let Ok(SseItem::Event(event)) = item else { continue };
        let Ok(value) = serde_json::from_slice::<Value>(event.data) else { continue };
        match value["type"].as_str() {
            Some("transcript.text.segment") => segments.push(value),
            Some("transcript.text.done" | "transcription.done") => done = transcript(&value, origin),
            _ => {
                if let Some(error) = error::in_band(&value, dialect) {
                    return Err(error);
                }
            }
        }
    }
    let mut response = done.ok_or_else(Error::truncated)?;
    if response.segments.is_empty() {
        response.segments = spoken(&Value::Array(segments), "text");
    }
    Ok(response)
}

/// Writes a transcript for OpenAI's clients: content type and body.
pub fn encode_response(response: &TranscribeResponse, format: &str) -> (&'static str, Vec<u8>) {
    if format == "text" {
        return ("text/plain; charset=utf-8", format!("{}\n", response.text).into_bytes());
    }
    let list = |list: &[Spoken], text: &str| {
        let one = |(id, spoken): (usize, &Spoken)| {
            let mut item = json!({ text: spoken.text, "start": spoken.start, "end": spoken.end });
            if text == "text" {
                item["id"] = id.into();
            }
            if let Some(speaker) = &spoken.speaker {
                item["speaker"] = speaker.as_str().into();
            }
            item
        };
        list.iter().enumerate().map(one).collect::<Vec<_>>()
    };
    let mut answer = json!({ "text": response.text });
    if format != "json" {
        answer["task"] = "transcribe".into();
        answer["language"] = json!(response.language);
        answer["duration"] = json!(response.duration);
        answer["segments"] = list(&response.segments, "text").into();
        if !response.words.is_empty() {
            answer["words"] = list(&response.words, "word").into();
        }
    }
    if let (Some(input), Some(output)) = (response.usage.input, response.usage.output) {
        answer["usage"] = json!({
            "type": "tokens",
            "input_tokens": input,
            "output_tokens": output,
            "total_tokens": input.saturating_add(output),
        });
    } else if let Some(seconds) = response.usage.counted.get(&Component::InputAudioSecond) {
        answer["usage"] = json!({ "type": "duration", "seconds": seconds });
    }
    ("application/json", serde_json::to_vec(&answer).unwrap_or_default())
}
