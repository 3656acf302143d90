//! The call behind a flight: a similar question, another replica's answer, or the vendor; and what is kept of it.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use llm_core::{CacheStatus, ChatResponse, Cx, Error, Provider, Request, Response};
use tokio::time::Instant;

use crate::cache::{Found, Inner, Ticket};
use crate::eligibility::{Bypass, NotStored, storable};
use crate::entry::{Answer, Entry};
use crate::key::CacheKey;
use crate::layer::marked;
use crate::live::{Keep, Live, Lost};
use crate::semantic::Question;
use crate::single_flight::{Landed, Seat, Whole};
use crate::store::{Lease, Loaded, Store};

/// First and longest pause between two looks at the store while another replica works.
const LOOKS: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(250));

/// Counts a request that the vendor is asked for.
pub(crate) fn count(cache: &Inner, status: CacheStatus) {
    match status {
        CacheStatus::Bypass => cache.counters.bypassed(Bypass::Store),
        _ => cache.counters.missed(),
    }
}

/// Gets the answer for everybody who waits for it.
pub(crate) fn fly(
    cache: Arc<Inner>,
    inner: Arc<dyn Provider>,
    cx: &Cx,
    request: &Request,
    ticket: &Ticket,
    status: CacheStatus,
    seat: Seat,
) -> impl Future<Output = Result<Landed, Error>> + Send + use<> {
    let mut cx = cx.clone();
    // Its caller's token ends its caller's waiting; the call ends when nobody waits.
    cx.cancel = None;
    let request = request.clone();
    let mut keeper = Keeper::new(cache.clone(), ticket, Instant::now());
    let scope = ticket.scope.clone();
    async move {
        let key = keeper.key;
        if let Some(semantic) = &cache.semantic
            && let Some(question) = semantic.ask(&cache, &scope, &cx, &request).await
        {
            if let Some(entry) = semantic.similar(&cache, &cx, &question).await {
                return Ok(found(entry, CacheStatus::Similar, &seat));
            }
            keeper.question = Some(question);
        }
        if status == CacheStatus::Miss {
            match lease(&cache, &key).await {
                Turn::Another(entry) => return Ok(found(entry, CacheStatus::Hit, &seat)),
                Turn::Ours(held) => keeper.held = held,
            }
        }
        count(&cache, status);
        keeper.begun = Instant::now();
        match inner.call(&cx, request).await? {
            Response::ChatStream(stream) => {
                let seat = Arc::new(seat);
                keeper.seat = Some(seat.clone());
                let live = Live::new(stream, Some(Box::new(keeper)));
                seat.live(Arc::downgrade(&live));
                Ok(Landed::Live(live))
            }
            response => {
                let entry = keeper.entry(&response);
                let response = marked(response, status);
                let Some(entry) = entry else {
                    return Err(Error::new(llm_core::ErrorKind::Internal, "the answer is to another operation"));
                };
                let whole = Arc::new(Whole { first: Mutex::new(Some(response)), entry, status });
                seat.whole(&whole);
                keeper.keep(whole.entry.clone(), Some(Box::new(seat)));
                Ok(Landed::Whole(whole))
            }
        }
    }
}

fn found(entry: Arc<Entry>, status: CacheStatus, seat: &Seat) -> Landed {
    let whole = Arc::new(Whole { first: Mutex::new(None), entry, status });
    seat.whole(&whole);
    Landed::Whole(whole)
}

enum Turn {
    Ours(Option<Held>),
    Another(Arc<Entry>),
}

/// A lease among replicas, given back when dropped.
pub(crate) struct Held {
    store: Arc<dyn Store>,
    key: CacheKey,
    token: String,
}

impl Drop for Held {
    fn drop(&mut self) {
        let (store, key, token) = (self.store.clone(), self.key, std::mem::take(&mut self.token));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { store.release(&key, &token).await });
        }
    }
}

/// The answer that was stored between the first look and now, by a flight that was over a moment too soon to be joined.
async fn again(cache: &Inner, key: &CacheKey) -> Option<Arc<Entry>> {
    match cache.store.load(key, cache.clock.now()).await {
        Loaded::Found(entry) => Some(entry),
        _ => None,
    }
}

