//! The results of a batch as they come.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use llm_core::{CancellationToken, ChatRequest};

use super::progress::{BatchProgress, Stop};
use super::{BatchItem, Terms};
use crate::client::Client;
use crate::reply::Reply;

/// The results of a batch as they come, in no order. Dropping it ends what is under way.
pub struct BatchStream<I> {
    client: Client,
    /// Gone when it has ended.
    requests: Option<I>,
    running: FuturesUnordered<BoxFuture<'static, BatchItem>>,
    begun: usize,
    terms: Terms,
    progress: BatchProgress,
    stop: Option<Stop>,
}

impl<I: Iterator<Item = ChatRequest>> BatchStream<I> {
    pub(super) fn new(client: Client, requests: I, terms: Terms) -> Self {
        let total = match requests.size_hint() {
            (least, Some(most)) if least == most => u64::try_from(least).ok(),
            _ => None,
        };
        let progress = BatchProgress { total, ..BatchProgress::default() };
        let requests = Some(requests);
        Self { client, requests, running: FuturesUnordered::new(), begun: 0, terms, progress, stop: None }
    }

    /// Begins what there is room for.
    fn begin(&mut self) {
        while self.running.len() < self.terms.concurrency && self.stop.is_none() {
            if self.terms.cancel.as_ref().is_some_and(CancellationToken::is_cancelled) {
                self.stop = Some(Stop::Cancelled);
                return;
            }
            let Some(request) = self.requests.as_mut().and_then(Iterator::next) else {
                self.requests = None;
                return;
            };
            let (client, cx, index) = (self.client.clone(), self.terms.cx(&self.client), self.begun);
            self.begun += 1;
            self.running.push(Box::pin(async move {
                let result = client.send(&cx, request).await.map(|response| Reply::new(response, &cx));
                BatchItem { index, result }
            }));
        }
    }

    fn count(&mut self, item: &BatchItem) {
        self.progress.count(&item.result);
        self.progress.running = self.running.len();
        if self.stop.is_none() && !self.terms.keep_going {
            self.stop = Stop::after(&item.result, &self.progress);
        }
        if self.stop.is_none() && self.terms.max_failures.is_some_and(|most| self.progress.failed > most) {
            self.stop = Some(Stop::TooManyFailures);
        }
        if let Some(told) = &self.terms.told {
            told(&self.progress);
        }
    }
}

impl<I> BatchStream<I> {
    /// How far it is.
    pub fn progress(&self) -> &BatchProgress {
        &self.progress
    }

    /// Why nothing more is begun, where that is so before the last request.
    pub fn stop(&self) -> Option<&Stop> {
        self.stop.as_ref()
    }
}

impl<I: Iterator<Item = ChatRequest> + Unpin> BatchStream<I> {
    /// The next result; `None` when all that has begun has ended.
    pub async fn next(&mut self) -> Option<BatchItem> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl<I: Iterator<Item = ChatRequest> + Unpin> Stream for BatchStream<I> {
    type Item = BatchItem;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<BatchItem>> {
        self.begin();
        let poll = Pin::new(&mut self.running).poll_next(cx);
        if let Poll::Ready(Some(item)) = &poll {
            self.count(item);
        }
        poll
    }
}

impl<I> fmt::Debug for BatchStream<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchStream")
            .field("progress", &self.progress)
            .field("stop", &self.stop)
            .finish_non_exhaustive()
    }
}
