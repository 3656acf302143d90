//! What the emulator remembers of the requests that came in.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method};
use llm_core::Secret;
use serde_json::Value;

use super::protocol::{Operation, Vendor};

/// One request as it came in. Its `Debug` shows neither key nor body.
#[derive(Clone)]
#[non_exhaustive]
pub struct ReceivedRequest {
    /// Whose protocol it speaks.
    pub vendor: Vendor,
    /// What it asks for.
    pub operation: Operation,
    /// Method.
    pub method: Method,
    /// Path, without the query.
    pub path: String,
    /// Query, decoded; a key in it is blanked.
    pub query: Vec<(String, String)>,
    /// The model, empty where none is named.
    pub model: String,
    /// A stream was asked for.
    pub stream: bool,
    /// Headers; those that hold a key are blanked.
    pub headers: HeaderMap,
    /// The key.
    pub key: Option<Secret>,
    /// Body; a JSON string of the raw text where it is not JSON, `null` where there is none.
    pub body: Value,
    /// Top-level fields of the body that the protocol does not know.
    pub unknown_fields: Vec<String>,
    /// When, since the emulator's start.
    pub at: Duration,
    /// The connection's number, from 0.
    pub connection: u64,
    /// The status that was answered, if the headers went out.
    pub status: Option<u16>,
    /// What became of the exchange.
    pub fate: Fate,
}

/// What became of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// It goes on.
    Open,
    /// The answer went out whole.
    Answered,
    /// The emulator broke it, as it was told.
    Broken,
    /// The client left before the end.
    Abandoned,
}

impl fmt::Debug for ReceivedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedRequest")
            .field("vendor", &self.vendor)
            .field("operation", &self.operation)
            .field("path", &self.path)
            .field("model", &self.model)
            .field("stream", &self.stream)
            .field("at", &self.at)
            .field("status", &self.status)
            .field("fate", &self.fate)
            .finish_non_exhaustive()
    }
}

/// All requests, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Records(Mutex<Vec<ReceivedRequest>>);

impl Records {
    fn lock(&self) -> MutexGuard<'_, Vec<ReceivedRequest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a request and returns its place.
    pub(crate) fn add(&self, request: ReceivedRequest) -> usize {
        let mut all = self.lock();
        all.push(request);
        all.len() - 1
    }

    /// Notes the status of the request at this place.
    pub(crate) fn answered(&self, place: usize, status: u16) {
        if let Some(request) = self.lock().get_mut(place) {
            request.status = Some(status);
        }
    }

    /// Notes what became of the request at this place, unless that is known.
    pub(crate) fn end(&self, place: usize, fate: Fate) {
        if let Some(request) = self.lock().get_mut(place)
            && request.fate == Fate::Open
        {
            request.fate = fate;
        }
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<ReceivedRequest> {
        self.lock().clone()
    }

    /// How many of them are so.
    pub(crate) fn count(&self, of: impl Fn(&ReceivedRequest) -> bool) -> usize {
        self.lock().iter().filter(|request| of(request)).count()
    }
}

/// Headers that hold a key.
const SECRET: [&str; 6] = ["authorization", "x-api-key", "x-goog-api-key", "api-key", "cookie", "proxy-authorization"];

/// The headers without keys.
pub(crate) fn blanked(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in SECRET {
        if let Some(value) = headers.get_mut(name) {
            *value = HeaderValue::from_static("***");
        }
    }
    headers
}
