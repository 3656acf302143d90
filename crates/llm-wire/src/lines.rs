//! Cuts chunks into lines, in linear time however they are split. Shared by SSE and NDJSON.
//!
//! A line that lies wholly in one chunk is never copied; a line that spans chunks is copied once, into `carry`.

use bytes::Bytes;
use memchr::{memchr, memchr2};

use crate::chunks::Chunks;
use crate::error::FrameError;

/// Where a line is: in the current chunk or in the carry buffer. Valid until the next [`Lines::step`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub(crate) carried: bool,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// What [`Lines::step`] found.
pub(crate) enum Step {
    Line(Line),
    /// The current chunk is used up. Slices of it die with [`Lines::next_chunk`].
    Exhausted,
}

/// The splitter. With `CR` a lone carriage return ends a line too (SSE); without it only a line feed does (NDJSON).
#[derive(Debug)]
pub(crate) struct Lines<const CR: bool> {
    chunks: Chunks,
    carry: Vec<u8>,
    /// `carry` holds a complete line that was handed out and goes before the next step.
    carry_spent: bool,
    /// The last line ended with CR: a LF that follows, perhaps in the next chunk, belongs to it.
    skip_lf: bool,
    cap: usize,
}

impl<const CR: bool> Lines<CR> {
    pub(crate) fn new(cap: usize) -> Self {
        Self { chunks: Chunks::default(), carry: Vec::new(), carry_spent: false, skip_lf: false, cap }
    }

    pub(crate) fn push(&mut self, chunk: Bytes) {
        self.chunks.push(chunk);
    }

    pub(crate) fn step(&mut self) -> Result<Step, FrameError> {
        if self.carry_spent {
            self.carry.clear();
            self.carry_spent = false;
        }
        if self.skip_lf
            && let Some(first) = self.chunks.rest().first()
        {
            let is_lf = *first == b'\n';
            self.skip_lf = false;
            self.chunks.consume(usize::from(is_lf));
        }
        let rest = self.chunks.rest();
        let found = if CR { memchr2(b'\n', b'\r', rest) } else { memchr(b'\n', rest) };
        let length = found.unwrap_or(rest.len());
        if self.carry.len().saturating_add(length) > self.cap {
            return Err(FrameError::LineTooLong { cap: self.cap });
        }
        if found.is_none() {
            self.carry.extend_from_slice(rest);
            self.chunks.consume(length);
            return Ok(Step::Exhausted);
        }
        self.skip_lf = CR && rest.get(length) == Some(&b'\r');
        let start = self.chunks.position();
        let line = if self.carry.is_empty() {
            Line { carried: false, start, end: start + length }
        } else {
            self.carry.extend_from_slice(rest.get(..length).unwrap_or_default());
            self.carry_spent = true;
            Line { carried: true, start: 0, end: self.carry.len() }
        };
        self.chunks.consume(length + 1);
        Ok(Step::Line(line))
    }

    pub(crate) fn next_chunk(&mut self) -> bool {
        self.chunks.advance()
    }

    /// At the end of the body: the last line, if it has no end.
    pub(crate) fn unterminated(&mut self) -> Option<Line> {
        if self.carry_spent || self.carry.is_empty() {
            return None;
        }
        self.carry_spent = true;
        Some(Line { carried: true, start: 0, end: self.carry.len() })
    }

    pub(crate) fn bytes(&self, line: Line) -> &[u8] {
        if line.carried {
            self.carry.get(line.start..line.end).unwrap_or_default()
        } else {
            self.chunks.slice(line.start..line.end)
        }
    }

    /// Moves the carried line into `buffer` without copying; its bytes keep their positions.
    pub(crate) fn take_carry(&mut self, buffer: &mut Vec<u8>) {
        buffer.clear();
        std::mem::swap(&mut self.carry, buffer);
        self.carry_spent = false;
    }
}
