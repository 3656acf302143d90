//! A stream after its commit point: passes events on, keeps the timers, and ends exactly once.
//!
//! An error, a stall or an end without finish is an error of the caller, marked as committed, unless the route goes on
//! with broken streams and another answer joins what the caller has. Without a window and without that, it allocates
//! nothing for an event and looks at the clock only when it has to wait.

mod more;
mod overlap;
pub(super) mod policy;
mod resume;
mod sent;
mod splice;
mod usage;
mod watch;
pub(super) mod window;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use llm_core::{ChatStream, Error, ErrorKind, Event, Progress, Timing};
use tokio::time::Instant;

pub(super) use self::watch::Terms;

use self::more::{Joined, More};
use self::policy::OnBreak;
use self::resume::{Resumed, resume};
use self::sent::Sent;
use self::splice::Mismatch;
use self::watch::{Watch, Woken};
use self::window::HoldBack;
use super::commit::Committed;
use super::record::Record;
use super::trip::Trip;
use crate::timeout;

pub(super) struct Guard {
    /// What the caller gets next.
    ready: VecDeque<Event>,
    source: Source,
    /// The error that comes after that.
    failed: Option<Error>,
    finished: bool,
    owner: Owner,
    started: Instant,
    first_content: Duration,
    watch: Watch,
    /// For routes that hold back or go on.
    more: Option<Box<More>>,
}

/// What the stream belongs to.
#[expect(clippy::large_enum_variant, reason = "a box for the usual one would be an allocation for every stream")]
enum Owner {
    /// Nothing but its record.
    Record(Record),
    /// A request that goes on with it after a break.
    Trip(Box<Trip>),
    /// That request is going on with it.
    Away,
}

/// Where events come from.
enum Source {
    Open(ChatStream),
    Resuming(Resuming),
    /// Dropping a stream ends the call at the vendor.
    Over,
}

type Resuming = Pin<Box<dyn Future<Output = (Box<Trip>, Option<Resumed>)> + Send>>;

impl Guard {
    /// Guards a committed stream. Its start tells the attempts so far, the one that answers last.
    pub(super) fn new(committed: Committed, mut trip: Trip, terms: Terms) -> Self {
        let is_whole = committed.is_whole();
        let Committed { mut held, back, rest, first_content } = committed;
        let started = trip.record.started;
        let first_content = first_content.saturating_duration_since(started);
        trip.record.first_content(first_content);
        if let Some(Event::Start(start)) = held.first_mut() {
            start.attempts.clone_from(&trip.record.attempts);
        }
        let watch = Watch::new(terms, &trip.call);
        let policy = &trip.settings.stream;
        let sent = (policy.on_break == OnBreak::Resume && !is_whole).then(|| Sent::new(policy.hold));
        let owner = if sent.is_some() { Owner::Trip(Box::new(trip)) } else { Owner::Record(trip.record) };
        let more = (back.is_some() || sent.is_some()).then(|| {
            let received: usize = held.iter().map(window::content_len).sum();
            let received = received + back.as_ref().map_or(0, HoldBack::content_len);
            Box::new(More { back, sent, received, ..More::default() })
        });
        let (source, ready) = (Source::Open(rest), held.into());
        Self { ready, source, failed: None, finished: false, owner, started, first_content, watch, more }
    }

    fn record(&mut self) -> Option<&mut Record> {
        match &mut self.owner {
            Owner::Record(record) => Some(record),
            Owner::Trip(trip) => Some(&mut trip.record),
            Owner::Away => None,
        }
    }

    /// An event on its way to the caller.
    fn pass(&mut self, mut event: Event) -> Event {
        if let Some(more) = &mut self.more {
            let record = match &self.owner {
                Owner::Trip(trip) => Some(&trip.record),
                _ => None,
            };
            more.pass(&mut event, record);
        }
        match &mut event {
            Event::Usage(usage) => {
                if let Some(record) = self.record() {
                    record.usage(usage);
                }
            }
            Event::Finish(finish) => {
                self.finished = true;
                let total = Instant::now().duration_since(self.started);
                finish.timing = Timing { first_content: Some(self.first_content), total: Some(total) };
                if let Some(record) = self.record() {
                    record.usage(&finish.usage);
                    record.complete(None);
                }
            }
            _ => {}
        }
        event
    }

