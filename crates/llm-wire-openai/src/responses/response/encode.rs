//! A whole answer for OpenAI's clients.

use std::borrow::Cow;

use llm_core::{ChatResponse, Finish, FinishReason, Message, OnUnsupported, Origin, Usage};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::dialect::{Dialect, ToolIds};
use crate::encoded::Notes;
use crate::json::{Added, Fields};
use crate::responses::out::{ItemOut, Writer};
use crate::responses::{FAMILY, finish, usage};

/// Writes a whole answer. Items whose vendor gave them no ids get some. What was asked is not repeated in it: where
/// clients want such a field, it has its default.
pub fn encode_response(response: &ChatResponse) -> Vec<u8> {
    let output = items(&response.message, response.id.as_deref().unwrap_or_default());
    let answer = Answer {
        head: Head {
            id: response.id.as_deref().unwrap_or_default(),
            created: response.created.unwrap_or(0),
            model: response.model.as_deref().unwrap_or(&response.origin.model),
        },
        status: Status::of(&response.finish),
        output: &output,
        usage: Some(&response.usage).filter(|usage| **usage != Usage::default()),
        service_tier: response.service_tier.as_deref(),
        ext: response.ext.of(FAMILY),
    };
    serde_json::to_vec(&answer).unwrap_or_default()
}

/// The items of an answer.
pub(in crate::responses) fn items<'a>(message: &'a Message, answer: &str) -> Vec<ItemOut<'a>> {
    // Named after the protocol, so that no provider's own facts are written.
    let to = Origin::new(FAMILY, FAMILY, "");
    let dialect = Dialect { tool_ids: ToolIds::Any, ..Dialect::OPENAI };
    let mut notes = Notes::new(OnUnsupported::Ignore);
    let mut out = Vec::with_capacity(message.content.len());
    // Ignoring what cannot be said, writing does not fail.
    let _ = Writer { to: &to, dialect: &dialect, notes: &mut notes, for_client: true }.message(message, &[], &mut out);
    let whole =
        |(number, item): (usize, ItemOut<'a>)| item.answered(|prefix| Cow::Owned(made_up_id(prefix, answer, number)));
    out.into_iter().enumerate().map(whole).collect()
}

/// An id for the item at this place of an answer.
pub(in crate::responses) fn made_up_id(prefix: &str, answer: &str, number: usize) -> String {
    format!("{prefix}_{}_{number}", answer.strip_prefix("resp_").unwrap_or(answer))
}

/// What is known from the start.
#[derive(Clone, Copy)]
pub(in crate::responses) struct Head<'a> {
    pub(in crate::responses) id: &'a str,
    pub(in crate::responses) created: u64,
    pub(in crate::responses) model: &'a str,
}

/// How far the answer is, and why it went no further.
#[derive(Clone, Copy)]
pub(in crate::responses) struct Status<'a> {
    pub(in crate::responses) word: &'static str,
    pub(in crate::responses) incomplete: Option<&'static str>,
    /// Code and words of the error.
    pub(in crate::responses) error: Option<(&'a str, &'a str)>,
}

impl Status<'_> {
    pub(in crate::responses) fn of(finish: &Finish) -> Self {
        let (word, incomplete) = finish::encode(finish);
        let failed = finish.reason == FinishReason::Error;
        Self {
            word,
            incomplete,
            error: failed.then_some(("server_error", "the model's vendor failed inside the answer")),
        }
    }
}

/// The answer object, in whatever state; `output` is a list.
pub(in crate::responses) struct Answer<'a, O: ?Sized> {
    pub(in crate::responses) head: Head<'a>,
    pub(in crate::responses) status: Status<'a>,
    pub(in crate::responses) output: &'a O,
    pub(in crate::responses) usage: Option<&'a Usage>,
    pub(in crate::responses) service_tier: Option<&'a str>,
    pub(in crate::responses) ext: Option<&'a Map<String, Value>>,
}

impl<O: Serialize + ?Sized> Serialize for Answer<'_, O> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = Fields::new(serializer.serialize_map(None)?, Added::object(self.ext));
        fields.put("id", self.head.id)?;
        fields.put("object", "response")?;
        fields.put("created_at", &self.head.created)?;
        fields.put("status", self.status.word)?;
        fields.put("error", &self.status.error.map(|(code, message)| json!({"code": code, "message": message})))?;
        fields.put("incomplete_details", &self.status.incomplete.map(|reason| json!({ "reason": reason })))?;
        fields.put("model", self.head.model)?;
        fields.put("output", self.output)?;
        fields.put("usage", &self.usage.map(usage::Encoded))?;
        fields.put_some("service_tier", self.service_tier)?;
        // SDKs with strict types want these.
        fields.put("instructions", &())?;
        fields.put("metadata", &Nothing {})?;
        fields.put("parallel_tool_calls", &true)?;
        fields.put("temperature", &())?;
        fields.put("tool_choice", "auto")?;
        fields.put("tools", &[(); 0])?;
        fields.put("top_p", &())?;
        fields.end()
    }
}

#[derive(Serialize)]
struct Nothing {}
