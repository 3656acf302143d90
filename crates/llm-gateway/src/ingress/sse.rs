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
use futures_core::Stream as _;
use http_body::Frame;
use llm_core::{ChatStream, Error, Event};
use llm_wire::StreamEncoder;
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::reply::{Reply, answered_by};

/// How many bytes are gathered before they are handed to the connection, as long as events are at hand.
const BATCH: usize = 16 << 10;

type Opening = Pin<Box<dyn Future<Output = Result<ChatStream, Error>> + Send>>;

/// Opens the stream and answers with it.
pub(crate) async fn respond(
    mut opening: Opening,
    encoder: impl StreamEncoder + Unpin,
    keep_alive: Duration,
    reply: &Reply,
) -> Result<Response, Error> {
    let source = match timeout(keep_alive, &mut opening).await {
        Ok(stream) => Source::Open(Box::new(stream?)),
        Err(_) => Source::Opening(opening),
    };
    let mut events =
        Events { source, encoder, keep_alive, silence: Box::pin(sleep(keep_alive)), buffer: Vec::new(), ended: false };
    // The first event names who answers; it is there already, because a stream opens with its first content.
    let start = match &mut events.source {
        Source::Open(stream) => stream.next().await.transpose()?,
        Source::Opening(_) => None,
    };
    let mut origin = None;
    if let Some(event) = start {
        if let Event::Start(start) = &event {
            origin = Some((start.origin.clone(), start.attempts.clone()));
        }
        events.encoder.event(&event, &mut events.buffer);
    }
    let mut response = reply.event_stream(Body::new(events));
    if let Some((origin, attempts)) = origin {
        answered_by(response.headers_mut(), &origin, &attempts);
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
    encoder: E,
    keep_alive: Duration,
    silence: Pin<Box<Sleep>>,
    buffer: Vec<u8>,
    ended: bool,
}

impl<E: StreamEncoder> Events<E> {
    /// Encodes what is at hand; true when nothing more will come.
    fn gather(&mut self, cx: &mut Context<'_>) -> bool {
        while self.buffer.len() < BATCH {
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
                Poll::Ready(Some(Ok(event))) => self.encoder.event(&event, &mut self.buffer),
                Poll::Ready(Some(Err(error))) => {
                    self.encoder.error(&error, &mut self.buffer);
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
            this.ended = this.gather(cx);
        }
        if !this.buffer.is_empty() {
            let size = this.buffer.len();
            let bytes = std::mem::replace(&mut this.buffer, Vec::with_capacity(size.min(BATCH)));
            // The timer is only moved on when it fires; a burst of events must not touch it.
            return Poll::Ready(Some(Ok(Frame::data(bytes.into()))));
        }
        if this.ended {
            return Poll::Ready(None);
        }
        match this.silence.as_mut().poll(cx) {
            Poll::Ready(()) => {
                this.silence.as_mut().reset(Instant::now() + this.keep_alive);
                // Registers the new deadline with this task.
                let _ = this.silence.as_mut().poll(cx);
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b": keep-alive\n\n")))))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}
