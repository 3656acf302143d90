//! AWS event stream (`application/vnd.amazon.eventstream`), parsed incrementally from bytes.
//!
//! One message: total length u32, headers length u32, CRC-32 of these eight bytes, headers, payload, CRC-32 of all before
//! it; big endian (smithy.io, "Amazon Event Stream Specification", read 2026-11). Both checksums are checked.

mod drive;
mod header;

pub use drive::{ERROR, EXCEPTION, aws_event_stream, decode_message};
pub use header::{AwsHeader, AwsHeaderValue, AwsHeaders};

use bytes::Bytes;

use crate::chunks::Chunks;
use crate::error::FrameError;

const FORMAT: &str = "an aws event stream";
const PRELUDE: usize = 12;
const CHECKSUM: usize = 4;
/// AWS's own clients refuse messages above 16 MiB; the cap leaves room above that.
const DEFAULT_CAP: usize = 24 * 1024 * 1024;

/// One message. It borrows from the parser and lives until the parser is asked again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AwsMessage<'a> {
    /// The headers, checked and in order.
    pub headers: AwsHeaders<'a>,
    /// The payload, for Bedrock a JSON document.
    pub payload: &'a [u8],
}

impl<'a> AwsMessage<'a> {
    /// The text of the first header of this name, for example `:event-type`.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.headers.into_iter().find(|header| header.name == name).and_then(|header| match header.value {
            AwsHeaderValue::Text(text) => Some(text),
            _ => None,
        })
    }
}

/// An incremental parser: push chunks, take messages, [`finish`](Self::finish) at the end of the body.
///
/// Time is linear in the number of bytes; a message within one chunk is not copied, one that spans chunks is copied once.
///
/// ```
/// use llm_wire::aws_event_stream::{AwsEventStreamParser, AwsHeaderValue, encode_message};
///
/// let bytes = encode_message(&[(":event-type", AwsHeaderValue::Text("messageStop"))], b"{}")?;
/// let mut parser = AwsEventStreamParser::new();
/// parser.push(bytes.into());
/// let Some(Ok(message)) = parser.next_message() else { panic!("a message") };
/// assert_eq!(message.text(":event-type"), Some("messageStop"));
/// assert_eq!(message.payload, b"{}");
/// # Ok::<(), llm_wire::FrameError>(())
/// ```
#[derive(Debug)]
pub struct AwsEventStreamParser {
    chunks: Chunks,
    /// The start of a message whose end has not arrived.
    carry: Vec<u8>,
    carry_spent: bool,
    cap: usize,
    failed: bool,
}

/// Where a complete message is.
#[derive(Clone, Copy)]
enum Place {
    Chunk { start: usize, end: usize },
    Carry,
}

/// The lengths of a message, from its prelude.
#[derive(Clone, Copy)]
struct Prelude {
    total: usize,
    headers: usize,
}

impl Default for AwsEventStreamParser {
    fn default() -> Self {
        Self::new()
    }
}

impl AwsEventStreamParser {
    /// A parser with the default cap of 24 MiB per message.
    pub fn new() -> Self {
        Self::with_cap(DEFAULT_CAP)
    }

    /// A parser with its own cap on the length of a message.
    pub fn with_cap(cap: usize) -> Self {
        Self { chunks: Chunks::default(), carry: Vec::new(), carry_spent: false, cap, failed: false }
    }

    /// Adds the next bytes of the body. Take all messages before the next push, which keeps the parser from queueing chunks.
    pub fn push(&mut self, chunk: Bytes) {
        self.chunks.push(chunk);
    }

    /// Says that the body has ended: an error if it ended inside a message.
    pub fn finish(&self) -> Result<(), FrameError> {
        let whole = self.failed || self.carry.is_empty() || self.carry_spent;
        if whole { Ok(()) } else { Err(FrameError::Cut { what: "a message" }) }
    }

