//! From the body of a response to a stream of events: the shell around a vendor's decoder.
//!
//! It pulls chunks, cuts them into frames, lets the decoder turn frames into events, and yields these one by one.
//! It has no task, no timer and no lock: dropping the stream drops the body, which ends the exchange.
//! Per frame it allocates nothing; what an event holds is the decoder's affair.
//!
//! A frame that is no JSON, alone in the middle of a stream, is passed over: proxies and relays put such into streams that
//! are whole otherwise, and an error would take an answer away that the caller has half of. Before any content it stays
//! an error, because another target can then still answer; so do several in a row, and one among the arguments of a tool
//! call, where a hole would change what a program does.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use llm_core::{Body, ChatStream, Error, ErrorKind, Event, HttpResponse, Progress, TimeoutStage};

use crate::codec::{EventQueue, Frame, StreamDecoder};
use crate::error::FrameError;
use crate::json_array::JsonArrayParser;
use crate::ndjson::{NdjsonItem, NdjsonParser};
use crate::sse::{SseItem, SseParser};

/// Bytes behind the vendor's end marker that are read to keep the connection usable, not more.
const LONGEST_EPILOGUE: usize = 64 * 1024;
/// Frames without JSON that one stream may hold.
const MOST_BROKEN: u8 = 3;

/// The kind of the [`Event::Unknown`] that stands where a frame without JSON was passed over.
pub const BROKEN_FRAME: &str = "broken_frame";

/// The events of a body of server-sent events. Comments become [`Event::Ping`].
///
/// ```
/// use llm_core::{ChatStream, Error, Event, HttpResponse};
/// use llm_wire::{EventQueue, Frame, StreamDecoder, drive::sse_stream};
///
/// /// Knows one kind of frame and no end marker, so every stream of it is truncated.
/// struct Pings;
///
/// impl StreamDecoder for Pings {
///     fn frame(&mut self, _frame: Frame<'_>, out: &mut EventQueue) -> Result<(), Error> {
///         out.push(Event::Ping);
///         Ok(())
///     }
///     fn end(&mut self, _out: &mut EventQueue) -> Result<(), Error> {
///         Err(Error::truncated())
///     }
/// }
///
/// fn events(response: HttpResponse) -> ChatStream {
///     sse_stream(response, Pings)
/// }
/// ```
pub fn sse_stream(response: HttpResponse, decoder: impl StreamDecoder) -> ChatStream {
    drive(response.body, SseParser::new(), decoder)
}

/// The events of a body of newline-delimited JSON. Blank lines become [`Event::Ping`].
pub fn ndjson_stream(response: HttpResponse, decoder: impl StreamDecoder) -> ChatStream {
    drive(response.body, NdjsonParser::new(), decoder)
}

/// The events of a body that is one JSON array, an element a frame.
pub fn json_array_stream(response: HttpResponse, decoder: impl StreamDecoder) -> ChatStream {
    drive(response.body, JsonArrayParser::new(), decoder)
}

pub(crate) fn drive<F: Framing, D: StreamDecoder>(body: Body, framing: F, decoder: D) -> ChatStream {
    ChatStream::new(Driven {
        body: Some(body),
        framing,
        decoder,
        events: EventQueue::default(),
        state: State::Open,
        committed: false,
        in_arguments: false,
        broken: 0,
        after_broken: false,
    })
}

/// A parser, as far as the shell needs one.
pub(crate) trait Framing: Send + 'static {
    fn push(&mut self, chunk: Bytes);
    fn finish(&mut self) -> Result<(), FrameError>;
    /// Gives the next frame to the decoder.
    fn decode(&mut self, decoder: &mut impl StreamDecoder, out: &mut EventQueue) -> Result<Decoded, Error>;
}

/// What became of the next frame.
pub(crate) enum Decoded {
    /// There is none yet.
    Nothing,
    /// The decoder took it, or it was a sign of life.
    Frame,
    /// It is no JSON, and the decoder refused it with this error; where it ends is known, so the next one can be read.
    Broken(Error),
}

