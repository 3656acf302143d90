//! Drivers that break one promise each: the simulation finds every one of them.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use llm_core::stream::PartId;
use llm_core::{Capabilities, ChatStream, Cx, Error, Event, Message, Provider, Request, Response, async_trait};
use workspace_simulation::{Plan, run_around};

/// What is wrong with a driver.
#[derive(Clone, Copy, Debug)]
enum Defect {
    ForgetsTheDeadline,
    RetriesAround,
    SwallowsErrors,
    SaysMore,
    MixesAnswers,
    GoesOnAfterTheEnd,
    NeverEnds,
    KeepsStreams,
    KeepsTheObserverOut,
    GivesUp,
}

struct Broken {
    inner: Arc<dyn Provider>,
    defect: Defect,
    calls: AtomicUsize,
}

#[async_trait]
impl Provider for Broken {
    fn id(&self) -> &str {
        self.inner.id()
    }

    fn api(&self) -> &str {
        self.inner.api()
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        self.inner.capabilities(model)
    }

    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
        let every = |count: usize| self.calls.fetch_add(1, Ordering::Relaxed) % count == count - 1;
        let mut cx = cx.clone();
        match self.defect {
            Defect::ForgetsTheDeadline => cx.deadline = None,
            Defect::KeepsTheObserverOut if every(50) => cx.observer = None,
            Defect::NeverEnds if every(500) => std::future::pending().await,
            _ => {}
        }
        let first = self.inner.call(&cx, request.clone()).await;
        match (self.defect, first) {
            (Defect::RetriesAround, Err(_)) => self.inner.call(&cx, request).await,
            (Defect::MixesAnswers, Ok(Response::Chat(chat))) if every(100) => {
                let mut other = chat.clone();
                if let Ok(Response::Chat(second)) = self.inner.call(&cx, request).await {
                    other.message = Message::assistant(chat.text() + &second.text());
                }
                Ok(Response::Chat(other))
            }
            (Defect::GivesUp, Ok(answer)) => {
                let late = every(300);
                if late { Err(Error::truncated()) } else { Ok(answer) }
            }
            (Defect::KeepsStreams, Ok(Response::ChatStream(stream))) => {
                Ok(Response::ChatStream(ChatStream::new(Kept(Some(stream)))))
            }
            (defect, Ok(Response::ChatStream(stream))) => {
                Ok(Response::ChatStream(ChatStream::new(Changed { stream, defect, extra: false })))
            }
            (_, result) => result,
        }
    }
}

/// A stream that is not as it was.
struct Changed {
    stream: ChatStream,
    defect: Defect,
    extra: bool,
}

impl futures_core::Stream for Changed {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let more = || Event::TextDelta { part: PartId(0), text: "more ".to_owned() };
        match (self.defect, Pin::new(&mut self.stream).poll_next(cx)) {
            (Defect::SwallowsErrors, Poll::Ready(Some(Err(_)))) => Poll::Ready(None),
            (Defect::SaysMore, Poll::Ready(Some(Ok(Event::TextDelta { part, text })))) if !self.extra => {
                self.extra = true;
                Poll::Ready(Some(Ok(Event::TextDelta { part, text: text + "more " })))
            }
            (Defect::GoesOnAfterTheEnd, Poll::Ready(None)) if !self.extra => {
                self.extra = true;
                Poll::Ready(Some(Ok(more())))
            }
            (_, poll) => poll,
        }
    }
}

/// A stream that lives on when its reader is gone.
struct Kept(Option<ChatStream>);

impl futures_core::Stream for Kept {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().map_or(Poll::Ready(None), |stream| Pin::new(stream).poll_next(cx))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        std::mem::forget(self.0.take());
    }
}

#[test]
fn every_broken_promise_is_found() {
    use Defect as D;
    let cases = [
        (D::ForgetsTheDeadline, "after the deadline"),
        (D::RetriesAround, "it is over twice"),
        (D::SwallowsErrors, "the stream just ended"),
        (D::SaysMore, "0 answers have the delivered words"),
        (D::MixesAnswers, "0 answers have the delivered words"),
        (D::GoesOnAfterTheEnd, "an event came after the end"),
        (D::NeverEnds, "requests never ended"),
        (D::KeepsStreams, "calls are still open"),
        (D::KeepsTheObserverOut, "the observer never heard of it"),
        (D::GivesUp, "and the observer heard None"),
    ];
    for (defect, expected) in cases {
        let found = (0..8).any(|seed| {
            let plan = Plan { seed, length: Duration::from_secs(60), rate: 10 };
            let broken = |inner| Arc::new(Broken { inner, defect, calls: AtomicUsize::new(0) }) as Arc<dyn Provider>;
            let report = run_around(plan, broken).unwrap();
            report.problems.iter().any(|problem| problem.contains(expected))
        });
        assert!(found, "{defect:?} is not found as {expected:?}");
    }
}
