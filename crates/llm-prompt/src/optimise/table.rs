//! Columns: lines whose gaps end at the same places are a table, and its blanks are what makes it one.

use std::ops::Range;

use super::lines::{Line, is_blank, without_trail};

/// Two blanks or more between words.
pub(super) struct Gap {
    /// The number of its line in the block.
    pub(super) line: usize,
    /// Where in the text it is.
    pub(super) at: Range<usize>,
}

/// Whether two blanks follow each other; a quick look before a thorough one.
pub(super) fn has_double_blank(bytes: &[u8]) -> bool {
    double_blank(bytes, 0).is_some()
}

/// Where the first of several blanks stands, from `from` on.
fn double_blank(bytes: &[u8], from: usize) -> Option<usize> {
    // Of two neighbours one stands at an odd distance.
    (from + 1..bytes.len()).step_by(2).filter(|at| bytes[*at] == b' ').find_map(|at| {
        if bytes[at - 1] == b' ' { Some(at - 1) } else { (bytes.get(at + 1) == Some(&b' ')).then_some(at) }
    })
}

/// The gaps of a block's lines, from left to right. Indentation and blanks at the end of a line are none.
pub(super) fn gaps(text: &str, lines: &[Line]) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let bytes = &text.as_bytes()[..end_of_words(text, *line)];
        let mut at = line.start + bytes[line.start..].iter().take_while(|byte| is_blank(**byte)).count();
        while let Some(start) = double_blank(bytes, at) {
            at = start + bytes[start..].iter().take_while(|byte| **byte == b' ').count();
            gaps.push(Gap { line: number, at: start..at });
        }
    }
    gaps
}

fn end_of_words(text: &str, line: Line) -> usize {
    line.start + without_trail(&text.as_bytes()[line.start..line.end]).len()
}

/// Whether the lines of a block are rows of a table: most neighbours among those with gaps share a column.
pub(super) fn is_table(text: &str, lines: &[Line], gaps: &[Gap]) -> bool {
    let (mut above, mut row) = (Row::default(), Row::default());
    let (mut pairs, mut aligned) = (0, 0);
    for of_line in gaps.chunk_by(|one, next| one.line == next.line) {
        row.read(text, lines[of_line[0].line], of_line);
        if row.columns.is_empty() {
            continue;
        }
        if !above.columns.is_empty() {
            pairs += 1;
            aligned += usize::from(row.is_aligned_with(&above));
        }
        std::mem::swap(&mut above, &mut row);
    }
    aligned > 0 && aligned * 2 >= pairs
}

/// What one line says about columns.
#[derive(Default)]
struct Row {
    /// Where words begin behind gaps; none where the line says nothing.
    columns: Vec<usize>,
    /// Where the line ends, when that is with a number: those are often aligned at their ends.
    number_end: Option<usize>,
}

impl Row {
    /// Two blanks behind a sentence are a habit of typing and no column.
    fn read(&mut self, text: &str, line: Line, gaps: &[Gap]) {
        let bytes = text.as_bytes();
        let is_column = |gap: &&Gap| gap.at.len() > 2 || !matches!(bytes[gap.at.start - 1], b'.' | b'!' | b'?');
        let width = |range: Range<usize>| bytes[range].iter().filter(|byte| (**byte & 0xc0) != 0x80).count();
        self.columns.clear();
        let (mut column, mut from) = (0, line.start);
        for gap in gaps.iter().filter(is_column) {
            column += width(from..gap.at.end);
            from = gap.at.end;
            self.columns.push(column);
        }
        let end = end_of_words(text, line);
        let ends_in_number = !self.columns.is_empty() && bytes[end - 1].is_ascii_digit();
        self.number_end = ends_in_number.then(|| column + width(from..end));
    }

    fn is_aligned_with(&self, other: &Self) -> bool {
        let (mut mine, mut theirs) = (self.columns.iter().peekable(), other.columns.iter().peekable());
        while let (Some(a), Some(b)) = (mine.peek(), theirs.peek()) {
            match a.cmp(b) {
                std::cmp::Ordering::Equal => return true,
                std::cmp::Ordering::Less => mine.next(),
                std::cmp::Ordering::Greater => theirs.next(),
            };
        }
        self.number_end.is_some() && self.number_end == other.number_end
    }
}
