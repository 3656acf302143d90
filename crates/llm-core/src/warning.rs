//! What a target could not express: a warning in the answer, or an error in strict mode, never silence.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::error_kind::ErrorKind;
use crate::id::Target;

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
