//! Where an account's credentials come from.

use std::time::{Duration, SystemTime};

use llm_core::{Cx, Error};

use super::missing;
use crate::renewed::Renewed;

/// So long before its end a credential is renewed.
const BEFORE_END: Duration = Duration::from_secs(300);

/// Who gives credentials that end.
pub trait Issuer: Send + Sync + 'static {
    /// An access token, an access key.
    type Credential: Clone + PartialEq + Send + Sync + 'static;

    /// A credential, and when it ends, where that is said. One that must be asked for anew at each call, because somebody
    /// else may have put another into its place, ends `now`.
    fn issue(
        &self,
        cx: &Cx,
        now: SystemTime,
    ) -> impl Future<Output = Result<(Self::Credential, Option<SystemTime>), Error>> + Send;
}

/// Where an account's credentials come from.
#[derive(Debug)]
pub enum Source<I: Issuer> {
    /// The settings: it is used as it is, for as long as the vendor takes it.
    Fixed(I::Credential),
    /// Somebody who gives them, asked as [`Renewed`] says. Made by [`Source::issued`].
    Issued(I, Renewed<I::Credential>),
    /// Nowhere. The message of every call says what is missing, and what to set.
    Missing(String),
}

impl<I: Issuer> Source<I> {
    /// Credentials that somebody gives: kept, and renewed five minutes before their end.
    pub fn issued(issuer: I) -> Self {
        Self::Issued(issuer, Renewed::new(BEFORE_END))
    }

    /// A call with a credential. Where the vendor refuses it as no good and another one is given, the call is made once
    /// more with that.
    pub async fn call<R, C>(
        &self,
        cx: &Cx,
        now: fn() -> SystemTime,
        call: impl Fn(I::Credential) -> C + Send,
    ) -> Result<R, Error>
    where
        C: Future<Output = Result<R, Error>> + Send,
    {
        match self {
            Self::Fixed(credential) => call(credential.clone()).await,
            Self::Issued(issuer, known) => known.call(now, || issuer.issue(cx, now()), call).await,
            Self::Missing(what) => Err(missing(what.clone())),
        }
    }
}
