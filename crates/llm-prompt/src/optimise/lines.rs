//! The lines of a text, and which of them are held: fenced code, raw markup, JSON.

use std::ops::Range;

use memchr::memchr;

use super::{json, raw};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// May be changed where nothing in its block speaks against it.
    Open,
    /// Part of its block, and left as it is.
    Fixed,
    /// Fenced code, or a blank line inside of what is held: left as it is, and the end of a block.
    Held,
    /// Nothing but blanks.
    Blank,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) start: usize,
    /// Where its text ends, trailing blanks included.
    pub(super) end: usize,
    /// Where the next one begins; the text's end for the last one.
    pub(super) next: usize,
    pub(super) kind: Kind,
}

impl Line {
    pub(super) fn is_indented(self, text: &str) -> bool {
        matches!(text.as_bytes().get(self.start), Some(b' ' | b'\t'))
    }

    /// Whether a line follows it.
    pub(super) fn is_ended(self) -> bool {
        self.next > self.end
    }
}

/// The lines of a text.
pub(super) struct Lines {
    pub(super) lines: Vec<Line>,
    /// The text ends inside of a fence or of raw markup: what follows it belongs there too.
    pub(super) unclosed: bool,
}

/// Cuts a text into lines; `None` when it cannot be told in reasonable time what is JSON in it.
pub(super) fn lines(text: &str) -> Option<Lines> {
    let mut held = json::find(text)?;
    let raw = raw::find(text);
    let mut unclosed = raw.last().is_some_and(|last| last.end == text.len());
    if !raw.is_empty() {
        held.extend(raw);
        held.sort_unstable_by_key(|range| range.start);
    }
    let bytes = text.as_bytes();
    let (mut lines, mut held, mut past) = (Vec::with_capacity(text.len() / 48 + 4), held.into_iter().peekable(), 0);
    let (mut fence, mut start): (Option<Fence>, usize) = (None, 0);
    while start < bytes.len() {
        let (mut end, next) = match memchr(b'\n', &bytes[start..]) {
            Some(length) => (start + length, start + length + 1),
            None => (bytes.len(), bytes.len()),
        };
        if next > end && end > start && bytes[end - 1] == b'\r' {
            end -= 1;
        }
        while let Some(range) = held.next_if(|range| range.start < next) {
            past = past.max(range.end);
        }
        let (line, in_region) = (&bytes[start..end], past > start);
        let kind = if let Some(opened) = &fence {
            if opened.is_closed_by(line) {
                fence = None;
            }
            Kind::Held
        } else {
            fence = if in_region { None } else { Fence::opened_by(line) };
            match (fence.is_some(), line.iter().all(|byte| is_blank(*byte)), in_region) {
                (true, _, _) | (_, true, true) => Kind::Held,
                (_, true, false) => Kind::Blank,
                (_, false, true) => Kind::Fixed,
                (_, false, false) => Kind::Open,
            }
        };
        lines.push(Line { start, end, next, kind });
        start = next;
    }
    unclosed |= fence.is_some();
    Some(Lines { lines, unclosed })
}

pub(super) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// A line without the blanks at its end.
pub(super) fn without_trail(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| !is_blank(*byte)).map_or(0, |last| last + 1);
    &line[..end]
}

/// What opened a block of code.
struct Fence {
    sign: u8,
    length: usize,
    indent: usize,
}

impl Fence {
    /// A fence at the line's start, or behind the marks of lists and quotations.
    fn opened_by(line: &[u8]) -> Option<Self> {
        let indent = behind_marks(line);
        let rest = &line[indent..];
        let sign = *rest.first().filter(|sign| matches!(sign, b'`' | b'~'))?;
        let length = run(rest, sign);
        // Backticks behind it make it code inside of a line.
        (length >= 3 && !(sign == b'`' && rest[length..].contains(&b'`'))).then_some(Self { sign, length, indent })
    }

    fn is_closed_by(&self, line: &[u8]) -> bool {
        let indent = line.iter().position(|byte| !(is_blank(*byte) || *byte == b'>')).unwrap_or(line.len());
        let length = run(&line[indent..], self.sign);
        length >= self.length && indent <= self.indent + 3 && line[indent + length..].iter().all(|byte| is_blank(*byte))
    }
}

/// Where a line's own text begins.
fn behind_marks(line: &[u8]) -> usize {
    let mut at = 0;
    loop {
        at += line[at..].iter().take_while(|byte| is_blank(**byte) || **byte == b'>').count();
        match marker(&line[at..]) {
            Some(marker) => at += marker.end,
            None => return at,
        }
    }
}

/// The mark of a list's item at a line's start, and the blanks behind it.
pub(super) fn marker(line: &[u8]) -> Option<Range<usize>> {
    let sign = match line.first()? {
        b'-' | b'*' | b'+' => 1,
        b'0'..=b'9' => {
            let digits = line.iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
            matches!(line.get(digits), Some(b'.' | b')')).then_some(digits + 1)?
        }
        _ => return None,
    };
    let blanks = line[sign..].iter().take_while(|byte| is_blank(**byte)).count();
    (blanks > 0).then_some(0..sign + blanks)
}

fn run(bytes: &[u8], sign: u8) -> usize {
    bytes.iter().take_while(|byte| **byte == sign).count()
}
