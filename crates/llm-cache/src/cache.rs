//! The cache itself: a handle that outlives the layers made of it.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use llm_core::{Cx, Request};

use crate::clock::Clock;
use crate::counters::{Counters, Snapshot};
use crate::eligibility::{Bypass, CachePolicy, Terms, terms};
use crate::entry::Entry;
use crate::key::{CacheKey, Keyring, TenantScope};
use crate::layer::CacheLayer;
use crate::pace::Pace;
use crate::semantic::Semantic;
use crate::single_flight::Flights;
use crate::store::{Loaded, Size, Store, StoreError};

/// Whose answers a request may be given.
type ScopeOf = Arc<dyn Fn(&Cx) -> Option<TenantScope> + Send + Sync>;

/// What a model name stands for now.
type Resolve = Arc<dyn Fn(&str) -> Option<Arc<str>> + Send + Sync>;

/// A response cache. Cheap to clone; clones and all layers made of them share everything.
#[derive(Clone)]
pub struct Cache(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) policy: CachePolicy,
    pub(crate) clock: Clock,
    pub(crate) counters: Counters,
    pub(crate) flights: Arc<Flights>,
    pub(crate) pace: Pace,
    pub(crate) semantic: Option<Semantic>,
    keyring: Keyring,
    scope: ScopeOf,
    resolve: Option<Resolve>,
}

/// What is decided before a request is answered.
pub(crate) struct Ticket {
    pub(crate) key: CacheKey,
    pub(crate) terms: Terms,
    pub(crate) scope: TenantScope,
}

/// What the model name of a request stands for.
enum Resolved<'r> {
    As(Arc<str>),
    Itself(&'r str),
}

impl Deref for Resolved<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::As(name) => name,
            Self::Itself(name) => name,
        }
    }
}

/// Makes a [`Cache`].
#[must_use]
pub struct CacheBuilder {
    store: Arc<dyn Store>,
    policy: CachePolicy,
    clock: Clock,
    keyring: Option<Keyring>,
    scope: ScopeOf,
    resolve: Option<Resolve>,
    semantic: Option<Semantic>,
}

impl Cache {
    /// A cache over a store.
    ///
    /// Unless told otherwise each tenant of [`Cx::tenant`] has answers of its own, and requests without a tenant are not cached.
    pub fn builder(store: impl Store) -> CacheBuilder {
        CacheBuilder {
            store: Arc::new(store),
            policy: CachePolicy::default(),
            clock: Clock::system(),
            keyring: None,
            scope: Arc::new(|cx| cx.tenant.clone().map(TenantScope::tenant)),
            resolve: None,
            semantic: None,
        }
    }

    /// A layer that answers from this cache.
    pub fn layer(&self) -> CacheLayer {
        CacheLayer::new(self.clone())
    }

    /// What it did so far, and what that saved.
    pub fn counters(&self) -> Snapshot {
        self.0.counters.snapshot()
    }

    /// How much the store holds; `None` where that cannot be known cheaply.
    pub async fn size(&self) -> Result<Option<Size>, StoreError> {
        self.0.store.size().await
    }

    /// Forgets every answer.
    pub async fn clear(&self) -> Result<(), StoreError> {
        if let Some(semantic) = &self.0.semantic {
            semantic.clear();
        }
        self.0.store.clear().await
    }

    /// Forgets the answer to a request, if there is one; `false` when the request can have none.
    pub async fn forget(&self, cx: &Cx, request: &Request) -> Result<bool, StoreError> {
        let scope = (self.0.scope)(cx);
        let Some(key) = scope.and_then(|scope| self.0.keyring.key(&scope, cx, &self.0.resolved(request), request))
        else {
            return Ok(false);
        };
        self.0.store.remove(&key).await.map(|()| true)
    }

    /// Requests that are being answered, and answers that are being stored.
    pub fn in_flight(&self) -> usize {
        self.0.flights.count()
    }
}