    /// The next message; `None` means that more bytes are needed, or that an error was returned.
    pub fn next_message(&mut self) -> Option<Result<AwsMessage<'_>, FrameError>> {
        if self.failed {
            return None;
        }
        match self.advance() {
            Ok(None) => None,
            Ok(Some((place, prelude))) => Some(Ok(message(self.bytes(place), prelude))),
            Err(error) => {
                self.failed = true;
                Some(Err(error))
            }
        }
    }

    fn bytes(&self, place: Place) -> &[u8] {
        match place {
            Place::Chunk { start, end } => self.chunks.slice(start..end),
            Place::Carry => &self.carry,
        }
    }

    fn advance(&mut self) -> Result<Option<(Place, Prelude)>, FrameError> {
        if self.carry_spent {
            self.carry_spent = false;
            self.carry.clear();
        }
        loop {
            let rest = self.chunks.rest();
            if rest.is_empty() {
                if self.chunks.advance() {
                    continue;
                }
                return Ok(None);
            }
            if self.carry.is_empty() && rest.len() >= PRELUDE {
                let prelude = self.prelude(rest)?;
                if rest.len() >= prelude.total {
                    let start = self.chunks.position();
                    let place = Place::Chunk { start, end: start + prelude.total };
                    self.chunks.consume(prelude.total);
                    check(self.bytes(place), prelude)?;
                    return Ok(Some((place, prelude)));
                }
            }
            // The message spans chunks. Its prelude first: until its checksum holds, its length means nothing.
            let wanted = if self.carry.len() < PRELUDE { PRELUDE } else { self.prelude(&self.carry)?.total };
            let taken = rest.len().min(wanted - self.carry.len());
            self.carry.extend_from_slice(rest.get(..taken).unwrap_or_default());
            self.chunks.consume(taken);
            if self.carry.len() < PRELUDE {
                continue;
            }
            let prelude = self.prelude(&self.carry)?;
            if self.carry.len() == prelude.total {
                self.carry_spent = true;
                check(&self.carry, prelude)?;
                return Ok(Some((Place::Carry, prelude)));
            }
        }
    }

    fn prelude(&self, bytes: &[u8]) -> Result<Prelude, FrameError> {
        let (Some(total), Some(headers), Some(checksum)) = (word(bytes, 0), word(bytes, 4), word(bytes, 8)) else {
            return Err(malformed("the prelude is incomplete"));
        };
        if crc32fast::hash(bytes.get(..PRELUDE - CHECKSUM).unwrap_or_default()) != checksum {
            return Err(FrameError::Checksum { part: "prelude" });
        }
        let (total, headers) = (total as usize, headers as usize);
        if total > self.cap {
            return Err(FrameError::MessageTooLarge { cap: self.cap, announced: total });
        }
        if total < PRELUDE + CHECKSUM || headers > total - PRELUDE - CHECKSUM {
            return Err(malformed("the lengths in the prelude contradict each other"));
        }
        Ok(Prelude { total, headers })
    }
}

/// Checks a whole message: its checksum and the form of its headers.
fn check(bytes: &[u8], prelude: Prelude) -> Result<(), FrameError> {
    let body = prelude.total - CHECKSUM;
    if word(bytes, body) != Some(crc32fast::hash(bytes.get(..body).unwrap_or_default())) {
        return Err(FrameError::Checksum { part: "message" });
    }
    message(bytes, prelude).headers.check()
}

fn message(bytes: &[u8], prelude: Prelude) -> AwsMessage<'_> {
    let payload = PRELUDE + prelude.headers;
    AwsMessage {
        headers: AwsHeaders::new(bytes.get(PRELUDE..payload).unwrap_or_default()),
        payload: bytes.get(payload..prelude.total - CHECKSUM).unwrap_or_default(),
    }
}

/// Encodes one message with its checksums, for servers that speak this format (emulators, gateways) and for tests.
pub fn encode_message(headers: &[(&str, AwsHeaderValue<'_>)], payload: &[u8]) -> Result<Vec<u8>, FrameError> {
    let mut encoded = Vec::new();
    for (name, value) in headers {
        header::encode(name, *value, &mut encoded)?;
    }
    let too_long = |_| malformed("the message does not fit its length field");
    let headers_length = u32::try_from(encoded.len()).map_err(too_long)?;
    let total = u32::try_from(PRELUDE + encoded.len() + payload.len() + CHECKSUM).map_err(too_long)?;
    let mut bytes = Vec::with_capacity(total as usize);
    bytes.extend_from_slice(&total.to_be_bytes());
    bytes.extend_from_slice(&headers_length.to_be_bytes());
    let checksum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&checksum.to_be_bytes());
    bytes.extend_from_slice(&encoded);
    bytes.extend_from_slice(payload);
    let checksum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&checksum.to_be_bytes());
    Ok(bytes)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_be_bytes(*word))
}

fn malformed(what: &'static str) -> FrameError {
    FrameError::Malformed { format: FORMAT, what }
}
