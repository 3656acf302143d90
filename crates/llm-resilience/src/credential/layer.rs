//! The pool around one provider: gives each call its key, and asks with the next one where the vendor refuses it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use llm_core::{Availability, Cx, Error, ErrorKind, Progress, Provider, Request, Response, Secret, setting_of};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::known::Known;
use super::noted::noted;
use super::pool::{Ask, KeyPool, Picked, Soonest};
use super::sealed;
use super::shared::KeyPools;
use super::source::KeySource;
use super::status::KeyStatus;
use super::stream;
use crate::cooldown::{CoolDownPolicy, Fingerprint};
use crate::gate::COOLED_DOWN;
use crate::timeout::SHORTEST_ATTEMPT;

/// The keys of one provider: a handle, cheap to clone.
///
/// Around a provider it gives each call a key of the pool. A call that brings its own key passes untouched, and nothing
/// that becomes of it concerns the pool.
#[derive(Clone)]
pub struct Keys {
    inner: Arc<Inner>,
    portable: bool,
}

pub(super) struct Inner {
    provider: Arc<str>,
    slots: Vec<Arc<Known>>,
    /// The hash of each source's name.
    places: Vec<u64>,
    pool: Mutex<KeyPool>,
    shared: KeyPools,
}

impl Keys {
    /// The keys of the provider with this id. What is learned of them is kept in `shared`.
    pub fn new(
        provider: impl Into<Arc<str>>,
        sources: impl IntoIterator<Item = Arc<dyn KeySource>>,
        policy: CoolDownPolicy,
        shared: &KeyPools,
    ) -> Self {
        let provider = provider.into();
        let slots: Vec<Arc<Known>> = sources.into_iter().map(|source| Arc::new(Known::new(source))).collect();
        let pool = KeyPool::new(provider.clone(), slots.len(), policy, shared.cool_downs().clone());
        let places = slots.iter().map(|slot| shared.hash(&format!("{provider} {}", slot.name()))).collect();
        let (pool, shared) = (Mutex::new(pool), shared.clone());
        Self { inner: Arc::new(Inner { provider, slots, places, pool, shared }), portable: false }
    }

    /// What one key's account sealed can be read with another key, too: signatures and encrypted reasoning go back with the
    /// same key where it may be used, and with another one where not. Without it such a conversation waits for its key.
    #[must_use]
    pub fn with_portable_seals(mut self, portable: bool) -> Self {
        self.portable = portable;
        self
    }

    /// `inner` with these keys, whatever key it has itself.
    pub fn layer(&self, inner: Arc<dyn Provider>) -> Arc<dyn Provider> {
        Arc::new(Keyed { inner, keys: self.clone() })
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.inner.slots.len()
    }

    /// There is no key.
    pub fn is_empty(&self) -> bool {
        self.inner.slots.is_empty()
    }

    /// Each key: where it comes from, which it is, and where it is left alone.
    pub fn statuses(&self) -> Vec<KeyStatus> {
        let inner = &*self.inner;
        let now = Instant::now();
        let status = |slot: &Arc<Known>| {
            let key = slot.key().map(|key| inner.shared.fingerprints().of(&key));
            let cooling = key.map(|key| inner.pool().cooling(key, now)).unwrap_or_default();
            KeyStatus {
                provider: inner.provider.clone(),
                source: slot.name().to_owned(),
                credential: key.map(|key| key.to_string()),
                ready: key.is_some() && cooling.iter().all(|cooling| cooling.model.is_some()),
                cooling,
                error: slot.error().map(|error| error.message().to_owned()),
            }
        };
        inner.slots.iter().map(status).collect()
    }
}

/// A call with a key of the pool, until its verdict. Dropped before that, it says nothing about the key.
pub(super) struct Begun<'a> {
    keys: &'a Inner,
    model: &'a str,
    picked: Picked,
    secret: Secret,
    began: Instant,
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if self.picked.turn.is_some() {
            self.keys.pool().release(&self.picked, self.model);
        }
    }
}

impl Begun<'_> {
    fn answered(&self) {
        self.keys.pool().answered(&self.picked, self.model, self.began, Instant::now());
    }

    fn failed(&self, error: &Error) {
        self.keys.pool().failed(&self.picked, self.model, error, (self.began, Instant::now()));
    }

    /// Takes what the vendor said of the limits of this key. Of one key of several it says nothing about the target, so
    /// that nobody above may see it.
    fn limits(&self, limits: &mut Option<llm_core::RateLimits>) {
        if let Some(said) = limits {
            self.keys.pool().limits(&self.picked, self.model, said, Instant::now());
            if self.keys.slots.len() > 1 {
                *limits = None;
            }
        }
    }
}

impl Inner {
    pub(super) fn pool(&self) -> MutexGuard<'_, KeyPool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers which slot's key made a part.
    pub(super) fn remember(&self, slot: usize, part: &str) {
        self.shared.sealed().remember(self.shared.hash(part), self.places[slot]);
    }

