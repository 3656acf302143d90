//! A stream before its commit point: its first content, or as far as the route's policy holds it.
//!
//! Until then nothing of it reaches the caller: what comes is held, so that a failure can be tried again unseen.
//! Roles, ids, usage and other preamble never commit.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream as _;
use llm_core::{
    Accumulator, ChatResponse, ChatStream, Error, ErrorKind, Event, FinishReason, Progress, Target, TimeoutStage,
};
use tokio::time::Instant;

use super::stream::policy::{Commit, StreamPolicy};
use super::stream::window::{HoldBack, weight};
use crate::timeout::{Bounds, Due, Stop};

/// Most bytes of preamble that are held.
const MAX_BYTES: usize = 64 * 1024;
/// Most events of preamble that are held.
const MAX_EVENTS: usize = 1024;
/// A stream that always has more gets to the timers and to other tasks after so many events.
const BURST: u32 = 128;

/// A stream at its commit point.
pub(super) struct Committed {
    /// What the caller gets at once. The first content is in it, or the finish.
    pub(super) held: Vec<Event>,
    /// What is still held back, where the route has a window.
    pub(super) back: Option<HoldBack>,
    /// The rest.
    pub(super) rest: ChatStream,
    /// When the first content came, or the finish of a stream without any.
    pub(super) first_content: Instant,
}

impl Committed {
    /// The answer, when all of it is here: what a gate of quality looks at.
    pub(super) fn whole(&self) -> Option<ChatResponse> {
        if self.is_whole() { whole(&self.held).ok() } else { None }
    }

    /// Whether all of the answer is here.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.held.last(), Some(Event::Finish(_)))
    }
}

/// What binds a stream before its commit point.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) policy: &'a StreamPolicy,
    pub(super) target: &'a Target,
    /// Of the request.
    pub(super) deadline: Instant,
    /// Longest time without content, after the first.
    pub(super) progress: Option<Duration>,
}

/// Reads `stream` up to its commit point or its regular end. An error, an end without finish and too long a preamble
/// are failures of the attempt. `seen` is told once when the first content comes: the verdict on the target.
///
/// `bounds` hold until the first content. For what is held after it, they are set to the timers that hold then.
pub(super) async fn commit(
    mut stream: ChatStream,
    rules: Rules<'_>,
    bounds: &mut Bounds<'_>,
    seen: &mut (dyn FnMut(Instant) + Send),
) -> Result<Result<Committed, Error>, Stop> {
    let mut held = Held::new(rules.policy);
    let mut content = None;
    let verdict = std::future::poll_fn(|cx| {
        for _ in 0..BURST {
            match Pin::new(&mut stream).poll_next(cx) {
                Poll::Ready(Some(Ok(event))) => {
                    if event.is_content() || matches!(event, Event::Finish(_)) {
                        let now = Instant::now();
                        if content.is_none() {
                            seen(now);
                        }
                        content.get_or_insert(Content { first: now, last: now }).last = now;
                    }
                    match held.push(event, content) {
                        Ok(false) => {}
                        Ok(true) => return Poll::Ready(Ok(Ok(()))),
                        Err(error) => return Poll::Ready(Ok(Err(error))),
                    }
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Ok(Err(uncommitted(error)))),
                Poll::Ready(None) => return Poll::Ready(Ok(Err(Error::truncated()))),
                Poll::Pending => return poll_bounds(cx, bounds, rules, &mut held, content),
            }
        }
        cx.waker().wake_by_ref();
        poll_bounds(cx, bounds, rules, &mut held, content)
    })
    .await?;
    Ok(verdict.map(|()| held.committed(stream, content)))
}

/// When content came.
#[derive(Clone, Copy)]
struct Content {
    first: Instant,
    last: Instant,
}

type Verdict = Result<Result<(), Error>, Stop>;

/// Ready when a timer has run out, or when the window opens.
fn poll_bounds(
    cx: &mut Context<'_>,
    bounds: &mut Bounds<'_>,
    rules: Rules<'_>,
    held: &mut Held,
    content: Option<Content>,
) -> Poll<Verdict> {
    let Some(content) = content else { return bounds.poll(cx).map(Err) };
    let due = Due::total(rules.deadline).or(content.last, rules.progress, TimeoutStage::Progress);
    let window = held.back.as_ref().and_then(HoldBack::due);
    bounds.arm(window.map_or(due.at, |opens| opens.min(due.at)));
    match bounds.poll(cx) {
        Poll::Pending => Poll::Pending,
        Poll::Ready(Stop::Cancelled) => Poll::Ready(Err(Stop::Cancelled)),
        Poll::Ready(Stop::TimedOut) if window.is_some_and(|opens| opens < due.at) => {
            held.open(Instant::now());
            Poll::Ready(Ok(Ok(())))
        }
        Poll::Ready(Stop::TimedOut) => Poll::Ready(Ok(Err(due.error(rules.target)))),
    }
}