impl Inner {
    /// What may be done for a request, and its key.
    pub(crate) fn ticket(&self, cx: &Cx, request: &Request) -> Result<Ticket, Bypass> {
        let terms = terms(&self.policy, cx.cache.as_deref(), request)?;
        let scope = (self.scope)(cx).ok_or(Bypass::NoTenant)?;
        let key = self.keyring.key(&scope, cx, &self.resolved(request), request).ok_or(Bypass::NoKey)?;
        Ok(Ticket { key, terms, scope })
    }

    /// The key of the requests that a request may share similar answers with.
    pub(crate) fn partition(&self, scope: &TenantScope, cx: &Cx, request: &Request) -> Option<CacheKey> {
        self.keyring.key_of(b"similar", scope, cx, &self.resolved(request), request)
    }

    fn resolved<'r>(&self, request: &'r Request) -> Resolved<'r> {
        let model = request.model();
        match self.resolve.as_ref().and_then(|resolve| resolve(model)) {
            Some(resolved) => Resolved::As(resolved),
            None => Resolved::Itself(model),
        }
    }

    /// The entry of a key, counted where the store is at fault.
    pub(crate) async fn load(&self, key: &CacheKey) -> Found {
        match self.store.load(key, self.clock.now()).await {
            Loaded::Found(entry) => Found::Entry(entry),
            Loaded::Absent => Found::Nothing,
            Loaded::Rejected(why) => {
                self.counters.poisoned();
                tracing::warn!(store = self.store.name(), %why, "the response cache has a value that it did not store");
                Found::Nothing
            }
            Loaded::Unavailable => {
                self.counters.store_failed();
                Found::Gone
            }
        }
    }
}

/// What was found under a key.
pub(crate) enum Found {
    Entry(Arc<Entry>),
    Nothing,
    Gone,
}

impl CacheBuilder {
    /// What is looked up and what is kept.
    pub fn policy(mut self, policy: CachePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// The secret behind keys, if it is not the store's own. A store in memory has none, and a random one will do.
    pub fn keyring(mut self, keyring: Keyring) -> Self {
        self.keyring = Some(keyring);
        self
    }

    /// One scope for all requests: the only tenant there is, or [`TenantScope::shared`].
    pub fn scope(self, scope: TenantScope) -> Self {
        self.scope_by(move |_| Some(scope.clone()))
    }

    /// The scope of each request; requests without one are not cached.
    pub fn scope_by(mut self, scope: impl Fn(&Cx) -> Option<TenantScope> + Send + Sync + 'static) -> Self {
        self.scope = Arc::new(scope);
        self
    }

    /// What a model name stands for: the target, or the route as it is configured now. The name itself where it says `None`.
    ///
    /// Two names of one thing share answers, and a route that changes has none of its old ones.
    pub fn resolve_by(mut self, resolve: impl Fn(&str) -> Option<Arc<str>> + Send + Sync + 'static) -> Self {
        self.resolve = Some(Arc::new(resolve));
        self
    }

    /// Gives the answers to similar questions as well.
    pub fn semantic(mut self, semantic: Semantic) -> Self {
        self.semantic = Some(semantic);
        self
    }

    /// Another clock than the system's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The cache.
    pub fn build(self) -> Cache {
        let keyring = self.keyring.or_else(|| self.store.keyring().cloned()).unwrap_or_else(Keyring::ephemeral);
        Cache(Arc::new(Inner {
            store: self.store,
            policy: self.policy,
            clock: self.clock,
            counters: Counters::default(),
            flights: Arc::default(),
            pace: Pace::default(),
            semantic: self.semantic,
            keyring,
            scope: self.scope,
            resolve: self.resolve,
        }))
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("store", &self.0.store.name())
            .field("policy", &self.0.policy)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for CacheBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheBuilder").field("store", &self.store.name()).finish_non_exhaustive()
    }
}
