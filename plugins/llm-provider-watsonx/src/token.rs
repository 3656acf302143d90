//! Tokens of IBM Cloud, which are asked for with an API key: the account's own, or one that a call brings.
//!
//! Source: "Generating an IBM Cloud IAM token by using an API key", read 2026-11.

use std::sync::Arc;
use std::time::SystemTime;

use llm_core::{Cx, Error, Secret};
use llm_wire::oauth::{self, Issuer, Source, is_token};

/// Who gives tokens for a key.
pub(crate) struct Iam {
    url: Arc<str>,
    key: Secret,
}

/// The address of who gives tokens at a host.
pub(crate) fn url(host: &str) -> Arc<str> {
    format!("{}/identity/token", host.trim_end_matches('/')).into()
}

/// Where the tokens of an account come from.
pub(crate) fn source(url: &Arc<str>, key: Option<Secret>, id: &str) -> Source<Iam> {
    match key {
        Some(key) => Source::issued(Iam { url: Arc::clone(url), key }),
        None => Source::Missing(format!("api key missing: set {}", crate::PLUGIN.how_to_set(id, &["api_key"]))),
    }
}

/// Who gives tokens for a credential of a call, unless that is one.
pub(crate) fn of_call(url: &Arc<str>, credential: &Secret) -> Option<Iam> {
    (!is_token(credential)).then(|| Iam { url: Arc::clone(url), key: credential.clone() })
}

impl Issuer for Iam {
    type Credential = Secret;

    async fn issue(&self, cx: &Cx, now: SystemTime) -> Result<(Secret, Option<SystemTime>), Error> {
        let form = [("grant_type", "urn:ibm:params:oauth:grant-type:apikey"), ("apikey", self.key.expose().trim())];
        oauth::token(cx, oauth::form(&*self.url, form), "ibm cloud", now).await
    }
}
