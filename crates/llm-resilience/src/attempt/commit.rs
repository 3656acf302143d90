//! A stream before its commit point, which is its first content event.
//!
//! Until then nothing of it reaches the caller: what comes is held, so that a failure can be tried again unseen.
//! Roles, ids, usage and other preamble never commit.

use std::pin::Pin;
use std::task::Poll;

use futures_core::Stream as _;
use llm_core::{ChatStream, Error, ErrorKind, Event, Progress};

use crate::timeout::{Bounds, Stop};

/// Most bytes that are held.
const MAX_BYTES: usize = 64 * 1024;
/// Most events that are held.
const MAX_EVENTS: usize = 1024;

/// A stream at its commit point.
pub(super) struct Committed {
    /// What was held, with the first content at its end.
    pub(super) held: Vec<Event>,
    /// The rest.
    pub(super) rest: ChatStream,
}

/// Reads `stream` up to its first content or its regular end. An error, an end without finish and too long a preamble
/// are failures of the attempt.
pub(super) async fn commit(mut stream: ChatStream, bounds: &mut Bounds<'_>) -> Result<Result<Committed, Error>, Stop> {
    let mut held = Held::default();
    let verdict = std::future::poll_fn(|cx| {
        loop {
            match Pin::new(&mut stream).poll_next(cx) {
                Poll::Ready(Some(Ok(event))) => match held.push(event) {
                    Ok(false) => {}
                    Ok(true) => return Poll::Ready(Ok(Ok(()))),
                    Err(error) => return Poll::Ready(Ok(Err(error))),
                },
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Ok(Err(uncommitted(error)))),
                Poll::Ready(None) => return Poll::Ready(Ok(Err(Error::truncated()))),
                Poll::Pending => return bounds.poll(cx).map(Err),
            }
        }
    })
    .await?;
    Ok(verdict.map(|()| Committed { held: held.events, rest: stream }))
}

/// No content has reached the caller, whatever the decoder thought.
fn uncommitted(error: Error) -> Error {
    if error.progress() == Progress::Committed { error.with_progress(Progress::Sent) } else { error }
}

#[derive(Default)]
struct Held {
    events: Vec<Event>,
    bytes: usize,
}

impl Held {
    /// Takes an event; true when it commits.
    fn push(&mut self, event: Event) -> Result<bool, Error> {
        if matches!(event, Event::Ping) {
            // It says that the connection lives now, which nobody wants to know later.
            return Ok(false);
        }
        let commits = event.is_content() || matches!(event, Event::Finish(_));
        if !commits {
            self.bytes = self.bytes.saturating_add(weight(&event));
            if self.bytes > MAX_BYTES || self.events.len() >= MAX_EVENTS {
                let message = "reading the stream: more than 64 KiB or 1024 events came before any content";
                return Err(Error::new(ErrorKind::Malformed, message));
            }
        }
        if self.events.is_empty() {
            // Most streams commit with their third event: start, part, first words.
            self.events.reserve_exact(3);
        }
        self.events.push(event);
        Ok(commits)
    }
}

/// About how much memory an event holds.
fn weight(event: &Event) -> usize {
    let content = match event {
        Event::SignatureDelta { signature, .. } => signature.len(),
        Event::Unknown { kind, data } => kind.len() + data.to_string().len(),
        _ => 0,
    };
    size_of::<Event>() + content
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_bounded_in_bytes_and_events() {
        let unknown = |bytes: usize| Event::Unknown { kind: "debug".to_owned(), data: "x".repeat(bytes).into() };
        let mut held = Held::default();
        assert_eq!(held.push(unknown(60_000)).ok(), Some(false));
        assert_eq!(held.push(unknown(6000)).unwrap_err().kind(), ErrorKind::Malformed);

        let mut held = Held::default();
        assert!((0..MAX_EVENTS).all(|_| held.push(unknown(1)).is_ok()) || held.bytes > MAX_BYTES);
        assert_eq!(held.push(unknown(1)).unwrap_err().kind(), ErrorKind::Malformed);

        let mut held = Held::default();
        assert!((0..100_000).all(|_| held.push(Event::Ping).is_ok()), "keep-alives are not held");
        assert!(held.events.is_empty());
    }
}
