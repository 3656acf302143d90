//! Scripted providers, and an observer that remembers.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::stream;
use llm_core::{
    Capabilities, ChatRequest, ChatResponse, ChatStream, Cx, EmbedResponse, Error, ErrorKind, Event, Finish,
    FinishReason, HttpRequest, HttpResponse, Message, ModelInfo, Observed, Observer, Origin, Part, PartId, Provider,
    Request, Response, StreamFinish, StreamStart, Timeouts, Transport, Usage,
};
use llm_resilience::{Builder, Resilient};
use tokio::time::{Instant, sleep};

/// What a provider does with one call.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Answers with its own name, after this time.
    Answer(u64),
    /// Fails, after this time.
    Fail(u64, Error),
    /// Never answers.
    Hang,
    /// Opens a stream.
    Stream(Vec<Piece>),
}

/// A piece of a scripted stream; behind the last one the stream ends.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Event(Event),
    Wait(u64),
    Fail(Error),
    Hang,
}

/// A provider that plays its script, the last act again and again.
pub(crate) struct Scripted {
    id: &'static str,
    script: Mutex<VecDeque<Act>>,
    calls: Mutex<Vec<Call>>,
    live: Arc<AtomicUsize>,
    window: Option<u64>,
}

/// One call that a provider got.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) at: Instant,
    pub(crate) model: String,
    pub(crate) attempt: u32,
    pub(crate) timeouts: Timeouts,
    pub(crate) deadline: Option<std::time::Instant>,
}

impl Scripted {
    pub(crate) fn new(id: &'static str, script: impl IntoIterator<Item = Act>) -> Arc<Self> {
        Self::with_window(id, None, script)
    }

    pub(crate) fn with_window(
        id: &'static str,
        window: impl Into<Option<u64>>,
        script: impl IntoIterator<Item = Act>,
    ) -> Arc<Self> {
        Arc::new(Self {
            id,
            script: Mutex::new(script.into_iter().collect()),
            calls: Mutex::default(),
            live: Arc::default(),
            window: window.into(),
        })
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.calls().len()
    }

    /// Calls and streams that are neither finished nor dropped.
    pub(crate) fn live(&self) -> usize {
        self.live.load(Ordering::SeqCst)
    }

    fn next_act(&self) -> Act {
        let mut script = self.script.lock().unwrap();
        if script.len() > 1 { script.pop_front().unwrap() } else { script[0].clone() }
    }
}

/// Counts while it lives.
struct Live(Arc<AtomicUsize>);

impl Live {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count.clone())
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[llm_core::async_trait]
impl Provider for Scripted {
    fn id(&self) -> &str {
        self.id
    }

    fn api(&self) -> &'static str {
        "scripted"
    }

    fn capabilities(&self, _model: &str) -> Capabilities {
        let mut capabilities = Capabilities::chat();
        capabilities.context_window = self.window;
        capabilities
    }

    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
        let live = Live::new(&self.live);
        self.calls.lock().unwrap().push(Call {
            at: Instant::now(),
            model: request.model().to_owned(),
            attempt: cx.attempt,
            timeouts: cx.timeouts,
            deadline: cx.deadline,
        });
        let act = self.next_act();
        // Every call gives way once, so that it can be dropped before it did anything.
        tokio::task::yield_now().await;
        match act {
            Act::Answer(millis) => {
                sleep(ms(millis)).await;
                Ok(self.answer(&request))
            }
            Act::Fail(millis, error) => {
                sleep(ms(millis)).await;
                Err(error)
            }
            Act::Hang => std::future::pending().await,
            Act::Stream(pieces) => Ok(Response::ChatStream(ChatStream::new(stream::unfold(
                (VecDeque::from(pieces), live),
                async |(mut pieces, live)| {
                    loop {
                        let item = match pieces.pop_front()? {
                            Piece::Event(event) => Ok(event),
                            Piece::Fail(error) => Err(error),
                            Piece::Wait(millis) => {
                                sleep(ms(millis)).await;
                                continue;
                            }
                            Piece::Hang => std::future::pending().await,
                        };
                        return Some((item, (pieces, live)));
                    }
                },
            )))),
        }
    }
}

impl Scripted {
    fn answer(&self, request: &Request) -> Response {
        let origin = Arc::new(Origin::new("scripted", self.id, request.model()));
        match request {
            Request::Chat(_) => {
                let finish = Finish::new(FinishReason::Stop, "stop");
                let mut response = ChatResponse::new(origin, Message::assistant(self.id), finish);
                response.usage = Usage::new(3, 5);
                Response::Chat(Box::new(response))
            }
            Request::ChatStream(_) => {
                let events = words(self.id, &[self.id]).into_iter().map(Ok);
                Response::ChatStream(ChatStream::new(stream::iter(events.collect::<Vec<_>>())))
            }
            Request::Embed(_) => Response::Embed(Box::new(EmbedResponse::new(origin, vec![vec![1.0]]))),
            _ => Response::Models(vec![ModelInfo::new(self.id)]),
        }
    }
}

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn error(kind: ErrorKind) -> Error {
    Error::new(kind, format!("scripted {kind}"))
}

