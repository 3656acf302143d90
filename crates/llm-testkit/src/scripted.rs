//! A transport without sockets: answers from a script, remembers what it was asked and what became of its bodies.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderMap, Method};
use llm_core::{Body, CancellationToken, Cx, Error, ErrorKind, HttpRequest, HttpResponse, TimeoutStage, Transport};
use tokio::time::{Instant, Sleep};

use crate::exchange::{Exchange, Head, Step};

/// A transport that answers from a script, one [`Exchange`] a request. Clones share the script and the record.
///
/// It keeps the promises of a real transport: the timers `first_byte` and `idle`, the deadline and the cancellation
/// of the [`Cx`]. Timers run on tokio's clock and are only made when the script waits.
#[derive(Clone, Default)]
pub struct ScriptedTransport(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    script: VecDeque<Exchange>,
    repeat: bool,
    forgets: bool,
    count: usize,
    requests: Vec<RecordedRequest>,
    bodies: Bodies,
}

/// One request as the transport got it.
#[derive(Clone, Debug)]
pub struct RecordedRequest {
    /// Method.
    pub method: Method,
    /// URL with its query.
    pub url: String,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl RecordedRequest {
    /// The body as JSON; `null` when it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first value of a header, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// What became of the exchanges that were begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bodies {
    /// Bodies handed out.
    pub opened: usize,
    /// Bodies that were read to their end or to their error.
    pub finished: usize,
    /// Bodies that were dropped before that: the caller gave up.
    pub dropped: usize,
    /// Requests that ended before the headers came: the caller gave up or its time was over.
    pub abandoned: usize,
}

impl ScriptedTransport {
    /// A script of one exchange after the other. A request beyond the last one is an `internal` error.
    pub fn new(script: impl IntoIterator<Item = Exchange>) -> Self {
        let state = State { script: script.into_iter().collect(), ..State::default() };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Answers every request with this exchange.
    pub fn always(exchange: Exchange) -> Self {
        let transport = Self::new([exchange]);
        transport.state().repeat = true;
        transport
    }

    /// Answers one request with JSON.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::new([Exchange::json(status, body)])
    }

    /// Answers one request with server-sent events.
    pub fn sse(body: impl Into<Bytes>) -> Self {
        Self::new([Exchange::sse(body)])
    }

    /// Keeps no request, for benchmarks that send many.
    pub fn without_record(self) -> Self {
        self.state().forgets = true;
        self
    }

    /// Adds an exchange at the end of the script.
    pub fn push(&self, exchange: Exchange) {
        self.state().script.push_back(exchange);
    }

    /// A call environment that uses this transport.
    pub fn cx(&self) -> Cx {
        Cx::new(Arc::new(self.clone()))
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.state().requests.clone()
    }

    /// The last request, if there was one.
    pub fn last_request(&self) -> Option<RecordedRequest> {
        self.state().requests.last().cloned()
    }

    /// What became of the exchanges so far.
    pub fn bodies(&self) -> Bodies {
        self.state().bodies
    }

    /// Exchanges that were not asked for yet.
    pub fn remaining(&self) -> usize {
        self.state().script.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A check that panics poisons the lock; the record stays good.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, request: HttpRequest) -> Result<Exchange, Error> {
        let HttpRequest { method, url, headers, body } = request;
        let request = RecordedRequest { method, url, headers, body };
        let mut state = self.state();
        let exchange = if state.repeat { state.script.front().cloned() } else { state.script.pop_front() };
        state.count += 1;
        let count = state.count;
        // A check may use the transport, so it runs without the lock.
        let check = exchange.as_ref().and_then(|exchange| exchange.check.clone()).map(|check| (check, request.clone()));
        if !state.forgets {
            state.requests.push(request);
        }
        drop(state);
        if let Some((check, request)) = check {
            check(&request);
        }
        exchange.ok_or_else(|| {
            let message = format!("the script has no answer for request {count}: add an exchange to the transport");
            Error::new(ErrorKind::Internal, message)
        })
    }
}

#[async_trait]
impl Transport for ScriptedTransport {
    async fn send(&self, cx: &Cx, request: HttpRequest) -> Result<HttpResponse, Error> {
        let exchange = self.next(request)?;
        let abandoned = Abandoned(Some(self.clone()));
        let waits = !exchange.wait.is_zero() || matches!(exchange.head, Head::Hang);
        if waits || cx.cancel.as_ref().is_some_and(CancellationToken::is_cancelled) {
            let hangs = matches!(exchange.head, Head::Hang);
            wait(cx, if hangs { None } else { Some(exchange.wait) }).await?;
        }
        abandoned.disarm();
        match exchange.head {
            Head::Answer { status, headers } => {
                self.state().bodies.opened += 1;
                let body = ScriptedBody {
                    transport: self.clone(),
                    steps: exchange.steps.into(),
                    idle: cx.timeouts.idle,
                    deadline: cx.deadline.map(Instant::from_std),
                    cancelled: cx.cancel.clone().map(|token| Box::pin(token.cancelled_owned()) as _),
                    timer: None,
                    over: false,
                };
                Ok(HttpResponse { status, headers, body: Body::stream(body), received_at: None })
            }
            Head::Fail(error) => Err(error),
            // `wait` above does not return while it hangs.
            Head::Hang => Err(timeout(TimeoutStage::FirstByte)),
        }
    }
}

impl fmt::Debug for ScriptedTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("ScriptedTransport")
            .field("remaining", &state.script.len())
            .field("requests", &state.count)
            .field("bodies", &state.bodies)
            .finish()
    }
}

