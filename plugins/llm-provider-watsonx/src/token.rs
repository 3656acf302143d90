//! Calls with tokens of IBM Cloud, which are asked for with an API key and kept for as long as they last.
//!
//! Source: "Generating an IBM Cloud IAM token by using an API key", read 2026-11.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use llm_core::{Capabilities, Cx, Error, Provider, Request, Response, Secret, async_trait};
use llm_wire::oauth::is_token;
use llm_wire::{Renewed, oauth};

use crate::adapter::{Watsonx, missing};

const BEFORE_END: Duration = Duration::from_secs(300);
/// Keys whose tokens are kept: the account's own, and some that calls bring.
const MOST_KEYS: usize = 32;

/// Who gives tokens, and what is known of some keys, the one that was used last at the end.
#[derive(Debug)]
pub(crate) struct Iam {
    url: String,
    known: Mutex<Vec<(Secret, Arc<Renewed<Secret>>)>>,
}

impl Iam {
    pub(crate) fn new(host: &str) -> Self {
        Self { url: format!("{}/identity/token", host.trim_end_matches('/')), known: Mutex::default() }
    }

    fn of_key(&self, key: &Secret) -> Arc<Renewed<Secret>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let place = known.iter().position(|(other, _)| other == key);
        let entry = match place {
            Some(place) => known.remove(place),
            None => (key.clone(), Arc::new(Renewed::new(BEFORE_END))),
        };
        if known.len() == MOST_KEYS {
            known.remove(0);
        }
        let renewed = Arc::clone(&entry.1);
        known.push(entry);
        renewed
    }
}

/// An account whose calls are signed in with a key: its own, or one that a call brings.
pub(crate) struct SignedIn {
    pub(crate) inner: Watsonx,
    pub(crate) iam: Iam,
    pub(crate) key: Option<Secret>,
    pub(crate) now: fn() -> SystemTime,
}

#[async_trait]
impl Provider for SignedIn {
    fn id(&self) -> &str {
        Provider::id(&self.inner)
    }

    fn api(&self) -> &str {
        Provider::api(&self.inner)
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        Provider::capabilities(&self.inner, model)
    }

    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
        if cx.credential.as_ref().is_some_and(is_token) {
            return self.inner.call(cx, request).await;
        }
        let id = Provider::id(&self.inner);
        let key = cx.credential.as_ref().or(self.key.as_ref()).ok_or_else(|| {
            missing(format!("api key missing: set WATSONX_APIKEY or providers.{id}.api_key")).with_provider(id)
        })?;
        let form = [("grant_type", "urn:ibm:params:oauth:grant-type:apikey"), ("apikey", key.expose().trim())];
        let ask = || oauth::token(cx, oauth::form(&self.iam.url, form), "ibm cloud", (self.now)());
        // Made once more with another token where this one is refused.
        let call = |token| {
            let mut own = cx.clone();
            own.endpoint = own.endpoint.filter(|_| cx.credential.is_some());
            own.credential = Some(token);
            let request = request.clone();
            async move { self.inner.call(&own, request).await }
        };
        let answer = self.iam.of_key(key).call(self.now, ask, call).await;
        answer.map_err(|error| error.with_provider(id))
    }
}
