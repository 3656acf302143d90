//! A stream with a key of the pool: held up to its first content, so that another key can step in unseen, and watched after.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use llm_core::{ChatStream, Error, Event, RateLimits};
use tokio::time::Instant;

use super::layer::Inner;
use super::pool::Picked;
use super::sealed::OfStream;
use crate::cooldown::Fingerprint;

/// Most events that are held before the first content; a stream with more goes out as it is.
const MAX_EVENTS: usize = 1024;

/// The events up to the first content, or to the end, and the rest. An error before is one of the call.
pub(super) async fn to_first_content(mut stream: ChatStream) -> Result<(Vec<Event>, ChatStream), Error> {
    let mut held = Vec::with_capacity(3);
    while let Some(event) = stream.next().await {
        let event = event?;
        if matches!(event, Event::Ping) {
            // It says that the connection lives now, which nobody wants to know later.
            continue;
        }
        let is_verdict = event.is_content() || matches!(event, Event::Finish(_));
        held.push(event);
        if is_verdict || held.len() >= MAX_EVENTS {
            break;
        }
    }
    Ok((held, stream))
}

/// What the vendor said of its limits at the start.
pub(super) fn each_start(held: &mut [Event], mut see: impl FnMut(&mut Option<RateLimits>)) {
    for event in held {
        if let Event::Start(start) = event {
            see(&mut start.rate_limits);
        }
    }
}

/// The whole stream again: its pool learns of what it seals, and of an error that is about its key.
pub(super) fn watched(
    held: Vec<Event>,
    rest: ChatStream,
    (keys, slot, key, model): (Arc<Inner>, usize, Fingerprint, String),
    began: Instant,
) -> ChatStream {
    ChatStream::new(Watched { held: held.into_iter(), rest, keys, slot, key, model, began, seals: OfStream::default() })
}

struct Watched {
    held: std::vec::IntoIter<Event>,
    rest: ChatStream,
    keys: Arc<Inner>,
    slot: usize,
    key: Fingerprint,
    model: String,
    began: Instant,
    seals: OfStream,
}

impl Stream for Watched {
    type Item = Result<Event, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let next = match this.held.next() {
            Some(event) => Poll::Ready(Some(Ok(event))),
            None => Pin::new(&mut this.rest).poll_next(cx),
        };
        match &next {
            Poll::Ready(Some(Ok(event))) => {
                let (keys, slot) = (&this.keys, this.slot);
                this.seals.see(event, &mut |seal| keys.remember(slot, seal));
            }
            Poll::Ready(Some(Err(error))) => {
                let picked = Picked { slot: this.slot, key: this.key, turn: None };
                this.keys.pool().failed(&picked, &this.model, error, (this.began, Instant::now()));
            }
            _ => {}
        }
        next
    }
}
