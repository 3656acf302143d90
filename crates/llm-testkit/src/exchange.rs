//! One scripted HTTP exchange: what the upstream answers, in which pieces, when, and where it breaks.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode};
use llm_core::{Error, ErrorKind, Progress};

use crate::scripted::RecordedRequest;

/// Looks at a request before it is answered; panics or records what it finds.
pub(crate) type Check = Arc<dyn Fn(&RecordedRequest) + Send + Sync>;

/// One scripted exchange. Made by a constructor, then changed by its methods; may be used many times.
#[derive(Clone)]
pub struct Exchange {
    pub(crate) check: Option<Check>,
    pub(crate) wait: Duration,
    pub(crate) head: Head,
    pub(crate) steps: Vec<Step>,
}

/// What happens before the body.
#[derive(Clone, Debug)]
pub(crate) enum Head {
    Answer { status: StatusCode, headers: HeaderMap },
    Fail(Error),
    Hang,
}

/// One step of a body.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Chunk(Bytes),
    Wait(Duration),
    Fail(Error),
    Stall,
}

impl Exchange {
    /// An answer of the given status without headers, its body in one piece. An invalid status becomes 500.
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let head = Head::Answer { status, headers: HeaderMap::new() };
        Self { check: None, wait: Duration::ZERO, head, steps: Vec::new() }.with_chunks([body.into()])
    }

    /// A JSON answer.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::new(status, body.to_string()).with_header("content-type", "application/json")
    }

    /// A stream of server-sent events, given as the text of the whole body.
    pub fn sse(body: impl Into<Bytes>) -> Self {
        Self::new(200, body).with_header("content-type", "text/event-stream")
    }

    /// A stream of JSON lines, given as the text of the whole body.
    pub fn ndjson(body: impl Into<Bytes>) -> Self {
        Self::new(200, body).with_header("content-type", "application/x-ndjson")
    }

    /// No answer, but this error.
    pub fn fail(error: Error) -> Self {
        Self { head: Head::Fail(error), ..Self::new(200, Bytes::new()) }
    }

    /// No answer, but a network error that got this far.
    pub fn network_error(progress: Progress) -> Self {
        Self::fail(network_error(progress))
    }

    /// No answer ever: the headers do not come.
    pub fn hang() -> Self {
        Self { head: Head::Hang, ..Self::new(200, Bytes::new()) }
    }

    /// With a header. An invalid name or value is left out.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        if let (Head::Answer { headers, .. }, Ok(name), Ok(value)) =
            (&mut self.head, HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            if name == CONTENT_TYPE {
                headers.insert(name, value);
            } else {
                headers.append(name, value);
            }
        }
        self
    }

    /// With a look at the request; `check` may assert.
    pub fn with_check(mut self, check: impl Fn(&RecordedRequest) + Send + Sync + 'static) -> Self {
        self.check = Some(Arc::new(check));
        self
    }

    /// The headers come only after this time (tokio's clock, so tests pause it).
    pub fn with_wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// With the body in these pieces. Delays and faults that were set before are gone.
    pub fn with_chunks(mut self, chunks: impl IntoIterator<Item = impl Into<Bytes>>) -> Self {
        self.steps = chunks.into_iter().map(Into::into).filter(|chunk| !chunk.is_empty()).map(Step::Chunk).collect();
        self
    }

    /// With the body in pieces of `size` bytes, the last one shorter.
    pub fn split_every(self, size: usize) -> Self {
        let body = self.body();
        let step = size.max(1);
        let pieces = (0..body.len()).step_by(step).map(|at| body.slice(at..body.len().min(at + step)));
        self.with_chunks(pieces.collect::<Vec<_>>())
    }

    /// With the body in pieces that end at these offsets.
    pub fn split_at(self, offsets: &[usize]) -> Self {
        let body = self.body();
        let (mut from, mut pieces) = (0, Vec::with_capacity(offsets.len() + 1));
        for at in offsets.iter().copied().chain([body.len()]) {
            let at = at.clamp(from, body.len());
            pieces.push(body.slice(from..at));
            from = at;
        }
        self.with_chunks(pieces)
    }

    /// With a pause before every piece of the body.
    pub fn with_chunk_delay(mut self, delay: Duration) -> Self {
        self.steps = self.steps.into_iter().flat_map(|step| [Step::Wait(delay), step]).collect();
        self
    }

    /// The body ends as if it were whole after `chunks` pieces.
    pub fn end_after(mut self, chunks: usize) -> Self {
        self.keep(chunks);
        self
    }

    /// The connection breaks after `chunks` pieces.
    pub fn cut_after(self, chunks: usize) -> Self {
        self.fail_after(chunks, network_error(Progress::Sent))
    }

    /// The body fails with this error after `chunks` pieces.
    pub fn fail_after(mut self, chunks: usize, error: Error) -> Self {
        self.keep(chunks);
        self.steps.push(Step::Fail(error));
        self
    }

    /// Nothing comes any more after `chunks` pieces.
    pub fn stall_after(mut self, chunks: usize) -> Self {
        self.keep(chunks);
        self.steps.push(Step::Stall);
        self
    }

    /// The whole body, faults and delays left out.
    pub fn body(&self) -> Bytes {
        let mut chunks = self.steps.iter().filter_map(|step| match step {
            Step::Chunk(chunk) => Some(chunk.clone()),
            _ => None,
        });
        let first = chunks.next().unwrap_or_default();
        let rest: Vec<Bytes> = chunks.collect();
        if rest.is_empty() { first } else { std::iter::once(first).chain(rest).flatten().collect() }
    }

    /// Number of pieces.
    pub fn chunks(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step, Step::Chunk(_))).count()
    }

    fn keep(&mut self, chunks: usize) {
        let mut seen = 0;
        self.steps.retain(|step| {
            let is_chunk = matches!(step, Step::Chunk(_));
            let kept = seen < chunks;
            seen += usize::from(is_chunk);
            kept
        });
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("head", &self.head)
            .field("wait", &self.wait)
            .field("chunks", &self.chunks())
            .finish_non_exhaustive()
    }
}

fn network_error(progress: Progress) -> Error {
    let message = "connecting to the scripted upstream: the connection was reset, as the script says";
    Error::new(ErrorKind::Network, message).with_progress(progress)
}
