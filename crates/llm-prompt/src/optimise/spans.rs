//! What is held inside of a block: code between backticks, quotations, brackets, tags.
//!
//! Where something is opened and not closed, or does not look as it should, everything from there to the block's end is held.

use std::ops::Range;

/// The held places of one block, from left to right. They may touch, and do not overlap.
pub(super) fn find(text: &str, block: Range<usize>) -> Vec<Range<usize>> {
    let mut scan = Scan { text, at: block.start, end: block.end, held: Vec::new(), open: None };
    let bytes = &text.as_bytes()[..block.end];
    while let Some(next) = bytes[scan.at.min(block.end)..].iter().position(|byte| SIGNS[usize::from(*byte)]) {
        scan.at += next;
        if !scan.step() {
            break;
        }
    }
    if let Some(open) = scan.open {
        scan.held.push(open.start..scan.end);
    }
    scan.held
}

/// Whether a range of the text touches anything that is held.
pub(super) fn holds(held: &[Range<usize>], range: &Range<usize>) -> bool {
    let first = held.partition_point(|other| other.end <= range.start);
    held.get(first).is_some_and(|other| other.start < range.end)
}

/// Bytes that are, or begin, a sign that may open or close something.
const SIGNS: [bool; 256] = {
    let mut signs = [false; 256];
    // The last three begin « and ‹, “ and ‘, and 「.
    let mut bytes: &[u8] = b"`\\\"'[]<\xc2\xe2\xe3";
    while let [byte, rest @ ..] = bytes {
        signs[*byte as usize] = true;
        bytes = rest;
    }
    signs
};

#[derive(Clone, Copy, PartialEq)]
enum Opened {
    Quote,
    /// A quotation in signs of its own, which differ by language and direction.
    Sign,
    Single,
    Bracket(usize),
}

struct Open {
    start: usize,
    what: Opened,
}

struct Scan<'t> {
    text: &'t str,
    at: usize,
    end: usize,
    held: Vec<Range<usize>>,
    open: Option<Open>,
}

