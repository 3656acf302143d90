//! What the driver adds to a call and to each event of a stream, with everything on: gates with limits, budgets, hedges
//! that wait for their time, an observer.
//!
//! `bare_…` is the same call of the provider alone.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::stream;
use llm_core::{
    Capabilities, ChatRequest, ChatResponse, ChatStream, Cx, Error, ErrorKind, Event, Finish, FinishReason,
    HttpRequest, HttpResponse, Message, Observed, Observer, Origin, Part, PartId, Provider, Request, Response,
    StreamFinish, StreamStart, Transport, Usage,
};
use llm_resilience::{GateSettings, Gates, HedgePolicy, LimitPolicy, Resilient, Settings};

/// Words of a stream.
const EVENTS: usize = 1000;

/// Answers at once.
struct Instantly {
    id: &'static str,
    origin: Arc<Origin>,
}

impl Instantly {
    fn new(id: &'static str) -> Arc<Self> {
        Arc::new(Self { id, origin: Arc::new(Origin::new("bench", id, "m")) })
    }

    fn events(&self) -> impl Iterator<Item = Event> + Send + use<> {
        let part = PartId(0);
        let finish = StreamFinish::new(Finish::new(FinishReason::Stop, "stop"), Usage::new(3, 5));
        let start = [
            Event::Start(Box::new(StreamStart::new(self.origin.clone()))),
            Event::PartStart { part, candidate: 0, shell: Box::new(Part::text("").kind) },
        ];
        let words = (0..EVENTS).map(move |_| Event::TextDelta { part, text: "word".to_owned() });
        let end = [Event::PartEnd { part, truncated: false, ext: None }, Event::Finish(Box::new(finish))];
        start.into_iter().chain(words).chain(end)
    }
}

#[llm_core::async_trait]
impl Provider for Instantly {
    fn id(&self) -> &str {
        self.id
    }

    fn api(&self) -> &'static str {
        "bench"
    }

    fn capabilities(&self, _model: &str) -> Capabilities {
        Capabilities::chat()
    }

    async fn call(&self, _cx: &Cx, request: Request) -> Result<Response, Error> {
        if let Request::ChatStream(_) = request {
            return Ok(Response::ChatStream(ChatStream::new(stream::iter(self.events().map(Ok)))));
        }
        let finish = Finish::new(FinishReason::Stop, "stop");
        let mut response = ChatResponse::new(self.origin.clone(), Message::assistant("word"), finish);
        response.usage = Usage::new(3, 5);
        Ok(Response::Chat(Box::new(response)))
    }
}

struct NoTransport;

#[llm_core::async_trait]
impl Transport for NoTransport {
    async fn send(&self, _cx: &Cx, _request: HttpRequest) -> Result<HttpResponse, Error> {
        Err(Error::new(ErrorKind::Internal, "nothing is sent"))
    }
}

#[derive(Default)]
struct Counts(AtomicU64);

impl Observer for Counts {
    fn on(&self, event: &Observed) {
        if matches!(event, Observed::Completed { .. }) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn whole(provider: &dyn Provider, cx: &Cx, request: &Request) -> usize {
    match provider.call(cx, request.clone()).await {
        Ok(Response::Chat(response)) => response.message.content.len(),
        Ok(Response::ChatStream(mut stream)) => {
            let mut events = 0;
            while let Some(Ok(event)) = stream.next().await {
                black_box(event);
                events += 1;
            }
            events
        }
        _ => 0,
    }
}

fn driver(criterion: &mut Criterion) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() else { return };
    let mut group = criterion.benchmark_group("driver");
    let bare = Instantly::new("a");
    let limits = LimitPolicy::default().with_rpm(1_000_000_000).with_tpm(1_000_000_000_000).with_max_in_flight(1000);
    let stack = Resilient::builder()
        .target(bare.clone(), "m")
        .target(Instantly::new("b"), "m")
        .gates(Gates::new(GateSettings::default().with_limits(limits)))
        .settings(Settings::default().with_hedge(HedgePolicy::default()))
        .build();
    let plain_cx = Cx::new(Arc::new(NoTransport));
    let observed = plain_cx.clone().with_observer(Arc::new(Counts::default()));
    let chat = Arc::new(ChatRequest::new("m").with_user("Good morning, how are you today?"));
    for (name, request) in [("call", Request::Chat(chat.clone())), ("stream_of_1000", Request::ChatStream(chat))] {
        let [through, alone] = [(&*stack, &observed), (&*bare as &dyn Provider, &plain_cx)]
            .map(|(it, cx)| runtime.block_on(whole(it, cx, &request)));
        assert_eq!(through, alone, "the same answer");
        group.measurement_time(Duration::from_secs(3));
        group.bench_function(format!("bare_{name}"), |bencher| {
            bencher.iter(|| runtime.block_on(whole(&*bare, &plain_cx, &request)));
        });
        group.bench_function(name, |bencher| {
            bencher.iter(|| runtime.block_on(whole(&*stack, &observed, &request)));
        });
    }
    group.finish();
}

criterion_group!(benches, driver);
criterion_main!(benches);
