//! Wordy phrases and the short ones that say the same.

use std::collections::BTreeMap;
use std::ops::Range;

use llm_core::{Error, ErrorKind};

use super::edit::Edit;
use super::lines::{Kind, Line};
use super::{block, english, spans, table};

/// How often a place is looked at again, because a shorter phrase may be the beginning of another. What is not done by then
/// is left as it was, so that doing it twice is doing it once.
const ROUNDS: usize = 8;

/// A table of phrases, made for looking them up.
#[derive(Debug)]
pub(super) struct Phrases {
    /// For each place of a beginning the number of its list, from 1; 0 for most, so that most words cost one look.
    starts: Box<[u16; STARTS]>,
    /// Phrases whose beginnings share a place; longer ones first.
    lists: Vec<Vec<Phrase>>,
}

/// A prime: beginnings that share a place are rare.
const STARTS: usize = 4093;
/// Letters that make a beginning. A shorter phrase is not worth it.
const START: usize = 4;
/// Most phrases; as many lists have a number.
const MOST: usize = 20_000;

/// The place of a beginning, whatever its case.
fn place_of(start: [u8; START]) -> usize {
    // Of two letters that differ in this bit only, one is the capital of the other.
    let letters = u32::from_le_bytes(start) | 0x2020_2020;
    usize::try_from(letters).unwrap_or(0) % STARTS
}

#[derive(Debug)]
struct Phrase {
    long: String,
    short: String,
}

impl Phrases {
    /// English phrases if they are wanted, and those of the user, which go before them.
    pub(super) fn new(english: bool, own: &BTreeMap<String, String>) -> Result<Self, Error> {
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        if english {
            all.extend(english::PHRASES.iter().map(|(long, short)| ((*long).to_owned(), (*short).to_owned())));
        }
        for (long, short) in own {
            let long = long.to_lowercase();
            check(&long, short)?;
            // A capital beyond ASCII is found only when it is written down.
            let mut letters = long.chars();
            if let Some(first) = letters.next().filter(|first| !first.is_ascii()) {
                let capital = first.to_uppercase().chain(letters).collect();
                all.insert(capital, capitalised(short));
            }
            all.insert(long, short.clone());
        }
        if all.len() > MOST {
            return Err(Error::new(ErrorKind::Config, format!("reading the phrases: there are more than {MOST}")));
        }
        let mut phrases = Self { starts: Box::new([0; STARTS]), lists: Vec::new() };
        for (long, short) in all {
            let Some(start) = long.as_bytes().first_chunk() else { continue };
            let number = &mut phrases.starts[place_of(*start)];
            if *number == 0 {
                phrases.lists.push(Vec::new());
                *number = u16::try_from(phrases.lists.len()).unwrap_or(0);
            }
            phrases.lists[usize::from(*number) - 1].push(Phrase { long, short });
        }
        for list in &mut phrases.lists {
            list.sort_by_key(|phrase| std::cmp::Reverse(phrase.long.len()));
        }
        Ok(phrases)
    }

    /// The text with the shorter phrases; `None` when it has none of the long ones.
    pub(super) fn shorten(&self, text: &str, lines: &[Line]) -> Option<String> {
        let mut edit = Edit::new(text);
        let mut from = 0;
        while let Some((range, blank)) = block::next(lines, from) {
            from = range.end;
            if !blank {
                self.inside_block(text, &lines[range], &mut edit);
            }
        }
        edit.done()
    }

    fn inside_block(&self, text: &str, lines: &[Line], edit: &mut Edit<'_>) {
        let (Some(first), Some(last)) = (lines.first(), lines.last()) else { return };
        let bytes = text.as_bytes();
        let found = |line: &&Line| line.kind == Kind::Open && self.first_in(&bytes[line.start..line.end], 0).is_some();
        let mut found = lines.iter().filter(found).peekable();
        if found.peek().is_none() {
            return;
        }
        if table::has_double_blank(&bytes[first.start..last.end])
            && table::is_table(text, lines, &table::gaps(text, lines))
        {
            return;
        }
        let held = spans::find(text, first.start..last.end);
        for line in found {
            let Some(prose) = block::prose(text, *line) else { continue };
            let mut at = prose.start;
            let inside = held.iter().filter(|held| held.end > prose.start && held.start < prose.end);
            for held in inside {
                self.place(text, at..held.start.max(at), edit);
                at = held.end;
            }
            self.place(text, at..prose.end.max(at), edit);
        }
    }

    /// One place between what is held.
    fn place(&self, text: &str, place: Range<usize>, edit: &mut Edit<'_>) {
        let Some(mut now) = self.once(&text[place.clone()]) else { return };
        for _ in 0..ROUNDS {
            match self.once(&now) {
                Some(shorter) => now = shorter,
                None => return edit.put(place, &now),
            }
        }
    }

