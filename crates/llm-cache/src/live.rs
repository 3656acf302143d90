//! A stream with several readers: each goes at its own pace, and whoever is at the end fetches what comes next.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use futures_core::Stream;
use llm_core::{CacheStatus, ChatResponse, ChatStream, Cost, Error, Event};

use crate::cache::Inner;
use crate::log::{Log, Place};
use crate::patience::Patience;

/// What is done with a stream's answer: once with it when it was whole and in order, or dropped.
pub(crate) trait Keep: Send {
    /// The answer is whole; the handle keeps the stream open for later readers.
    fn whole(self: Box<Self>, response: ChatResponse, live: Option<Arc<Live>>);
    /// It will not be, or it is too long.
    fn failed(self: Box<Self>, why: Lost);
    /// Longest answer that is worth keeping.
    fn max_bytes(&self) -> usize;
}

/// Why there is nothing to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    TooLong,
    Broken,
}

/// A stream with several readers.
pub(crate) struct Live {
    state: Mutex<State>,
    wakers: Arc<Wakers>,
}

struct State {
    stream: Option<ChatStream>,
    log: Log,
    /// What is kept; off when the one reader's answer is too long to be.
    recording: bool,
    over: Option<Result<(), Error>>,
    readers: usize,
    keep: Option<Box<dyn Keep>>,
    last: u64,
}

/// Wakes every reader that waits.
#[derive(Default)]
struct Wakers(Mutex<HashMap<u64, Waker>>);

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let waiting = std::mem::take(&mut *self.lock());
        waiting.into_values().for_each(Waker::wake);
    }
}

impl Wakers {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Waker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn register(&self, reader: u64, waker: &Waker) {
        match self.lock().entry(reader) {
            Entry::Occupied(mut old) => old.get_mut().clone_from(waker),
            Entry::Vacant(place) => {
                place.insert(waker.clone());
            }
        }
    }

    fn forget(&self, reader: u64) {
        self.lock().remove(&reader);
    }
}

impl Live {
    /// A stream that has no reader yet.
    pub(crate) fn new(stream: ChatStream, keep: Option<Box<dyn Keep>>) -> Arc<Self> {
        let state = State {
            stream: Some(stream),
            log: Log::default(),
            recording: keep.is_some(),
            over: None,
            readers: 0,
            keep,
            last: 0,
        };
        Arc::new(Self { state: Mutex::new(state), wakers: Arc::default() })
    }

