//! The conversation on its way out.

use std::sync::Arc;

use llm_core::{Error, Executor, Media, MediaData, Message, Part, PartKind, Role, ToolStatus, Warnings, base64_text};
use llm_wire::json::Input;
use serde::Serialize;
use serde_json::Value;

use crate::API;

/// One message.
#[derive(Serialize)]
pub(crate) struct Turn<'a> {
    by: &'static str,
    says: Vec<Said<'a>>,
}

/// One part of a message: `{"text": "…"}`, `{"call": {…}}`.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Said<'a> {
    Text(&'a str),
    Thought(&'a str),
    Image(Image<'a>),
    Call {
        id: &'a str,
        tool: &'a str,
        input: Input<'a>,
    },
    Result {
        of: &'a str,
        text: String,
        failed: bool,
    },
    /// A thing of the vendor's that we do not read, as it came.
    #[serde(untagged)]
    Item(&'a Value),
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Image<'a> {
    Base64 { media_type: &'a str, data: String },
    Url(&'a str),
}

/// The messages in the vendor's form.
pub(crate) fn encode<'a>(messages: &'a [Arc<Message>], warnings: &mut Warnings) -> Result<Vec<Turn<'a>>, Error> {
    messages.iter().map(|message| turn(message, warnings)).collect()
}

fn turn<'a>(message: &'a Message, warnings: &mut Warnings) -> Result<Turn<'a>, Error> {
    let by = match message.role {
        Role::System | Role::Developer => "operator",
        Role::Assistant => "model",
        Role::Tool => "tool",
        _ => "human",
    };
    let fields = [(message.name.is_some(), "messages.name"), (!message.ext.is_empty(), "messages.ext")];
    warnings.unsupported_if(fields, "acme's turns have no such field")?;
    let mut says = Vec::with_capacity(message.content.len());
    for part in &message.content {
        says.extend(said(part, warnings)?);
    }
    Ok(Turn { by, says })
}

/// A part; `None`, and a warning, for what the vendor cannot be told.
fn said<'a>(part: &'a Part, warnings: &mut Warnings) -> Result<Option<Said<'a>>, Error> {
    let fields = [
        (part.cache.is_some(), "messages.cache"),
        (part.cache.is_some_and(|cache| cache.ttl.is_some()), "messages.cache.ttl"),
        (part.signature.is_some(), "messages.signature"),
        (was_run_by_vendor(part), "messages.content.executed_by"),
        (!part.ext.is_empty(), "messages.content.ext"),
    ];
    warnings.unsupported_if(fields, "acme's parts have no such field")?;
    Ok(Some(match &part.kind {
        PartKind::Text { text, .. } | PartKind::Refusal { text } => Said::Text(text),
        PartKind::Reasoning { text, encrypted: None, .. } => Said::Thought(text),
        PartKind::Media(media) => return image(media, warnings),
        PartKind::ToolCall(call) => {
            let input = Input::read(&call.arguments).unwrap_or_else(|| {
                warnings.adapted("messages.content", "a tool call that was cut off is sent without its arguments");
                Input::Empty
            });
            Said::Call { id: &call.id, tool: &call.name, input }
        }
        PartKind::ToolResult(result) => {
            let mut text = String::new();
            for part in &result.content {
                match part.as_text() {
                    Some(words) => text.push_str(words),
                    None => warnings.unsupported("messages.content", "acme's tools answer in words only")?,
                }
            }
            Said::Result { of: &result.call_id, text, failed: result.status != ToolStatus::Ok }
        }
        PartKind::Opaque { kind, data } if kind.split('.').next() == Some(API) => Said::Item(data),
        _ => {
            warnings.unsupported("messages.content", "acme has no such part")?;
            return Ok(None);
        }
    }))
}

fn was_run_by_vendor(part: &Part) -> bool {
    matches!(&part.kind, PartKind::ToolCall(call) if call.executed_by == Executor::Provider)
}

fn image<'a>(media: &'a Media, warnings: &mut Warnings) -> Result<Option<Said<'a>>, Error> {
    let fields =
        [(media.filename.is_some(), "messages.content.filename"), (media.detail.is_some(), "messages.content.detail")];
    warnings.unsupported_if(fields, "acme's images have no such field")?;
    Ok(Some(match &media.data {
        MediaData::Text { text } => Said::Text(text),
        MediaData::Inline { bytes } if media.family() == "image" => {
            Said::Image(Image::Base64 { media_type: &media.media_type, data: base64_text::encode(bytes) })
        }
        MediaData::Url { url } if media.family() == "image" => Said::Image(Image::Url(url)),
        _ => {
            warnings.unsupported("messages.content", "acme takes words and images")?;
            return Ok(None);
        }
    }))
}
