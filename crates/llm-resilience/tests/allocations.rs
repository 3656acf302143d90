//! What a driver allocates for the events of a stream. In a binary of its own, because the counter counts the whole process.
#![cfg(test)]

use std::alloc::System;
use std::sync::Arc;

use llm_core::{
    Capabilities, ChatRequest, ChatStream, Cx, Error, ErrorKind, Event, Finish, FinishReason, HttpRequest,
    HttpResponse, Origin, Part, PartId, Provider, Request, Response, StreamFinish, StreamStart, Transport, Usage,
};
use llm_resilience::Resilient;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Streams so many words, every fourth after a pause.
struct Words(u32);

#[llm_core::async_trait]
impl Provider for Words {
    fn id(&self) -> &'static str {
        "words"
    }

    fn api(&self) -> &'static str {
        "words"
    }

    fn capabilities(&self, _model: &str) -> Capabilities {
        Capabilities::chat()
    }

    async fn call(&self, _cx: &Cx, _request: Request) -> Result<Response, Error> {
        let part = PartId(0);
        let shell = Box::new(Part::text("").kind);
        let mut events = vec![
            Event::Start(Box::new(StreamStart::new(Arc::new(Origin::new("words", "words", "m"))))),
            Event::PartStart { part, candidate: 0, shell },
        ];
        events.extend((0..self.0).map(|_| Event::TextDelta { part, text: "word ".to_owned() }));
        events.push(Event::PartEnd { part, truncated: false, ext: None });
        let finish = StreamFinish::new(Finish::new(FinishReason::Stop, "stop"), Usage::new(5, 1000));
        events.push(Event::Finish(Box::new(finish)));
        let (mut events, mut turn) = (events.into_iter(), 0);
        Ok(Response::ChatStream(ChatStream::new(futures_util::stream::poll_fn(move |cx| {
            turn += 1;
            if turn % 4 == 0 {
                cx.waker().wake_by_ref();
                return std::task::Poll::Pending;
            }
            std::task::Poll::Ready(events.next().map(Ok))
        }))))
    }
}

struct NoTransport;

#[llm_core::async_trait]
impl Transport for NoTransport {
    async fn send(&self, _cx: &Cx, _request: HttpRequest) -> Result<HttpResponse, Error> {
        Err(Error::new(ErrorKind::Internal, "there is no network here"))
    }
}

#[test]
fn an_event_costs_no_allocation() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let cx = Cx::new(Arc::new(NoTransport));
    let request = Arc::new(ChatRequest::new("m").with_user("Speak."));
    // Allocations from the opened stream to its last byte: the words themselves were made before.
    let count = |words: u32| {
        let driver = Resilient::builder().target(Arc::new(Words(words)), "m").build();
        runtime.block_on(async {
            let Response::ChatStream(mut stream) =
                driver.call(&cx, Request::ChatStream(request.clone())).await.unwrap()
            else {
                panic!("not a stream")
            };
            let region = Region::new(GLOBAL);
            let mut seen = 0;
            while let Some(event) = stream.next().await {
                seen += u32::from(matches!(event.unwrap(), Event::TextDelta { .. }));
            }
            assert_eq!(seen, words);
            let change = region.change();
            change.allocations + change.reallocations
        })
    };
    count(10);
    let (few, many) = (count(10), count(10_000));
    assert_eq!(few, many, "for 9990 more words");
    assert!(few <= 2, "{few} for the timer of a stream");
}