/// Waits for `delay` (for ever when `None`), or until a timer or the cancellation of the call ends it.
async fn wait(cx: &Cx, delay: Option<Duration>) -> Result<(), Error> {
    let now = Instant::now();
    let first_byte = cx.timeouts.first_byte.map(|limit| (now + limit, TimeoutStage::FirstByte));
    let total = cx.deadline.map(|deadline| (Instant::from_std(deadline), TimeoutStage::Total));
    let limit = [first_byte, total].into_iter().flatten().min_by_key(|(at, _)| *at);
    let answer = async {
        match delay {
            Some(delay) => tokio::time::sleep_until(now + delay).await,
            None => std::future::pending().await,
        }
    };
    let expired = async {
        match limit {
            Some((at, stage)) => {
                tokio::time::sleep_until(at).await;
                stage
            }
            None => std::future::pending().await,
        }
    };
    let cancelled = async {
        match &cx.cancel {
            Some(token) => token.cancelled().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = cancelled => Err(cancelled_error()),
        () = answer => Ok(()),
        stage = expired => Err(timeout(stage)),
    }
}

fn timeout(stage: TimeoutStage) -> Error {
    let message = match stage {
        TimeoutStage::Idle => "reading the scripted answer: no byte came in time",
        TimeoutStage::Total => "calling the scripted upstream: the deadline of the request has passed",
        _ => "waiting for the scripted answer: no headers came in time",
    };
    Error::new(ErrorKind::Timeout(stage), message)
}

fn cancelled_error() -> Error {
    Error::new(ErrorKind::Cancelled, "calling the scripted upstream: the caller cancelled")
}

/// Counts a `send` that ends before the headers, by a timer, by cancellation or because its future is dropped.
struct Abandoned(Option<ScriptedTransport>);

impl Abandoned {
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for Abandoned {
    fn drop(&mut self) {
        if let Some(transport) = self.0.take() {
            transport.state().bodies.abandoned += 1;
        }
    }
}

struct ScriptedBody {
    transport: ScriptedTransport,
    steps: VecDeque<Step>,
    idle: Option<Duration>,
    deadline: Option<Instant>,
    cancelled: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    timer: Option<Timer>,
    over: bool,
}

/// What the body waits for: the script's own pause, or the end of the caller's patience, whichever comes first.
struct Timer {
    sleep: Pin<Box<Sleep>>,
    expires: Option<TimeoutStage>,
}

impl ScriptedBody {
    fn end(&mut self, error: Option<Error>) -> Poll<Option<Result<Bytes, Error>>> {
        self.over = true;
        self.transport.state().bodies.finished += 1;
        Poll::Ready(error.map(Err))
    }

    /// A timer for a pause of the script; `None` is a stall without end. No timer when nothing limits the stall.
    fn timer(&self, pause: Option<Duration>) -> Option<Timer> {
        let now = Instant::now();
        let pause = pause.map(|pause| (now + pause, None));
        let idle = self.idle.map(|idle| (now + idle, Some(TimeoutStage::Idle)));
        let total = self.deadline.map(|deadline| (deadline, Some(TimeoutStage::Total)));
        let (at, expires) = [pause, idle, total].into_iter().flatten().min_by_key(|(at, _)| *at)?;
        Some(Timer { sleep: Box::pin(tokio::time::sleep_until(at)), expires })
    }
}

impl Stream for ScriptedBody {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.over {
            return Poll::Ready(None);
        }
        if let Some(cancelled) = &mut this.cancelled
            && cancelled.as_mut().poll(cx).is_ready()
        {
            return this.end(Some(cancelled_error()));
        }
        loop {
            let pause = match this.steps.front() {
                None => return this.end(None),
                Some(Step::Chunk(_) | Step::Fail(_)) => match this.steps.pop_front() {
                    Some(Step::Chunk(chunk)) => return Poll::Ready(Some(Ok(chunk))),
                    Some(Step::Fail(error)) => return this.end(Some(error)),
                    _ => continue,
                },
                Some(Step::Wait(pause)) => Some(*pause),
                Some(Step::Stall) => None,
            };
            if this.timer.is_none() {
                this.timer = this.timer(pause);
            }
            let Some(timer) = &mut this.timer else { return Poll::Pending };
            ready!(timer.sleep.as_mut().poll(cx));
            let expires = timer.expires;
            this.timer = None;
            if let Some(stage) = expires {
                return this.end(Some(timeout(stage)));
            }
            this.steps.pop_front();
        }
    }
}

impl Drop for ScriptedBody {
    fn drop(&mut self) {
        if !self.over {
            self.transport.state().bodies.dropped += 1;
        }
    }
}
