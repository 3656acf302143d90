//! From a body in the AWS event stream format to a stream of events.
//!
//! A message becomes a [`Frame`] whose name says what it is: the event's type; `exception:` and the type of an exception;
//! `error:` and the code of an error that has no model of its own, its data then being the plain words of the error.

use bytes::Bytes;
use llm_core::{ChatStream, Error, HttpResponse};

use crate::aws_event_stream::{AwsEventStreamParser, AwsMessage};
use crate::codec::{EventQueue, Frame, StreamDecoder};
use crate::drive::{Decoded, Framing, drive};
use crate::error::FrameError;

/// How the name of a frame begins that is an exception.
pub const EXCEPTION: &str = "exception:";
/// How the name of a frame begins that is an error without a model.
pub const ERROR: &str = "error:";

/// The events of a body in the AWS event stream format.
pub fn aws_event_stream(response: HttpResponse, decoder: impl StreamDecoder) -> ChatStream {
    drive(response.body, AwsEventStreamParser::new(), decoder)
}

/// Gives one message to a decoder.
pub fn decode_message(
    message: AwsMessage<'_>,
    decoder: &mut impl StreamDecoder,
    out: &mut EventQueue,
) -> Result<(), Error> {
    match message.text(":message-type") {
        Some("exception") => {
            let name = format!("{EXCEPTION}{}", message.text(":exception-type").unwrap_or_default());
            decoder.frame(Frame { name: Some(&name), data: message.payload }, out)
        }
        Some("error") => {
            let name = format!("{ERROR}{}", message.text(":error-code").unwrap_or_default());
            let words = message.text(":error-message").unwrap_or_default();
            decoder.frame(Frame { name: Some(&name), data: words.as_bytes() }, out)
        }
        _ => decoder.frame(Frame { name: message.text(":event-type"), data: message.payload }, out),
    }
}

impl Framing for AwsEventStreamParser {
    fn push(&mut self, chunk: Bytes) {
        self.push(chunk);
    }

    fn finish(&mut self) -> Result<(), FrameError> {
        AwsEventStreamParser::finish(self)
    }

    fn decode(&mut self, decoder: &mut impl StreamDecoder, out: &mut EventQueue) -> Result<Decoded, Error> {
        let Some(message) = self.next_message().transpose()? else { return Ok(Decoded::Nothing) };
        decode_message(message, decoder, out)?;
        Ok(Decoded::Frame)
    }
}
