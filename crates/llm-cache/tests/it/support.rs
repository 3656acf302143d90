//! A vendor with a script, and caches with a clock that tests can pause.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use llm_cache::{Cache, CacheBuilder, Clock, Keyring, MemoryStore, TenantScope};
use llm_core::{
    Adapter, CancellationToken, ChatRequest, ChatResponse, ChatStream, Cost, CostSource, Cx, EmbedRequest,
    EmbedResponse, Error, ErrorKind, Event, Finish, FinishReason, HttpRequest, HttpResponse, Message, Origin, PartId,
    PartKind, Provider, Request, Response, StreamFinish, StreamStart, Transport, Usage, Usd, async_trait,
};

pub(crate) const EPOCH: Duration = Duration::from_secs(1_790_000_000);

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

struct Offline;

#[async_trait]
impl Transport for Offline {
    async fn send(&self, _: &Cx, _: HttpRequest) -> Result<HttpResponse, Error> {
        Err(Error::new(ErrorKind::Internal, "offline"))
    }
}

pub(crate) fn cx(tenant: &str) -> Cx {
    let mut cx = Cx::new(Arc::new(Offline));
    cx.tenant = Some(tenant.into());
    cx
}

/// Counts a call that is under way.
struct InFlight(Arc<AtomicUsize>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

type Say = Box<dyn Fn(u64, &ChatRequest) -> Result<ChatResponse, Error> + Send + Sync>;

/// Answers after a while, and counts.
pub(crate) struct Vendor {
    pub(crate) calls: AtomicU64,
    pub(crate) live: Arc<AtomicUsize>,
    delay: Duration,
    say: Say,
    cut: Option<usize>,
}

impl Vendor {
    /// Says which call it is, after so long.
    pub(crate) fn new(delay: Duration) -> Self {
        Self::saying(delay, |call, request| Ok(answer(&format!("answer {call} to {}", last_words(request)))))
    }

    pub(crate) fn saying(
        delay: Duration,
        say: impl Fn(u64, &ChatRequest) -> Result<ChatResponse, Error> + Send + Sync + 'static,
    ) -> Self {
        Self { calls: AtomicU64::new(0), live: Arc::default(), delay, say: Box::new(say), cut: None }
    }

    /// Streams break after so many events.
    pub(crate) fn cut_after(mut self, events: usize) -> Self {
        self.cut = Some(events);
        self
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(SeqCst)
    }

    pub(crate) fn live(&self) -> u64 {
        self.live.load(SeqCst) as u64
    }

    fn begin(&self) -> (u64, InFlight) {
        self.live.fetch_add(1, SeqCst);
        (self.calls.fetch_add(1, SeqCst) + 1, InFlight(self.live.clone()))
    }
}

#[async_trait]
impl Adapter for Vendor {
    fn id(&self) -> &'static str {
        "vendor"
    }

    fn api(&self) -> &'static str {
        "script"
    }

    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        let (call, _guard) = self.begin();
        pause(cx.cancel.clone(), self.delay).await?;
        (self.say)(call, request)
    }

    async fn chat_stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, Error> {
        let (call, guard) = self.begin();
        pause(cx.cancel.clone(), self.delay).await?;
        let cancel = cx.cancel.clone();
        let response = (self.say)(call, request)?;
        let events = words(&response);
        let cut = self.cut.unwrap_or(events.len());
        let delay = self.delay;
        let state = (events.into_iter().take(cut), guard);
        Ok(ChatStream::new(futures_util::stream::unfold(state, move |(mut events, guard)| {
            let cancel = cancel.clone();
            async move {
                let event = events.next()?;
                Some((pause(cancel, delay).await.map(|()| event), (events, guard)))
            }
        })))
    }

    async fn embed(&self, _: &Cx, request: &EmbedRequest) -> Result<EmbedResponse, Error> {
        let (call, _guard) = self.begin();
        tokio::time::sleep(self.delay).await;
        #[expect(clippy::cast_precision_loss)]
        let vectors = request.inputs.iter().map(|text| vec![text.len() as f32, call as f32]).collect();
        let mut response = EmbedResponse::new(origin(), vectors);
        response.usage.input = Some(5);
        Ok(response)
    }
}

