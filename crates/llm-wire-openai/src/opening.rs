//! How every stream of these protocols begins: what the caller should know comes with the first event.

use std::sync::Arc;

use http::HeaderMap;
use llm_core::{Origin, RateLimits, StreamStart, Warning};

/// What goes out with the start of a stream, until it has.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) origin: Arc<Origin>,
    warnings: Vec<Warning>,
    request_id: Option<String>,
    rate_limits: Option<RateLimits>,
    started: bool,
}

impl Opening {
    pub(crate) fn new(origin: Arc<Origin>, warnings: Vec<Warning>) -> Self {
        Self { origin, warnings, request_id: None, rate_limits: None, started: false }
    }

    /// What the headers say: the request id and the rate limits.
    pub(crate) fn read(&mut self, headers: &HeaderMap) {
        self.request_id = llm_wire::request_id(headers);
        self.rate_limits = llm_wire::rate_limits(headers, None).summary();
    }

    /// True once the start has gone out.
    pub(crate) fn is_over(&self) -> bool {
        self.started
    }

    /// The start; `None` when it has gone out already.
    pub(crate) fn start(&mut self) -> Option<StreamStart> {
        if std::mem::replace(&mut self.started, true) {
            return None;
        }
        let mut start = StreamStart::new(self.origin.clone());
        start.request_id = self.request_id.take();
        start.rate_limits = self.rate_limits.take();
        start.warnings = std::mem::take(&mut self.warnings);
        Some(start)
    }
}
