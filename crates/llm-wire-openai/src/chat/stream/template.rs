//! What stands around the words of the last chunk, for chunks that differ from it in nothing but their words.
//!
//! Most of a stream is such chunks: a comparison of bytes tells them, and only the words are read. Equal bytes mean the
//! same whoever the vendor is; any difference, even of a space, leaves the chunk to the parser.

use std::borrow::Cow;

use crate::chat::response::says_nothing;
use crate::chat::wire::{Chunk, Content};
use crate::json::{Raw, Str, is_empty, read};

/// Fields of random text that pad a chunk against traffic analysis. They say nothing and differ in every chunk.
const PADDING: [&[u8]; 2] = [b",\"obfuscation\":\"", b",\"p\":\""];

/// A chunk of words, without these.
#[derive(Debug, Default)]
pub(super) struct Template {
    known: bool,
    /// The place of the answer that the words belong to.
    answer: usize,
    /// All before the quotation mark that opens the words.
    head: Vec<u8>,
    /// All behind the mark that closes them, up to the text of the padding if there is some.
    tail: Vec<u8>,
    /// Padding is the last field.
    padded: bool,
}

impl Template {
    pub(super) fn forget(&mut self) {
        self.known = false;
    }

    pub(super) fn answer(&self) -> usize {
        self.answer
    }

    /// Takes the form of a chunk that says `words` and nothing else of which a second time would mean more.
    pub(super) fn learn(&mut self, data: &[u8], words: Words, answer: usize) {
        let Words { start, end } = words;
        let (Some(head), Some(tail)) = (start.checked_sub(1).and_then(|at| data.get(..at)), data.get(end + 1..)) else {
            return;
        };
        let without = without_last_text(tail).filter(|rest| PADDING.iter().any(|name| rest.ends_with(name)));
        let tail = without.unwrap_or(tail);
        self.head.clear();
        self.head.extend_from_slice(head);
        self.tail.clear();
        self.tail.extend_from_slice(tail);
        self.padded = without.is_some();
        self.answer = answer;
        self.known = true;
    }

    /// The words of a chunk of this form.
    pub(super) fn words<'a>(&self, data: &'a [u8]) -> Option<Cow<'a, str>> {
        if !self.known {
            return None;
        }
        let rest = data.strip_prefix(&*self.head)?;
        let rest = if self.padded { without_last_text(rest)? } else { rest };
        let text = rest.strip_suffix(&*self.tail)?;
        let inner = text.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        if inner.iter().all(|byte| is_plain(*byte)) {
            return std::str::from_utf8(inner).ok().map(Cow::Borrowed);
        }
        // Escapes, or something that is not one string.
        read::<Str<'a>>(text).ok().map(|text| text.0)
    }
}

/// Where the words of a chunk stand in its bytes, without their quotation marks.
#[derive(Clone, Copy)]
pub(super) struct Words {
    start: usize,
    end: usize,
}

impl Words {
    /// Finds the words of a chunk that has these and nothing else that adds up, such as pieces of a call or usage.
    /// Words with escapes are not found: they were read into memory of their own.
    pub(super) fn find(chunk: &Chunk<'_>, data: &[u8]) -> Option<Self> {
        if chunk.usage.is_some() || chunk.x_groq.is_some() {
            return None;
        }
        let choice = chunk.choices.only()?;
        let said = choice.delta.as_ref()?;
        let silent = |raw: Option<Raw<'_>>| raw.is_none_or(is_empty);
        let plain = said.reasoning_content.is_empty()
            && said.reasoning.is_empty()
            && said.refusal.is_empty()
            && [said.reasoning_details, said.tool_calls, said.images, said.audio, said.annotations]
                .into_iter()
                .all(silent)
            && said.function_call.is_none()
            && choice.logprobs.is_none_or(says_nothing);
        let Content::Text(Cow::Borrowed(text)) = &said.content else { return None };
        if !plain {
            return None;
        }
        let start = text.as_ptr().addr().checked_sub(data.as_ptr().addr())?;
        let end = start + text.len();
        (end < data.len()).then_some(Self { start, end })
    }
}

/// An object whose last field is a plain string, up to the string's text.
fn without_last_text(data: &[u8]) -> Option<&[u8]> {
    let rest = data.strip_suffix(b"\"}")?;
    let at = rest.iter().rposition(|byte| !is_plain(*byte) || !byte.is_ascii())?;
    let before = rest.get(..=at)?;
    before.ends_with(b":\"").then_some(before)
}

/// True for what stands in a string of JSON as it is.
fn is_plain(byte: u8) -> bool {
    byte >= b' ' && byte != b'"' && byte != b'\\'
}
