//! Vendors whose streams break, and what a caller sees of them.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::stream;
use llm_core::{
    Accumulator, Capabilities, ChatRequest, ChatResponse, ChatStream, Cx, Error, ErrorKind, Event, MediaData, Message,
    Part, PartKind, Provider, Request, Response, Support,
};
use llm_resilience::{Resilient, RetryPolicy, Settings, StreamPolicy};
use tokio::time::sleep;

use crate::support::{Piece, cx, ms, open};

/// Plays one stream for each call, the last again and again, and remembers what it was asked.
pub(super) struct Vendor {
    id: &'static str,
    prefill: Support,
    streams: Mutex<VecDeque<Result<Vec<Piece>, Error>>>,
    asked: Mutex<Vec<Arc<ChatRequest>>>,
    live: Arc<AtomicUsize>,
}

impl Vendor {
    pub(super) fn new(id: &'static str, streams: impl IntoIterator<Item = Vec<Piece>>) -> Arc<Self> {
        Self::with(id, Support::Unknown, streams.into_iter().map(Ok))
    }

    pub(super) fn with(
        id: &'static str,
        prefill: Support,
        streams: impl IntoIterator<Item = Result<Vec<Piece>, Error>>,
    ) -> Arc<Self> {
        let streams = Mutex::new(streams.into_iter().collect());
        Arc::new(Self { id, prefill, streams, asked: Mutex::default(), live: Arc::default() })
    }

    pub(super) fn asked(&self) -> Vec<Arc<ChatRequest>> {
        self.asked.lock().unwrap().clone()
    }

    pub(super) fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    pub(super) fn live(&self) -> usize {
        self.live.load(Ordering::SeqCst)
    }
}

struct Live(Arc<AtomicUsize>);

impl Drop for Live {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[llm_core::async_trait]
impl Provider for Vendor {
    fn id(&self) -> &str {
        self.id
    }

    fn api(&self) -> &'static str {
        "scripted"
    }

    fn capabilities(&self, _model: &str) -> Capabilities {
        let mut capabilities = Capabilities::chat();
        capabilities.assistant_prefill = self.prefill;
        capabilities
    }

    async fn call(&self, _cx: &Cx, request: Request) -> Result<Response, Error> {
        let Request::ChatStream(chat) = request else { panic!("not a stream: {request:?}") };
        self.asked.lock().unwrap().push(chat);
        let pieces = {
            let mut streams = self.streams.lock().unwrap();
            if streams.len() > 1 { streams.pop_front().unwrap() } else { streams[0].clone() }
        }?;
        self.live.fetch_add(1, Ordering::SeqCst);
        Ok(Response::ChatStream(play(pieces, Live(self.live.clone()))))
    }
}

fn play(pieces: Vec<Piece>, live: Live) -> ChatStream {
    ChatStream::new(stream::unfold((VecDeque::from(pieces), live), async |(mut pieces, live)| {
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
    }))
}

/// A driver over these vendors, without retries before the first content.
pub(super) fn driver(vendors: &[&Arc<Vendor>], stream: StreamPolicy) -> Arc<dyn Provider> {
    let settings = Settings::default().with_retry(RetryPolicy::none().with_max_attempts(4)).with_stream(stream);
    let builder = Resilient::builder().seed(7).settings(settings);
    let add = |builder: llm_resilience::Builder, vendor: &&Arc<Vendor>| {
        let provider: Arc<dyn Provider> = (*vendor).clone();
        builder.target(provider, "m")
    };
    vendors.iter().fold(builder, add).build()
}

/// What a caller got.
pub(super) struct Seen {
    pub(super) events: Vec<Event>,
    pub(super) outcome: Result<ChatResponse, Error>,
}

impl Seen {
    /// What had arrived when it ended, in one line.
    pub(super) fn shown(&self) -> String {
        match &self.outcome {
            Ok(response) => shown(response),
            Err(error) => error.partial().map(shown).unwrap_or_default(),
        }
    }

    pub(super) fn is_resumed(&self) -> bool {
        self.outcome.as_ref().is_ok_and(|response| {
            response.warnings.iter().any(|warning| matches!(warning, llm_core::Warning::Resumed { .. }))
        })
    }
}

