//! What a wire crate implements: a decoder of streamed frames, an encoder of streamed events, a reader of error answers.

use std::collections::VecDeque;
use std::time::SystemTime;

use bytes::Bytes;
use http::HeaderMap;
use llm_core::{Error, ErrorKind, Event};

use crate::retry_hint::RetryHint;

/// One frame of a streamed answer: a server-sent event, or a line of NDJSON (then without a name).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The `event:` field of a server-sent event.
    pub name: Option<&'a str>,
    /// The payload.
    pub data: &'a [u8],
}

impl<'a> Frame<'a> {
    /// A frame without a name.
    pub fn data(data: &'a [u8]) -> Self {
        Self { name: None, data }
    }
}

/// Events that a decoder has made and nobody has taken yet.
#[derive(Debug, Default)]
pub struct EventQueue(VecDeque<Event>);

impl EventQueue {
    /// Adds an event at the end.
    pub fn push(&mut self, event: Event) {
        self.0.push_back(event);
    }

    /// Takes the oldest event.
    pub fn pop(&mut self) -> Option<Event> {
        self.0.pop_front()
    }

    /// True if the end of the answer waits in it.
    pub(crate) fn holds_finish(&self) -> bool {
        self.0.iter().any(|event| matches!(event, Event::Finish(_)))
    }

    /// Drops the newest events beyond this many.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Turns a vendor's frames into events. A pure state machine: no IO, no clock.
pub trait StreamDecoder: Send + 'static {
    /// Reads one frame. After an error the stream is over; events pushed before it are delivered first.
    fn frame(&mut self, frame: Frame<'_>, out: &mut EventQueue) -> Result<(), Error>;

    /// The body has ended. Pushes what is due (`PartEnd`s, `Finish`), or returns [`Error::truncated`] when the vendor's
    /// end marker is missing.
    fn end(&mut self, out: &mut EventQueue) -> Result<(), Error>;

    /// True once the answer is whole and nothing that follows matters; the driver then stops reading.
    /// The default reads to the end of the body, because many vendors send usage after the finish.
    fn is_done(&self) -> bool {
        false
    }
}

/// Turns events into a vendor's frames, for a server that speaks the vendor's protocol. A pure state machine.
pub trait StreamEncoder: Send + 'static {
    /// Writes the bytes of one event to `out`, framing included; nothing for events the protocol has no form for.
    fn event(&mut self, event: &Event, out: &mut Vec<u8>);

    /// Writes the protocol's form of an error inside a running stream. Nothing may follow it, no end marker either.
    fn error(&mut self, error: &Error, out: &mut Vec<u8>);
}

/// A whole answer with an HTTP status of 400 or more, as a wire crate classifies it.
#[derive(Debug)]
pub struct ErrorResponse {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, cut at 64 KiB.
    pub body: Bytes,
    /// When it came, by this machine's clock.
    pub received_at: Option<SystemTime>,
}

impl ErrorResponse {
    /// The error with the vendor's words and all that the headers say: status, wait, request id, `x-should-retry`.
    ///
    /// An empty `message` is replaced by one that names the status.
    pub fn error(&self, kind: ErrorKind, message: &str) -> Error {
        let error = match message.trim() {
            "" => Error::new(kind, format!("the vendor answered with status {} and said nothing", self.status)),
            message => Error::upstream(kind, message),
        };
        let hint = RetryHint::read(self.status, &self.headers, self.received_at);
        error
            .with_status(self.status)
            .with_retry_after(hint.retry_after)
            .with_should_retry(hint.should_retry)
            .with_request_id(request_id(&self.headers))
    }

    /// The body as text, for vendors that answer with plain words; at most 500 characters of it.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).trim().chars().take(500).collect()
    }
}

/// The vendor's id of an HTTP request: `x-request-id` (OpenAI and most), `request-id` (Anthropic), `x-amzn-requestid`
/// (AWS), `apim-request-id` (Azure).
pub fn request_id(headers: &HeaderMap) -> Option<String> {
    let value = headers
        .get("x-request-id")
        .or_else(|| headers.get("request-id"))
        .or_else(|| headers.get("x-amzn-requestid"))
        .or_else(|| headers.get("apim-request-id"))?;
    value.to_str().ok().map(str::to_owned)
}