    /// The slot whose key made what is sealed in the conversation.
    fn slot_of(&self, request: &Request) -> Option<usize> {
        let (Request::Chat(chat) | Request::ChatStream(chat)) = request else { return None };
        if self.slots.len() < 2 {
            return None;
        }
        let place = self.shared.sealed().place_of(sealed::of_request(chat, |part| self.shared.hash(part)))?;
        self.places.iter().position(|known| *known == place)
    }

    /// A key for a call. Sources that are due are looked at beside it; a call waits for that only where no key may be used.
    async fn begin<'a>(&'a self, ask: &Ask<'a>) -> Result<Begun<'a>, Option<Soonest>> {
        let now = Instant::now();
        let mut begun = self.pick(ask);
        if begun.is_ok() {
            self.slots.iter().for_each(|slot| slot.follow(now));
            return begun;
        }
        let mut looks = JoinSet::new();
        for slot in self.slots.iter().filter(|slot| slot.is_due(now) || slot.key().is_none()) {
            let look = slot.clone().followed(now);
            // The set ends its tasks with this call, and not those that they wait for.
            looks.spawn(async { drop(tokio::spawn(look).await) });
        }
        while begun.is_err() && looks.join_next().await.is_some() {
            begun = self.pick(ask);
        }
        begun
    }

    /// Whether a key may be used that was not tried yet.
    fn has_other(&self, tried: &[bool], only: Option<usize>, model: &str) -> bool {
        let others: Vec<bool> = tried.iter().map(|tried| !tried).collect();
        only.is_none() && self.pool().may_use_any_of(&others, model, Instant::now())
    }

    /// A key for a call, of those that are known.
    fn pick<'a>(&'a self, ask: &Ask<'a>) -> Result<Begun<'a>, Option<Soonest>> {
        let now = Instant::now();
        let known: Vec<Option<Secret>> = self.slots.iter().map(|slot| slot.key()).collect();
        let mut pool = self.pool();
        for (slot, key) in known.iter().enumerate() {
            pool.set_key(slot, key.as_ref().map(|key| self.shared.fingerprints().of(key)));
        }
        let picked = pool.pick(ask, now)?;
        drop(pool);
        let Some(secret) = known.into_iter().nth(picked.slot).flatten() else { return Err(None) };
        Ok(Begun { keys: self, model: ask.model, picked, secret, began: now })
    }

    /// The error of a call that gets no key. `last` is what the vendor said to it, `only` the slot that it depends on.
    fn out_of_keys(&self, last: Option<Error>, soonest: Option<Soonest>, model: &str, only: Option<usize>) -> Error {
        let named = |error: Error| {
            let error = error.with_provider(self.provider.clone());
            if model.is_empty() { error } else { error.with_model(model) }
        };
        let target = if model.is_empty() { self.provider.to_string() } else { format!("{}/{model}", self.provider) };
        let Some(Soonest { kind, wait }) = soonest else {
            return last.map_or_else(|| named(self.no_key()), |last| note(last, only));
        };
        let seconds = wait.as_millis().div_ceil(1000);
        let keys = match (only, self.slots.len()) {
            (Some(slot), 2..) => format!(
                "the conversation holds what only the account of {} can read, and its key is left alone ({kind})",
                self.slots[slot].name()
            ),
            (_, 1) => format!("the key is left alone ({kind})"),
            (_, keys) => format!("all {keys} keys are left alone ({})", self.reasons(model)),
        };
        let message = match &last {
            Some(last) if self.slots.len() == 1 => last.message().to_owned(),
            Some(last) => format!("calling {target}: {keys}: {}", last.message()),
            None => format!("calling {target}: {keys}; one is asked again in {seconds} s"),
        };
        let Some(last) = last else {
            let error = Error::new(kind, message).with_progress(Progress::NotSent).with_code(COOLED_DOWN);
            return named(error.with_retry_after(wait));
        };
        let error = if last.kind() == kind {
            last.with_message(message)
        } else {
            let id = last.request_id().map(str::to_owned);
            Error::new(kind, message).with_progress(last.progress()).with_request_id(id).with_source(last)
        };
        note(named(error.with_retry_after(wait)), only)
    }

    /// No source has a key.
    fn no_key(&self) -> Error {
        let message = match self.slots.iter().find_map(|slot| slot.error()) {
            Some(error) => error.message().to_owned(),
            None => format!("api key missing: set {}", setting_of(&self.provider, "api_key")),
        };
        Error::new(ErrorKind::Auth, message).with_progress(Progress::NotSent)
    }

    /// Each key with why it is left alone: `3f2a91bc: auth, 9d21c0de: rate_limited`.
    fn reasons(&self, model: &str) -> String {
        let now = Instant::now();
        let reason = |slot: &Arc<Known>| {
            let Some(key) = slot.key() else { return format!("{}: no key", slot.name()) };
            let key: Fingerprint = self.shared.fingerprints().of(&key);
            let cooling = self.pool().cooling(key, now);
            let mut here = cooling.iter().filter(|it| it.model.as_deref().is_none_or(|other| other == model));
            format!("{key}: {}", here.next().map_or("refused", |it| it.reason.as_str()))
        };
        self.slots.iter().map(reason).collect::<Vec<_>>().join(", ")
    }
}

