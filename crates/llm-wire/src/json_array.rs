//! One JSON array, cut into its elements while it arrives.
//!
//! Gemini's `streamGenerateContent` without `alt=sse` answers with a single pretty-printed array whose elements come one
//! by one. A body that is one object instead (an error, mostly) counts as an array of that object.
//! The splitter looks at brackets and strings only; whether an element is valid JSON is for whoever parses it to say.

use std::ops::Range;

use bytes::Bytes;
use memchr::memchr2;

use crate::chunks::Chunks;
use crate::error::{FrameError, FrameLimits};

const FORMAT: &str = "a json array";

/// An incremental splitter: push chunks, take elements, [`finish`](Self::finish) at the end of the body.
///
/// ```
/// use llm_wire::JsonArrayParser;
///
/// let mut parser = JsonArrayParser::new();
/// parser.push("[{\"text\": \"a]\"},\n 7]".into());
/// assert_eq!(parser.next_element(), Some(Ok(&b"{\"text\": \"a]\"}"[..])));
/// assert_eq!(parser.next_element(), Some(Ok(&b"7"[..])));
/// assert_eq!(parser.next_element(), None);
/// assert_eq!(parser.finish(), Ok(()));
/// ```
#[derive(Debug)]
pub struct JsonArrayParser {
    chunks: Chunks,
    /// The start of an element whose end has not arrived.
    carry: Vec<u8>,
    carry_spent: bool,
    cap: usize,
    state: State,
    /// Open brackets inside the element.
    depth: usize,
    string: InString,
    /// The body is one object.
    single: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    Between,
    Element,
    Done,
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InString {
    No,
    Yes,
    /// After a backslash.
    Escaped,
}

enum Element {
    Chunk(Range<usize>),
    Carry,
}

impl Default for JsonArrayParser {
    fn default() -> Self {
        Self::new()
    }
}

impl JsonArrayParser {
    /// A splitter with the default limits.
    pub fn new() -> Self {
        Self::with_limits(FrameLimits::default())
    }

    /// A splitter with its own cap on elements (`FrameLimits.event`).
    pub fn with_limits(limits: FrameLimits) -> Self {
        Self {
            chunks: Chunks::default(),
            carry: Vec::new(),
            carry_spent: false,
            cap: limits.event,
            state: State::Start,
            depth: 0,
            string: InString::No,
            single: false,
        }
    }

    /// Adds the next bytes of the body. Take all elements before the next push.
    pub fn push(&mut self, chunk: Bytes) {
        self.chunks.push(chunk);
    }

    /// Says that the body has ended: an error if the array is not closed.
    pub fn finish(&self) -> Result<(), FrameError> {
        match self.state {
            State::Done | State::Failed => Ok(()),
            _ => Err(FrameError::Cut { what: FORMAT }),
        }
    }

    /// The next element; `None` means that more bytes are needed, that the array is closed, or that an error was returned.
    pub fn next_element(&mut self) -> Option<Result<&[u8], FrameError>> {
        match self.advance() {
            Ok(None) => None,
            Ok(Some(Element::Chunk(range))) => Some(Ok(self.chunks.slice(range))),
            Ok(Some(Element::Carry)) => Some(Ok(&self.carry)),
            Err(error) => {
                self.state = State::Failed;
                Some(Err(error))
            }
        }
    }

    fn advance(&mut self) -> Result<Option<Element>, FrameError> {
        if self.carry_spent {
            self.carry_spent = false;
            self.carry.clear();
        }
        loop {
            if self.chunks.rest().is_empty() && !self.chunks.advance() {
                return Ok(None);
            }
            match self.state {
                State::Failed => return Ok(None),
                State::Element => {
                    if let Some(element) = self.element()? {
                        return Ok(Some(element));
                    }
                }
                state => self.between(state)?,
            }
        }
    }

    /// Reads up to the next element or the end of the chunk.
    fn between(&mut self, state: State) -> Result<(), FrameError> {
        let rest = self.chunks.rest();
        let Some((blank, byte)) = rest.iter().enumerate().find(|(_, byte)| !byte.is_ascii_whitespace()) else {
            let all = rest.len();
            self.chunks.consume(all);
            return Ok(());
        };
        let (next, read) = match (state, byte) {
            (State::Start, b'[') => (State::Between, 1),
            (State::Start, b'{') => {
                self.single = true;
                (State::Element, 0)
            }
            (State::Start, _) => return Err(malformed("the body is neither an array nor an object")),
            (State::Between, b',') => (State::Between, 1),
            (State::Between, b']') => (State::Done, 1),
            (State::Between, b'}' | b':') => return Err(malformed("brackets do not match")),
            (State::Between, _) => (State::Element, 0),
            _ => return Err(malformed("there are bytes after its end")),
        };
        self.state = next;
        self.chunks.consume(blank + read);
        Ok(())
    }

    /// Reads up to the end of the element or of the chunk.
    fn element(&mut self) -> Result<Option<Element>, FrameError> {
        let rest = self.chunks.rest();
        let mut at = 0;
        let mut ended = false;
        while let Some(tail) = rest.get(at..)
            && let Some(byte) = tail.first()
        {
            match (self.string, byte) {
                (InString::Escaped, _) => self.string = InString::Yes,
                (InString::Yes, _) => match memchr2(b'"', b'\\', tail) {
                    None => {
                        at = rest.len();
                        break;
                    }
                    Some(skipped) => {
                        at += skipped;
                        self.string = if tail.get(skipped) == Some(&b'"') { InString::No } else { InString::Escaped };
                        // A string as element ends with its quote, found again below as end of a scalar.
                    }
                },
                (InString::No, b'"') => self.string = InString::Yes,
                (InString::No, b'{' | b'[') => self.depth += 1,
                (InString::No, b'}' | b']') if self.depth > 0 => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        at += 1;
                        ended = true;
                        break;
                    }
                }
                (InString::No, byte)
                    if self.depth == 0 && (matches!(byte, b',' | b']') || byte.is_ascii_whitespace()) =>
                {
                    ended = true;
                    break;
                }
                _ => {}
            }
            at += 1;
        }
        if self.carry.len().saturating_add(at) > self.cap {
            return Err(FrameError::EventTooLarge { cap: self.cap });
        }
        let start = self.chunks.position();
        let element = if !self.carry.is_empty() || !ended {
            self.carry.extend_from_slice(rest.get(..at).unwrap_or_default());
            Element::Carry
        } else {
            Element::Chunk(start..start + at)
        };
        self.chunks.consume(at);
        if !ended {
            return Ok(None);
        }
        self.carry_spent = matches!(element, Element::Carry);
        self.state = if self.single { State::Done } else { State::Between };
        Ok(Some(element))
    }
}

fn malformed(what: &'static str) -> FrameError {
    FrameError::Malformed { format: FORMAT, what }
}
