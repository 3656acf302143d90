//! A streamed answer as server-sent events, with keep-alives while it is silent.
//!
//! Until the first content there is no HTTP status yet, so a failure is an ordinary HTTP error. When the first content
//! takes longer than the keep-alive time, the status is sent and comments follow; a failure is then an event in the stream.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use bytes::BytesMut;
use futures_core::Stream as _;
use http_body::Frame;
use llm_core::{ChatStream, Error, Event, Warning};
use llm_wire::StreamEncoder;
use tokio::time::{Instant, Sleep, sleep, timeout};
use tracing::Span;

use super::reply::{Reply, answered_by};
use super::stamp::Stamp;

/// How many bytes are gathered before they are handed to the connection, as long as events are at hand.
const BATCH: usize = 16 << 10;
/// From how much room frames are cut before new room is made.
const ROOM: usize = 4 << 10;

type Opening = Pin<Box<dyn Future<Output = Result<ChatStream, Error>> + Send>>;

/// How the answer is written.
pub(crate) struct Form<E> {
    pub(crate) encoder: E,
    pub(crate) stamp: Stamp,
    /// What could not be kept of the request.
    pub(crate) warnings: Vec<Warning>,
}

/// Opens the stream and answers with it. A keep-alive time of zero is none.
pub(crate) async fn respond(
    mut opening: Opening,
    form: Form<impl StreamEncoder + Unpin>,
    keep_alive: Duration,
    reply: &Reply,
) -> Result<Response, Error> {
    let opened =
        if keep_alive.is_zero() { Ok(opening.as_mut().await) } else { timeout(keep_alive, &mut opening).await };
    let source = match opened {
        Ok(stream) => Source::Open(Box::new(stream?)),
        Err(_) => Source::Opening(opening),
    };
    let mut events = Events {
        source,
        form,
        silence: Silence::new(keep_alive),
        encoded: Vec::new(),
        room: BytesMut::with_capacity(ROOM),
        ended: false,
        span: Span::current(),
    };
    // The first event names who answers; it is there already, because a stream opens with its first content.
    let start = match &mut events.source {
        Source::Open(stream) => stream.next().await.transpose()?,
        Source::Opening(_) => None,
    };
    let mut answered = None;
    if let Some(event) = start {
        if let Event::Start(start) = &event {
            let mut warnings = std::mem::take(&mut events.form.warnings);
            warnings.extend_from_slice(&start.warnings);
            answered = Some((start.origin.clone(), start.attempts.clone(), warnings));
        }
        events.encode(event);
    }
    let mut response = reply.event_stream(Body::new(events));
    if let Some((origin, attempts, warnings)) = answered {
        answered_by(response.headers_mut(), &origin, &attempts, &warnings);
    }
    Ok(response)
}

enum Source {
    Opening(Opening),
    Open(Box<ChatStream>),
}

/// The body of the response: pulls events, encodes them, and fills silence with comments.
struct Events<E> {
    source: Source,
    form: Form<E>,
    silence: Silence,
    /// What is encoded and not handed on yet.
    encoded: Vec<u8>,
    /// Frames are cut from it, so that a burst of small ones does not cost an allocation each.
    room: BytesMut,
    ended: bool,
    /// The request's, for what is logged while the stream runs.
    span: Span,
}

impl<E: StreamEncoder> Events<E> {
    fn encode(&mut self, mut event: Event) {
        if let Event::Start(start) = &mut event {
            self.form.stamp.start(start);
        }
        self.form.encoder.event(&event, &mut self.encoded);
    }

    /// Encodes what is at hand; true when nothing more will come.
    fn gather(&mut self, cx: &mut Context<'_>) -> bool {
        while self.encoded.len() < BATCH {
            let next = match &mut self.source {
                Source::Opening(opening) => match opening.as_mut().poll(cx) {
                    Poll::Ready(Ok(stream)) => {
                        self.source = Source::Open(Box::new(stream));
                        continue;
                    }
                    Poll::Ready(Err(error)) => Poll::Ready(Some(Err(error))),
                    Poll::Pending => Poll::Pending,
                },
                Source::Open(stream) => pin!(&mut **stream).poll_next(cx),
            };
            match next {
                Poll::Ready(Some(Ok(event))) => self.encode(event),
                Poll::Ready(Some(Err(error))) => {
                    self.form.encoder.error(&error, &mut self.encoded);
                    return true;
                }
                Poll::Ready(None) => return true,
                Poll::Pending => return false,
            }
        }
        false
    }
}

impl<E: StreamEncoder + Unpin> http_body::Body for Events<E> {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        if !this.ended {
            let span = this.span.clone();
            this.ended = span.in_scope(|| this.gather(cx));
        }
        if !this.encoded.is_empty() {
            this.room.extend_from_slice(&this.encoded);
            this.encoded.clear();
            this.silence.broken();
            return Poll::Ready(Some(Ok(Frame::data(this.room.split().freeze()))));
        }
        if this.ended {
            return Poll::Ready(None);
        }
        this.silence.poll(cx).map(|()| Some(Ok(Frame::data(Bytes::from_static(b": keep-alive\n\n")))))
    }
}

/// Ready after each full time of silence.
struct Silence {
    limit: Duration,
    since: Option<Instant>,
    /// Made at the first wait, and moved on only when it fires: a burst of events must not touch it.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Silence {
    fn new(limit: Duration) -> Self {
        Self { limit, since: None, timer: None }
    }

    fn broken(&mut self) {
        self.since = None;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.limit.is_zero() {
            return Poll::Pending;
        }
        let due = *self.since.get_or_insert_with(Instant::now) + self.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(self.limit)));
        // The timer never stands later than `due`: silence begins later and later.
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= due {
                self.since = None;
                return Poll::Ready(());
            }
            timer.as_mut().reset(due);
        }
        Poll::Pending
    }
}
