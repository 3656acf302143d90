//! The layer around an adapter whose calls are made with a token.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use llm_core::{Cx, Error, Provider, Request, Response, Secret, async_trait};

use super::source::{Issuer, Source};
use crate::renewed::this_machines_time;

/// A provider whose calls are signed in: each gets a token of the account as its credential, and is made once more with
/// another one where the vendor refuses it.
///
/// A call that brings a credential of its own goes on as it is, unless tokens are asked for with it
/// ([`SignedIn::with_keys_of_calls`]). The account's token never goes to an address that a call names: only a call's own
/// credential does.
pub struct SignedIn<P, I: Issuer<Credential = Secret>> {
    inner: P,
    source: Source<I>,
    of_calls: Option<OfCalls<I>>,
    now: fn() -> SystemTime,
}

impl<P: Provider, I: Issuer<Credential = Secret>> SignedIn<P, I> {
    /// `inner` takes the token as a call's credential.
    pub fn new(inner: P, source: Source<I>) -> Self {
        Self { inner, source, of_calls: None, now: this_machines_time }
    }

    /// With who gives tokens for a credential of a call; nobody for one that is sent as it is.
    ///
    /// The tokens of some thirty such credentials are kept, of those that were used last.
    pub fn with_keys_of_calls(mut self, issuer: impl Fn(&Secret) -> Option<I> + Send + Sync + 'static) -> Self {
        self.of_calls = Some(OfCalls { issuer: Box::new(issuer), known: Mutex::default() });
        self
    }

    /// With another clock, for tests.
    pub fn with_clock(mut self, now: fn() -> SystemTime) -> Self {
        self.now = now;
        self
    }
}

#[async_trait]
impl<P: Provider, I: Issuer<Credential = Secret>> Provider for SignedIn<P, I> {
    llm_core::forward!(inner: id, api, capabilities, availability);

    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
        let of_call;
        let source = match &cx.credential {
            None => &self.source,
            Some(credential) => match self.of_calls.as_ref().and_then(|of_calls| of_calls.source(credential)) {
                Some(source) => {
                    of_call = source;
                    &*of_call
                }
                None => return self.inner.call(cx, request).await,
            },
        };
        let call = |token| {
            let mut own = cx.clone();
            // The adapter cannot tell any more whose credential it is.
            own.endpoint = own.endpoint.filter(|_| cx.credential.is_some());
            own.credential = Some(token);
            let request = request.clone();
            async move { self.inner.call(&own, request).await }
        };
        source.call(cx, self.now, call).await.map_err(|error| error.with_provider(self.inner.id()))
    }
}

impl<P: fmt::Debug, I: Issuer<Credential = Secret>> fmt::Debug for SignedIn<P, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedIn").field("inner", &self.inner).finish_non_exhaustive()
    }
}

/// Credentials of calls whose tokens are kept.
const MOST_KEYS: usize = 32;

/// Who gives tokens for a credential of a call.
type IssuerOf<I> = dyn Fn(&Secret) -> Option<I> + Send + Sync;

/// Tokens that are asked for with credentials of calls.
struct OfCalls<I: Issuer> {
    issuer: Box<IssuerOf<I>>,
    /// The one that was used last stands at the end.
    known: Mutex<Vec<(Secret, Arc<Source<I>>)>>,
}

impl<I: Issuer> OfCalls<I> {
    fn source(&self, key: &Secret) -> Option<Arc<Source<I>>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = match known.iter().position(|(other, _)| other == key) {
            Some(place) => known.remove(place),
            None => (key.clone(), Arc::new(Source::issued((self.issuer)(key)?))),
        };
        if known.len() == MOST_KEYS {
            known.remove(0);
        }
        let source = Arc::clone(&entry.1);
        known.push(entry);
        Some(source)
    }
}
