//! Streams pass through unchanged, are kept when they ended cleanly, and break where they break.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use llm_cache::CachePolicy;
use llm_core::{Accumulator, CacheStatus, ChatStream, ErrorKind, Event, Layer as _, Response};

use crate::support::{Vendor, answer, around, ask, builder, cx, ms, stream, words};

async fn events(provider: &Arc<dyn llm_core::Provider>) -> (Vec<Event>, Option<ErrorKind>) {
    let Response::ChatStream(mut stream) = provider.call(&cx("a"), stream("q")).await.unwrap() else {
        panic!("no stream")
    };
    let mut seen = Vec::new();
    while let Some(event) = stream.next().await {
        match event {
            Ok(event) => seen.push(event),
            Err(error) => return (seen, Some(error.kind())),
        }
    }
    (seen, None)
}

#[tokio::test(start_paused = true)]
async fn the_first_reader_gets_every_event_as_it_came() {
    let vendor = Arc::new(Vendor::saying(ms(1), |_, _| Ok(answer("one two three"))));
    let cache = builder().build();
    let provider = around(&cache, &vendor);
    let (mut seen, error) = events(&provider).await;
    let mut expected = words(&answer("one two three"));
    if let Some(Event::Start(start)) = expected.get_mut(1) {
        start.cache = Some(CacheStatus::Miss);
    }
    assert_eq!((&seen, error), (&expected, None));
    tokio::time::sleep(ms(1)).await;
    (seen, _) = events(&provider).await;
    let mut order = Accumulator::default();
    for event in &seen {
        order.push(event.clone()).unwrap();
    }
    let replayed = order.finish().unwrap();
    assert_eq!((replayed.text().as_str(), replayed.cache), ("one two three", Some(CacheStatus::Hit)));
    assert_eq!(vendor.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stream_cut_after_any_event_is_not_kept() {
    let whole = words(&answer("answer 1 to q")).len();
    for cut in 0..whole {
        let vendor = Arc::new(Vendor::new(ms(1)).cut_after(cut));
        let cache = builder().build();
        let provider = around(&cache, &vendor);
        let (seen, _) = events(&provider).await;
        assert_eq!(seen.len(), cut);
        tokio::time::sleep(ms(1)).await;
        let counters = cache.counters();
        assert_eq!((counters.stored, counters.not_stored), (0, vec![("incomplete", 1)]), "cut after {cut}");
        assert_eq!((cache.in_flight(), vendor.live()), (0, 0));
        ask(&provider, &cx("a"), stream("q")).await.unwrap_err();
        assert_eq!(vendor.calls(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_dropped_ends_at_the_vendor_and_is_not_kept() {
    let whole = words(&answer("answer 1 to q")).len();
    for read in 0..whole {
        let vendor = Arc::new(Vendor::new(ms(1)));
        let cache = builder().build();
        let provider = around(&cache, &vendor);
        let Response::ChatStream(mut stream) = provider.call(&cx("a"), stream("q")).await.unwrap() else {
            panic!("no stream")
        };
        for _ in 0..read {
            stream.next().await.unwrap().unwrap();
        }
        assert_eq!(vendor.live(), 1);
        drop(stream);
        assert_eq!((vendor.live(), cache.in_flight()), (0, 0), "at once, after {read} events");
        tokio::time::sleep(ms(1)).await;
        assert_eq!(cache.counters().stored, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_long_passes_through_and_is_not_kept() {
    let text = "word ".repeat(1000);
    let long = text.clone();
    let vendor = Arc::new(Vendor::saying(ms(1), move |_, _| Ok(answer(&long))));
    let cache = builder().policy(CachePolicy::default().with_max_bytes(100)).build();
    let provider = around(&cache, &vendor);
    let reader = provider.clone();
    let first = tokio::spawn(async move { ask(&reader, &cx("a"), stream("q")).await.unwrap() });
    tokio::time::sleep(ms(500)).await;
    let second = ask(&provider, &cx("a"), stream("q")).await.unwrap();
    assert_eq!((first.await.unwrap().text(), second.text()), (text.clone(), text));
    assert_eq!(vendor.calls(), 2, "who comes when it is not recorded any more asks for itself");
    assert_eq!(cache.counters().not_stored, vec![("size", 2)]);
}

/// Its events are there at every second look, and it tells nobody.
struct Silent(std::vec::IntoIter<Event>, bool);

impl futures_core::Stream for Silent {
    type Item = Result<Event, llm_core::Error>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.1 = !self.1;
        if self.1 { Poll::Pending } else { Poll::Ready(self.0.next().map(Ok)) }
    }
}

struct SilentVendor;

#[llm_core::async_trait]
impl llm_core::Adapter for SilentVendor {
    fn id(&self) -> &'static str {
        "silent"
    }

    fn api(&self) -> &'static str {
        "script"
    }

    async fn chat_stream(&self, _: &llm_core::Cx, _: &llm_core::ChatRequest) -> Result<ChatStream, llm_core::Error> {
        Ok(ChatStream::new(Silent(words(&answer("one two")).into_iter(), false)))
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_woken_by_who_fetches() {
    let provider = builder().build().layer().layer(Arc::new(SilentVendor));
    let open = async || match provider.call(&cx("a"), stream("q")).await.unwrap() {
        Response::ChatStream(stream) => stream,
        other => panic!("no stream: {other:?}"),
    };
    let (mut looks_often, waits) = (open().await, open().await);
    let waits = tokio::spawn(waits.text());
    tokio::task::yield_now().await;
    loop {
        // A look that finds nothing, and another.
        match tokio::time::timeout(ms(1), looks_often.next()).await {
            Ok(Some(event)) => drop(event.unwrap()),
            Ok(None) => break,
            Err(_) => {}
        }
    }
    let text = tokio::time::timeout(ms(1000), waits).await.expect("it was woken");
    assert_eq!(text.unwrap().unwrap(), "one two");
}
