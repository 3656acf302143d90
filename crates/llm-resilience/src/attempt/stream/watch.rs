//! The timers of a stream that its caller reads: the deadline, the time without progress, and the caller's own word.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use llm_core::{CancellationToken, Cx, Error, Event, Target, TimeoutStage};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::timeout::{self, Due};

/// A stream that always has more is held to its timers after so many events.
const BURST: u32 = 64;
/// Most time that such a burst counts for, when nothing in it was progress: what is beyond is the caller's.
const SLOWEST_BURST: Duration = Duration::from_secs(1);

/// What a stream keeps to from its commit point on.
#[derive(Debug)]
pub(in crate::attempt) struct Terms {
    pub(in crate::attempt) target: Target,
    pub(in crate::attempt) deadline: Instant,
    /// Longest time without content while the caller waits.
    pub(in crate::attempt) progress: Option<Duration>,
}

/// Keeps a stream to its terms. Looks at the clock when there is a wait, and once for a burst of events.
pub(super) struct Watch {
    pub(super) terms: Terms,
    /// Since when the caller has waited; `None` while events flow. A caller that is slow to ask does not make the vendor
    /// look slow.
    since: Option<Instant>,
    /// Waited without progress before that.
    waited: Duration,
    /// Events since the last wait or look, and when that look was.
    burst: u32,
    looked: Option<Instant>,
    /// Made at the first wait. Moved on only when it fires, not with every event.
    sleep: Option<Pin<Box<Sleep>>>,
    /// Whom the timer wakes.
    waker: Option<Waker>,
    cancel: Option<CancellationToken>,
    cancelled: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

/// Why a wait ended without an event.
pub(super) enum Woken {
    /// The stream has failed its terms.
    Failed(Error),
    /// It is the time that was asked for.
    Due,
}

impl Watch {
    pub(super) fn new(terms: Terms, cx: &Cx) -> Self {
        Self {
            terms,
            since: None,
            waited: Duration::ZERO,
            burst: 0,
            looked: None,
            sleep: None,
            waker: None,
            cancel: cx.cancel.clone(),
            cancelled: None,
        }
    }

    /// An event came; an error when the stream flows and does not keep to its terms.
    pub(super) fn came(&mut self, event: &Event) -> Option<Error> {
        if is_progress(event) {
            self.since = None;
            self.waited = Duration::ZERO;
            self.looked = None;
        } else if let Some(since) = self.since.take() {
            self.waited += since.elapsed();
        }
        self.burst += 1;
        if self.burst < BURST { None } else { self.look() }
    }

    /// Looks at the clock for a stream that never waits.
    fn look(&mut self) -> Option<Error> {
        self.burst = 0;
        if self.cancel.as_ref().is_some_and(CancellationToken::is_cancelled) {
            return Some(timeout::cancelled());
        }
        let now = Instant::now();
        if let Some(looked) = self.looked.replace(now) {
            self.waited += now.duration_since(looked).min(SLOWEST_BURST);
        }
        let due = self.due(now);
        (due.at <= now).then(|| due.error(&self.terms.target))
    }

    fn due(&self, since: Instant) -> Due {
        let left = self.terms.progress.map(|progress| progress.saturating_sub(self.waited));
        Due::total(self.terms.deadline).or(since, left, TimeoutStage::Progress)
    }

    /// Ready when a timer has run out, at `wake`, or when the caller gave up.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, wake: Option<Instant>) -> Poll<Woken> {
        if self.poll_cancelled(cx).is_ready() {
            return Poll::Ready(Woken::Failed(timeout::cancelled()));
        }
        (self.burst, self.looked) = (0, None);
        let since = *self.since.get_or_insert_with(Instant::now);
        let due = self.due(since);
        let at = wake.map_or(due.at, |wake| wake.min(due.at));
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if sleep.deadline() > at {
            sleep.as_mut().reset(at);
            self.waker = None;
        }
        // Asking a timer that knows the task changes nothing until it fires, and costs more than this look.
        if !sleep.is_elapsed() && self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            return Poll::Pending;
        }
        self.waker = Some(cx.waker().clone());
        while sleep.as_mut().poll(cx).is_ready() {
            if sleep.deadline() >= at {
                return Poll::Ready(if at < due.at {
                    Woken::Due
                } else {
                    Woken::Failed(due.error(&self.terms.target))
                });
            }
            sleep.as_mut().reset(at);
        }
        Poll::Pending
    }

    /// Ready when the caller gave up.
    pub(super) fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(cancel) = &self.cancel else { return Poll::Pending };
        self.cancelled.get_or_insert_with(|| Box::pin(cancel.clone().cancelled_owned())).as_mut().poll(cx)
    }

    /// Another call goes on with the stream, on these terms.
    pub(super) fn change(&mut self, terms: Terms) {
        self.terms = terms;
        self.since = None;
        self.waited = Duration::ZERO;
    }
}

/// Whether the answer has grown.
fn is_progress(event: &Event) -> bool {
    match event {
        Event::TextDelta { text, .. } | Event::ReasoningDelta { text, .. } => !text.is_empty(),
        Event::ArgumentsDelta { json, .. } => !json.is_empty(),
        Event::Start(_) | Event::Ping | Event::Unknown { .. } | Event::Usage(_) => false,
        _ => true,
    }
}
