//! Pools of keys around a vendor that knows its keys.

mod driven;
mod pins;
mod rotation;
mod sources;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::stream;
use llm_core::{
    Capabilities, ChatResponse, ChatStream, Cx, Error, ErrorKind, Event, Finish, FinishReason, Message, Origin, Part,
    PartId, Provider, RateLimits, Request, Response, Secret,
};
use llm_resilience::{CoolDownPolicy, FixedKey, KeyPools, KeySource, Keys};
use tokio::time::{Instant, sleep};

use crate::support::{error, ms, preamble, words};

/// What a vendor does with a key.
#[derive(Clone, Default)]
pub(crate) struct Does {
    /// What it refuses the key with.
    pub(crate) refuses: Option<Error>,
    /// It does so in the stream, behind its preamble or, when true, behind its first words.
    pub(crate) in_stream: Option<bool>,
    /// What it says of the limits of the key.
    pub(crate) limits: Option<RateLimits>,
    /// What it seals into its answers.
    pub(crate) seals: Option<Part>,
}

/// One call: with which key, to which address.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) key: Option<String>,
    pub(crate) endpoint: Option<String>,
}

/// A vendor that knows its keys. It takes 10 ms for whatever it says.
#[derive(Default)]
pub(crate) struct Vendor {
    does: Mutex<HashMap<String, Does>>,
    calls: Mutex<Vec<Call>>,
}

impl Vendor {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn set(&self, key: &str, does: Does) {
        self.does.lock().unwrap().insert(key.to_owned(), does);
    }

    /// From now on it refuses the key.
    pub(crate) fn refuse(&self, key: &str, error: Error) {
        self.set(key, Does { refuses: Some(error), ..Does::default() });
    }

    /// From now on it takes the key.
    pub(crate) fn take(&self, key: &str) {
        self.set(key, Does::default());
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// The keys of the calls so far, in a word; forgets them.
    pub(crate) fn keys(&self) -> String {
        let calls = std::mem::take(&mut *self.calls.lock().unwrap());
        calls.into_iter().map(|call| call.key.unwrap_or_else(|| "-".to_owned())).collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn count(&self, key: &str) -> usize {
        self.calls().iter().filter(|call| call.key.as_deref() == Some(key)).count()
    }
}

#[llm_core::async_trait]
impl Provider for Vendor {
    fn id(&self) -> &'static str {
        "vendor"
    }

    fn api(&self) -> &'static str {
        "scripted"
    }

    fn capabilities(&self, _model: &str) -> Capabilities {
        Capabilities::chat()
    }

    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
        let key = cx.credential.as_ref().map(|key| key.expose().to_owned());
        let endpoint = cx.endpoint.as_deref().map(str::to_owned);
        self.calls.lock().unwrap().push(Call { key: key.clone(), endpoint });
        let does = key.as_ref().and_then(|key| self.does.lock().unwrap().get(key).cloned()).unwrap_or_default();
        sleep(ms(10)).await;
        if let (Some(error), None) = (&does.refuses, does.in_stream) {
            return Err(error.clone());
        }
        let key = key.unwrap_or_default();
        if let Request::ChatStream(_) = request {
            return Ok(Response::ChatStream(events(&key, &does)));
        }
        let origin = Arc::new(Origin::new("scripted", "vendor", request.model()));
        let mut message = Message::assistant(key);
        message.content.extend(does.seals);
        let mut response = ChatResponse::new(origin, message, Finish::new(FinishReason::Stop, "stop"));
        response.rate_limits = does.limits;
        Ok(Response::Chat(Box::new(response)))
    }
}

