//! Scripts: what an answer consists of, when its pieces come, and where it breaks.

use std::time::Duration;

use llm_core::{Error, ErrorKind, Usage};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a scripted model answers. In JSON a list of steps, or an object with the fields below.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Script {
    /// Steps by attempt: the first list for attempt 1 of a request, and so on; the last one for all that follow.
    /// The driver numbers attempts over all targets of a request.
    pub attempts: Vec<Vec<Step>>,
    /// So many calls of a provider instance fail with `failure` before any step is taken. Only in a configuration,
    /// because a request has no memory.
    pub fail_first: u32,
    /// How they fail: 503 unless said otherwise.
    pub failure: Failure,
}

/// One step of a script. In JSON an object with one field (`{"text": "Hi"}`), or a word (`"stall"`).
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Step {
    /// The answer begins: what fails from here on fails inside a stream. Any piece of an answer begins it too.
    Start,
    /// Words, in one piece or in several.
    Text(Chunks),
    /// Reasoning, in one piece or in several.
    Reasoning(Chunks),
    /// A tool call.
    ToolCall(ScriptedCall),
    /// A pause in milliseconds.
    DelayMs(u64),
    /// Token counts, instead of those by the rule.
    Usage(Box<Usage>),
    /// The answer ends here, with this reason.
    Finish(String),
    /// The answer fails.
    Error(Box<Failure>),
    /// Nothing comes any more, until a timer of the call ends it.
    Stall,
    /// The stream ends without its end marker.
    Cut,
    /// Something comes that is not what the protocol says.
    Malformed,
}

/// Text in one piece or in several.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Chunks {
    /// One piece.
    One(String),
    /// Several pieces, each an event of its own.
    Many(Vec<String>),
}

impl Chunks {
    /// The pieces.
    pub(crate) fn into_pieces(self) -> Vec<String> {
        match self {
            Self::One(piece) => vec![piece],
            Self::Many(pieces) => pieces,
        }
    }
}

/// A tool call.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScriptedCall {
    /// Its id; `call_0` and so on when left out.
    pub id: Option<String>,
    /// The tool's name.
    pub name: String,
    /// The arguments: an object, or text that is taken as it is (and may be broken JSON).
    pub arguments: Value,
}

/// How an answer fails.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Failure {
    /// The class, as errors show it (`rate_limited`, `quota`, `network`); by the status when left out.
    pub kind: Option<String>,
    /// The HTTP status; none when only a class is given.
    pub status: Option<u16>,
    /// The words.
    pub message: Option<String>,
    /// How long to wait before the next try: `"2s"`, `"250ms"`, or seconds.
    #[serde(with = "llm_core::duration_text::option", skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<Duration>,
    /// Inside a stream that has begun, instead of before it.
    pub in_band: bool,
}

/// Classes that a failure may name. Timers have the name of their stage behind a colon.
const KINDS: [ErrorKind; 23] = {
    use ErrorKind as K;
    use llm_core::TimeoutStage as S;
    [
        K::Auth,
        K::Permission,
        K::NotFound,
        K::InvalidRequest,
        K::PayloadTooLarge,
        K::ContextLength,
        K::ContentFilter,
        K::RateLimited,
        K::QuotaExhausted,
        K::Overloaded,
        K::Server,
        K::ModelOutput,
        K::Network,
        K::Timeout(S::FirstByte),
        K::Malformed,
        K::Truncated,
        K::Unsupported,
        K::Config,
        K::CircuitOpen,
        K::Limited,
        K::BudgetExceeded,
        K::NoTarget,
        K::Cancelled,
    ]
};

impl Failure {
    /// The class, or what is wrong with its name.
    fn class(&self) -> Result<ErrorKind, String> {
        match (&self.kind, self.status) {
            (Some(word), _) => KINDS.into_iter().find(|kind| kind.as_str() == word).ok_or_else(|| {
                let known: Vec<&str> = KINDS.iter().map(|kind| kind.as_str()).collect();
                format!("unknown kind {word:?} of error, expected one of {}", known.join(", "))
            }),
            (None, Some(status)) => Ok(ErrorKind::of_status(status)),
            (None, None) => Ok(ErrorKind::Overloaded),
        }
    }

    /// The error.
    pub(crate) fn error(&self) -> Error {
        let kind = self.class().unwrap_or(ErrorKind::Internal);
        let status = self.status.or(if self.kind.is_none() { Some(503) } else { None });
        let error = match &self.message {
            Some(message) => Error::upstream(kind, message),
            None => Error::new(kind, format!("the script fails here ({kind})")),
        };
        let error = error.with_retry_after(self.retry_after);
        match status {
            Some(status) => error.with_status(status),
            None => error,
        }
    }
}