impl Scan<'_> {
    /// Looks at the next sign; `false` when the rest is held.
    fn step(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        let what = self.open.as_ref().map(|open| open.what);
        match bytes[self.at] {
            b'`' => return self.code(),
            b'\\' => self.at += 1 + usize::from(bytes.get(self.at + 1).is_some_and(u8::is_ascii)),
            b'"' => match what {
                None if self.is_word_before() => return self.hold_rest(),
                None => self.begin(Opened::Quote, 1),
                Some(Opened::Quote) if self.is_word_at(self.at + 1) => return self.hold_rest(),
                Some(Opened::Quote) => self.close(1),
                Some(_) => self.at += 1,
            },
            b'\'' => self.single(what, 1),
            b'[' => match &mut self.open {
                None => self.begin(Opened::Bracket(1), 1),
                Some(Open { what: Opened::Bracket(depth), .. }) => {
                    *depth += 1;
                    self.at += 1;
                }
                Some(_) => self.at += 1,
            },
            b']' => match &mut self.open {
                Some(Open { what: Opened::Bracket(1), .. }) => self.close(1),
                Some(Open { what: Opened::Bracket(depth), .. }) => {
                    *depth -= 1;
                    self.at += 1;
                }
                _ => self.at += 1,
            },
            b'<' if what.is_none() => return self.tag(),
            0x80.. => self.sign(what),
            _ => self.at += 1,
        }
        true
    }

    fn begin(&mut self, what: Opened, length: usize) {
        self.open = Some(Open { start: self.at, what });
        self.at += length;
    }

    fn close(&mut self, length: usize) {
        self.at += length;
        if let Some(open) = self.open.take() {
            self.held.push(open.start..self.at);
        }
    }

    /// Holds everything from what is open, or from here.
    fn hold_rest(&mut self) -> bool {
        if self.open.is_none() {
            self.begin(Opened::Quote, 0);
        }
        self.at = self.end;
        false
    }

    /// Code between runs of backticks of one length.
    fn code(&mut self) -> bool {
        let (bytes, start) = (&self.text.as_bytes()[..self.end], self.at);
        let run = |at: usize| bytes[at..].iter().take_while(|byte| **byte == b'`').count();
        let length = run(start);
        let mut at = start + length;
        loop {
            let Some(next) = memchr::memchr(b'`', &bytes[at..]) else { return self.hold_rest() };
            let closing = run(at + next);
            at += next + closing;
            if closing == length {
                break;
            }
        }
        if self.open.is_none() {
            self.held.push(start..at);
        }
        self.at = at;
        true
    }

    /// A tag with its attributes; a `<` before anything else is a sign.
    fn tag(&mut self) -> bool {
        let bytes = &self.text.as_bytes()[..self.end];
        let is_tag = bytes.get(self.at + 1).is_some_and(|next| next.is_ascii_alphabetic() || b"/!?".contains(next));
        if !is_tag {
            self.at += 1;
            return true;
        }
        let Some(length) = memchr::memchr(b'>', &bytes[self.at..]) else { return self.hold_rest() };
        self.held.push(self.at..self.at + length + 1);
        self.at += length + 1;
        true
    }

    /// A single quotation mark, which may also be an apostrophe.
    fn single(&mut self, open: Option<Opened>, length: usize) {
        let (before, after) = (self.is_word_before(), self.is_word_at(self.at + length));
        match open {
            None if !before => self.begin(Opened::Single, length),
            Some(Opened::Single) if !after => self.close(length),
            _ => self.at += length,
        }
    }

    /// A letter or sign beyond ASCII.
    fn sign(&mut self, open: Option<Opened>) {
        let letter = self.text[self.at..].chars().next().unwrap_or_default();
        let length = letter.len_utf8().max(1);
        match (letter, open) {
            ('“' | '”' | '„' | '«' | '»' | '‹' | '›' | '「' | '」' | '『' | '』', None) => {
                self.begin(Opened::Sign, length);
            }
            ('“' | '”' | '„' | '«' | '»' | '‹' | '›' | '「' | '」' | '『' | '』', Some(Opened::Sign)) =>
            {
                self.close(length);
            }
            ('‘' | '’', _) => self.single(open, length),
            _ => self.at += length,
        }
    }

    fn is_word_before(&self) -> bool {
        self.text[..self.at].chars().next_back().is_some_and(char::is_alphanumeric)
    }

    fn is_word_at(&self, at: usize) -> bool {
        at < self.end && self.text[at..].chars().next().is_some_and(char::is_alphanumeric)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        find(text, 0..text.len()).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn code_quotations_brackets_and_tags_are_held() {
        assert_eq!(found("plain words, it's the dogs' own (5 < 6)"), Vec::<&str>::new());
        assert_eq!(found("a `b  c` d ``e ` f`` g"), ["`b  c`", "``e ` f``"]);
        assert_eq!(found("say \"a  b\" and 'c  d', not it's"), ["\"a  b\"", "'c  d'"]);
        assert_eq!(found("see [a  [b]] and <b c=\"d  e\">f</b>"), ["[a  [b]]", "<b c=\"d  e\">", "</b>"]);
        assert_eq!(found("“a  b” „c  d“ «e» ‘f  g’ it’s"), ["“a  b”", "„c  d“", "«e»", "‘f  g’"]);
        assert_eq!(found("\"a `b\" c` d\" e"), ["\"a `b\" c` d\""], "code binds closer than a quotation");
    }

    #[test]
    fn what_is_not_closed_holds_the_rest() {
        for (text, rest) in [
            ("a `b c", "`b c"),
            ("a ``b` c", "``b` c"),
            ("a \"b c", "\"b c"),
            ("a [b c", "[b c"),
            ("a <b c", "<b c"),
            ("a “b c", "“b c"),
            ("the '90s and", "'90s and"),
            ("a 5\" pipe and \"b c\"", "\" pipe and \"b c\""),
            ("a \"b\"c \"d\"", "\"b\"c \"d\""),
        ] {
            assert_eq!(found(text), [rest]);
        }
    }

    #[test]
    fn a_place_is_held_when_it_touches_one_that_is() {
        let held = [2..4, 6..8];
        for (range, expected) in [(0..2, false), (1..3, true), (4..6, false), (5..7, true), (7..8, true), (8..9, false)]
        {
            assert_eq!(holds(&held, &range), expected, "{range:?}");
        }
    }
}
