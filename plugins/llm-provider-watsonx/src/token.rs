//! Tokens of IBM Cloud: asked for with an API key, kept for as long as they last.
//!
//! Source: "Generating an IBM Cloud IAM token by using an API key", read 2026-11.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use llm_core::{Cx, Error, Secret};
use llm_wire::{Renewed, oauth};

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

    /// The token of a key for a call at `now`.
    pub(crate) async fn token(&self, cx: &Cx, key: &Secret, now: SystemTime) -> Result<Secret, Error> {
        let form = [("grant_type", "urn:ibm:params:oauth:grant-type:apikey"), ("apikey", key.expose().trim())];
        let ask = || oauth::token(cx, oauth::form(&self.url, form), "ibm cloud", now);
        self.of_key(key).at(now, ask).await
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
