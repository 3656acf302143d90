//! What can be wrong with the framing of a body, and the caps on it.
//! Knows nothing of vendors or of the payload inside a frame.

use std::fmt;

/// Why a body could not be cut into frames.
///
/// A parser that has returned an error is finished: it returns `None` from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// One line is longer than the cap.
    LineTooLong {
        /// The cap in bytes.
        cap: usize,
    },
    /// One event (or array element) is larger than the cap.
    EventTooLarge {
        /// The cap in bytes.
        cap: usize,
    },
    /// An AWS event stream message announces a length above the cap.
    MessageTooLarge {
        /// The cap in bytes.
        cap: usize,
        /// The announced length in bytes.
        announced: usize,
    },
    /// The CRC-32 of a part of a message is wrong: the bytes were damaged on their way.
    Checksum {
        /// The part that the checksum covers.
        part: &'static str,
    },
    /// The bytes are not this format.
    Malformed {
        /// The format that was expected.
        format: &'static str,
        /// What is wrong.
        what: &'static str,
    },
    /// The body ended inside a frame.
    Cut {
        /// The frame that is not complete.
        what: &'static str,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LineTooLong { cap } => {
                write!(f, "reading a stream: a line exceeds the cap of {cap} bytes (FrameLimits.line)")
            }
            Self::EventTooLarge { cap } => {
                write!(f, "reading a stream: an event exceeds the cap of {cap} bytes (FrameLimits.event)")
            }
            Self::MessageTooLarge { cap, announced } => {
                write!(f, "reading an aws event stream: a message of {announced} bytes exceeds the cap of {cap} bytes")
            }
            Self::Checksum { part } => {
                write!(f, "reading an aws event stream: wrong checksum of the {part}, the bytes were damaged")
            }
            Self::Malformed { format, what } => write!(f, "reading {format}: {what}"),
            Self::Cut { what } => write!(f, "reading a stream: the body ended inside {what}"),
        }
    }
}

impl std::error::Error for FrameError {}

/// Caps on what one frame may hold, so that a hostile or broken server cannot fill the memory.
///
/// ```
/// let limits = llm_wire::FrameLimits::default().with_event(1024 * 1024);
/// assert_eq!(limits.line, 16 * 1024 * 1024);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FrameLimits {
    /// The longest line in bytes, without its end (default 16 MiB).
    pub line: usize,
    /// The most data of one event in bytes, all its `data:` lines together (default 16 MiB).
    pub event: usize,
}

impl FrameLimits {
    /// The same limits with another cap on lines.
    #[must_use]
    pub fn with_line(self, line: usize) -> Self {
        Self { line, ..self }
    }

    /// The same limits with another cap on events.
    #[must_use]
    pub fn with_event(self, event: usize) -> Self {
        Self { event, ..self }
    }
}

impl Default for FrameLimits {
    // Recorded events reach 44 KB (echoed instructions, fetched pages); inline images and audio reach megabytes.
    fn default() -> Self {
        Self { line: 16 * 1024 * 1024, event: 16 * 1024 * 1024 }
    }
}

impl From<FrameError> for llm_core::Error {
    /// A body cut inside a frame is truncated; everything else is malformed.
    fn from(error: FrameError) -> Self {
        let kind = match error {
            FrameError::Cut { .. } => llm_core::ErrorKind::Truncated,
            _ => llm_core::ErrorKind::Malformed,
        };
        Self::new(kind, error.to_string()).with_source(error)
    }
}
