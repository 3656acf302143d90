//! Several futures at a time, but not too many.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// A future that may be moved.
pub(super) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Runs all, at most `limit` at a time. The results come in the order of the futures.
///
/// Dropping it drops all of them. Every wake polls those that run: meant for a handful.
pub(super) async fn bounded<T: Send>(limit: usize, futures: Vec<Boxed<'_, T>>) -> Vec<T> {
    let limit = limit.max(1);
    let mut results: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    let mut waiting: VecDeque<_> = futures.into_iter().enumerate().collect();
    let mut running: Vec<(usize, Boxed<'_, T>)> = Vec::with_capacity(limit);
    poll_fn(move |cx| {
        loop {
            while running.len() < limit
                && let Some(next) = waiting.pop_front()
            {
                running.push(next);
            }
            let before = running.len();
            running.retain_mut(|(place, future)| match future.as_mut().poll(cx) {
                Poll::Ready(result) => {
                    results[*place] = Some(result);
                    false
                }
                Poll::Pending => true,
            });
            if running.is_empty() && waiting.is_empty() {
                return Poll::Ready(results.drain(..).flatten().collect());
            }
            if running.len() == before || waiting.is_empty() {
                return Poll::Pending;
            }
        }
    })
    .await
}
