//! The body of a response with its timers: silence, deadline, cancellation and a cap, without work per chunk.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
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
    /// Whom the timer wakes.
    waker: Option<Waker>,
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
            waker: None,
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
        // Asking a timer that knows the task changes nothing until it fires, and costs more than this look.
        if !timer.is_elapsed() && self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            return Poll::Pending;
        }
        self.waker = Some(cx.waker().clone());
        // The timer never stands later than `at`: silence begins later and later, and the deadline does not move.
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::StreamExt as _;
    use llm_core::{ErrorKind, Timeouts};

    use super::*;
    use crate::{HttpConfig, HttpTransport};

    /// A body whose chunks come after these pauses, in seconds.
    fn body(cx: &Cx, pauses: Vec<u64>) -> impl Stream<Item = Result<Bytes, Error>> + Unpin + use<> {
        let chunks = futures_util::stream::iter(pauses).then(async |pause| {
            tokio::time::sleep(Duration::from_secs(pause)).await;
            Ok(Bytes::from_static(b"x"))
        });
        TimedBody::new(Box::pin(chunks), "http://host.test/".to_owned(), cx, 1 << 20)
    }

    fn cx() -> Cx {
        Cx::new(Arc::new(HttpTransport::new(&HttpConfig::default()).unwrap()))
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_below_the_idle_limit_pass_for_ever_and_a_longer_one_ends_it_at_its_instant() {
        let mut pauses = vec![29; 100];
        pauses.push(31);
        let (start, mut body) = (Instant::now(), body(&cx(), pauses));
        for _ in 0..100 {
            body.next().await.unwrap().unwrap();
        }
        let error = body.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout(TimeoutStage::Idle));
        assert_eq!(start.elapsed(), Duration::from_secs(29 * 100 + 30));
        assert!(body.next().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_ends_a_body_that_never_pauses_long() {
        let start = Instant::now();
        let cx = cx().with_deadline((start + Duration::from_secs(100)).into_std());
        let last = body(&cx, vec![29; 10]).fold(None, async |_, chunk| Some(chunk)).await;
        assert_eq!(last.unwrap().unwrap_err().kind(), ErrorKind::Timeout(TimeoutStage::Total));
        assert_eq!(start.elapsed(), Duration::from_secs(100));
    }

    #[tokio::test(start_paused = true)]
    async fn without_timers_a_body_may_pause_for_a_day() {
        let cx = cx().with_timeouts(Timeouts::OFF);
        assert_eq!(body(&cx, vec![86_400, 1]).count().await, 2);
    }
}