/// Waits while another replica is getting the answer, but no longer than answers take.
async fn lease(cache: &Inner, key: &CacheKey) -> Turn {
    if !cache.store.is_shared() {
        return again(cache, key).await.map_or(Turn::Ours(None), Turn::Another);
    }
    let time = cache.pace.lease();
    let until = Instant::now() + time;
    let mut pause = LOOKS.0;
    loop {
        match cache.store.lease(key, time).await {
            Lease::Granted(token) => {
                let held = Held { store: cache.store.clone(), key: *key, token };
                return again(cache, key).await.map_or(Turn::Ours(Some(held)), Turn::Another);
            }
            // A shared store without leases is a store in trouble: it is not asked twice.
            Lease::Nobody => return Turn::Ours(None),
            Lease::Held if Instant::now() >= until => return Turn::Ours(None),
            Lease::Held => {}
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(LOOKS.1);
        match cache.load(key).await {
            Found::Entry(entry) => return Turn::Another(entry),
            Found::Gone => return Turn::Ours(None),
            Found::Nothing => {}
        }
    }
}

/// Keeps an answer, if it may be kept.
pub(crate) struct Keeper {
    cache: Arc<Inner>,
    key: CacheKey,
    ttl: Duration,
    begun: Instant,
    held: Option<Held>,
    question: Option<Question>,
    /// Of a stream: its answer is not there yet, and the flight lasts until it is stored.
    seat: Option<Arc<Seat>>,
}

impl Keeper {
    pub(crate) fn new(cache: Arc<Inner>, ticket: &Ticket, begun: Instant) -> Self {
        Self { cache, key: ticket.key, ttl: ticket.terms.ttl, begun, held: None, question: None, seat: None }
    }

    /// The entry of an answer, kept or not.
    fn entry(&self, response: &Response) -> Option<Arc<Entry>> {
        let answer = match response {
            Response::Chat(chat) => Answer::Chat(chat.clone()),
            Response::Embed(embed) => Answer::Embed(embed.clone()),
            _ => return None,
        };
        let told = match &answer {
            Answer::Chat(chat) => chat.timing.total,
            Answer::Embed(_) => None,
        };
        let took = told.unwrap_or_else(|| self.begun.elapsed());
        self.cache.pace.record(took);
        Some(Arc::new(Entry::new(answer, self.cache.clock.now(), self.ttl, took)))
    }

    /// Keeps an answer of one request only.
    pub(crate) fn answer(self, response: &Response) {
        if let Some(entry) = self.entry(response) {
            self.keep(entry, None);
        }
    }

    /// Stores an entry: at once where the store is in this process, else in the background. `guard` lives until it is stored.
    fn keep(self, entry: Arc<Entry>, guard: Option<Box<dyn Send>>) {
        let judged = match &entry.answer {
            Answer::Chat(chat) => storable(&self.cache.policy, chat, entry.bytes),
            Answer::Embed(_) if entry.bytes > self.cache.policy.max_bytes => Err(NotStored::Size),
            Answer::Embed(_) => Ok(()),
        };
        if let Err(why) = judged {
            self.cache.counters.not_stored(why);
            return;
        }
        let Self { cache, key, question, held, .. } = self;
        let mut storing = Box::pin(async move {
            match cache.store.save(&key, entry).await {
                Ok(()) => {
                    cache.counters.stored();
                    if let (Some(semantic), Some(question)) = (&cache.semantic, question) {
                        semantic.learn(question, key);
                    }
                }
                Err(error) => {
                    cache.counters.not_stored(NotStored::Store);
                    tracing::debug!(%error, "an answer was not cached");
                }
            }
            drop(held);
            drop(guard);
        });
        // Who asks again right after the answer wants to find it.
        if storing.as_mut().now_or_never().is_none() {
            tokio::spawn(storing);
        }
    }
}

impl Keep for Keeper {
    fn whole(mut self: Box<Self>, response: ChatResponse, live: Option<Arc<Live>>) {
        let seat = self.seat.take();
        let response = Response::Chat(Box::new(response));
        if let Some(entry) = self.entry(&response) {
            self.keep(entry, Some(Box::new((live, seat))));
        }
    }

    fn failed(self: Box<Self>, why: Lost) {
        self.cache.counters.not_stored(match why {
            Lost::TooLong => NotStored::Size,
            Lost::Broken => NotStored::Incomplete,
        });
    }

    fn max_bytes(&self) -> usize {
        self.cache.policy.max_bytes
    }
}
