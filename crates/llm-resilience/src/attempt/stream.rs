//! A stream after its commit point: passes events on, keeps the timers, and ends exactly once.
//!
//! Nothing is tried again from here. An error, a stall or an end without finish is an error of the caller, marked as
//! committed. Per event it allocates nothing and looks at the clock only when it has to wait.

pub(super) mod policy;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_core::Stream;
use llm_core::{ChatStream, Cx, Error, Event, Progress, Target, TimeoutStage, Timing};
use tokio::time::{Instant, Sleep, sleep_until};

use super::commit::Committed;
use super::record::Record;
use crate::timeout::{self, Due};

/// What a stream keeps to from its commit point on.
pub(super) struct Terms {
    pub(super) target: Target,
    pub(super) deadline: Instant,
    /// Longest time without content while the caller waits.
    pub(super) progress: Option<Duration>,
}

pub(super) struct Guard {
    held: std::vec::IntoIter<Event>,
    /// `None` once the stream is over; dropping it ends the call at the vendor.
    rest: Option<ChatStream>,
    finished: bool,
    record: Record,
    first_content: Duration,
    terms: Terms,
    /// Since when the caller has waited for content; `None` while events flow. A caller that is slow to ask does not
    /// make the vendor look slow.
    waiting_since: Option<Instant>,
    /// Made at the first wait. Moved on only when it fires, not with every event.
    sleep: Option<Pin<Box<Sleep>>>,
    /// Whom the timer wakes.
    waker: Option<Waker>,
    cancelled: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Guard {
    /// Guards a committed stream. Its start tells the attempts so far, the one that answers last.
    pub(super) fn new(committed: Committed, mut record: Record, terms: Terms, cx: &Cx, now: Instant) -> Self {
        let Committed { mut held, rest } = committed;
        let first_content = now.duration_since(record.started);
        record.first_content(first_content);
        if let Some(Event::Start(start)) = held.first_mut() {
            start.attempts.clone_from(&record.attempts);
        }
        Self {
            held: held.into_iter(),
            rest: Some(rest),
            finished: false,
            first_content,
            record,
            terms,
            waiting_since: None,
            sleep: None,
            waker: None,
            cancelled: cx.cancel.clone().map(|token| Box::pin(token.cancelled_owned()) as _),
        }
    }

    /// An event on its way to the caller.
    fn pass(&mut self, mut event: Event) -> Event {
        match &mut event {
            Event::Ping | Event::Unknown { .. } => {}
            Event::Usage(usage) => self.record.usage(usage),
            Event::Finish(finish) => {
                self.finished = true;
                let total = Instant::now().duration_since(self.record.started);
                finish.timing = Timing { first_content: Some(self.first_content), total: Some(total) };
                self.record.usage(&finish.usage);
                self.record.complete(None);
            }
            _ => self.waiting_since = None,
        }
        event
    }

    /// The stream ends in an error: the last item.
    fn fail(&mut self, error: Error) -> Poll<Option<Result<Event, Error>>> {
        self.rest = None;
        let error = timeout::of_target(error, &self.terms.target).with_progress(Progress::Committed);
        let mut attempts = self.record.attempts.clone();
        if let Some(last) = attempts.last_mut() {
            *last = last.clone().with_failure(&error);
        }
        let error = error.with_attempts(attempts);
        tracing::warn!(target = %self.terms.target, kind = %error.kind(), "the stream broke off after content");
        self.record.complete(Some(&error));
        Poll::Ready(Some(Err(error)))
    }

    /// Ready when a timer has run out or the caller gave up.
    fn poll_bounds(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        if let Some(cancelled) = &mut self.cancelled
            && cancelled.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(timeout::cancelled());
        }
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let due = Due::total(self.terms.deadline).or(since, self.terms.progress, TimeoutStage::Progress);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(due.at)));
        // Asking a timer that knows the task changes nothing until it fires, and costs more than this look.
        if !sleep.is_elapsed() && self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            return Poll::Pending;
        }
        self.waker = Some(cx.waker().clone());
        while sleep.as_mut().poll(cx).is_ready() {
            if sleep.deadline() >= due.at {
                return Poll::Ready(due.error(&self.terms.target));
            }
            sleep.as_mut().reset(due.at);
        }
        Poll::Pending
    }
}

impl Stream for Guard {
    type Item = Result<Event, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if let Some(event) = this.held.next() {
            return Poll::Ready(Some(Ok(this.pass(event))));
        }
        let Some(rest) = &mut this.rest else { return Poll::Ready(None) };
        let next = Pin::new(rest).poll_next(cx);
        if this.finished {
            // That one look lets the layers below read to the end of the body, so that the connection can be used again.
            this.rest = None;
            return Poll::Ready(None);
        }
        match next {
            Poll::Ready(Some(Ok(event))) => Poll::Ready(Some(Ok(this.pass(event)))),
            Poll::Ready(Some(Err(error))) => this.fail(error),
            Poll::Ready(None) => this.fail(Error::truncated()),
            Poll::Pending => match this.poll_bounds(cx) {
                Poll::Ready(error) => this.fail(error),
                Poll::Pending => Poll::Pending,
            },
        }
    }
}
