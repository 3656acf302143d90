//! How long a request waits for what another one fetches: until its own deadline, or until its caller gives up.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use llm_core::{Cx, Error, ErrorKind, TimeoutStage};
use tokio::time::{Instant, Sleep};

/// The deadline and the cancellation of one request.
#[derive(Default)]
pub(crate) struct Patience {
    deadline: Option<Pin<Box<Sleep>>>,
    cancelled: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Patience {
    /// Of a request that waits for another one's call: its own deadline counts.
    pub(crate) fn of_follower(cx: &Cx) -> Self {
        let deadline = cx.deadline.map(|deadline| Box::pin(tokio::time::sleep_until(Instant::from_std(deadline))));
        Self { deadline, ..Self::of_leader(cx) }
    }

    /// Of the request whose call it is: whoever makes the call keeps its deadline.
    pub(crate) fn of_leader(cx: &Cx) -> Self {
        let cancelled = cx.cancel.clone().map(|token| Box::pin(token.cancelled_owned()) as _);
        Self { deadline: None, cancelled }
    }

    /// The error of a request that waits no longer.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Option<Error> {
        if let Some(cancelled) = &mut self.cancelled
            && cancelled.as_mut().poll(cx).is_ready()
        {
            self.cancelled = None;
            return Some(Error::new(ErrorKind::Cancelled, "the caller gave up"));
        }
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            self.deadline = None;
            let kind = ErrorKind::Timeout(TimeoutStage::Total);
            return Some(Error::new(kind, "waiting for the same request of another caller: the deadline has passed"));
        }
        None
    }

    /// Waits for something as long as the request does.
    pub(crate) async fn wait<T>(&mut self, future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let mut future = std::pin::pin!(future);
        std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(done),
            Poll::Pending => self.poll(cx).map_or(Poll::Pending, |error| Poll::Ready(Err(error))),
        })
        .await
    }
}