/// A refusal that the pool has noted. Whoever stands above may note a wait that concerns all keys alike, but not a key that
/// is wrong or empty, because another one may be there any time; nor the wait of one key of several.
fn note(error: Error, only: Option<usize>) -> Error {
    match error.kind() {
        ErrorKind::Auth | ErrorKind::QuotaExhausted => noted(error),
        _ if only.is_some() => noted(error),
        _ => error,
    }
}

/// Whether another key may help.
fn is_of_key(error: &Error) -> bool {
    let kind = matches!(
        error.kind(),
        ErrorKind::Auth
            | ErrorKind::Permission
            | ErrorKind::NotFound
            | ErrorKind::RateLimited
            | ErrorKind::QuotaExhausted
    );
    kind && error.progress() != Progress::Committed
}

/// A provider with a pool of keys.
struct Keyed {
    inner: Arc<dyn Provider>,
    keys: Keys,
}

#[async_trait]
impl Provider for Keyed {
    llm_core::forward!(inner: id, api, capabilities);

    fn availability(&self) -> Availability {
        let (keys, now) = (&*self.keys.inner, Instant::now());
        match self.inner.availability() {
            // A key that was mended is found by a call only.
            Availability::Ready if !keys.slots.iter().any(|slot| slot.is_due(now)) => match keys.pool().shut_for(now) {
                Some(wait) => Availability::Shut { until: now.into_std().checked_add(wait) },
                None => Availability::Ready,
            },
            availability => availability,
        }
    }

    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
        if cx.credential.is_some() {
            return self.inner.call(cx, request).await;
        }
        let keys = &*self.keys.inner;
        let model = request.model().to_owned();
        let pinned = keys.slot_of(&request);
        let only = pinned.filter(|_| !self.keys.portable);
        let session = cx.hints.as_ref().and_then(|hints| hints.session.as_deref()).map(|name| keys.shared.hash(name));
        let mut tried = vec![false; keys.slots.len()];
        let mut renewed = vec![false; keys.slots.len()];
        let mut last: Option<Error> = None;
        loop {
            let ask = Ask { model: &model, tried: &tried, only, rather: pinned, session };
            let begun = match keys.begin(&ask).await {
                Ok(begun) => begun,
                Err(soonest) => {
                    // Where a refusal was doubted its key may be used, only not for this call again.
                    let doubted = keys.pool().may_use_any_of(&tried, &model, Instant::now());
                    return Err(keys.out_of_keys(last, soonest.filter(|_| !doubted), &model, only));
                }
            };
            let slot = begun.picked.slot;
            let error = match self.attempt(cx, request.clone(), &begun).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            begun.failed(&error);
            if !is_of_key(&error) {
                return Err(error);
            }
            let (key, secret, since) = (begun.picked.key, begun.secret.clone(), begun.began);
            drop(begun);
            tracing::warn!(provider = %keys.provider, %key, kind = %error.kind(), "the vendor refused a key");
            // Each source is looked at once for a call, at once where no other key can step in.
            tried[slot] = true;
            if error.kind() == ErrorKind::Auth && keys.slots[slot].may_change() && !renewed[slot] {
                renewed[slot] = true;
                let looked = Arc::clone(&keys.slots[slot]).refused(secret, since);
                if keys.has_other(&tried, only, &model) {
                    tokio::spawn(looked);
                } else {
                    tried[slot] = !looked.await;
                }
            }
            if is_over(cx) {
                return Err(note(error, only));
            }
            last = Some(error);
        }
    }
}

impl Keyed {
    /// One call with one key, a stream up to its first content.
    async fn attempt(&self, cx: &Cx, request: Request, begun: &Begun<'_>) -> Result<Response, Error> {
        let mut call = cx.clone();
        call.credential = Some(begun.secret.clone());
        // An address that a caller chose without bringing a key must never see one of ours.
        call.endpoint = None;
        let mut response = self.inner.call(&call, request).await?;
        match response {
            Response::ChatStream(events) => {
                let (mut held, rest) = stream::to_first_content(events).await?;
                begun.answered();
                stream::each_start(&mut held, |limits| begun.limits(limits));
                let watch = (self.keys.inner.clone(), begun.picked.slot, begun.picked.key, begun.model.to_owned());
                return Ok(Response::ChatStream(stream::watched(held, rest, watch, begun.began)));
            }
            Response::Chat(ref mut chat) => {
                begun.limits(&mut chat.rate_limits);
                for part in &chat.message.content {
                    sealed::each_seal(part, &mut |seal| begun.keys.remember(begun.picked.slot, seal));
                }
            }
            _ => {}
        }
        begun.answered();
        Ok(response)
    }
}

/// Whether nobody waits for an answer any more.
fn is_over(cx: &Cx) -> bool {
    let late = cx
        .deadline
        .is_some_and(|deadline| deadline.saturating_duration_since(Instant::now().into_std()) < SHORTEST_ATTEMPT);
    late || cx.cancel.as_ref().is_some_and(llm_core::CancellationToken::is_cancelled)
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("provider", &self.inner.provider)
            .field("keys", &self.len())
            .finish_non_exhaustive()
    }
}
