//! The JSON of answers, as the server writes it: whole or a line of a stream.
//!
//! Borrowed from the body where that is possible; fields that are not known are kept in `rest`.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, IgnoredAny};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::usage::{Metrics, loose};

/// Text that may be null or absent, which is the same as empty. Borrowed unless it has escapes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text<'a>(Cow<'a, str>);

impl<'a> Text<'a> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, unless it is empty.
    pub(crate) fn some(self) -> Option<Cow<'a, str>> {
        if self.0.is_empty() { None } else { Some(self.0) }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<llm_wire::json::Text<'de>>::deserialize(deserializer)?;
        Ok(text.map(|text| Self(text.0)).unwrap_or_default())
    }
}

/// An answer, or one line of a streamed one.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Answer<'a> {
    /// An error, also with status 200 and inside a stream.
    #[serde(borrow)]
    pub(crate) error: Option<Problem<'a>>,
    #[serde(borrow)]
    pub(crate) model: Text<'a>,
    #[serde(borrow)]
    pub(crate) created_at: Text<'a>,
    #[serde(borrow)]
    pub(crate) message: Option<Said<'a>>,
    /// The words of `/api/generate`, which continues a prompt.
    #[serde(borrow)]
    pub(crate) response: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) thinking: Text<'a>,
    /// The prompt and the words as tokens, from `/api/generate`: nobody needs them twice.
    #[allow(dead_code, reason = "named so that it does not land in `rest`")]
    pub(crate) context: Option<IgnoredAny>,
    pub(crate) done: Option<bool>,
    #[serde(borrow)]
    pub(crate) done_reason: Text<'a>,
    #[serde(deserialize_with = "loose")]
    pub(crate) total_duration: Option<serde_json::Number>,
    #[serde(deserialize_with = "loose")]
    pub(crate) load_duration: Option<serde_json::Number>,
    #[serde(deserialize_with = "loose")]
    pub(crate) prompt_eval_count: Option<serde_json::Number>,
    #[serde(deserialize_with = "loose")]
    pub(crate) prompt_eval_duration: Option<serde_json::Number>,
    #[serde(deserialize_with = "loose")]
    pub(crate) eval_count: Option<serde_json::Number>,
    #[serde(deserialize_with = "loose")]
    pub(crate) eval_duration: Option<serde_json::Number>,
    /// Of the tokens in this answer or line.
    pub(crate) logprobs: Option<Vec<Value>>,
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

impl<'a> Answer<'a> {
    /// The error, if the answer is one.
    pub(crate) fn problem(&self) -> Option<&Problem<'a>> {
        self.error.as_ref().filter(|problem| !matches!(problem, Problem::Words(words) if words.is_empty()))
    }

    /// Takes what the model said, in a chat or as the continuation of a prompt.
    pub(crate) fn said(&mut self) -> Option<Said<'a>> {
        self.message.take().or_else(|| {
            let content = self.response.take()?;
            Some(Said { content, thinking: std::mem::take(&mut self.thinking), ..Said::default() })
        })
    }

    /// Takes the counts and timings.
    pub(crate) fn metrics(&mut self) -> Metrics {
        Metrics {
            total_duration: self.total_duration.take(),
            load_duration: self.load_duration.take(),
            prompt_eval_count: self.prompt_eval_count.take(),
            prompt_eval_duration: self.prompt_eval_duration.take(),
            eval_count: self.eval_count.take(),
            eval_duration: self.eval_duration.take(),
        }
    }
}

/// What the model said.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Said<'a> {
    /// Always `assistant`.
    #[serde(borrow)]
    #[allow(dead_code, reason = "named so that it does not land in `rest`")]
    pub(crate) role: Text<'a>,
    #[serde(borrow)]
    pub(crate) content: Text<'a>,
    #[serde(borrow)]
    pub(crate) thinking: Text<'a>,
    #[serde(borrow)]
    pub(crate) tool_calls: Option<Vec<Call<'a>>>,
    #[serde(borrow)]
    pub(crate) images: Option<Vec<Text<'a>>>,
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

/// A tool call, always whole.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Call<'a> {
    /// Only newer servers give one.
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow)]
    pub(crate) function: Function<'a>,
    /// Only some servers behind the same API say it.
    #[serde(borrow, rename = "type")]
    #[allow(dead_code, reason = "named so that it does not land in `rest`")]
    pub(crate) kind: Text<'a>,
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

/// Which function is called, and how.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Function<'a> {
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    #[serde(borrow)]
    pub(crate) arguments: Option<&'a RawValue>,
}

impl Function<'_> {
    /// The arguments as the server wrote them, and whether they were cut off. They are an object; text that holds JSON is
    /// taken out of its quotes.
    pub(crate) fn arguments(&self) -> (String, bool) {
        let raw = self.arguments.map_or("{}", RawValue::get);
        if !raw.starts_with('"') {
            return (raw.to_owned(), false);
        }
        let text: String = serde_json::from_str(raw).unwrap_or_default();
        let truncated = serde_json::from_str::<IgnoredAny>(&text).is_err();
        (text, truncated)
    }
}

/// An error: text at Ollama itself, an object behind some gateways.
#[derive(Debug, serde::Deserialize)]
#[serde(untagged)]
pub(crate) enum Problem<'a> {
    /// `{"error": "…"}`.
    Words(#[serde(borrow)] Cow<'a, str>),
    /// `{"error": {"message": "…"}}`.
    Object {
        /// The words.
        #[serde(borrow)]
        message: Text<'a>,
    },
    /// Anything else.
    Other(Value),
}

impl Problem<'_> {
    pub(crate) fn message(&self) -> Cow<'_, str> {
        match self {
            Self::Words(words) => Cow::Borrowed(words),
            Self::Object { message } => Cow::Borrowed(message.as_str()),
            Self::Other(other) => Cow::Owned(other.to_string()),
        }
    }
}

impl From<Value> for Problem<'_> {
    fn from(value: Value) -> Self {
        match value {
            Value::String(words) => Self::Words(Cow::Owned(words)),
            Value::Object(mut object) => match object.remove("message") {
                Some(Value::String(message)) => Self::Object { message: Text(Cow::Owned(message)) },
                _ => Self::Other(Value::Object(object)),
            },
            other => Self::Other(other),
        }
    }
}