impl Script {
    /// A script with the same steps for every attempt.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { attempts: vec![steps.into_iter().collect()], ..Self::default() }
    }

    /// The steps of one attempt; 0, a call outside a driver, counts as the first.
    pub(crate) fn steps(&self, attempt: u32) -> Vec<Step> {
        let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        self.attempts.get(index).or(self.attempts.last()).cloned().unwrap_or_default()
    }

    /// Names of classes are checked when a script is read, not when it is played.
    fn checked(self) -> Result<Self, String> {
        self.failure.class()?;
        for step in self.attempts.iter().flatten() {
            if let Step::Error(failure) = step {
                failure.class()?;
            }
        }
        Ok(self)
    }
}

/// The object form of a script.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct Fields {
    steps: Option<Vec<Step>>,
    attempts: Option<Vec<Vec<Step>>>,
    fail_first: u32,
    failure: Failure,
}

impl<'de> Deserialize<'de> for Script {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Read by hand, because an untagged enum would not say which step is wrong.
        let value = Value::deserialize(deserializer)?;
        let script = if value.is_array() {
            Script { attempts: vec![steps(value).map_err(D::Error::custom)?], ..Script::default() }
        } else {
            let fields: Fields = serde_json::from_value(value).map_err(D::Error::custom)?;
            let attempts = match (fields.steps, fields.attempts) {
                (Some(_), Some(_)) => return Err(D::Error::custom("a script has `steps` or `attempts`, not both")),
                (Some(steps), None) => vec![steps],
                (None, attempts) => attempts.unwrap_or_default(),
            };
            Script { attempts, fail_first: fields.fail_first, failure: fields.failure }
        };
        script.checked().map_err(D::Error::custom)
    }
}

fn steps(value: Value) -> Result<Vec<Step>, String> {
    let Value::Array(values) = value else { return Ok(Vec::new()) };
    let step = |(number, value)| serde_json::from_value(value).map_err(|error| format!("step {number}: {error}"));
    (1..).zip(values).map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: Value) -> Result<Script, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn a_list_of_steps_is_a_script() {
        let script = read(json!([
            "start", { "text": ["Hel", "lo"] }, { "reasoning": "hm" }, { "delay_ms": 5 },
            { "tool_call": { "name": "f", "arguments": { "a": 1 } } }, { "usage": { "input": 1, "output": 2 } },
            { "error": { "status": 429, "retry_after": "2s" } }, "stall", "cut", "malformed", { "finish": "length" },
        ]))
        .unwrap();
        assert_eq!(script.attempts.len(), 1);
        assert_eq!(script.attempts[0].len(), 11);
        assert_eq!(script.attempts[0][1], Step::Text(Chunks::Many(vec!["Hel".to_owned(), "lo".to_owned()])));
    }

    #[test]
    fn attempts_are_counted_from_one_and_the_last_list_stays() {
        let script = read(json!({ "attempts": [["cut"], ["stall"]] })).unwrap();
        assert_eq!(script.steps(0), [Step::Cut]);
        assert_eq!(script.steps(1), [Step::Cut]);
        assert_eq!(script.steps(2), [Step::Stall]);
        assert_eq!(script.steps(9), [Step::Stall]);
        assert!(Script::default().steps(1).is_empty());
    }

    #[test]
    fn a_wrong_script_says_what_is_wrong() {
        let check = |value: Value, words: &str| {
            let error = read(value).unwrap_err();
            assert!(error.contains(words), "{error}");
        };
        check(json!(["start", { "txt": "a" }]), "step 2: unknown variant `txt`");
        check(json!([{ "error": { "kind": "tired" } }]), "unknown kind \"tired\" of error, expected one of auth");
        check(json!({ "steps": [], "attempts": [] }), "not both");
        check(json!({ "step": [] }), "unknown field `step`");
        check(json!({ "fail_first": 1, "failure": { "kind": "tired" } }), "unknown kind");
        check(json!("hello"), "invalid type");
    }

    #[test]
    fn a_failure_has_the_class_of_its_name_or_its_status() {
        let error = |value: Value| serde_json::from_value::<Failure>(value).unwrap().error();
        let failed = error(json!({ "status": 429, "retry_after": "250ms", "message": "slow down" }));
        assert_eq!(
            (failed.kind(), failed.status(), failed.message()),
            (ErrorKind::RateLimited, Some(429), "slow down")
        );
        assert_eq!(failed.retry_after(), Some(Duration::from_millis(250)));
        assert_eq!(error(json!({ "kind": "quota" })).kind(), ErrorKind::QuotaExhausted);
        assert_eq!(error(json!({ "kind": "network" })).status(), None);
        assert_eq!((error(json!({})).kind(), error(json!({})).status()), (ErrorKind::Overloaded, Some(503)));
    }
}
