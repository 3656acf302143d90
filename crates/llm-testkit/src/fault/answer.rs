//! What a vendor says: words that tell from which answer they are, so that a mixture of two is found.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use llm_core::{ChatRequest, EmbedRequest, Request, Role};

/// Whose words are alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answers {
    /// Every call has words of its own.
    #[default]
    OfTheCall,
    /// The same question has the same words, from every provider that is set so: what a model at temperature zero does.
    OfTheRequest,
}

/// One answer: its words follow from its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) key: u64,
    pub(super) words: u32,
}

impl Answer {
    /// Writes one of the words, with the space behind it.
    pub(super) fn write(self, text: &mut String, word: u32) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{:08x}.{word} ", self.key & 0xffff_ffff);
    }

    /// Where to go on behind `beginning`: the rest of a word that was broken off, and the number of the next word.
    /// A beginning that is not of this answer is gone on with from the first word.
    pub(super) fn behind(self, beginning: &str) -> (String, u32) {
        let mut text = String::new();
        for word in 0..self.words {
            self.write(&mut text, word);
            if let Some(rest) = text.strip_prefix(beginning) {
                return (rest.to_owned(), word + 1);
            }
        }
        (String::new(), if text == beginning { self.words } else { 0 })
    }

    /// All of it.
    pub(super) fn text(self) -> String {
        let mut text = String::with_capacity(self.words as usize * 12);
        (0..self.words).for_each(|word| self.write(&mut text, word));
        text
    }
}

/// A number that follows from a text.
pub(super) fn key(text: &str) -> u64 {
    // Its keys are fixed, unlike those of a hash map.
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// A number that follows from what is asked, not from who is asked and not from a beginning of the answer.
pub(super) fn question(request: &ChatRequest) -> u64 {
    let asked = request.messages.iter().rev().find(|message| message.role == Role::User);
    asked.map_or(0, |message| key(message.content.first().and_then(llm_core::Part::as_text).unwrap_or_default()))
}

/// The beginning of the answer that the caller sent along, to be gone on with.
pub(super) fn prefill(request: &ChatRequest) -> Option<String> {
    let last = request.messages.last()?;
    (last.role == Role::Assistant).then(|| last.text())
}

/// Input tokens, near enough.
pub(super) fn input_tokens(request: &Request) -> u64 {
    let bytes: usize = match request {
        Request::Chat(chat) | Request::ChatStream(chat) => {
            let parts = chat.messages.iter().flat_map(|message| &message.content);
            parts.filter_map(llm_core::Part::as_text).map(str::len).sum()
        }
        Request::Embed(embed) => embed_bytes(embed),
        _ => 0,
    };
    bytes as u64 / 4 + 1
}

fn embed_bytes(embed: &EmbedRequest) -> usize {
    embed.inputs.iter().map(String::len).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_goes_on_behind_any_beginning_of_it() {
        let answer = Answer { key: key("a question"), words: 5 };
        let whole = answer.text();
        for cut in 0..=whole.len() {
            let (mut rest, next) = answer.behind(&whole[..cut]);
            (next..answer.words).for_each(|word| answer.write(&mut rest, word));
            assert_eq!(format!("{}{rest}", &whole[..cut]), whole, "behind {cut} bytes");
        }
        assert_eq!(answer.behind("other words"), (String::new(), 0));
    }

    #[test]
    fn answers_differ_and_questions_do_not() {
        let of = |text: &str| question(&ChatRequest::new("m").with_user(text));
        assert_eq!(
            of("x"),
            question(&ChatRequest::new("n").with_user("x").with_message(llm_core::Message::assistant("y")))
        );
        assert_ne!(of("x"), of("y"));
    }
}
