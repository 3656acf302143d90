//! An answer in a vendor's form, before anything goes wrong with it.

use bytes::Bytes;
use serde_json::Value;

/// One HTTP answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) payload: Payload,
}

/// Its body.
#[derive(Debug)]
pub(crate) enum Payload {
    Whole(Bytes),
    Stream(Vec<Piece>),
}

/// One frame of a stream.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) role: PieceRole,
    pub(crate) bytes: Bytes,
}

/// What a frame is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PieceRole {
    /// It stands before or between content.
    Frame,
    /// Words of text or reasoning, or a part of a tool call's arguments.
    Content,
    /// Why the answer ends and what it cost.
    Tail,
    /// The mark that nothing follows.
    End,
}

impl Reply {
    /// A JSON answer.
    pub(crate) fn json(status: u16, content_type: &str, body: &Value) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self { status, headers, payload: Payload::Whole(body.to_string().into()) }
    }

    /// A streamed answer.
    pub(crate) fn stream(content_type: &str, pieces: Vec<Piece>) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self { status: 200, headers, payload: Payload::Stream(pieces) }
    }

    /// With one more header.
    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl Piece {
    /// A frame.
    pub(crate) fn new(role: PieceRole, bytes: impl Into<Bytes>) -> Self {
        Self { role, bytes: bytes.into() }
    }
}
