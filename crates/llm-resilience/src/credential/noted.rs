//! The mark of an error whose refusal a pool of keys has noted itself, so that the gate above does not note it again.

use std::fmt;

use llm_core::Error;

/// Stands as the source of such an error; its own source is the error as the provider gave it.
#[derive(Debug)]
struct Noted(Error);

impl fmt::Display for Noted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.message())
    }
}

impl std::error::Error for Noted {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.0)
    }
}

/// The error with the mark. Everything else of it stays.
pub(super) fn noted(error: Error) -> Error {
    let original = error.clone();
    error.with_source(Noted(original))
}

/// Whether a pool of keys has noted what this error says of a key.
pub(crate) fn is_noted(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<Noted>)
}