fn events(key: &str, does: &Does) -> ChatStream {
    let mut events: Vec<Result<Event, Error>> = match (&does.refuses, does.in_stream) {
        (Some(_), Some(false)) => preamble("vendor").into_iter().map(Ok).collect(),
        (Some(_), _) => words("vendor", &[key]).into_iter().take(4).map(Ok).collect(),
        _ => words("vendor", &[key]).into_iter().map(Ok).collect(),
    };
    let start = events.iter_mut().find_map(|event| match event {
        Ok(Event::Start(start)) => Some(start),
        _ => None,
    });
    if let (Some(start), limits) = (start, does.limits.clone()) {
        start.rate_limits = limits;
    }
    if let Some(signature) = does.seals.as_ref().and_then(|part| part.signature.as_deref()) {
        // In pieces, as vendors send it.
        let end = events.iter().position(|event| matches!(event, Ok(Event::PartEnd { .. }))).unwrap();
        let (head, tail) = signature.split_at(signature.len() / 2);
        let piece = |text: &str| Ok(Event::SignatureDelta { part: PartId(0), signature: text.to_owned() });
        events.splice(end..end, [piece(head), piece(tail)]);
    }
    events.extend(does.refuses.clone().map(Err));
    ChatStream::new(stream::iter(events))
}

/// A pool of these keys around the vendor.
pub(crate) fn pool(vendor: &Arc<Vendor>, keys: &[&str]) -> (Arc<dyn Provider>, Keys) {
    let source =
        |key: &&str| -> Arc<dyn KeySource> { Arc::new(FixedKey::new(format!("the {key} one"), (*key).into())) };
    around(vendor, keys.iter().map(source), &KeyPools::new())
}

pub(crate) fn around(
    vendor: &Arc<Vendor>,
    sources: impl IntoIterator<Item = Arc<dyn KeySource>>,
    pools: &KeyPools,
) -> (Arc<dyn Provider>, Keys) {
    let keys = Keys::new("vendor", sources, CoolDownPolicy::default(), pools);
    (keys.layer(vendor.clone()), keys)
}

/// Says its key, again and again another one, and counts how often it is asked.
#[derive(Default)]
pub(crate) struct Changing {
    pub(crate) key: Mutex<Option<String>>,
    pub(crate) reads: Mutex<Vec<(Instant, bool)>>,
    pub(crate) every: Option<Duration>,
}

impl Changing {
    pub(crate) fn new(key: &str, every: impl Into<Option<Duration>>) -> Arc<Self> {
        Arc::new(Self { key: Mutex::new(Some(key.to_owned())), reads: Mutex::default(), every: every.into() })
    }

    pub(crate) fn set(&self, key: Option<&str>) {
        *self.key.lock().unwrap() = key.map(str::to_owned);
    }

    pub(crate) fn reads(&self) -> usize {
        self.reads.lock().unwrap().len()
    }
}

#[llm_core::async_trait]
impl KeySource for Changing {
    fn name(&self) -> &'static str {
        "file:/run/key"
    }

    fn look_every(&self) -> Option<Duration> {
        self.every
    }

    fn may_change(&self) -> bool {
        true
    }

    async fn read(&self, refused: bool) -> Result<Secret, Error> {
        self.reads.lock().unwrap().push((Instant::now(), refused));
        sleep(ms(5)).await;
        let key = self.key.lock().unwrap().clone();
        key.map(Secret::from).ok_or_else(|| {
            let message = "reading file:/run/key: no such file: write the key into it";
            Error::new(ErrorKind::Auth, message).with_progress(llm_core::Progress::NotSent)
        })
    }
}

pub(crate) fn limited(secs: u64) -> Error {
    error(ErrorKind::RateLimited).with_status(429).with_retry_after(Duration::from_secs(secs))
}

pub(crate) fn revoked() -> Error {
    error(ErrorKind::Auth).with_status(401).with_code("invalid_api_key")
}

pub(crate) fn remaining(remaining: u64) -> RateLimits {
    let mut limits = RateLimits::default();
    (limits.requests_limit, limits.requests_remaining) = (Some(100), Some(remaining));
    limits.requests_reset = Some(Duration::from_secs(60));
    limits
}

/// The key that answered, which is what the vendor says.
pub(crate) async fn ask(provider: &Arc<dyn Provider>, cx: &Cx) -> Result<String, Error> {
    crate::support::chat(provider, cx).await.map(|response| response.text())
}