/// Gives a frame of text to the decoder.
fn text_frame(frame: Frame<'_>, decoder: &mut impl StreamDecoder, out: &mut EventQueue) -> Result<Decoded, Error> {
    match decoder.frame(frame, out) {
        Ok(()) => Ok(Decoded::Frame),
        Err(error) if error.kind() == ErrorKind::Malformed && !is_json(frame.data) => Ok(Decoded::Broken(error)),
        Err(error) => Err(error),
    }
}

fn is_json(data: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(data).is_ok()
}

struct Driven<F, D> {
    body: Option<Body>,
    framing: F,
    decoder: D,
    events: EventQueue,
    state: State,
    /// Content went to the caller.
    committed: bool,
    /// The last content was of a tool call's arguments.
    in_arguments: bool,
    /// Frames without JSON that were passed over.
    broken: u8,
    /// The last frame was one.
    after_broken: bool,
}

enum State {
    /// The body goes on.
    Open,
    /// The body has ended; frames without their end may be left.
    Ended,
    /// The decoder has said its last word.
    Finished,
    /// The error comes after the events before it.
    Failed(Error),
    /// Nothing comes any more.
    Done,
}

// Nothing in it is ever pinned.
impl<F, D> Unpin for Driven<F, D> {}

impl<F: Framing, D: StreamDecoder> Stream for Driven<F, D> {
    type Item = Result<Event, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(event) = this.events.pop() {
                if event.is_content() {
                    this.committed = true;
                    this.in_arguments = matches!(event, Event::ArgumentsDelta { .. });
                }
                if matches!(event, Event::Finish(_)) && !matches!(this.state, State::Failed(_)) {
                    this.state = State::Finished;
                }
                return Poll::Ready(Some(Ok(event)));
            }
            match std::mem::replace(&mut this.state, State::Done) {
                State::Done => return Poll::Ready(None),
                State::Failed(error) => {
                    this.body = None;
                    let error = if this.committed { error.with_progress(Progress::Committed) } else { error };
                    return Poll::Ready(Some(Err(error)));
                }
                State::Finished => {
                    this.read_epilogue(cx);
                    return Poll::Ready(None);
                }
                State::Ended => match this.framing.decode(&mut this.decoder, &mut this.events) {
                    Ok(Decoded::Frame) => this.state = State::Ended,
                    Ok(Decoded::Nothing) => this.end(None),
                    // A frame that the end of the body cut is no fault of the vendor's JSON.
                    Ok(Decoded::Broken(error)) => this.fail(Error::truncated().with_source(error)),
                    Err(error) if error.kind() == ErrorKind::Malformed => {
                        this.fail(Error::truncated().with_source(error));
                    }
                    Err(error) => this.fail(error),
                },
                State::Open => {
                    this.state = State::Open;
                    match this.framing.decode(&mut this.decoder, &mut this.events) {
                        Ok(Decoded::Frame) => {
                            this.after_broken = false;
                            if this.decoder.is_done() && !this.events.holds_finish() {
                                this.end(None);
                            }
                        }
                        Ok(Decoded::Nothing) => {
                            let chunk = ready!(poll_body(&mut this.body, cx));
                            this.read(chunk);
                        }
                        Ok(Decoded::Broken(error)) => this.pass_over(error),
                        Err(error) => this.fail(error),
                    }
                }
            }
        }
    }
}

impl<F: Framing, D: StreamDecoder> Driven<F, D> {
    fn read(&mut self, chunk: Option<Result<Bytes, Error>>) {
        match chunk {
            Some(Ok(chunk)) => self.framing.push(chunk),
            Some(Err(error)) => self.broken(error),
            None => {
                self.body = None;
                match self.framing.finish() {
                    Ok(()) => self.state = State::Ended,
                    Err(error) => self.fail(error.into()),
                }
            }
        }
    }

