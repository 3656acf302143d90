//! Newline-delimited JSON (Ollama, Cohere v1), parsed incrementally from bytes.
//!
//! A line ends with LF or CRLF. A lone CR is white space inside JSON and ends nothing.

use bytes::Bytes;

use crate::error::{FrameError, FrameLimits};
use crate::lines::{Line, Lines, Step};

/// What a body of newline-delimited JSON consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NdjsonItem<'a> {
    /// One line without its end: a JSON document, not checked.
    Line(&'a [u8]),
    /// A line of nothing but white space: the server says that it is alive.
    Blank,
}

/// An incremental parser: push chunks, take lines, [`finish`](Self::finish) at the end of the body.
///
/// Time is linear in the number of bytes; a line within one chunk is not copied, one that spans chunks is copied once.
///
/// ```
/// use llm_wire::{NdjsonItem, NdjsonParser};
///
/// let mut parser = NdjsonParser::new();
/// parser.push("{\"done\":false}\n{\"done\":true}".into());
/// assert_eq!(parser.next_line(), Some(Ok(NdjsonItem::Line(b"{\"done\":false}"))));
/// assert_eq!(parser.next_line(), None);
/// parser.finish();
/// assert_eq!(parser.next_line(), Some(Ok(NdjsonItem::Line(b"{\"done\":true}"))));
/// ```
#[derive(Debug)]
pub struct NdjsonParser {
    lines: Lines<false>,
    ended: bool,
    failed: bool,
}

impl Default for NdjsonParser {
    fn default() -> Self {
        Self::new()
    }
}

impl NdjsonParser {
    /// A parser with the default limits.
    pub fn new() -> Self {
        Self::with_limits(FrameLimits::default())
    }

    /// A parser with its own limits; here a line is an event, so the smaller of the two caps holds.
    pub fn with_limits(limits: FrameLimits) -> Self {
        Self { lines: Lines::new(limits.line.min(limits.event)), ended: false, failed: false }
    }

    /// Adds the next bytes of the body. Take all lines before the next push, which keeps the parser from queueing chunks.
    pub fn push(&mut self, chunk: Bytes) {
        self.lines.push(chunk);
    }

    /// Says that the body has ended. A last line without its end comes from [`next_line`](Self::next_line).
    pub fn finish(&mut self) {
        self.ended = true;
    }

    /// The next line; `None` means that more bytes are needed, or that all is said after [`finish`](Self::finish) or an error.
    pub fn next_line(&mut self) -> Option<Result<NdjsonItem<'_>, FrameError>> {
        if self.failed {
            return None;
        }
        match self.advance() {
            Ok(line) => line.map(|line| Ok(item(self.lines.bytes(line)))),
            Err(error) => {
                self.failed = true;
                Some(Err(error))
            }
        }
    }

    fn advance(&mut self) -> Result<Option<Line>, FrameError> {
        loop {
            if let Step::Line(line) = self.lines.step()? {
                return Ok(Some(line));
            }
            if !self.lines.next_chunk() {
                return Ok(if self.ended { self.lines.unterminated() } else { None });
            }
        }
    }
}

fn item(line: &[u8]) -> NdjsonItem<'_> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.iter().all(u8::is_ascii_whitespace) { NdjsonItem::Blank } else { NdjsonItem::Line(line) }
}
