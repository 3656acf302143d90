//! Reading a client's request: what is wrong with it is an error that names the field.

use llm_core::{Error, ErrorKind};

use super::Place;

/// Reads a client's request. What is wrong with it is an `invalid_request` error that names the field.
pub(crate) fn read_request<'a, T: serde::Deserialize<'a>>(body: &'a [u8]) -> Result<T, Error> {
    super::read(body).map_err(|error| match Place::of(&error) {
        Place { path, what } if path.is_empty() => {
            Error::new(ErrorKind::InvalidRequest, format!("the request body {what}"))
        }
        Place { path, what } => wrong(&path, &what),
    })
}

/// The error of a request that names the field.
pub(crate) fn wrong(path: &str, what: &str) -> Error {
    Error::new(ErrorKind::InvalidRequest, format!("{path} {what}")).with_param(path.to_owned())
}
