//! What Loquat knows of an error beyond a vendor's form: written under `x_llm`, for people who look for the cause.
//! And what every protocol that servers of ours speak says of one: its status, and whose it is.

use llm_core::{Attempt, Error, ErrorKind};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// The facts of an error. Those that are not known are left out.
#[derive(Clone, Copy, Debug)]
pub struct ErrorFacts<'a>(pub &'a Error);

impl ErrorFacts<'_> {
    /// Whose error it is, in one word: `client`, `gateway` or `provider`.
    pub fn source(self) -> &'static str {
        let error = self.0;
        match error.kind() {
            _ if error.status().is_some() => "provider",
            ErrorKind::InvalidRequest | ErrorKind::PayloadTooLarge | ErrorKind::Unsupported | ErrorKind::Cancelled => {
                "client"
            }
            // Nobody knows the name: the caller's mistake. A provider that does not know it is asked below.
            ErrorKind::NotFound if error.provider().is_none() && error.attempts().is_empty() => "client",
            // Without a status nobody was asked: a key of ours is missing, or a limit of ours is reached.
            ErrorKind::Auth
            | ErrorKind::Permission
            | ErrorKind::Config
            | ErrorKind::CircuitOpen
            | ErrorKind::Limited
            | ErrorKind::BudgetExceeded
            | ErrorKind::NoTarget
            | ErrorKind::Internal => "gateway",
            _ if error.provider().is_some() || !error.attempts().is_empty() => "provider",
            _ => "gateway",
        }
    }

    /// The HTTP status of its class, for protocols that have no numbers of their own.
    pub fn status(self) -> u16 {
        match self.0.kind() {
            ErrorKind::Auth => 401,
            ErrorKind::Permission => 403,
            ErrorKind::NotFound => 404,
            ErrorKind::InvalidRequest
            | ErrorKind::ContextLength
            | ErrorKind::ContentFilter
            | ErrorKind::Unsupported => 400,
            ErrorKind::PayloadTooLarge => 413,
            ErrorKind::RateLimited | ErrorKind::QuotaExhausted | ErrorKind::Limited | ErrorKind::BudgetExceeded => 429,
            ErrorKind::Overloaded | ErrorKind::CircuitOpen | ErrorKind::NoTarget => 503,
            ErrorKind::Timeout(_) => 504,
            // The word of nginx for a caller who has left.
            ErrorKind::Cancelled => 499,
            ErrorKind::Config | ErrorKind::Internal => 500,
            _ => 502,
        }
    }
}

impl Serialize for ErrorFacts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let error = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("source", self.source())?;
        map.serialize_entry("kind", error.kind().as_str())?;
        let mut text = |name: &str, value: Option<&str>| value.map_or(Ok(()), |value| map.serialize_entry(name, value));
        text("provider", error.provider())?;
        text("model", error.model())?;
        text("param", error.param())?;
        text("upstream_code", error.code())?;
        if let Some(status) = error.status() {
            map.serialize_entry("upstream_status", &status)?;
        }
        if let Some(id) = error.request_id() {
            map.serialize_entry("request_id", id)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_errors_are_told_from_the_callers_and_the_vendors() {
        let source = |error: Error| ErrorFacts(&error).source();
        assert_eq!(source(Error::new(ErrorKind::NotFound, "no such model")), "client");
        assert_eq!(source(Error::new(ErrorKind::NotFound, "no such model").with_provider("ollama")), "provider");
        let auth = || Error::new(ErrorKind::Auth, "api key missing").with_provider("openai");
        assert_eq!((source(auth()), source(auth().with_status(401))), ("gateway", "provider"));
        assert_eq!(source(Error::new(ErrorKind::Overloaded, "in a stream").with_provider("openai")), "provider");
    }

    #[test]
    fn a_fact_that_is_not_known_is_left_out() {
        let json = |error: &Error| serde_json::to_string(&ErrorFacts(error)).unwrap();
        let error = Error::new(ErrorKind::NoTarget, "nobody");
        assert_eq!(json(&error), r#"{"source":"gateway","kind":"no_target"}"#);
        let error = error.with_provider("p").with_status(503).with_request_id("r".to_owned());
        let written =
            r#"{"source":"provider","kind":"no_target","provider":"p","upstream_status":503,"request_id":"r"}"#;
        assert_eq!(json(&error), written);
    }
}
