//! Drops a future at its first poll, at its second, and so on, and looks each time whether it left anything behind.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// More polls than any call of a test needs.
const MOST: usize = 10_000;

/// Reads what must be zero.
type Gauge = Box<dyn Fn() -> u64>;

/// A future with everything fresh around it, and what must be zero when it is gone.
pub struct Trial<F> {
    future: F,
    gauges: Vec<(&'static str, Gauge)>,
    rest: Duration,
}

impl<F: Future> Trial<F> {
    /// A future to be dropped. A stream is one that reads it to its end.
    pub fn new(future: F) -> Self {
        Self { future, gauges: Vec::new(), rest: Duration::from_millis(1) }
    }

    /// With a longer rest before the gauges are read, for tasks that the future left to themselves. Default 1 ms.
    pub fn rest(mut self, rest: Duration) -> Self {
        self.rest = rest;
        self
    }

    /// With something that must be zero when the future is done or dropped and nothing is at work any more.
    pub fn gauge<N: Into<u64>>(mut self, name: &'static str, read: impl Fn() -> N + 'static) -> Self {
        self.gauges.push((name, Box::new(move || read().into())));
        self
    }
}

/// Runs fresh trials, each dropped one poll later than the one before, until one gets done; how many polls that took.
///
/// Wants a runtime with a paused clock (`#[tokio::test(start_paused = true)]`): there, a wait of a millisecond ends
/// when every task has come to rest, and the gauges are read then.
/// The error says at which poll which gauge was not zero.
///
/// ```
/// use std::sync::Arc;
/// use llm_testkit::drops::{Trial, at_every_poll};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// tokio::time::pause();
/// let polls = at_every_poll(|| {
///     let gate = Arc::new(tokio::sync::Semaphore::new(1));
///     let held = gate.clone();
///     Trial::new(async move {
///         let _permit = held.acquire().await;
///         tokio::task::yield_now().await;
///     })
///     .gauge("permits taken", move || 1 - gate.available_permits() as u64)
/// })
/// .await;
/// assert_eq!(polls, Ok(2));
/// # }
/// ```
pub async fn at_every_poll<F: Future>(mut fresh: impl FnMut() -> Trial<F>) -> Result<usize, String> {
    for polls in 1..=MOST {
        let Trial { future, gauges, rest } = fresh();
        let done = poll_at_most(polls, future).await;
        tokio::time::sleep(rest).await;
        let left = gauges.iter().map(|(name, read)| (name, read())).find(|(_, left)| *left != 0);
        if let Some((name, left)) = left {
            let how = if done { "done after" } else { "dropped at" };
            return Err(format!("{how} poll {polls}: {name}: {left} left"));
        }
        if done {
            return Ok(polls);
        }
    }
    Err(format!("not done after {MOST} polls"))
}

/// Polls a future at most so many times; true when it got done.
async fn poll_at_most(times: usize, future: impl Future) -> bool {
    let (mut future, mut left) = (pin!(future), times);
    std::future::poll_fn(move |cx| {
        left = left.saturating_sub(1);
        match future.as_mut().poll(cx) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending if left == 0 => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
