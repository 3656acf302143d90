//! What Loquat knows of an error beyond a vendor's form: written under `x_llm`, for people who look for the cause.

use llm_core::{Attempt, Error, ErrorKind};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// The facts of an error.
#[derive(Debug)]
pub struct ErrorFacts<'a>(pub &'a Error);

impl Serialize for ErrorFacts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let error = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("source", source(error))?;
        map.serialize_entry("kind", error.kind().as_str())?;
        let mut text = |name: &str, value: Option<&str>| value.map_or(Ok(()), |value| map.serialize_entry(name, value));
        text("provider", error.provider())?;
        text("model", error.model())?;
        text("param", error.param())?;
        text("upstream_code", error.code())?;
        if let Some(status) = error.status() {
            map.serialize_entry("upstream_status", &status)?;
        }
        if let Some(wait) = error.retry_after() {
            map.serialize_entry("retry_after_s", &wait.as_secs_f64())?;
        }
        if !error.attempts().is_empty() {
            map.serialize_entry("attempts", &Attempts(error.attempts()))?;
        }
        map.end()
    }
}

/// Who is to blame: the caller, Loquat, or the provider.
fn source(error: &Error) -> &'static str {
    match error.kind() {
        _ if error.status().is_some() => "provider",
        ErrorKind::InvalidRequest | ErrorKind::Cancelled => "client",
        ErrorKind::Network | ErrorKind::Malformed | ErrorKind::Truncated | ErrorKind::Timeout(_) => "provider",
        _ => "gateway",
    }
}

struct Attempts<'a>(&'a [Attempt]);

impl Serialize for Attempts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Row))
    }
}

struct Row<'a>(&'a Attempt);

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let attempt = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("target", &attempt.target)?;
        if let Some(failure) = &attempt.failure {
            map.serialize_entry("kind", failure.kind.as_str())?;
            if let Some(status) = failure.status {
                map.serialize_entry("status", &status)?;
            }
        }
        map.serialize_entry("ms", &u64::try_from(attempt.duration.as_millis()).unwrap_or(u64::MAX))?;
        map.end()
    }
}
