//! Server-sent events, parsed incrementally from bytes.
//!
//! Follows the WHATWG rules (HTML standard, section "Server-sent events") with three deliberate differences:
//! - The data is handed out as bytes and never decoded, so a character split over two chunks needs no care and invalid
//!   UTF-8 surfaces where the JSON is parsed.
//! - An event that lacks its blank line at the end of the body is delivered; whether the stream is complete is for the
//!   decoder to say, which knows the vendor's end marker.
//! - A line that starts with `{` where a field is expected opens a bare JSON document: its lines, up to a blank one,
//!   become the data of one event. Gemini can put an error into a running stream that way (python-genai reads for it,
//!   `_iter_response_stream`, 2026-11), and a server that ignores `stream: true` answers so. The standard would drop the
//!   lines, and the error with them.

use std::time::Duration;

use bytes::Bytes;

use crate::error::{FrameError, FrameLimits};
use crate::lines::{Line, Lines, Step};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// One event. It borrows from the parser and lives until the parser is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SseEvent<'a> {
    /// The `event:` field, `None` if there was none or it was empty.
    pub name: Option<&'a str>,
    /// The `data:` lines, joined by line feeds.
    pub data: &'a [u8],
    /// The last `id:` seen so far in the stream.
    pub id: Option<&'a str>,
}