/// Reads a stream to its end, which must be one, and holds it to the allowed order.
pub(super) async fn read(driver: &Arc<dyn Provider>) -> Seen {
    read_as(driver, &cx()).await
}

pub(super) async fn read_as(driver: &Arc<dyn Provider>, cx: &Cx) -> Seen {
    let mut stream = match open(driver, cx).await {
        Ok(stream) => stream,
        Err(error) => return Seen { events: Vec::new(), outcome: Err(error) },
    };
    let (mut accumulator, mut events) = (Accumulator::default(), Vec::new());
    let mut failed = None;
    while let Some(event) = stream.next().await {
        assert!(failed.is_none(), "something came after the error");
        match event {
            Ok(event) => {
                events.push(event.clone());
                accumulator.push(event).unwrap();
            }
            Err(error) => failed = Some(error),
        }
    }
    assert!(stream.next().await.is_none(), "it stays ended");
    let outcome = match (failed, accumulator.partial()) {
        (Some(error), Some(partial)) => Err(error.with_partial(partial)),
        (Some(error), None) => Err(error),
        (None, _) => Ok(accumulator.finish().expect("a stream that ends without an error has its finish")),
    };
    Seen { events, outcome }
}

/// Everything that an answer shows, in one line: without ids of calls and without signatures, which are not shown.
pub(super) fn shown(response: &ChatResponse) -> String {
    let more = response.more.iter().map(|candidate| &candidate.message);
    std::iter::once(&response.message).chain(more).map(message).collect::<Vec<_>>().join(" || ")
}

fn message(message: &Message) -> String {
    let part = |part: &Part| match &part.kind {
        PartKind::Text { text, citations } => {
            let sources: Vec<_> = citations.iter().map(|citation| citation.source.as_str()).collect();
            format!("{text}{}", sources.concat())
        }
        PartKind::Reasoning { text, encrypted, .. } => format!("<{text}{}>", encrypted.as_deref().unwrap_or_default()),
        PartKind::ToolCall(call) => format!("{}({}", call.name, call.arguments),
        PartKind::Media(media) => format!("{:?}", media.data),
        other => format!("{other:?}"),
    };
    message.content.iter().map(part).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" | ")
}

/// Whether every part is the beginning of that part in the whole answer.
pub(super) fn is_beginning(partial: &Message, whole: &Message) -> bool {
    let begins = |(partial, whole): (&Part, &Part)| match (&partial.kind, &whole.kind) {
        (PartKind::Text { text, citations }, PartKind::Text { text: all, citations: sources }) => {
            all.starts_with(text.as_str()) && sources.starts_with(citations)
        }
        (PartKind::Reasoning { text, encrypted, .. }, PartKind::Reasoning { text: all, encrypted: sealed, .. }) => {
            let signature = |part: &Part| part.signature.clone().unwrap_or_default();
            all.starts_with(text.as_str()) && encrypted == sealed && signature(whole).starts_with(&signature(partial))
        }
        (PartKind::ToolCall(call), PartKind::ToolCall(all)) => {
            (&call.id, &call.name) == (&all.id, &all.name) && all.arguments.starts_with(&call.arguments)
        }
        (PartKind::Media(media), PartKind::Media(all)) => match (&media.data, &all.data) {
            (MediaData::Inline { bytes }, MediaData::Inline { bytes: all }) => all.starts_with(bytes),
            _ => false,
        },
        (partial, whole) => partial == whole,
    };
    partial.content.len() <= whole.content.len() && partial.content.iter().zip(&whole.content).all(begins)
}

/// The ways in which a stream breaks.
pub(super) fn breaks() -> [(&'static str, Vec<Piece>); 3] {
    let overloaded = Error::new(ErrorKind::Overloaded, "scripted overload");
    [("cut", Vec::new()), ("error", vec![Piece::Fail(overloaded)]), ("stall", vec![Piece::Hang])]
}

/// A boxed future, so that big tests do not fill the stack.
pub(super) type Boxed<'a> = Pin<Box<dyn Future<Output = Seen> + 'a>>;

pub(super) fn boxed(driver: &Arc<dyn Provider>) -> Boxed<'_> {
    Box::pin(read(driver))
}
