//! Where a continuation goes on, when a model was given the beginning of its answer. Pure.
//!
//! Most models go on at once. Some repeat the end of what they were given, and some take no notice of it and begin again.

/// A shorter match may be chance: `the` goes on in `then`.
const LEAST_BYTES: usize = 16;
/// Longest repetition of the end that is looked for.
const MOST_CHARS: usize = 200;

/// What is known of the place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Joint {
    /// More must be said first.
    Unclear,
    /// It goes on with these words, which the caller does not have.
    GoesOn(String),
    /// It began again and says something else: not a continuation.
    Elsewhere,
}

/// Looks for the place.
#[derive(Debug)]
pub(super) struct Overlap {
    sent: String,
    said: String,
}

impl Overlap {
    /// After these words.
    pub(super) fn new(sent: &str) -> Self {
        Self { sent: sent.to_owned(), said: String::new() }
    }

    /// The model said more.
    pub(super) fn push(&mut self, text: &str) -> Joint {
        self.said.push_str(text);
        self.find(false)
    }

    /// The model said all.
    pub(super) fn end(&mut self) -> Joint {
        self.find(true)
    }

    fn find(&mut self, all: bool) -> Joint {
        let (sent, said) = (&*self.sent, &*self.said);
        let again = common(sent, said);
        if sent.len() >= LEAST_BYTES {
            if again == sent.len() {
                return self.go_on(again);
            }
            if again == said.len() && !all {
                return Joint::Unclear;
            }
            if again >= LEAST_BYTES {
                return Joint::Elsewhere;
            }
        }
        let first = sent.char_indices().rev().take(MOST_CHARS).last().map_or(0, |(at, _)| at);
        let end = &sent[first..];
        let mut ends = end.char_indices().map(|(at, _)| &end[at..]).filter(|end| end.len() > said.len());
        if !all && ends.any(|end| end.starts_with(said)) {
            return Joint::Unclear;
        }
        let repeats = |repeated: &&str| repeated.len() >= LEAST_BYTES && said.starts_with(*repeated);
        let repeated = end.char_indices().map(|(at, _)| &end[at..]).find(repeats).map(str::len);
        // Blanks at the end are not sent, because vendors refuse them there: they come again, as far as the model agrees.
        let blanks = common(&sent[sent.trim_end().len()..], said);
        self.go_on(repeated.unwrap_or(blanks))
    }

    fn go_on(&mut self, after: usize) -> Joint {
        Joint::GoesOn(self.said.split_off(after))
    }
}

/// The length of the common beginning, whole characters only.
fn common(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SENT: &str = "The pelican is a large water bird. It has a long beak and";

    fn join(sent: &str, pieces: &[&str]) -> Option<String> {
        let mut overlap = Overlap::new(sent);
        for (at, piece) in pieces.iter().enumerate() {
            match overlap.push(piece) {
                Joint::Unclear => {}
                Joint::GoesOn(text) => return Some(format!("{text}{}", pieces[at + 1..].concat())),
                Joint::Elsewhere => return None,
            }
        }
        match overlap.end() {
            Joint::GoesOn(text) => Some(text),
            _ => None,
        }
    }

    #[test]
    fn finds_where_a_continuation_goes_on() {
        for (said, expected) in [
            (&[" a", " pouch."][..], Some(" a pouch.")),
            (&["a large pouch"], Some("a large pouch")),
            (&[" has a long beak and a pouch"], Some(" a pouch")),
            (&["It has a", " long beak", " and a pouch"], Some(" a pouch")),
            (&["and a pouch"], Some("and a pouch")),
            (&["The pelican is a large water bird. It has a long", " beak and a pouch"], Some(" a pouch")),
            (&["The pelican is a small", " water bird"], None),
            (&["The pelican is a large"], None),
            (&["The stork"], Some("The stork")),
            (&[], Some("")),
        ] {
            assert_eq!(join(SENT, said).as_deref(), expected, "{said:?}");
        }
    }

    #[test]
    fn blanks_that_were_not_sent_come_again_once() {
        for (sent, said, expected) in [
            ("A list of birds:\n", "\n1. pelican", "1. pelican"),
            ("A list of birds:\n", "\n\n1. pelican", "\n1. pelican"),
            ("A list of birds: ", "1. pelican", "1. pelican"),
            ("hel", "lo", "lo"),
            ("no", "no", "no"),
        ] {
            assert_eq!(join(sent, &[said]).as_deref(), Some(expected), "{sent:?} {said:?}");
        }
    }

    proptest! {
        #[test]
        fn a_continuation_is_kept_whole_however_it_is_cut(
            cuts in proptest::collection::vec(1_usize..9, 1..40),
            repeat in 0_usize..60,
        ) {
            let repeat = SENT.len() - repeat.min(SENT.len());
            let expected = " a pouch – large enough for 13 l of wäter, which it drains before it swallows.";
            let said = format!("{}{expected}", &SENT[repeat..]);
            let (mut pieces, mut rest, mut cuts) = (Vec::new(), &*said, cuts.into_iter().cycle());
            while !rest.is_empty() {
                let at = rest.char_indices().nth(cuts.next().unwrap()).map_or(rest.len(), |(at, _)| at);
                pieces.push(&rest[..at]);
                rest = &rest[at..];
            }
            let short = SENT.len() - repeat < LEAST_BYTES;
            prop_assert_eq!(join(SENT, &pieces).unwrap(), if short { said.clone() } else { expected.to_owned() });
        }
    }
}