/// What a stream of server-sent events consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SseItem<'a> {
    /// An event.
    Event(SseEvent<'a>),
    /// A comment line (text after the colon): the server says that it is alive.
    Comment(&'a [u8]),
}

/// An incremental parser: push chunks, take items, [`finish`](Self::finish) at the end of the body.
///
/// Time is linear in the number of bytes however they are split.
/// An event within one chunk is not copied, one that spans chunks is copied once; buffers are reused.
///
/// ```
/// use llm_wire::{SseItem, SseParser};
///
/// let mut parser = SseParser::new();
/// parser.push("event: ping\ndata: {}\n\n".into());
/// let Some(Ok(SseItem::Event(event))) = parser.next_item() else { panic!("an event") };
/// assert_eq!((event.name, event.data), (Some("ping"), &b"{}"[..]));
/// assert_eq!(parser.next_item(), None);
/// ```
#[derive(Debug)]
pub struct SseParser {
    lines: Lines<true>,
    event_cap: usize,
    data: Data,
    /// Data of the pending event that had to leave its chunk.
    buffer: Vec<u8>,
    name: String,
    id: String,
    retry: Option<Duration>,
    state: State,
    first_line: bool,
    /// Inside a bare JSON document.
    bare: bool,
    /// The pending event was handed out and goes before the next step.
    delivered: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Ended,
    Failed,
}

/// Where the data of the pending event is.
#[derive(Clone, Copy, Debug)]
enum Data {
    None,
    /// In the current chunk.
    Chunk(Line),
    /// In the buffer, from this position to its end.
    Buffer(usize),
}

enum Found {
    Event,
    Comment(Line),
}

impl Default for SseParser {
    fn default() -> Self {
        Self::new()
    }
}

impl SseParser {
    /// A parser with the default limits.
    pub fn new() -> Self {
        Self::with_limits(FrameLimits::default())
    }

    /// A parser with its own limits.
    pub fn with_limits(limits: FrameLimits) -> Self {
        Self {
            lines: Lines::new(limits.line),
            event_cap: limits.event,
            data: Data::None,
            buffer: Vec::new(),
            name: String::new(),
            id: String::new(),
            retry: None,
            state: State::Open,
            first_line: true,
            bare: false,
            delivered: false,
        }
    }

    /// Adds the next bytes of the body. Take all items before the next push, which keeps the parser from queueing chunks.
    pub fn push(&mut self, chunk: Bytes) {
        self.lines.push(chunk);
    }

    /// Says that the body has ended. What is left, even without its blank line, comes from [`next_item`](Self::next_item).
    pub fn finish(&mut self) {
        if self.state == State::Open {
            self.state = State::Ended;
        }
    }

    /// The next item; `None` means that more bytes are needed, or that all is said after [`finish`](Self::finish) or an error.
    pub fn next_item(&mut self) -> Option<Result<SseItem<'_>, FrameError>> {
        if self.state == State::Failed {
            return None;
        }
        match self.advance() {
            Ok(Some(Found::Event)) => Some(Ok(SseItem::Event(self.event()))),
            Ok(Some(Found::Comment(line))) => Some(Ok(SseItem::Comment(self.lines.bytes(line)))),
            Ok(None) => None,
            Err(error) => {
                self.state = State::Failed;
                Some(Err(error))
            }
        }
    }

    /// The reconnection time the server asked for with `retry:`. No LLM vendor uses it: a stream is not resumed by GET.
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    fn event(&self) -> SseEvent<'_> {
        let data = match self.data {
            Data::None => &[],
            Data::Chunk(line) => self.lines.bytes(line),
            Data::Buffer(start) => self.buffer.get(start..).unwrap_or_default(),
        };
        SseEvent { name: non_empty(&self.name), data, id: non_empty(&self.id) }
    }

    fn advance(&mut self) -> Result<Option<Found>, FrameError> {
        if self.delivered {
            self.delivered = false;
            self.clear();
        }
        loop {
            let line = match self.lines.step()? {
                Step::Line(line) => line,
                Step::Exhausted => {
                    self.keep_data();
                    if self.lines.next_chunk() {
                        continue;
                    }
                    if self.state != State::Ended {
                        return Ok(None);
                    }
                    match self.lines.unterminated() {
                        Some(line) => line,
                        None => return Ok(self.dispatch()),
                    }
                }
            };
            if let Some(found) = self.line(line)? {
                return Ok(Some(found));
            }
        }
    }

    fn line(&mut self, mut line: Line) -> Result<Option<Found>, FrameError> {
        let mut bytes = self.lines.bytes(line);
        if self.first_line {
            self.first_line = false;
            if let Some(stripped) = bytes.strip_prefix(BYTE_ORDER_MARK) {
                bytes = stripped;
                line.start += BYTE_ORDER_MARK.len();
            }
        }
        if bytes.is_empty() {
            return Ok(self.dispatch());
        }
        if bytes.starts_with(b"data:") {
            line.start += value_start(bytes, b"data".len());
            self.add_data(line)?;
            return Ok(None);
        }
        if bytes.starts_with(b":") {
            line.start += value_start(bytes, 0);
            return Ok(Some(Found::Comment(line)));
        }
        if self.bare || (matches!(self.data, Data::None) && bytes.starts_with(b"{")) {
            self.bare = true;
            self.add_data(line)?;
            return Ok(None);
        }
        let colon = memchr::memchr(b':', bytes);
        let field = colon.and_then(|at| bytes.get(..at)).unwrap_or(bytes);
        let value = colon.and_then(|at| bytes.get(value_start(bytes, at)..)).unwrap_or_default();
        match field {
            b"event" => replace_text(&mut self.name, value),
            b"id" if !value.contains(&0) => replace_text(&mut self.id, value),
            b"retry" if value.iter().all(u8::is_ascii_digit) => {
                let digits = std::str::from_utf8(value).ok().and_then(|digits| digits.parse().ok());
                self.retry = digits.map(Duration::from_millis).or(self.retry);
            }
            b"data" => {
                line.start = line.end;
                self.add_data(line)?;
            }
            // "The field is ignored": the standard's rule for every other name.
            _ => {}
        }
        Ok(None)
    }

    /// At a blank line, or at the end. An event without data is none, by the standard.
    fn dispatch(&mut self) -> Option<Found> {
        if matches!(self.data, Data::None) {
            self.clear();
            return None;
        }
        self.delivered = true;
        Some(Found::Event)
    }

    fn clear(&mut self) {
        self.data = Data::None;
        self.name.clear();
        self.bare = false;
    }

    fn add_data(&mut self, line: Line) -> Result<(), FrameError> {
        let held = match self.data {
            Data::None => None,
            Data::Chunk(first) => Some(first.end - first.start),
            Data::Buffer(start) => Some(self.buffer.len() - start),
        };
        let size = held.map_or(0, |held| held + 1) + (line.end - line.start);
        if size > self.event_cap {
            return Err(FrameError::EventTooLarge { cap: self.event_cap });
        }
        if held.is_some() {
            self.keep_data();
            self.buffer.push(b'\n');
            self.buffer.extend_from_slice(self.lines.bytes(line));
        } else if line.carried {
            self.lines.take_carry(&mut self.buffer);
            self.data = Data::Buffer(line.start);
        } else {
            self.data = Data::Chunk(line);
        }
        Ok(())
    }

    /// Copies pending data out of the current chunk, which is about to go or is not where the next line is.
    fn keep_data(&mut self) {
        if let Data::Chunk(line) = self.data {
            self.buffer.clear();
            self.buffer.extend_from_slice(self.lines.bytes(line));
            self.data = Data::Buffer(0);
        }
    }
}

/// Where the value starts in a line whose field name ends at `colon`: one space after the colon belongs to neither.
fn value_start(line: &[u8], colon: usize) -> usize {
    colon + 1 + usize::from(line.get(colon + 1) == Some(&b' '))
}

fn non_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn replace_text(text: &mut String, value: &[u8]) {
    text.clear();
    text.push_str(&String::from_utf8_lossy(value));
}
