//! A body that is either server-sent events or one JSON array, told apart by its first byte: content types lie.
//!
//! Gemini streams as an array when it is not asked for events (`alt=sse`), and proxies drop that parameter.

use bytes::Bytes;
use llm_core::{ChatStream, Error, HttpResponse};

use crate::codec::{EventQueue, StreamDecoder};
use crate::drive::{Decoded, Framing, drive};
use crate::error::FrameError;
use crate::json_array::JsonArrayParser;
use crate::sse::SseParser;

/// The events of a body of server-sent events, or of one JSON array with an element a frame.
pub fn sse_or_json_array_stream(response: HttpResponse, decoder: impl StreamDecoder) -> ChatStream {
    drive(response.body, Sniffed::Unknown, decoder)
}

enum Sniffed {
    Unknown,
    Events(SseParser),
    Array(JsonArrayParser),
}

impl Framing for Sniffed {
    fn push(&mut self, mut chunk: Bytes) {
        if matches!(self, Self::Unknown) {
            // Blanks before the first frame mean nothing in either form, whichever chunk they come in.
            let blank = chunk.len() - chunk.trim_ascii_start().len();
            chunk = chunk.split_off(blank);
            match chunk.first() {
                None => return,
                Some(b'[') => *self = Self::Array(JsonArrayParser::new()),
                Some(_) => *self = Self::Events(SseParser::new()),
            }
        }
        match self {
            Self::Unknown => {}
            Self::Events(parser) => Framing::push(parser, chunk),
            Self::Array(parser) => Framing::push(parser, chunk),
        }
    }

    fn finish(&mut self) -> Result<(), FrameError> {
        match self {
            Self::Unknown => Ok(()),
            Self::Events(parser) => Framing::finish(parser),
            Self::Array(parser) => Framing::finish(parser),
        }
    }

    fn decode(&mut self, decoder: &mut impl StreamDecoder, out: &mut EventQueue) -> Result<Decoded, Error> {
        match self {
            Self::Unknown => Ok(Decoded::Nothing),
            Self::Events(parser) => parser.decode(decoder, out),
            Self::Array(parser) => parser.decode(decoder, out),
        }
    }
}