    /// One more reader, from the start; `None` when the stream was given up, or its start is not kept any more.
    pub(crate) fn read(self: &Arc<Self>, status: CacheStatus, patience: Patience) -> Option<Reader> {
        let mut state = self.lock();
        let first = state.last == 0;
        let gone = state.stream.is_none() && !matches!(state.over, Some(Ok(())));
        if (!first && !state.recording) || gone {
            return None;
        }
        state.readers += 1;
        state.last += 1;
        let (live, id, place) = (self.clone(), state.last, Place::default());
        Some(Reader { live, id, place, status, patience, counted: None, over: false, left: false })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One reader of a [`Live`] stream.
pub(crate) struct Reader {
    live: Arc<Live>,
    id: u64,
    place: Place,
    status: CacheStatus,
    patience: Patience,
    /// Told at the end what was not paid again.
    counted: Option<Arc<Inner>>,
    over: bool,
    left: bool,
}

/// What is to be done when the lock is free again.
type Kept = Option<(Box<dyn Keep>, Result<ChatResponse, Lost>)>;

impl State {
    /// Takes an event from the vendor.
    fn take(&mut self, event: &Event) -> Kept {
        if !self.recording {
            return None;
        }
        self.log.push(event);
        let keep = self.keep.take()?;
        if matches!(event, Event::Finish(_)) {
            let response = self.log.response().ok_or(Lost::Broken);
            return Some((keep, response));
        }
        if self.log.bytes() > keep.max_bytes() && self.readers <= 1 {
            // Nobody else reads it and nobody will: what comes is only passed on.
            self.recording = false;
            self.log = Log::default();
            return Some((keep, Err(Lost::TooLong)));
        }
        self.keep = Some(keep);
        None
    }
}

impl Reader {
    /// Counts what it does not pay.
    pub(crate) fn counted_by(mut self, cache: &Arc<Inner>) -> Self {
        self.counted = Some(cache.clone());
        self
    }

    /// The next event, and what there is to do without the lock.
    fn step(&mut self, cx: &mut Context<'_>) -> (Poll<Option<Result<Event, Error>>>, Kept) {
        let live = self.live.clone();
        let mut state = live.lock();
        if state.recording
            && let Some(event) = state.log.read(&mut self.place)
        {
            return (Poll::Ready(Some(Ok(event))), None);
        }
        if let Some(over) = &state.over {
            return (Poll::Ready(over.clone().err().map(Err)), None);
        }
        live.wakers.register(self.id, cx.waker());
        let waker = Waker::from(live.wakers.clone());
        let Some(stream) = &mut state.stream else {
            return (Poll::Ready(None), None);
        };
        let polled = Pin::new(stream).poll_next(&mut Context::from_waker(&waker));
        let (answer, kept) = match polled {
            Poll::Pending => return (Poll::Pending, None),
            Poll::Ready(Some(Ok(event))) => {
                let kept = state.take(&event);
                self.place = state.log.end();
                (Some(Ok(event)), kept)
            }
            Poll::Ready(Some(Err(error))) => {
                state.over = Some(Err(error.clone()));
                let kept = state.keep.take().map(|keep| (keep, Err(Lost::Broken)));
                (Some(Err(error)), kept)
            }
            Poll::Ready(None) => {
                state.over = Some(Ok(()));
                let kept = state.keep.take().map(|keep| (keep, Err(Lost::Broken)));
                (None, kept)
            }
        };
        drop(state);
        // The others have something to read now.
        live.wakers.forget(self.id);
        live.wakers.wake_by_ref();
        (Poll::Ready(answer), kept)
    }

    /// The event as it is for this reader: who only reads along made no attempts and pays nothing.
    fn own(&mut self, event: &mut Event) {
        match event {
            Event::Start(start) => {
                start.cache = Some(self.status);
                if self.status.is_free() {
                    start.attempts.clear();
                    start.rate_limits = None;
                }
            }
            Event::Finish(finish) if self.status.is_free() => {
                if let Some(cache) = self.counted.take() {
                    cache.counters.not_paid(&finish.usage, finish.cost.as_ref().map(|cost| cost.total));
                }
                finish.cost = Some(Cost::cached());
                finish.attempts.clear();
            }
            _ => {}
        }
    }
}

impl Stream for Reader {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        if let Some(error) = self.patience.poll(cx) {
            self.over = true;
            self.leave();
            return Poll::Ready(Some(Err(error)));
        }
        let (mut polled, kept) = self.step(cx);
        if let Some((keep, outcome)) = kept {
            match outcome {
                Ok(response) => keep.whole(response, Some(self.live.clone())),
                Err(why) => keep.failed(why),
            }
        }
        match &mut polled {
            Poll::Ready(Some(Ok(event))) => self.own(event),
            Poll::Ready(_) => self.over = true,
            Poll::Pending => {}
        }
        polled
    }
}

impl Reader {
    /// Reads no more. With the last reader the call ends at the vendor.
    fn leave(&mut self) {
        if std::mem::replace(&mut self.left, true) {
            return;
        }
        self.live.wakers.forget(self.id);
        let left = {
            let mut state = self.live.lock();
            state.readers -= 1;
            (state.readers == 0).then(|| {
                if state.over.is_none() && state.keep.is_none() && state.recording {
                    // The finish was read; only the end after it was not.
                    state.over = Some(Ok(()));
                }
                (state.stream.take(), state.keep.take())
            })
        };
        if let Some((stream, keep)) = left {
            drop(stream);
            if let Some(keep) = keep {
                keep.failed(Lost::Broken);
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.leave();
    }
}
