//! The error of an answer that breaks its schema.

use std::fmt;

use llm_core::schema::Violation;
use llm_core::{ChatResponse, Error, ErrorKind};

use super::read::{Broken, Why};

/// Why an answer is not what its schema says: the cause of an error of the class
/// [`ModelOutput`](ErrorKind::ModelOutput). It shows nothing of the answer, which is the error's
/// [`partial`](Error::partial), with the usage of every call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchemaBroken {
    /// Where and which keyword, where it is JSON at all.
    pub violation: Option<Violation>,
    why: Why,
}

impl SchemaBroken {
    /// The one behind an error.
    pub fn of(error: &Error) -> Option<&Self> {
        std::error::Error::source(error)?.downcast_ref()
    }
}

impl fmt::Display for SchemaBroken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.fmt(f)
    }
}

impl std::error::Error for SchemaBroken {}

/// The error of an answer that is given up: another target may do better, the same one was asked enough.
pub(super) fn error(broken: Broken) -> Error {
    let Broken { why, response } = broken;
    let violation = match &why {
        Why::Broken(violation) => Some(violation.clone()),
        _ => None,
    };
    let response: ChatResponse = *response;
    Error::new(ErrorKind::ModelOutput, format!("the answer does not follow the schema: {why}"))
        .with_provider(response.origin.provider.clone())
        .with_model(response.origin.model.clone())
        .with_param("output")
        .with_should_retry(false)
        .with_source(SchemaBroken { violation, why })
        .with_partial(response)
}
