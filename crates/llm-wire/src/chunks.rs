//! The body chunks that were pushed and not read yet. Shared by all parsers of this crate.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::Bytes;

/// A queue of chunks with a read position in the first.
///
/// A parser hands out slices of the current chunk, so the chunk stays until the parser asks for the next one.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    current: Bytes,
    position: usize,
    // Filled only by callers that push before the parser has returned `None`; empty and unallocated otherwise.
    queued: VecDeque<Bytes>,
}

impl Chunks {
    pub(crate) fn push(&mut self, chunk: Bytes) {
        if chunk.is_empty() {
        } else if self.current.is_empty() {
            self.current = chunk;
            self.position = 0;
        } else {
            self.queued.push_back(chunk);
        }
    }

    /// The bytes of the current chunk that were not read yet.
    pub(crate) fn rest(&self) -> &[u8] {
        self.current.get(self.position..).unwrap_or_default()
    }

    /// The position of the first unread byte in the current chunk.
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    /// Marks the next `count` bytes of the current chunk as read.
    pub(crate) fn consume(&mut self, count: usize) {
        self.position += count;
    }

    /// A part of the current chunk, read or not.
    pub(crate) fn slice(&self, range: Range<usize>) -> &[u8] {
        self.current.get(range).unwrap_or_default()
    }

    /// Drops the current chunk and goes on to the next; false if there is none.
    pub(crate) fn advance(&mut self) -> bool {
        self.position = 0;
        self.current = self.queued.pop_front().unwrap_or_default();
        !self.current.is_empty()
    }
}
