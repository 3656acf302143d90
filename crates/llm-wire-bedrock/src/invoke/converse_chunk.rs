//! Converse's stream inside chunks: the name of an event is the one field of its chunk.

use llm_core::Error;
use llm_wire::json::{Fields, malformed};
use llm_wire::{EventQueue, Frame, StreamDecoder};

use crate::converse::Decoder;

/// The events that a chunk may hold.
pub(super) const EVENTS: [&str; 6] =
    ["contentBlockDelta", "contentBlockStart", "contentBlockStop", "messageStart", "messageStop", "metadata"];

/// Decodes Converse's stream (Nova behind `InvokeModelWithResponseStream`).
pub struct ConverseChunks(Decoder);

impl ConverseChunks {
    /// Unpacks events for a decoder.
    pub fn new(decoder: Decoder) -> Self {
        Self(decoder)
    }
}

impl StreamDecoder for ConverseChunks {
    fn frame(&mut self, frame: Frame<'_>, out: &mut EventQueue) -> Result<(), Error> {
        let mut fields: Fields<'_> =
            serde_json::from_slice(frame.data).map_err(|error| malformed("a chunk of the stream", &error))?;
        for event in EVENTS {
            if let Some(raw) = fields.take(event) {
                self.0.frame(Frame { name: Some(event), data: raw.get().as_bytes() }, out)?;
            }
        }
        Ok(())
    }

    fn end(&mut self, out: &mut EventQueue) -> Result<(), Error> {
        self.0.end(out)
    }

    fn is_done(&self) -> bool {
        self.0.is_done()
    }
}
