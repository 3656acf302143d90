//! The layer: a known answer at once, one upstream call for all that ask the same, and what comes back is kept.

use std::sync::Arc;

use llm_core::{CacheStatus, ChatStream, Cx, Error, ErrorKind, Layer, Provider, Request, Response, async_trait};
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::cache::{Cache, Found, Ticket};
use crate::fetch::{self, Keeper};
use crate::live::Live;
use crate::patience::Patience;
use crate::single_flight::{Landed, Part, asks_again};

/// How often a request looks for a flight before it flies alone: one re-election after a failure, and one more when a
/// stream was given up under its feet.
const ROUNDS: usize = 3;

/// Answers from a [`Cache`] where that knows the answer.
#[derive(Clone, Debug)]
pub struct CacheLayer(Cache);

impl CacheLayer {
    pub(crate) const fn new(cache: Cache) -> Self {
        Self(cache)
    }
}

impl Layer for CacheLayer {
    fn layer(&self, inner: Arc<dyn Provider>) -> Arc<dyn Provider> {
        Arc::new(Cached { cache: self.0.clone(), inner })
    }
}

/// A provider with a cache before it.
struct Cached {
    cache: Cache,
    inner: Arc<dyn Provider>,
}

#[async_trait]
impl Provider for Cached {
    llm_core::forward!(inner: id, api, capabilities, availability);

    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
        if !matches!(request, Request::Chat(_) | Request::ChatStream(_) | Request::Embed(_)) {
            return self.inner.call(cx, request).await;
        }
        let cache = &self.cache.0;
        let ticket = match cache.ticket(cx, &request) {
            Ok(ticket) => ticket,
            Err(why) => {
                cache.counters.bypassed(why);
                return self.inner.call(cx, request).await.map(|response| marked(response, CacheStatus::Bypass));
            }
        };
        let mut status = CacheStatus::Miss;
        if ticket.terms.look_up {
            match cache.load(&ticket.key).await {
                Found::Entry(entry) => {
                    if let Some(response) = entry.respond(&request, CacheStatus::Hit) {
                        cache.counters.saved(CacheStatus::Hit, &entry);
                        return Ok(response);
                    }
                }
                Found::Nothing => {}
                Found::Gone => status = CacheStatus::Bypass,
            }
        }
        if ticket.terms.look_up && ticket.terms.store {
            self.together(cx, request, ticket, status).await
        } else {
            self.alone(cx, request, &ticket, status).await
        }
    }
}

impl Cached {
    /// Asks the vendor for this request only.
    async fn alone(&self, cx: &Cx, request: Request, ticket: &Ticket, status: CacheStatus) -> Result<Response, Error> {
        let begun = Instant::now();
        fetch::count(&self.cache.0, status);
        let response = self.inner.call(cx, request).await?;
        if !ticket.terms.store {
            return Ok(marked(response, status));
        }
        let keeper = Keeper::new(self.cache.0.clone(), ticket, begun);
        Ok(match response {
            Response::ChatStream(stream) => {
                read(&Live::new(stream, Some(Box::new(keeper))), status, Patience::default())?
            }
            whole => {
                keeper.answer(&whole);
                marked(whole, status)
            }
        })
    }

    /// Asks the vendor once for all requests that are the same.
    async fn together(
        &self,
        cx: &Cx,
        request: Request,
        ticket: Ticket,
        status: CacheStatus,
    ) -> Result<Response, Error> {
        let cache = &self.cache.0;
        for round in 0..ROUNDS {
            let part = cache.flights.join(ticket.key, |seat| {
                let flight = fetch::fly(cache.clone(), self.inner.clone(), cx, &request, &ticket, status, seat);
                flight.instrument(tracing::Span::current())
            });
            let (landed, leads) = match part {
                Part::Lead(flight) => (Patience::of_leader(cx).wait(flight).await, true),
                Part::Follow(flight) => (Patience::of_follower(cx).wait(flight).await, false),
                Part::Landed(landed) => (Ok(landed), false),
            };
            let landed = match landed {
                Ok(landed) => landed,
                // The followers of a failed call ask once more, together; their own deadline or cancellation is final.
                Err(error) if !leads && round == 0 && asks_again(&error) && !is_over(cx) => continue,
                Err(error) => return Err(error),
            };
            if let Some(response) = self.given(cx, &request, landed, leads, status).await? {
                return Ok(response);
            }
        }
        self.alone(cx, request, &ticket, status).await
    }

    /// The answer of a flight in the form that the request wants; `None` when its stream is gone.
    async fn given(
        &self,
        cx: &Cx,
        request: &Request,
        landed: Landed,
        leads: bool,
        status: CacheStatus,
    ) -> Result<Option<Response>, Error> {
        let counters = &self.cache.0.counters;
        let live = match landed {
            Landed::Whole(whole) => {
                let first = if leads { whole.first.lock().ok().and_then(|mut first| first.take()) } else { None };
                if first.is_some() {
                    return Ok(first);
                }
                let status = if leads { whole.status } else { CacheStatus::Joined };
                let response = whole.entry.respond(request, status);
                if response.is_some() {
                    counters.saved(status, &whole.entry);
                }
                return Ok(response);
            }
            Landed::Live(live) => live,
        };
        let (status, patience) =
            if leads { (status, Patience::of_leader(cx)) } else { (CacheStatus::Joined, Patience::of_follower(cx)) };
        let Some(reader) = live.read(status, patience) else {
            return Ok(None);
        };
        counters.shared(status);
        let stream = ChatStream::new(reader.counted_by(&self.cache.0));
        Ok(Some(match request {
            Request::ChatStream(_) => Response::ChatStream(stream),
            _ => Response::Chat(Box::new(stream.collect().await?)),
        }))
    }
}

/// Whether a request has no more time, or nobody who waits for it.
fn is_over(cx: &Cx) -> bool {
    cx.cancel.as_ref().is_some_and(llm_core::CancellationToken::is_cancelled)
        || cx.deadline.is_some_and(|deadline| deadline <= Instant::now().into_std())
}

/// The first reader of a stream.
fn read(live: &Arc<Live>, status: CacheStatus, patience: Patience) -> Result<Response, Error> {
    let reader = live.read(status, patience);
    let reader = reader.ok_or_else(|| Error::new(ErrorKind::Internal, "a new stream cannot be read"))?;
    Ok(Response::ChatStream(ChatStream::new(reader)))
}

/// The answer, saying what the cache did for it.
pub(crate) fn marked(mut response: Response, status: CacheStatus) -> Response {
    match &mut response {
        Response::Chat(chat) => chat.cache = Some(status),
        Response::Embed(embed) => embed.cache = Some(status),
        Response::ChatStream(_) => {}
        _ => {}
    }
    match response {
        Response::ChatStream(stream) => match Live::new(stream, None).read(status, Patience::default()) {
            Some(reader) => Response::ChatStream(ChatStream::new(reader)),
            None => Response::ChatStream(ChatStream::new(futures_util::stream::empty())),
        },
        whole => whole,
    }
}