/// No content has reached the caller, whatever the decoder thought.
fn uncommitted(error: Error) -> Error {
    if error.progress() == Progress::Committed { error.with_progress(Progress::Sent) } else { error }
}

struct Held {
    commit: Commit,
    /// Most bytes of an answer.
    limit: usize,
    events: Vec<Event>,
    bytes: usize,
    back: Option<HoldBack>,
}

impl Held {
    fn new(policy: &StreamPolicy) -> Self {
        Self { commit: policy.commit, limit: policy.hold, events: Vec::new(), bytes: 0, back: None }
    }

    /// Takes an event; true when it commits. `content` is there from the first content on, this event included.
    fn push(&mut self, event: Event, content: Option<Content>) -> Result<bool, Error> {
        if matches!(event, Event::Ping) {
            // It says that the connection lives now, which nobody wants to know later.
            return Ok(false);
        }
        let Some(content) = content else {
            self.bytes = self.bytes.saturating_add(weight(&event));
            if self.bytes > MAX_BYTES || self.events.len() >= MAX_EVENTS {
                let message = "reading the stream: more than 64 KiB or 1024 events came before any content";
                return Err(Error::new(ErrorKind::Malformed, message));
            }
            self.keep(event);
            return Ok(false);
        };
        let finish = matches!(event, Event::Finish(_));
        match self.commit {
            Commit::FirstOutput => {
                self.keep(event);
                Ok(true)
            }
            Commit::Complete => {
                self.bytes = self.bytes.saturating_add(weight(&event));
                self.keep(event);
                if finish {
                    verify(&self.events)?;
                }
                Ok(finish || self.bytes > self.limit)
            }
            Commit::Window(window) => {
                let back = self.back.get_or_insert_with(|| HoldBack::new(window, self.limit));
                back.push(event, content.last);
                let before = self.events.len();
                if finish {
                    self.events.extend(std::iter::from_fn(|| back.pop()));
                } else {
                    self.events.extend(std::iter::from_fn(|| back.pop_due(content.last)));
                }
                Ok(self.events.len() > before)
            }
        }
    }

    /// Gives out what is no longer young.
    fn open(&mut self, now: Instant) {
        if let Some(back) = &mut self.back {
            self.events.extend(std::iter::from_fn(|| back.pop_due(now)));
        }
    }

    fn keep(&mut self, event: Event) {
        if self.events.is_empty() {
            // Most streams commit with their third event: start, part, first words.
            self.events.reserve_exact(3);
        }
        self.events.push(event);
    }

    fn committed(self, rest: ChatStream, content: Option<Content>) -> Committed {
        // Only content commits, so there is some.
        let first_content = content.map_or_else(Instant::now, |content| content.first);
        Committed { held: self.events, back: self.back, rest, first_content }
    }
}

/// The answer that these events make.
fn whole(events: &[Event]) -> Result<ChatResponse, Error> {
    let mut accumulator = Accumulator::default();
    for event in events {
        accumulator.push(event.clone())?;
    }
    accumulator.finish()
}

/// An answer that is held until it is whole is looked at before anybody sees it.
fn verify(events: &[Event]) -> Result<(), Error> {
    let answer = whole(events)?;
    if answer.finish.reason == FinishReason::Error {
        return Err(Error::new(ErrorKind::Server, "the vendor ended the answer with a failure of its own"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_bounded_in_bytes_and_events() {
        let unknown = |bytes: usize| Event::Unknown { kind: "debug".to_owned(), data: "x".repeat(bytes).into() };
        let policy = StreamPolicy::default();
        let mut held = Held::new(&policy);
        assert_eq!(held.push(unknown(60_000), None).ok(), Some(false));
        assert_eq!(held.push(unknown(6000), None).unwrap_err().kind(), ErrorKind::Malformed);

        let mut held = Held::new(&policy);
        assert!((0..MAX_EVENTS).all(|_| held.push(unknown(1), None).is_ok()) || held.bytes > MAX_BYTES);
        assert_eq!(held.push(unknown(1), None).unwrap_err().kind(), ErrorKind::Malformed);

        let mut held = Held::new(&policy);
        assert!((0..100_000).all(|_| held.push(Event::Ping, None).is_ok()), "keep-alives are not held");
        assert!(held.events.is_empty());
    }
}
