//! Blanks that say nothing: several blank lines, blanks at the ends of lines, several blanks between words.
//!
//! Indentation, the insides of tables, and what is held stay. So do the first and the last line's outer blanks: a text may be a piece
//! that is joined to another.

use std::ops::Range;

use super::edit::Edit;
use super::lines::{Kind, Line, is_blank};
use super::{block, spans, table};

/// The text without such blanks; `None` when there are none.
pub(super) fn shorten(text: &str, lines: &[Line]) -> Option<String> {
    let mut edit = Edit::new(text);
    let mut from = 0;
    while let Some((range, blank)) = block::next(lines, from) {
        from = range.end;
        if blank {
            between_blocks(text, lines, range, &mut edit);
        } else {
            inside_block(text, &lines[range], lines.get(from), &mut edit);
        }
    }
    edit.done()
}

/// One blank line is left of several, and nothing in it. Beside an indented line they may be part of code.
fn between_blocks(text: &str, lines: &[Line], blank: Range<usize>, edit: &mut Edit<'_>) {
    let above = blank.start.checked_sub(1).map(|above| lines[above]);
    if above.into_iter().chain(lines.get(blank.end).copied()).any(|line| line.is_indented(text)) {
        return;
    }
    let mut blank = lines[blank].iter().filter(|line| line.is_ended());
    let Some(first) = blank.next() else { return };
    edit.cut(first.start..first.end);
    if let Some(last) = blank.next_back() {
        edit.cut(first.next..last.next);
    }
}

fn inside_block(text: &str, lines: &[Line], below: Option<&Line>, edit: &mut Edit<'_>) {
    let (Some(first), Some(last)) = (lines.first(), lines.last()) else { return };
    let bytes = text.as_bytes();
    let trails = |line: &Line| line.end > line.start && is_blank(bytes[line.end - 1]);
    let trail = lines.iter().any(trails);
    if !trail && !table::has_double_blank(&bytes[first.start..last.end]) {
        return;
    }
    let gaps = table::gaps(text, lines);
    if (gaps.is_empty() && !trail) || table::is_table(text, lines, &gaps) {
        return;
    }
    let held = spans::find(text, first.start..last.end);
    let mut gaps = gaps.into_iter().peekable();
    for (number, line) in lines.iter().copied().enumerate() {
        let of_line = std::iter::from_fn(|| gaps.next_if(|gap| gap.line == number)).map(|gap| gap.at);
        let of_line: &mut dyn Iterator<Item = Range<usize>> = &mut of_line.into_iter();
        let Some(prose) = block::prose(text, line) else {
            of_line.for_each(drop);
            continue;
        };
        for gap in of_line {
            if gap.start >= prose.start && is_between_words(text, &gap) && !spans::holds(&held, &gap) {
                edit.cut(gap.start + 1..gap.end);
            }
        }
        if line.is_ended() && trails(&line) && !spans::holds(&held, &(prose.end..line.end)) {
            // Two blanks before a line that goes on are a line break in Markdown.
            let goes_on = lines.get(number + 1).or(below).is_some_and(|next| next.kind != Kind::Blank);
            let kept = if goes_on && text[prose.end..line.end].ends_with("  ") { 2 } else { 0 };
            edit.cut(prose.end..line.end - kept);
        }
    }
}

/// Whether a gap stands between what looks like words of a sentence. Between numbers it may be data.
fn is_between_words(text: &str, gap: &Range<usize>) -> bool {
    let (before, after) = (text[..gap.start].chars().next_back(), text[gap.end..].chars().next());
    let (Some(before), Some(after)) = (before, after) else { return false };
    let ends_word = before.is_alphanumeric() || ".,;:!?…)]\"'”’»%*_`".contains(before);
    let begins_word = after.is_alphanumeric() || "([\"'“‘«*_`$€£".contains(after);
    ends_word && begins_word && !(before.is_ascii_digit() && after.is_ascii_digit())
}
