//! Calls that are signed in: whose token they get, and what happens where it is refused.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use llm_core::{
    Adapter, Capabilities, Cx, Error, ErrorKind, HttpRequest, HttpResponse, ModelInfo, Progress, Provider, Request,
    Response, Secret, Transport, async_trait,
};
use llm_wire::oauth::{Issuer, SignedIn, Source};

/// Nothing is sent by what these tests are about.
struct Unused;

#[async_trait]
impl Transport for Unused {
    async fn send(&self, _: &Cx, _: HttpRequest) -> Result<HttpResponse, Error> {
        Err(Error::new(ErrorKind::Network, "nobody listens"))
    }
}

/// Notes with which credential it is called, and at which address. Those that are listed are refused.
#[derive(Clone, Default)]
struct Vendor {
    called: Arc<Mutex<Vec<String>>>,
    refuses: Arc<Mutex<Vec<&'static str>>>,
}

#[async_trait]
impl Adapter for Vendor {
    fn id(&self) -> &'static str {
        "vendor-eu"
    }

    fn api(&self) -> &'static str {
        "family"
    }

    fn capabilities(&self, _: &str) -> Capabilities {
        Capabilities::chat()
    }

    async fn models(&self, cx: &Cx) -> Result<Vec<ModelInfo>, Error> {
        let credential = cx.credential.as_ref().map_or("nothing", Secret::expose);
        let place = cx.endpoint.as_deref().unwrap_or("home");
        self.called.lock().unwrap().push(format!("{credential} at {place}"));
        if self.refuses.lock().unwrap().contains(&credential) {
            return Err(Error::upstream(ErrorKind::Auth, "no good").with_status(401));
        }
        Ok(Vec::new())
    }
}

impl Vendor {
    fn called(&self) -> Vec<String> {
        std::mem::take(&mut self.called.lock().unwrap())
    }

    fn refuse(&self, tokens: impl IntoIterator<Item = &'static str>) {
        *self.refuses.lock().unwrap() = tokens.into_iter().collect();
    }
}

/// Gives tokens that last an hour, named after the key and numbered.
#[derive(Clone)]
struct Giver {
    key: String,
    given: Arc<AtomicU32>,
}

impl Giver {
    fn of(key: &str) -> Self {
        Self { key: key.to_owned(), given: Arc::default() }
    }
}

impl Issuer for Giver {
    type Credential = Secret;

    async fn issue(&self, _: &Cx, now: SystemTime) -> Result<(Secret, Option<SystemTime>), Error> {
        let number = self.given.fetch_add(1, Ordering::Relaxed) + 1;
        Ok((format!("{}-{number}", self.key).into(), Some(now + Duration::from_secs(3600))))
    }
}

fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(43_200)
}

fn signed_in(source: Source<Giver>) -> (SignedIn<Vendor, Giver>, Vendor) {
    let vendor = Vendor::default();
    (SignedIn::new(vendor.clone(), source).with_clock(noon), vendor)
}

fn cx(credential: Option<&str>) -> Cx {
    let mut cx = Cx::new(Arc::new(Unused));
    (cx.credential, cx.endpoint) = (credential.map(Into::into), Some("elsewhere".into()));
    cx
}

async fn call(provider: &dyn Provider, credential: Option<&str>) -> Result<Response, Error> {
    provider.call(&cx(credential), Request::Models).await
}

#[tokio::test]
async fn a_token_is_kept_and_never_goes_to_an_address_of_the_call() {
    let (provider, vendor) = signed_in(Source::issued(Giver::of("own")));
    for _ in 0..3 {
        call(&provider, None).await.unwrap();
    }
    assert_eq!(vendor.called(), ["own-1 at home"; 3]);
    assert_eq!((provider.id(), provider.api()), ("vendor-eu", "family"));
    assert_eq!(provider.capabilities("m"), Capabilities::chat());
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_within_the_call() {
    let (provider, vendor) = signed_in(Source::issued(Giver::of("own")));
    vendor.refuse(["own-1"]);
    call(&provider, None).await.unwrap();
    assert_eq!(vendor.called(), ["own-1 at home", "own-2 at home"]);
    // A vendor that refuses the new one as well has another reason.
    vendor.refuse(["own-2"]);
    for _ in 0..2 {
        let error = call(&provider, None).await.unwrap_err();
        assert_eq!((error.kind(), error.status(), error.provider()), (ErrorKind::Auth, Some(401), Some("vendor-eu")));
    }
    assert_eq!(vendor.called(), ["own-2 at home"; 2]);
}

#[tokio::test]
async fn a_credential_of_the_call_goes_as_it_is_and_is_nobodys_to_renew() {
    let (provider, vendor) = signed_in(Source::issued(Giver::of("own")));
    vendor.refuse(["of-the-call"]);
    call(&provider, Some("of-the-call")).await.unwrap_err();
    assert_eq!(vendor.called(), ["of-the-call at elsewhere"]);
}

#[tokio::test]
async fn a_fixed_token_is_sent_and_a_missing_one_is_named() {
    let (provider, vendor) = signed_in(Source::Fixed("fixed".into()));
    vendor.refuse(["fixed"]);
    call(&provider, None).await.unwrap_err();
    assert_eq!(vendor.called(), ["fixed at home"]);

    let (provider, vendor) = signed_in(Source::Missing("token missing: set TOKEN".to_owned()));
    let error = call(&provider, None).await.unwrap_err();
    assert_eq!((error.kind(), error.progress()), (ErrorKind::Auth, Progress::NotSent));
    assert_eq!((error.message(), error.provider()), ("token missing: set TOKEN", Some("vendor-eu")));
    assert!(vendor.called().is_empty());
    call(&provider, Some("of-the-call")).await.unwrap();
    assert_eq!(vendor.called(), ["of-the-call at elsewhere"]);
}

#[tokio::test]
async fn with_a_key_of_the_call_tokens_are_asked_for_and_kept_apart() {
    let (provider, vendor) = signed_in(Source::issued(Giver::of("own")));
    let provider = provider
        .with_keys_of_calls(|key| key.expose().strip_prefix("key-").map(|name| Giver::of(&format!("of-{name}"))));
    vendor.refuse(["of-a-1"]);
    for credential in [Some("key-a"), Some("key-b"), None, Some("key-a"), Some("token")] {
        call(&provider, credential).await.unwrap();
    }
    let expected = [
        "of-a-1 at elsewhere",
        "of-a-2 at elsewhere",
        "of-b-1 at elsewhere",
        "own-1 at home",
        "of-a-2 at elsewhere",
        "token at elsewhere",
    ];
    assert_eq!(vendor.called(), expected);
}

#[tokio::test]
async fn of_many_keys_those_are_known_that_were_used_last() {
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let (provider, _) = signed_in(Source::Missing("no key".to_owned()));
    let provider = provider.with_keys_of_calls(move |key| {
        count.fetch_add(1, Ordering::Relaxed);
        Some(Giver::of(key.expose()))
    });
    for number in 0..40 {
        call(&provider, Some(&format!("key-{number}"))).await.unwrap();
        // The first one stays in use.
        call(&provider, Some("key-0")).await.unwrap();
    }
    assert_eq!(asked.load(Ordering::Relaxed), 40);
    call(&provider, Some("key-1")).await.unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 41, "it was forgotten");
}
