//! What a target could not express: a warning in the answer, or an error in strict mode, never silence.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::chat::ChatRequest;
use crate::closest::closest;
use crate::error::Error;
use crate::error_kind::ErrorKind;
use crate::id::{Origin, Target};

/// What to do with a request field that the target cannot express.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnsupported {
    /// Leave it out and say so in the answer's warnings.
    #[default]
    Warn,
    /// Refuse the request with an `unsupported` error, so that another target may take it.
    Error,
    /// Leave it out and say nothing.
    Ignore,
}

/// Something the caller should know about an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Warning {
    /// A request field was left out because the target cannot express it.
    Unsupported {
        /// The field, as a path in [`ChatRequest`](crate::ChatRequest) (`sampling.top_k`).
        field: String,
        /// Why.
        details: String,
    },
    /// A request field was sent in another form than asked.
    Adapted {
        /// The field.
        field: String,
        /// What was done to it.
        details: String,
    },
    /// The stream broke off, and another call went on with it: the answer is made of two.
    Resumed {
        /// Whose stream broke.
        broken: Target,
        /// Why.
        cause: ErrorKind,
        /// Who went on. The answer's origin stays the first one.
        by: Target,
        /// That model, as its own answer names it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
        /// How its words were joined to the first ones.
        how: Resumption,
    },
    /// Anything else.
    Other {
        /// What.
        message: String,
    },
}

/// In one line, for people.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported { field, details } | Self::Adapted { field, details } => write!(f, "{field}: {details}"),
            Self::Resumed { broken, cause, by, .. } => write!(f, "resumed: {broken} broke off ({cause}), {by} went on"),
            Self::Other { message } => f.write_str(message),
        }
    }
}

/// How the second half of a resumed stream was joined to the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Resumption {
    /// The second answer was made from the start and began with every byte of the first.
    Restart,
    /// The second model was given the first half as its own beginning, and continued it.
    Prefill,
}

/// The fields of a chat request, of its messages and of how it is drawn.
const FIELDS: &[&str] = &[
    "model",
    "messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "output",
    "sampling",
    "reasoning",
    "service_tier",
    "end_user",
    "metadata",
    "on_unsupported",
    "ext",
    "sampling.temperature",
    "sampling.top_p",
    "sampling.top_k",
    "sampling.presence_penalty",
    "sampling.frequency_penalty",
    "sampling.seed",
    "sampling.max_output_tokens",
    "sampling.stop",
    "sampling.candidates",
    "sampling.logprobs",
    "messages.role",
    "messages.content",
    "messages.name",
    "messages.content.cache",
    "messages.content.signature",
];

/// Collects warnings while a request is encoded, by the request's own [`OnUnsupported`].
#[derive(Debug)]
pub struct Warnings {
    mode: OnUnsupported,
    list: Vec<Warning>,
}

impl Warnings {
    /// An empty collection in the given mode.
    pub fn new(mode: OnUnsupported) -> Self {
        Self { mode, list: Vec::new() }
    }

    /// The collection for a chat, with what no encoder could send to this target: fields that nobody here knows, and those
    /// of another protocol's body.
    pub fn of(request: &ChatRequest, to: &Origin) -> Result<Self, Error> {
        let mut warnings = Self::new(request.on_unsupported);
        let is_sent =
            |name: &str| [&*to.api, &*to.provider].iter().any(|reader| request.ext.value(reader, name).is_some());
        for name in request.extra.keys().filter(|name| !is_sent(name)) {
            warnings.unknown(name)?;
        }
        for name in request.sampling.extra.keys() {
            warnings.unknown(&format!("sampling.{name}"))?;
        }
        for (index, message) in request.messages.iter().enumerate() {
            for name in message.extra.keys() {
                warnings.unknown(&format!("messages[{index}].{name}"))?;
            }
            for name in message.content.iter().flat_map(|part| part.extra.keys()) {
                warnings.unknown(&format!("messages[{index}].content.{name}"))?;
            }
        }
        warnings.foreign(request, to)?;
        Ok(warnings)
    }

    /// A field that a request has and this version does not know is left out. One that is misspelt is told the name that
    /// was meant.
    pub fn unknown(&mut self, field: &str) -> Result<(), Error> {
        let name = field.rsplit('.').next().unwrap_or_default();
        let last = |path: &'static str| path.rsplit('.').next().unwrap_or_default();
        let meant = closest(name, FIELDS.iter().map(|path| last(path)))
            .and_then(|meant| FIELDS.iter().find(|path| last(path) == meant))
            .filter(|path| **path != field);
        match meant {
            Some(meant) => {
                self.unsupported(field, &format!("this version does not know the field; did you mean {meant}?"))
            }
            None => self.unsupported(field, "this version does not know the field; use `ext` to send it as it is"),
        }
    }

    /// Each field of another protocol's body is left out.
    pub fn foreign(&mut self, request: &ChatRequest, to: &Origin) -> Result<(), Error> {
        let form = request.form.as_deref().unwrap_or_default();
        request.foreign(to).try_for_each(|name| {
            self.unsupported(name, &format!("it is a field of {form}, and this target speaks {}", to.api))
        })
    }

    /// `field` is left out: a warning, nothing, or an `unsupported` error, by mode.
    pub fn unsupported(&mut self, field: &str, details: &str) -> Result<(), Error> {
        match self.mode {
            OnUnsupported::Ignore => Ok(()),
            OnUnsupported::Warn => {
                self.list.push(Warning::Unsupported { field: field.to_owned(), details: details.to_owned() });
                Ok(())
            }
            OnUnsupported::Error => {
                Err(Error::new(ErrorKind::Unsupported, format!("the target cannot take {field}: {details}"))
                    .with_param(field))
            }
        }
    }

    /// [`Warnings::unsupported`] for each of these fields that is set, with the same details.
    pub fn unsupported_if<'a>(
        &mut self,
        fields: impl IntoIterator<Item = (bool, &'a str)>,
        details: &str,
    ) -> Result<(), Error> {
        fields.into_iter().filter(|(is_set, _)| *is_set).try_for_each(|(_, field)| self.unsupported(field, details))
    }

    /// `field` is sent in another form.
    pub fn adapted(&mut self, field: &str, details: &str) {
        if self.mode != OnUnsupported::Ignore {
            self.list.push(Warning::Adapted { field: field.to_owned(), details: details.to_owned() });
        }
    }

    /// What was collected.
    pub fn into_vec(self) -> Vec<Warning> {
        self.list
    }
}
