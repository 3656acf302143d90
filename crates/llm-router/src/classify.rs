//! How hard a request is, guessed from its form.

use llm_core::{Message, Request, Role};
use serde::{Deserialize, Serialize};

/// How hard a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Complexity {
    /// A short question without much around it.
    Simple,
    /// Neither.
    Medium,
    /// Long, or it asks for thought.
    Complex,
}

/// Says how hard a request is. Asked on plans of routes that choose by it: must be fast and must not block.
pub trait Classifier: Send + Sync + 'static {
    /// How hard it is.
    fn classify(&self, request: &Request) -> Complexity;
}

/// The default: by words and terms of the query (the last message of the user) and the size of everything else.
///
/// The query itself is simple below 10 words without a technical term, complex above 50 words or with one. The request is
/// simple when its query is and less than 1,000 bytes stand around it, complex when its query is or more than 5,000 bytes
/// stand around it, and medium otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ByForm {
    /// A query with fewer words is simple. Default 10.
    pub simple_below_words: usize,
    /// A query with more words is complex. Default 50.
    pub complex_above_words: usize,
    /// A query with one of these, in any case of letters and within longer words, too, is complex. Default `analyze`,
    /// `compare`, `explain`, `evaluate`.
    pub terms: Vec<String>,
    /// With as many bytes around it no query is simple. Default 1,000.
    pub simple_below_context: usize,
    /// With more bytes around it every query is complex. Default 5,000.
    pub complex_above_context: usize,
}

impl Default for ByForm {
    fn default() -> Self {
        Self {
            simple_below_words: 10,
            complex_above_words: 50,
            terms: ["analyze", "compare", "explain", "evaluate"].map(str::to_owned).to_vec(),
            simple_below_context: 1000,
            complex_above_context: 5000,
        }
    }
}

impl Classifier for ByForm {
    fn classify(&self, request: &Request) -> Complexity {
        let (Request::Chat(chat) | Request::ChatStream(chat)) = request else { return Complexity::Simple };
        let query = chat.messages.iter().rposition(|message| message.role == Role::User);
        let context: usize = chat
            .messages
            .iter()
            .enumerate()
            .filter(|(place, _)| Some(*place) != query)
            .map(|(_, message)| texts(message).map(str::len).sum::<usize>())
            .sum();
        match self.query(query.and_then(|place| chat.messages.get(place)).map(|message| &**message)) {
            Complexity::Simple if context < self.simple_below_context => Complexity::Simple,
            Complexity::Complex => Complexity::Complex,
            _ if context > self.complex_above_context => Complexity::Complex,
            _ => Complexity::Medium,
        }
    }
}

impl ByForm {
    fn query(&self, query: Option<&Message>) -> Complexity {
        let texts = || query.into_iter().flat_map(texts);
        let words =
            texts().flat_map(str::split_ascii_whitespace).take(self.complex_above_words.saturating_add(1)).count();
        let is_technical = || self.terms.iter().any(|term| texts().any(|text| has(text, term)));
        if words > self.complex_above_words || is_technical() {
            Complexity::Complex
        } else if words < self.simple_below_words {
            Complexity::Simple
        } else {
            Complexity::Medium
        }
    }
}

/// Everything in a message that was said or answered by tools.
fn texts(message: &Message) -> impl Iterator<Item = &str> {
    message.content.iter().flat_map(|part| {
        let results = match &part.kind {
            llm_core::PartKind::ToolResult(result) => result.content.as_slice(),
            _ => &[],
        };
        part.as_text().into_iter().chain(results.iter().filter_map(llm_core::Part::as_text))
    })
}

/// Whether a text has a term in it, in any case of ASCII letters.
fn has(text: &str, term: &str) -> bool {
    !term.is_empty() && text.as_bytes().windows(term.len()).any(|window| window.eq_ignore_ascii_case(term.as_bytes()))
}
