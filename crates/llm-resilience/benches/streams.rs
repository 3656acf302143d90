//! What a driver adds to a stream: a thousand words, from the call to the last byte, bare and under each policy.

use std::hint::black_box;
use std::sync::Arc;
use std::task::{Context, Poll};

use criterion::{Criterion, criterion_group, criterion_main};
use llm_core::{
    ChatRequest, ChatStream, Cx, Error, ErrorKind, Event, Finish, FinishReason, HttpRequest, HttpResponse, Origin,
    Part, PartId, Provider, Request, Response, StreamFinish, StreamStart, Transport, Usage,
};
use llm_resilience::{Commit, OnBreak, Resilient, Settings, StreamPolicy, Window};

const WORDS: u32 = 1000;

/// Streams words as fast as they are read.
struct Words;

struct Speech {
    said: u32,
}

impl futures_core::Stream for Speech {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: std::pin::Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        const PART: PartId = PartId(0);
        self.said += 1;
        let event = match self.said {
            1 => Event::Start(Box::new(StreamStart::new(Arc::new(Origin::new("words", "words", "m"))))),
            2 => Event::PartStart { part: PART, candidate: 0, shell: Box::new(Part::text("").kind) },
            said if said < WORDS + 3 => Event::TextDelta { part: PART, text: "word ".to_owned() },
            said if said == WORDS + 3 => Event::PartEnd { part: PART, truncated: false, ext: None },
            said if said == WORDS + 4 => {
                let finish = StreamFinish::new(Finish::new(FinishReason::Stop, "stop"), Usage::new(5, 1000));
                Event::Finish(Box::new(finish))
            }
            _ => return Poll::Ready(None),
        };
        Poll::Ready(Some(Ok(event)))
    }
}

#[llm_core::async_trait]
impl Provider for Words {
    fn id(&self) -> &'static str {
        "words"
    }

    fn api(&self) -> &'static str {
        "words"
    }

    fn capabilities(&self, _model: &str) -> llm_core::Capabilities {
        llm_core::Capabilities::chat()
    }

    async fn call(&self, _cx: &Cx, _request: Request) -> Result<Response, Error> {
        Ok(Response::ChatStream(ChatStream::new(Speech { said: 0 })))
    }
}

struct NoTransport;

#[llm_core::async_trait]
impl Transport for NoTransport {
    async fn send(&self, _cx: &Cx, _request: HttpRequest) -> Result<HttpResponse, Error> {
        Err(Error::new(ErrorKind::Internal, "there is no network here"))
    }
}

async fn listen(provider: &Arc<dyn Provider>, cx: &Cx, request: &Arc<ChatRequest>) -> usize {
    let Ok(Response::ChatStream(mut stream)) = provider.call(cx, Request::ChatStream(request.clone())).await else {
        return 0;
    };
    let mut words = 0;
    while let Some(event) = stream.next().await {
        words += usize::from(matches!(black_box(event), Ok(Event::TextDelta { .. })));
    }
    words
}

fn streams(criterion: &mut Criterion) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() else { return };
    let cx = Cx::new(Arc::new(NoTransport));
    let request = Arc::new(ChatRequest::new("m").with_user("Speak."));
    let bare: Arc<dyn Provider> = Arc::new(Words);
    let driver = |policy: StreamPolicy| {
        Resilient::builder().settings(Settings::default().with_stream(policy)).target(bare.clone(), "m").build()
    };
    let policy = StreamPolicy::default;
    let mut group = criterion.benchmark_group("stream");
    for (name, provider) in [
        ("bare", bare.clone()),
        ("first_output", driver(policy())),
        ("window", driver(policy().with_commit(Commit::Window(Window::default())))),
        ("complete", driver(policy().with_commit(Commit::Complete))),
        ("resume", driver(policy().with_on_break(OnBreak::Resume))),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let words = runtime.block_on(listen(&provider, &cx, &request));
                assert_eq!(words, WORDS as usize);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, streams);
criterion_main!(benches);
