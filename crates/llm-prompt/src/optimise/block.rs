//! Blocks: lines without a blank one between them, which is as far as quotes, code and columns reach.

use std::ops::Range;

use super::lines::{Kind, Line, marker, without_trail};

/// The next block or run of blank lines from line `from` on, as numbers of lines. Held lines are passed over.
pub(super) fn next(lines: &[Line], from: usize) -> Option<(Range<usize>, bool)> {
    let first = from + lines[from..].iter().position(|line| line.kind != Kind::Held)?;
    let blank = lines[first].kind == Kind::Blank;
    let belongs = |line: &Line| line.kind != Kind::Held && (line.kind == Kind::Blank) == blank;
    let length = lines[first..].iter().position(|line| !belongs(line)).unwrap_or(lines.len() - first);
    Some((first..first + length, blank))
}

/// Where the words of a line stand that is prose, so that it may be changed between them: behind the mark of a list's item, without
/// trailing blanks. `None` for everything that may be more than words: indented lines, columns, markup, code.
pub(super) fn prose(text: &str, line: Line) -> Option<Range<usize>> {
    if line.kind != Kind::Open {
        return None;
    }
    let bytes = &text.as_bytes()[line.start..line.end];
    let content = without_trail(bytes);
    let mark = marker(content).unwrap_or(0..0);
    let begins = match content.first()? {
        b'-' | b'*' | b'_' => mark.end > 0 || content[0] != b'-',
        b'"' | b'\'' | b'(' | b'[' | b'`' | 0x80.. => true,
        first => first.is_ascii_alphanumeric(),
    };
    let is_prose = begins && content.last() != Some(&b';') && !has_code(content);
    is_prose.then(|| line.start + mark.end..line.start + content.len())
}

/// Whether there is anything in a line that does not stand in prose, or only where blanks may mean something.
fn has_code(mut line: &[u8]) -> bool {
    while let Some(at) = line.iter().position(|byte| CODE[usize::from(*byte)]) {
        // Of what begins with this byte only lines and boxes count, U+2500 to U+25FF.
        if line[at] != 0xe2 || matches!(line.get(at + 1), Some(0x94..=0x97)) {
            return true;
        }
        line = &line[at + 1..];
    }
    false
}

const CODE: [bool; 256] = {
    let mut code = [false; 256];
    let mut bytes: &[u8] = b"{}|\\=\x7f\xe2";
    while let [byte, rest @ ..] = bytes {
        code[*byte as usize] = true;
        bytes = rest;
    }
    let mut control = 0;
    while control < 0x20 {
        code[control] = true;
        control += 1;
    }
    code
};
