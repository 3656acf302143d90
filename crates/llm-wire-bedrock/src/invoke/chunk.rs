//! The chunks of `InvokeModelWithResponseStream`: each is a piece of the publisher's own stream, in base64.

use llm_core::{Error, base64_text};
use llm_wire::aws_event_stream::{ERROR, EXCEPTION};
use llm_wire::json::{Fields, Text, malformed};
use llm_wire::{EventQueue, Frame, StreamDecoder};
use serde::Deserialize;

use super::answer::has_words;
use super::chat_words::chat_chunk;
use crate::error;

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// Anthropic's messages.
    Messages,
    /// OpenAI's chat completions.
    Chat,
    /// Converse's own (Nova).
    Converse,
    /// That of a model that takes one prompt.
    Prompt,
}

/// The field by which the last chunk says that the stream is whole, with the counts of tokens.
pub(super) const METRICS: &str = "amazon-bedrock-invocationMetrics";

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    bytes: Option<Text<'a>>,
}

/// Unpacks chunks for the decoder of the stream in them, which is chosen by the first chunk.
///
/// The stream is whole when the vendor's metrics came, whatever the publisher's own end looks like.
pub struct ChunkDecoder<C> {
    choose: Option<C>,
    inner: Option<Box<dyn StreamDecoder>>,
    shape: Shape,
    /// Some chunk of a chat had counts of tokens.
    counted: bool,
    whole: bool,
}

impl<C: FnOnce(Shape) -> Box<dyn StreamDecoder>> ChunkDecoder<C> {
    /// A decoder that asks `choose` for the decoder of a stream of this form.
    pub fn new(choose: C) -> Self {
        Self { choose: Some(choose), inner: None, shape: Shape::Prompt, counted: false, whole: false }
    }
}

impl<C: FnOnce(Shape) -> Box<dyn StreamDecoder> + Send + 'static> StreamDecoder for ChunkDecoder<C> {
    fn frame(&mut self, frame: Frame<'_>, out: &mut EventQueue) -> Result<(), Error> {
        let name = frame.name.unwrap_or_default();
        if let Some(exception) = name.strip_prefix(EXCEPTION) {
            return Err(error::in_band(exception, frame.data));
        }
        if let Some(code) = name.strip_prefix(ERROR) {
            return Err(error::without_model(code, frame.data));
        }
        let chunk: Chunk<'_> =
            serde_json::from_slice(frame.data).map_err(|error| malformed("a chunk of the stream", &error))?;
        let Some(data) = chunk.bytes.and_then(|Text(text)| base64_text::decode(&text)) else { return Ok(()) };
        self.whole = self.whole || is_last(&data);
        if self.inner.is_none() {
            self.shape = shape(&data);
            self.inner = self.choose.take().map(|choose| choose(self.shape));
        }
        match &mut self.inner {
            Some(inner) if self.shape == Shape::Chat => {
                inner.frame(Frame::data(&chat_chunk(&data, &mut self.counted)), out)
            }
            Some(inner) => inner.frame(Frame::data(&data), out),
            None => Ok(()),
        }
    }

    fn end(&mut self, out: &mut EventQueue) -> Result<(), Error> {
        match &mut self.inner {
            Some(inner) if self.whole => inner.end(out),
            _ => Err(Error::truncated()),
        }
    }

    fn is_done(&self) -> bool {
        self.whole
    }
}

/// Whether a chunk has the metrics: as a field, not as words of the model.
fn is_last(data: &[u8]) -> bool {
    let found = data.windows(METRICS.len()).any(|window| window == METRICS.as_bytes());
    found && serde_json::from_slice::<Fields<'_>>(data).is_ok_and(|fields| fields.has(METRICS))
}

/// The form of a stream, by its first chunk.
fn shape(data: &[u8]) -> Shape {
    let Ok(fields) = serde_json::from_slice::<Fields<'_>>(data) else { return Shape::Prompt };
    if has_words(&fields) {
        Shape::Prompt
    } else if fields.has("choices") {
        Shape::Chat
    } else if super::converse_chunk::EVENTS.iter().any(|event| fields.has(event)) {
        Shape::Converse
    } else if fields.has("type") && !fields.has("completion") {
        Shape::Messages
    } else {
        Shape::Prompt
    }
}