    /// Every phrase that stands there, once; `None` when there is none.
    fn once(&self, text: &str) -> Option<String> {
        let mut edit = Edit::new(text);
        let mut at = 0;
        while let Some((range, phrase)) = self.first_in(text.as_bytes(), at) {
            at = range.end;
            let mut short = in_case_of(&text[range.clone()], &phrase.short);
            if short.ends_with('.') && text[range.end..].starts_with('.') {
                short.pop();
            }
            if short.len() < range.len() {
                edit.put(range, &short);
            }
        }
        edit.done()
    }

    /// The first phrase from `from` on.
    fn first_in(&self, bytes: &[u8], from: usize) -> Option<(Range<usize>, &Phrase)> {
        // A phrase begins where a line or place begins, or behind a blank or a bracket.
        let begins = |at: &usize| *at == 0 || matches!(bytes[*at - 1], b' ' | b'(');
        (from..bytes.len().saturating_sub(START - 1)).filter(begins).find_map(|at| {
            let phrase = self.at(bytes, at)?;
            Some((at..at + phrase.long.len(), phrase))
        })
    }

    fn at(&self, bytes: &[u8], at: usize) -> Option<&Phrase> {
        let number = self.starts[place_of(*bytes.get(at..)?.first_chunk()?)];
        let list = self.lists.get(usize::from(number).checked_sub(1)?)?;
        list.iter().find(|phrase| {
            let end = at + phrase.long.len();
            bytes.get(at..end).is_some_and(|there| there.eq_ignore_ascii_case(phrase.long.as_bytes()))
                && is_end(bytes, end)
        })
    }
}

/// Whether a word may end here: before a blank, or before a sign that does not join words.
fn is_end(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at) {
        None | Some(b' ' | b')') => true,
        Some(b',' | b'.' | b';' | b':' | b'!' | b'?') => {
            !bytes.get(at + 1).is_some_and(|next| next.is_ascii_alphanumeric() || *next >= 0x80)
        }
        Some(_) => false,
    }
}

/// `short` with the capitals that `long` stands in.
fn in_case_of(long: &str, short: &str) -> String {
    let mut letters = long.chars().filter(|letter| letter.is_alphabetic());
    match (letters.next().is_some_and(char::is_uppercase), letters.next()) {
        (true, Some(second)) if second.is_uppercase() && !letters.any(char::is_lowercase) => short.to_uppercase(),
        (true, _) => capitalised(short),
        (false, _) => short.to_owned(),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Phrases are words, so that changing them changes nothing around them, and get shorter.
fn check(long: &str, short: &str) -> Result<(), Error> {
    let is_letter = |letter: char| letter.is_alphabetic() || letter == '-' || letter == '\'';
    let is_word = |word: &str| word.starts_with(char::is_alphabetic) && word.ends_with(char::is_alphabetic);
    let long_is_words = long.split(' ').all(|word| is_word(word) && word.chars().all(is_letter));
    let short_is_words = short.split(' ').all(|word| {
        let letters = word.strip_suffix('.').unwrap_or(word);
        is_word(letters) && letters.chars().all(|letter| letter.is_alphanumeric() || letter == '-' || letter == '.')
    });
    let wrong = if long.len() < START || !long_is_words {
        "a phrase is four letters at least, in words with one blank between them"
    } else if !short_is_words {
        "what takes its place is words of letters with one blank between them, and may end in a full stop"
    } else if short.len() >= long.len() || short.to_uppercase().len() >= long.len() {
        "what takes its place must be shorter"
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorKind::Config, format!("reading the phrase {long:?}: {wrong}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_english_phrases_are_in_order_and_would_be_taken_from_a_user() {
        for (long, short) in english::PHRASES {
            check(long, short).unwrap();
            assert_eq!(*long, long.to_lowercase());
        }
        assert!(
            english::PHRASES.windows(2).all(|pair| pair[0].0 < pair[1].0),
            "in the order of the alphabet, each once"
        );
    }

    #[test]
    fn what_is_no_phrase_is_refused() {
        for (long, short, hint) in [
            ("in  order", "to", "one blank"),
            ("a b", "c", "four letters"),
            ("step 1 is", "do", "words with"),
            ("for example", "", "takes its place"),
            ("for example", "`e`", "takes its place"),
            ("for example", "for the sake of an example", "shorter"),
            ("'quoted words'", "x", "words with"),
        ] {
            let own = [(long.to_owned(), short.to_owned())].into();
            let error = Phrases::new(false, &own).unwrap_err();
            assert!(error.kind() == ErrorKind::Config && error.message().contains(hint), "{error}");
        }
    }
}