pub(crate) fn fail(kind: ErrorKind) -> Act {
    Act::Fail(0, error(kind))
}

/// The events of a whole answer of some words, with preamble and usage.
pub(crate) fn words(id: &str, words: &[&str]) -> Vec<Event> {
    let part = PartId(0);
    let mut events = vec![Event::Ping];
    events.extend(preamble(id));
    events.extend(words.iter().map(|word| Event::TextDelta { part, text: (*word).to_owned() }));
    let finish = StreamFinish::new(Finish::new(FinishReason::Stop, "stop"), Usage::new(3, 5));
    events.extend([
        Event::PartEnd { part, truncated: false, ext: None },
        Event::Usage(Box::new(Usage::new(3, 5))),
        Event::Finish(Box::new(finish)),
    ]);
    events
}

/// What comes before the first content.
pub(crate) fn preamble(id: &str) -> Vec<Event> {
    let start = StreamStart::new(Arc::new(Origin::new("scripted", id, "m")));
    let shell = Box::new(Part::text("").kind);
    vec![Event::Start(Box::new(start)), Event::PartStart { part: PartId(0), candidate: 0, shell }]
}

pub(crate) fn pieces(events: Vec<Event>) -> Vec<Piece> {
    events.into_iter().map(Piece::Event).collect()
}

/// A driver over these providers, each with the model `m` of its own.
pub(crate) fn driver(providers: &[&Arc<Scripted>]) -> Builder {
    providers.iter().fold(Resilient::builder().seed(7), |builder, provider| {
        let provider: Arc<dyn Provider> = (*provider).clone();
        builder.target(provider, "m")
    })
}

struct NoTransport;

#[llm_core::async_trait]
impl Transport for NoTransport {
    async fn send(&self, _cx: &Cx, _request: HttpRequest) -> Result<HttpResponse, Error> {
        Err(error(ErrorKind::Internal))
    }
}

pub(crate) fn cx() -> Cx {
    Cx::new(Arc::new(NoTransport))
}

pub(crate) fn request() -> Arc<ChatRequest> {
    Arc::new(ChatRequest::new("public").with_user("hello"))
}

pub(crate) async fn chat(driver: &Arc<dyn Provider>, cx: &Cx) -> Result<ChatResponse, Error> {
    match driver.call(cx, Request::Chat(request())).await? {
        Response::Chat(response) => Ok(*response),
        other => panic!("not an answer to a chat: {other:?}"),
    }
}

pub(crate) async fn open(driver: &Arc<dyn Provider>, cx: &Cx) -> Result<ChatStream, Error> {
    match driver.call(cx, Request::ChatStream(request())).await? {
        Response::ChatStream(stream) => Ok(stream),
        other => panic!("not a stream: {other:?}"),
    }
}

/// Remembers what it is told, in short words.
#[derive(Default)]
pub(crate) struct Memory(Mutex<Vec<Observed>>);

impl Observer for Memory {
    fn on(&self, event: &Observed) {
        self.0.lock().unwrap().push(event.clone());
    }
}

impl Memory {
    pub(crate) fn cx() -> (Arc<Self>, Cx) {
        let memory = Arc::new(Self::default());
        (memory.clone(), cx().with_observer(memory))
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |event: &Observed| match event {
            Observed::AttemptStarted { target, number, .. } => format!("{number} {target} starts"),
            Observed::AttemptDone { attempt, .. } => format!("{} {attempt}", attempt.number),
            Observed::Completed { target, usage, error, .. } => {
                let who = target.as_ref().map_or("nobody".to_owned(), ToString::to_string);
                let how = error.as_ref().map_or("ok", |error| error.kind().as_str());
                format!("completed {who} {how} ({usage})")
            }
            other => panic!("unknown event {other:?}"),
        };
        self.0.lock().unwrap().iter().map(line).collect()
    }

    pub(crate) fn events(&self) -> Vec<Observed> {
        self.0.lock().unwrap().clone()
    }

    /// The usage of the attempt that was done last.
    pub(crate) fn last_usage(&self) -> Option<Usage> {
        self.events().iter().rev().find_map(|event| match event {
            Observed::AttemptDone { usage, .. } => Some(usage.clone()),
            _ => None,
        })?
    }

    pub(crate) fn completions(&self) -> usize {
        self.0.lock().unwrap().iter().filter(|event| matches!(event, Observed::Completed { .. })).count()
    }

    /// Attempts that started and have no verdict.
    pub(crate) fn open_attempts(&self) -> i32 {
        let count = |event: &Observed| match event {
            Observed::AttemptStarted { .. } => 1,
            Observed::AttemptDone { .. } => -1,
            _ => 0,
        };
        self.0.lock().unwrap().iter().map(count).sum()
    }
}
