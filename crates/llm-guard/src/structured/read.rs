//! Answers, read and held to the schema.

use std::borrow::Cow;
use std::fmt;

use llm_core::schema::{Schema, Violation, json_in};
use llm_core::{ChatResponse, Executor, FinishReason, Part, PartKind};
use serde_json::Value;

use super::ask::Asked;
use super::mode::Mode;

/// Why an answer is not what was asked for. It shows nothing of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It is no JSON.
    NotJson,
    /// It breaks the schema.
    Broken(Violation),
    /// It ended before it was whole, or was refused: asking again cannot help.
    Ended(FinishReason),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson => f.write_str("it is no JSON"),
            Self::Broken(violation) => violation.fmt(f),
            Self::Ended(reason) => write!(f, "it ended with {:?} before it was whole", reason.as_str()),
        }
    }
}

/// An answer that is not what was asked for, as the model gave it.
pub(super) struct Broken {
    pub(super) why: Why,
    pub(super) response: Box<ChatResponse>,
}

impl Asked {
    /// Why a text is not the answer; the JSON in it otherwise.
    pub(super) fn hold<'a>(&self, text: &'a str) -> Result<&'a str, Why> {
        let (json, value) = json_in(text).ok_or(Why::NotJson)?;
        self.check(&value).map(|()| json)
    }

    fn check(&self, value: &Value) -> Result<(), Why> {
        Schema::new(&self.schema.schema).with_matches(matches).check(value).map_err(Why::Broken)
    }

    /// The answer with its JSON as its text, or why it is none.
    ///
    /// A call of one of the caller's own tools is a step on the way to the answer, and passes.
    pub(super) fn read(&self, mut response: Box<ChatResponse>) -> Result<Box<ChatResponse>, Broken> {
        let call = response.message.tool_calls().next();
        let text: Cow<'_, str> = match (self.mode, call) {
            (Mode::Tool, Some(call)) => Cow::Owned(arguments(&call.arguments).to_owned()),
            (_, Some(_)) if self.has_tools() => return Ok(response),
            _ => Cow::Owned(response.text()),
        };
        match self.hold(&text) {
            Ok(json) => {
                put(&mut response, json.to_owned());
                Ok(response)
            }
            Err(why) => Err(Broken { why: ended(&response.finish.reason).unwrap_or(why), response }),
        }
    }
}

/// An answer that was cut off or refused is not asked for again.
pub(super) fn ended(reason: &FinishReason) -> Option<Why> {
    (!matches!(reason, FinishReason::Stop | FinishReason::ToolCalls)).then(|| Why::Ended(reason.clone()))
}

/// A call without arguments is one with an empty object.
pub(super) fn arguments(given: &str) -> &str {
    if given.trim().is_empty() { "{}" } else { given }
}

/// The answer's JSON in the place of its texts and calls; what was thought stays.
fn put(response: &mut ChatResponse, json: String) {
    let of_the_answer = |part: &Part| match &part.kind {
        PartKind::Text { .. } => true,
        PartKind::ToolCall(call) => call.executed_by == Executor::Client,
        _ => false,
    };
    let content = &mut response.message.content;
    let at = content.iter().position(of_the_answer).unwrap_or(content.len());
    let kept = content.iter().take(at).filter(|part| !of_the_answer(part)).count();
    content.retain(|part| !of_the_answer(part));
    content.insert(kept, Part::text(json));
    if response.finish.reason == FinishReason::ToolCalls {
        response.finish.reason = FinishReason::Stop;
    }
}

/// Regular expressions as far as they are understood; vendors' schemas have simple ones.
fn matches(pattern: &str, text: &str) -> Option<bool> {
    regex_lite::Regex::new(pattern).ok().map(|regex| regex.is_match(text))
}
