//! An id and a time for answers whose vendor gives none: clients want both in every answer.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::HeaderValue;
use llm_core::{ChatResponse, StreamStart};

/// Fills in what an answer lacks.
pub(crate) struct Stamp {
    request_id: HeaderValue,
    /// What ids of the client's protocol begin with.
    id_prefix: &'static str,
}

impl Stamp {
    pub(crate) fn new(request_id: HeaderValue, id_prefix: &'static str) -> Self {
        Self { request_id, id_prefix }
    }

    pub(crate) fn response(&self, response: &mut ChatResponse) {
        self.fill(&mut response.id, &mut response.created);
    }

    pub(crate) fn start(&self, start: &mut StreamStart) {
        self.fill(&mut start.id, &mut start.created);
    }

    fn fill(&self, id: &mut Option<String>, created: &mut Option<u64>) {
        if id.is_none() {
            *id = Some(format!("{}{}", self.id_prefix, self.request_id.to_str().unwrap_or_default()));
        }
        if created.is_none() {
            *created = now();
        }
    }
}

/// Unix seconds; nothing on a machine whose clock stands before 1970.
#[expect(clippy::disallowed_methods, reason = "the gateway answers for vendors that give no time")]
fn now() -> Option<u64> {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
}