    /// The connection failed. If the vendor had said all, that takes nothing away: some servers close without the last,
    /// empty chunk of HTTP/1.1, some leave the connection open until a timer runs out.
    fn broken(&mut self, error: Error) {
        self.body = None;
        match error.kind() {
            ErrorKind::Network
            | ErrorKind::Truncated
            | ErrorKind::Timeout(TimeoutStage::Idle | TimeoutStage::Progress) => {
                self.end(Some(error));
            }
            _ => self.fail(error),
        }
    }

    fn end(&mut self, broken: Option<Error>) {
        let before = self.events.len();
        match self.decoder.end(&mut self.events) {
            // A decoder that ends without a finish would pass a cut-off answer for a whole one.
            Ok(()) if !self.events.holds_finish() => {
                self.fail(broken.unwrap_or_else(Error::truncated));
            }
            Ok(()) => self.state = State::Finished,
            Err(error) => {
                if broken.is_some() {
                    self.events.truncate(before);
                }
                self.fail(broken.unwrap_or(error));
            }
        }
    }

    /// Goes on behind a frame without JSON, where that is better than the error.
    fn pass_over(&mut self, error: Error) {
        if !self.committed || self.in_arguments || self.after_broken || self.broken == MOST_BROKEN {
            return self.fail(error);
        }
        self.broken += 1;
        self.after_broken = true;
        self.events.push(Event::Unknown { kind: BROKEN_FRAME.to_owned(), data: error.message().into() });
    }

    fn fail(&mut self, error: Error) {
        self.state = State::Failed(error);
    }

    /// Takes what already stands behind the end marker, without waiting: an HTTP/1.1 connection whose body was read to
    /// its end can be used again.
    fn read_epilogue(&mut self, cx: &mut Context<'_>) {
        let mut read = 0;
        while let Poll::Ready(Some(Ok(chunk))) = poll_body(&mut self.body, cx) {
            read += chunk.len();
            if read > LONGEST_EPILOGUE {
                break;
            }
        }
        self.body = None;
    }
}

fn poll_body(body: &mut Option<Body>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
    match body {
        Some(body) => Pin::new(body).poll_next(cx),
        None => Poll::Ready(None),
    }
}

impl Framing for SseParser {
    fn push(&mut self, chunk: Bytes) {
        self.push(chunk);
    }

    fn finish(&mut self) -> Result<(), FrameError> {
        self.finish();
        Ok(())
    }

    fn decode(&mut self, decoder: &mut impl StreamDecoder, out: &mut EventQueue) -> Result<Decoded, Error> {
        let Some(item) = self.next_item().transpose()? else { return Ok(Decoded::Nothing) };
        match item {
            SseItem::Event(event) => text_frame(Frame { name: event.name, data: event.data }, decoder, out),
            SseItem::Comment(_) => {
                out.push(Event::Ping);
                Ok(Decoded::Frame)
            }
        }
    }
}

impl Framing for NdjsonParser {
    fn push(&mut self, chunk: Bytes) {
        self.push(chunk);
    }

    fn finish(&mut self) -> Result<(), FrameError> {
        self.finish();
        Ok(())
    }

    fn decode(&mut self, decoder: &mut impl StreamDecoder, out: &mut EventQueue) -> Result<Decoded, Error> {
        let Some(item) = self.next_line().transpose()? else { return Ok(Decoded::Nothing) };
        match item {
            NdjsonItem::Line(data) => text_frame(Frame { name: None, data }, decoder, out),
            NdjsonItem::Blank => {
                out.push(Event::Ping);
                Ok(Decoded::Frame)
            }
        }
    }
}

impl Framing for JsonArrayParser {
    fn push(&mut self, chunk: Bytes) {
        self.push(chunk);
    }

    fn finish(&mut self) -> Result<(), FrameError> {
        JsonArrayParser::finish(self)
    }

    fn decode(&mut self, decoder: &mut impl StreamDecoder, out: &mut EventQueue) -> Result<Decoded, Error> {
        let Some(data) = self.next_element().transpose()? else { return Ok(Decoded::Nothing) };
        decoder.frame(Frame { name: None, data }, out)?;
        Ok(Decoded::Frame)
    }
}
