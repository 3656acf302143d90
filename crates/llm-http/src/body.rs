//! The body of a response with its timers: silence, deadline, cancellation and a cap, without work per chunk.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use llm_core::{CancellationToken, Cx, Error, Progress, TimeoutStage};
use tokio::time::{Instant, Sleep};

use crate::failure;

/// A body that ends in an error when nothing comes for too long.
///
/// There is one timer, made when the body first has to wait. It is not reset by every chunk: when it fires, it is set to
/// the time at which the silence that began last would be over.
pub(crate) struct TimedBody<S> {
    /// `None` after the end: dropping it frees the connection at once.
    chunks: Option<S>,
    url: String,
    idle: Option<Duration>,
    deadline: Option<Instant>,
    /// Since when the reader waits. Time that the reader itself takes is no silence.
    waiting_since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    cancelled: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    limit: u64,
    left: u64,
}

impl<S> TimedBody<S> {
    pub(crate) fn new(chunks: S, url: String, cx: &Cx, limit: u64) -> Self {
        let cancelled = |token: CancellationToken| Box::pin(token.cancelled_owned()) as Pin<Box<_>>;
        Self {
            chunks: Some(chunks),
            url,
            idle: cx.timeouts.idle,
            deadline: cx.deadline.map(Instant::from_std),
            waiting_since: None,
            timer: None,
            cancelled: cx.cancel.clone().map(|token| cancelled(token) as _),
            limit,
            left: limit,
        }
    }

    fn fail(&mut self, error: impl FnOnce(&Self) -> Error) -> Poll<Option<Result<Bytes, Error>>> {
        let error = error(self);
        self.chunks = None;
        Poll::Ready(Some(Err(error)))
    }

    /// Until when the reader waits, and what is over then.
    fn patience(&self) -> Option<(Instant, TimeoutStage)> {
        let idle = self.idle.zip(self.waiting_since).map(|(idle, since)| (since + idle, TimeoutStage::Idle));
        let total = self.deadline.map(|deadline| (deadline, TimeoutStage::Total));
        [idle, total].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// Waits for the timer; the stage whose time is over.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<TimeoutStage> {
        if self.idle.is_none() && self.deadline.is_none() {
            return Poll::Pending;
        }
        self.waiting_since.get_or_insert_with(Instant::now);
        let Some((at, stage)) = self.patience() else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if timer.deadline() > at {
            timer.as_mut().reset(at);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= at {
                return Poll::Ready(stage);
            }
            timer.as_mut().reset(at);
        }
        Poll::Pending
    }
}

impl<S: Stream<Item = Result<Bytes, reqwest::Error>> + Unpin> Stream for TimedBody<S> {
    type Item = Result<Bytes, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Some(chunks) = &mut this.chunks else { return Poll::Ready(None) };
        if let Some(cancelled) = &mut this.cancelled
            && cancelled.as_mut().poll(cx).is_ready()
        {
            return this.fail(|this| failure::cancelled(&this.url, Progress::Sent));
        }
        match Pin::new(chunks).poll_next(cx) {
            Poll::Ready(Some(Ok(bytes))) => {
                this.waiting_since = None;
                match this.left.checked_sub(bytes.len() as u64) {
                    Some(left) => {
                        this.left = left;
                        Poll::Ready(Some(Ok(bytes)))
                    }
                    None => this.fail(|this| failure::too_large("bytes", this.limit, &this.url)),
                }
            }
            Poll::Ready(Some(Err(error))) => this.fail(|this| failure::in_body(error, &this.url)),
            Poll::Ready(None) => {
                this.chunks = None;
                Poll::Ready(None)
            }
            Poll::Pending => match this.poll_timer(cx) {
                Poll::Ready(stage) => this.fail(|this| failure::silence(stage, this.idle, &this.url)),
                Poll::Pending => Poll::Pending,
            },
        }
    }
}
