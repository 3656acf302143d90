//! What answers and streams have in common: reading tool calls, and writing an answer's JSON.

use std::borrow::Cow;

use bytes::Bytes;
use llm_core::{Extensions, Finish, Part, PartKind, ToolCall, Usage, base64_text};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::usage::Metrics;
use crate::wire::Call;
use crate::{API, finish, json, merge, timestamp};

/// A tool call, and what the server said of it that Loquat has no field for. `number` counts calls of the answer.
pub(super) fn decode_call(call: Call<'_>, number: usize) -> (ToolCall, Extensions) {
    let (arguments, truncated) = call.function.arguments();
    let id = call.id.some().map_or_else(|| format!("call_{number}"), Cow::into_owned);
    let name = call.function.name.as_str().to_owned();
    let mut ext = Extensions::default();
    if !call.rest.is_empty() {
        ext.of_mut(API).extend(call.rest);
    }
    (ToolCall { id, name, arguments, truncated, ..ToolCall::default() }, ext)
}

/// A whole answer, or one line of a stream.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    pub(super) model: &'a str,
    pub(super) created_at: &'a str,
    pub(super) message: Said<'a>,
    pub(super) done: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) done_reason: Option<&'a str>,
    #[serde(flatten)]
    pub(super) metrics: Option<Metrics>,
}

#[derive(Default, Serialize)]
pub(super) struct Said<'a> {
    pub(super) role: Assistant,
    pub(super) content: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) thinking: Cow<'a, str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) images: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_calls: Vec<SaidCall<'a>>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Assistant {
    #[default]
    Assistant,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum SaidCall<'a> {
    Plain(PlainCall<'a>),
    Merged(Map<String, Value>),
}

#[derive(Serialize)]
pub(super) struct PlainCall<'a> {
    id: &'a str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    index: usize,
    name: &'a str,
    arguments: Cow<'a, RawValue>,
}

impl<'a> Said<'a> {
    /// Adds a part. What the protocol has no form for is left out: signatures, sources, vendors' own items, and calls
    /// that were cut off, which a client could not tell from whole ones.
    pub(super) fn add(&mut self, part: &'a Part) {
        match &part.kind {
            PartKind::Text { text, .. } | PartKind::Refusal { text } => append(&mut self.content, text),
            PartKind::Reasoning { text, .. } => append(&mut self.thinking, text),
            PartKind::ToolCall(call) => self.add_call(call, &part.ext),
            PartKind::Media(media) => {
                if let llm_core::MediaData::Inline { bytes } = &media.data {
                    self.add_image(bytes);
                }
            }
            _ => {}
        }
    }

    pub(super) fn add_image(&mut self, bytes: &Bytes) {
        self.images.push(base64_text::encode(bytes));
    }

    pub(super) fn add_call(&mut self, call: &'a ToolCall, ext: &Extensions) {
        self.add_call_number(call, ext, self.tool_calls.len());
    }

    /// Adds a call with its number in the whole answer.
    pub(super) fn add_call_number(&mut self, call: &'a ToolCall, ext: &Extensions, index: usize) {
        let Some(arguments) = json::object(&call.arguments).filter(|_| !call.truncated) else { return };
        let function = Function { index, name: &call.name, arguments: json::one_line(arguments) };
        let plain = PlainCall { id: &call.id, function };
        self.tool_calls.push(match ext.of(API).map(|rest| (rest, json::to_object("encoding a call", &plain))) {
            Some((rest, Ok(mut object))) => {
                merge::merge(&mut object, rest);
                SaidCall::Merged(object)
            }
            _ => SaidCall::Plain(plain),
        });
    }
}

/// The last line of an answer: everything that is known only at its end.
pub(super) fn last_line<'a>(
    model: &'a str,
    created_at: &'a str,
    message: Said<'a>,
    finish: &'a Finish,
    usage: &Usage,
) -> Line<'a> {
    let metrics = Some(Metrics::encode(usage));
    Line { model, created_at, message, done: true, done_reason: finish::encode(finish), metrics }
}

/// Writes a line with what the server itself said beside it: entries of `ext` under `ollama`, those under `message`
/// inside the message.
pub(super) fn write(line: &Line<'_>, ext: &Extensions, out: &mut Vec<u8>) {
    let plain = |out: &mut Vec<u8>| {
        // Writing to a vector cannot fail, and every map here has text keys.
        let _ = serde_json::to_writer(out, line);
    };
    let Some(rest) = ext.of(API) else { return plain(out) };
    let Ok(mut object) = json::to_object("encoding an answer", line) else { return plain(out) };
    for (name, value) in rest {
        match (object.get_mut(name), value) {
            (Some(Value::Object(message)), Value::Object(more)) if name == "message" => {
                message.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            _ => {
                object.insert(name.clone(), value.clone());
            }
        }
    }
    let _ = serde_json::to_writer(out, &object);
}

/// `created_at` of an answer; a client reads it as a time, so there must be one.
pub(super) fn created_at(created: Option<u64>) -> String {
    timestamp::format(created.unwrap_or(0))
}

fn append<'a>(content: &mut Cow<'a, str>, text: &'a str) {
    if content.is_empty() { *content = Cow::Borrowed(text) } else { content.to_mut().push_str(text) }
}