/// As a transport waits: as long as its call is not cancelled.
async fn pause(cancel: Option<CancellationToken>, delay: Duration) -> Result<(), Error> {
    let cancelled = async {
        match &cancel {
            Some(token) => token.cancelled().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = tokio::time::sleep(delay) => Ok(()),
        () = cancelled => Err(Error::new(ErrorKind::Cancelled, "the call was cancelled")),
    }
}

pub(crate) fn origin() -> Arc<Origin> {
    Arc::new(Origin::new("script", "vendor", "m"))
}

pub(crate) fn last_words(request: &ChatRequest) -> String {
    request.messages.last().map(|message| message.text()).unwrap_or_default()
}

pub(crate) fn answer(text: &str) -> ChatResponse {
    let mut message = Message::assistant(text);
    message.origin = Some(origin());
    let mut response = ChatResponse::new(origin(), message, Finish { reason: FinishReason::Stop, raw: None });
    response.usage = Usage::new(7, 3);
    response.cost = Some(Cost::new(Usd::from_micros(40), CostSource::Embedded));
    response.id = Some("made-by-vendor".to_owned());
    response
}

/// The answer as a stream, word by word.
pub(crate) fn words(response: &ChatResponse) -> Vec<Event> {
    let part = PartId(0);
    let mut start = StreamStart::new(response.origin.clone());
    start.id.clone_from(&response.id);
    let shell = PartKind::Text { text: String::new(), citations: Vec::new() };
    let mut events = vec![
        Event::Ping,
        Event::Start(Box::new(start)),
        Event::PartStart { part, candidate: 0, shell: Box::new(shell) },
    ];
    let text = response.text();
    events.extend(text.split_inclusive(' ').map(|word| Event::TextDelta { part, text: word.to_owned() }));
    events.push(Event::PartEnd { part, truncated: false, ext: None });
    let mut finish = StreamFinish::new(response.finish.clone(), response.usage.clone());
    finish.cost.clone_from(&response.cost);
    events.push(Event::Finish(Box::new(finish)));
    events
}

/// A question that is answered alike every time.
pub(crate) fn question(text: &str) -> ChatRequest {
    let mut request = ChatRequest::new("m").with_user(text);
    request.sampling.temperature = Some(0.0);
    request
}

pub(crate) fn chat(text: &str) -> Request {
    Request::Chat(Arc::new(question(text)))
}

pub(crate) fn stream(text: &str) -> Request {
    Request::ChatStream(Arc::new(question(text)))
}

/// Makes a request.
pub(crate) type Form = fn(&str) -> Request;

/// Both forms of two requests.
pub(crate) const PAIRS: [(Form, Form); 4] = [(chat, chat), (stream, stream), (stream, chat), (chat, stream)];

pub(crate) fn embed(text: &str) -> Request {
    Request::Embed(Arc::new(EmbedRequest::new("e", [text])))
}

/// A cache in memory for each tenant, on the clock of the test.
pub(crate) fn builder() -> CacheBuilder {
    Cache::builder(MemoryStore::entries(1000)).clock(Clock::from_tokio(EPOCH))
}

pub(crate) fn keyring() -> Keyring {
    Keyring::new(b"a secret of the tests").unwrap()
}

pub(crate) fn tenant(name: &str) -> TenantScope {
    TenantScope::tenant(name)
}

pub(crate) fn around(cache: &Cache, vendor: &Arc<Vendor>) -> Arc<dyn Provider> {
    use llm_core::Layer as _;
    cache.layer().layer(vendor.clone())
}

pub(crate) async fn ask(provider: &Arc<dyn Provider>, cx: &Cx, request: Request) -> Result<ChatResponse, Error> {
    match provider.call(cx, request).await? {
        Response::Chat(response) => Ok(*response),
        Response::ChatStream(stream) => stream.collect().await,
        other => panic!("not a chat: {other:?}"),
    }
}
