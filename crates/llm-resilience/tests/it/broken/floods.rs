//! Streams that never wait, and streams that hardly move: the timers hold for both.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use llm_core::{
    CancellationToken, ChatStream, Cx, Error, ErrorKind, Event, PartId, Provider, Request, Response, TimeoutStage,
};
use llm_resilience::{Commit, Resilient, RetryPolicy, Settings, StreamPolicy};
use tokio::time::{Instant, advance};

use super::dialects::{A, B, begin, end, whole};
use super::support::{Vendor, driver, read};
use crate::support::{Piece, cx, ms, open, pieces, words};

/// An event of a flood, by its number.
type Make = fn(u64) -> Event;

/// A vendor that always has one more event, for each of which the clock moves on.
struct Flood {
    preamble: usize,
    make: Make,
    tick: Duration,
}

struct Pouring {
    preamble: std::vec::IntoIter<Event>,
    make: Make,
    tick: Duration,
    made: u64,
}

impl futures_core::Stream for Pouring {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(event) = self.preamble.next() {
            return Poll::Ready(Some(Ok(event)));
        }
        self.made += 1;
        assert!(self.made < 5_000_000, "nobody stops it");
        // Moving the clock is ready at once.
        let mut moving = Box::pin(advance(self.tick));
        let _ = moving.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop()));
        Poll::Ready(Some(Ok((self.make)(self.made))))
    }
}

#[llm_core::async_trait]
impl Provider for Flood {
    fn id(&self) -> &'static str {
        "flood"
    }

    fn api(&self) -> &'static str {
        "scripted"
    }

    fn capabilities(&self, _model: &str) -> llm_core::Capabilities {
        llm_core::Capabilities::chat()
    }

    async fn call(&self, _cx: &Cx, _request: Request) -> Result<Response, Error> {
        let mut preamble = vec![A.start(), begin(PartId(0), 0, llm_core::Part::text("").kind)];
        preamble.extend(A.text(PartId(0), 0, "word").into_iter().skip(1).take(1));
        preamble.truncate(self.preamble);
        let (make, tick) = (self.make, self.tick);
        Ok(Response::ChatStream(ChatStream::new(Pouring { preamble: preamble.into_iter(), make, tick, made: 0 })))
    }
}

fn word(_: u64) -> Event {
    Event::TextDelta { part: PartId(0), text: "word ".to_owned() }
}

fn ping(_: u64) -> Event {
    Event::Ping
}

fn flooded(preamble: usize, make: Make, micros: u64, stream: StreamPolicy) -> Arc<dyn Provider> {
    let flood = Arc::new(Flood { preamble, make, tick: Duration::from_micros(micros) });
    let settings = Settings::default().with_retry(RetryPolicy::none()).with_stream(stream);
    Resilient::builder().settings(settings).target(flood, "m").build()
}

#[tokio::test(start_paused = true)]
async fn the_deadline_holds_for_a_stream_that_never_waits() {
    let driver = flooded(3, word, 500, StreamPolicy::default());
    let started = Instant::now();
    let error = read(&driver).await.outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout(TimeoutStage::Total));
    let late = started.elapsed().saturating_sub(Duration::from_secs(600));
    assert!(late < ms(100), "{late:?} too late");
}

#[tokio::test(start_paused = true)]
async fn keep_alives_alone_are_no_progress_however_many() {
    for (preamble, stage, limit) in [(3, TimeoutStage::Progress, 120), (2, TimeoutStage::FirstContent, 120)] {
        let driver = flooded(preamble, ping, 1000, StreamPolicy::default());
        let started = Instant::now();
        let error = read(&driver).await.outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout(stage));
        let late = started.elapsed().saturating_sub(Duration::from_secs(limit));
        assert!(late < ms(500), "{late:?} too late");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_held_whole_ends_at_the_deadline_too() {
    let policy = StreamPolicy::default().with_commit(Commit::Complete).with_hold(usize::MAX);
    let driver = flooded(3, word, 1000, policy);
    let started = Instant::now();
    let error = read(&driver).await.outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout(TimeoutStage::Total));
    let late = started.elapsed().saturating_sub(Duration::from_secs(600));
    assert!(late < ms(500), "{late:?} too late");
}

#[tokio::test(start_paused = true)]
async fn cancelling_stops_a_stream_that_never_waits() {
    let token = CancellationToken::new();
    let mut stream =
        open(&flooded(3, word, 1, StreamPolicy::default()), &cx().with_cancel(token.clone())).await.unwrap();
    let mut after = 0;
    for at in 0..1000 {
        match stream.next().await.unwrap() {
            Ok(_) if at < 500 => {}
            Ok(_) => after += 1,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Cancelled);
                break;
            }
        }
        if at == 499 {
            token.cancel();
        }
    }
    assert!(after <= 64, "{after} events after the cancellation");
}

/// One byte every 29 s for an hour: no byte is late, and nothing moves.
#[tokio::test(start_paused = true)]
async fn a_slow_drip_is_no_progress() {
    let mut first = whole(&A.events("text", "The pelican")[..3]);
    for _ in 0..3600 / 29 {
        first.extend([Piece::Wait(29_000), Piece::Event(Event::Ping)]);
    }
    let (a, b) = (Vendor::new("a", [first.clone()]), Vendor::new("b", [whole(&B.events("text", "no"))]));
    let started = Instant::now();
    let error = read(&driver(&[&a, &b], StreamPolicy::default())).await.outcome.unwrap_err();
    assert_eq!((error.kind(), started.elapsed()), (ErrorKind::Timeout(TimeoutStage::Progress), ms(120_000)));
    // With the whole answer held, the other one answers.
    let a = Vendor::new("a", [first]);
    let policy = StreamPolicy::default().with_commit(Commit::Complete);
    assert_eq!(read(&driver(&[&a, &b], policy)).await.outcome.unwrap().text(), "no");
}

#[tokio::test(start_paused = true)]
async fn a_healthy_stream_with_gaps_of_25_seconds_passes_under_every_policy() {
    let events = A.events("text", &"words ".repeat(22));
    let slow: Vec<_> = whole(&events).into_iter().flat_map(|piece| [Piece::Wait(25_000), piece]).collect();
    for policy in [
        StreamPolicy::default(),
        StreamPolicy::default().with_commit(Commit::Complete),
        StreamPolicy::default().with_commit(Commit::Window(llm_resilience::Window::default())),
        StreamPolicy::default().with_on_break(llm_resilience::OnBreak::Resume),
    ] {
        let a = Vendor::new("a", [slow.clone()]);
        let started = Instant::now();
        let response = read(&driver(&[&a], policy)).await.outcome.unwrap();
        assert_eq!(response.text().len(), 132);
        assert!(started.elapsed() >= ms(590_000), "{:?}", started.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_reads_slowly_between_keep_alives_is_no_stall() {
    let mut first = whole(&A.events("text", "The pelican")[..3]);
    for _ in 0..40 {
        first.extend([Piece::Wait(10), Piece::Event(Event::Ping)]);
    }
    first.push(Piece::Event(end(PartId(0))));
    first.extend(pieces(words("a", &[])).pop());
    let a = Vendor::new("a", [first]);
    let cx = cx().with_deadline(Instant::now().into_std() + Duration::from_secs(600));
    let mut stream = open(&driver(&[&a], StreamPolicy::default()), &cx).await.unwrap();
    let mut ended = false;
    while let Some(event) = stream.next().await {
        ended |= matches!(event.expect("the vendor is fast enough"), Event::Finish(_));
        tokio::time::sleep(ms(10_000)).await;
    }
    assert!(ended);
}
