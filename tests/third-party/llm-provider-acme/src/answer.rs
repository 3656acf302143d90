//! A chat on its way in: the whole answer, and what it has in common with a streamed one.

use std::borrow::Cow;
use std::sync::Arc;

use llm_core::{ChatResponse, Error, ErrorKind, Finish, FinishReason, Message, Origin, Part, Role, Usage};
use llm_wire::json::Text;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::API;
use crate::error::{self, Problem};

/// The whole answer.
#[derive(Deserialize)]
struct Answer<'a> {
    id: Option<String>,
    model: Option<String>,
    /// Absent in an answer that only has a problem.
    #[serde(borrow)]
    says: Option<Vec<&'a RawValue>>,
    ended: Option<String>,
    #[serde(default)]
    counts: Counts,
    problem: Option<Problem>,
}

/// One thing that the model says; a thing of a kind that is not here is kept as it came.
#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    thought: Option<Text<'a>>,
    #[serde(borrow)]
    call: Option<Call<'a>>,
}

/// The model asks for a tool. In a stream the input follows in pieces.
#[derive(Deserialize)]
pub(crate) struct Call<'a> {
    #[serde(borrow)]
    pub(crate) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) tool: Cow<'a, str>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

/// Reads a whole answer.
pub(crate) fn decode(body: &[u8], origin: &Arc<Origin>) -> Result<ChatResponse, Error> {
    let said: Answer<'_> = serde_json::from_slice(body).map_err(|error| error::malformed("an answer", &error))?;
    if let Some(problem) = said.problem {
        return Err(problem.in_band());
    }
    let Some(says) = said.says else {
        return Err(Error::new(ErrorKind::Malformed, "reading an answer of acme: it says nothing"));
    };
    let content = says.into_iter().map(part).collect::<Result<_, _>>()?;
    let mut message = Message::new(Role::Assistant, content);
    message.origin = Some(origin.clone());
    let mut response = ChatResponse::new(origin.clone(), message, finish(said.ended));
    response.id = said.id;
    response.model = said.model;
    response.usage = said.counts.usage();
    Ok(response)
}

fn part(raw: &RawValue) -> Result<Part, Error> {
    let wrong = |error| error::malformed("a part of an answer", &error);
    Ok(match serde_json::from_str(raw.get()).map_err(wrong)? {
        Said { text: Some(text), .. } => Part::text(text.0),
        Said { thought: Some(thought), .. } => Part::reasoning(thought.0),
        Said { call: Some(call), .. } => Part::tool_call(call.id, call.tool, call.input.map_or("", RawValue::get)),
        Said { .. } => Part::opaque(format!("{API}.item"), serde_json::from_str(raw.get()).map_err(wrong)?),
    })
}

/// Why it ended, in Loquat's word and in the vendor's.
pub(crate) fn finish(word: Option<String>) -> Finish {
    let reason = match word.as_deref() {
        Some("done") => FinishReason::Stop,
        Some("full") => FinishReason::Length,
        Some("calls") => FinishReason::ToolCalls,
        Some("declined") => FinishReason::Refusal,
        Some("blocked") => FinishReason::ContentFilter,
        Some(word) => FinishReason::Other(word.to_owned()),
        None => FinishReason::Other("unknown".to_owned()),
    };
    Finish { reason, raw: word }
}

/// What was counted. The vendor counts each token once: what it read anew and what it remembered, what it wrote and what
/// it thought.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Counts {
    read: Option<u64>,
    remembered: Option<u64>,
    written: Option<u64>,
    thought: Option<u64>,
}

impl Counts {
    /// In Loquat totals include their parts, and what was not said is `None`, which is not 0.
    pub(crate) fn usage(&self) -> Usage {
        let mut usage = Usage::default();
        usage.input = self.read.map(|read| read.saturating_add(self.remembered.unwrap_or(0)));
        usage.cache_read = self.remembered;
        usage.output = self.written.map(|written| written.saturating_add(self.thought.unwrap_or(0)));
        usage.reasoning = self.thought;
        usage
    }
}