    /// An event came from a vendor. In the default mode it is for the caller at once.
    fn take(&mut self, event: Event) -> Option<Event> {
        if let Some(error) = self.watch.came(&event) {
            self.broke(error);
            return None;
        }
        let Some(more) = &mut self.more else { return Some(self.pass(event)) };
        if let Err(Mismatch) = more.take(event, &mut self.ready) {
            let what = "going on with a stream: its parts do not fit the answer so far";
            self.broke(Error::new(ErrorKind::Malformed, what));
        }
        None
    }

    /// The stream broke. It is gone on with where that may help; else what is held back comes, and then the error.
    fn broke(&mut self, error: Error) {
        self.source = Source::Over;
        let error = timeout::of_target(error, &self.watch.terms.target).with_progress(Progress::Committed);
        if let Some(record) = self.record() {
            if let Some(last) = record.attempts.last_mut() {
                *last = last.clone().with_failure(&error);
            }
            record.broke(&error, Instant::now());
            tracing::warn!(target = %self.watch.terms.target, kind = %error.kind(), "the stream broke off after content");
        }
        let sent = self.more.as_mut().and_then(|more| more.sent.take()).filter(|sent| !sent.is_too_long());
        if let Some(sent) = sent {
            match std::mem::replace(&mut self.owner, Owner::Away) {
                Owner::Trip(trip) => self.source = Source::Resuming(Box::pin(resume(trip, sent, error.clone()))),
                owner => self.owner = owner,
            }
        }
        self.failed = Some(error);
    }

    /// Another answer has joined this one, or none has.
    fn resumed(&mut self, trip: Box<Trip>, resumed: Option<Resumed>) {
        self.owner = Owner::Trip(trip);
        let (Some(Resumed { ready, splice, rest, terms, how, warning }), Some(more)) = (resumed, &mut self.more) else {
            self.source = Source::Over;
            return;
        };
        self.failed = None;
        self.source = Source::Open(rest);
        self.watch.change(terms);
        // What was held back of the first answer is in the second.
        more.back = None;
        more.joined = Some(Joined { splice, how, warning });
        self.ready = ready;
    }

    /// The last item.
    fn fail(&mut self, error: Error) -> Error {
        let Some(record) = self.record() else { return error };
        let error = error.with_attempts(record.attempts.clone());
        record.complete(Some(&error));
        error
    }
}

impl Stream for Guard {
    type Item = Result<Event, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(event) = this.ready.pop_front() {
                return Poll::Ready(Some(Ok(this.pass(event))));
            }
            match &mut this.source {
                Source::Open(stream) => {
                    let next = Pin::new(stream).poll_next(cx);
                    if this.finished {
                        // That one look lets the layers below read to the end of the body, so that the connection can
                        // be used again.
                        this.source = Source::Over;
                        return Poll::Ready(None);
                    }
                    match next {
                        Poll::Ready(Some(Ok(event))) => {
                            if let Some(event) = this.take(event) {
                                return Poll::Ready(Some(Ok(event)));
                            }
                        }
                        Poll::Ready(Some(Err(error))) => this.broke(error),
                        Poll::Ready(None) => this.broke(Error::truncated()),
                        Poll::Pending => {
                            let back = this.more.as_mut().and_then(|more| more.back.as_mut());
                            let wake = back.as_ref().and_then(|back| back.due());
                            match (this.watch.poll(cx, wake), back) {
                                (Poll::Pending, _) => return Poll::Pending,
                                (Poll::Ready(Woken::Failed(error)), _) => this.broke(error),
                                (Poll::Ready(Woken::Due), Some(back)) => {
                                    let now = Instant::now();
                                    this.ready.extend(std::iter::from_fn(|| back.pop_due(now)));
                                }
                                (Poll::Ready(Woken::Due), None) => {}
                            }
                        }
                    }
                }
                Source::Resuming(resuming) => match resuming.as_mut().poll(cx) {
                    Poll::Ready((trip, resumed)) => this.resumed(trip, resumed),
                    Poll::Pending if this.watch.poll_cancelled(cx).is_ready() => {
                        this.source = Source::Over;
                        this.failed = Some(timeout::cancelled().with_progress(Progress::Committed));
                    }
                    Poll::Pending => return Poll::Pending,
                },
                Source::Over => {
                    let tail = this.more.as_mut().and_then(|more| more.back.as_mut()).and_then(HoldBack::pop);
                    if let Some(event) = tail {
                        this.ready.push_back(event);
                        continue;
                    }
                    return Poll::Ready(this.failed.take().map(|error| Err(this.fail(error))));
                }
            }
        }
    }
}
