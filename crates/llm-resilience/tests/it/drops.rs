//! Dropping a request at any moment ends what is in flight and completes it exactly once.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use llm_core::{ErrorKind, Request, Response};
use llm_resilience::TimeoutPolicy;

use crate::support::{Act, Memory, Piece, Scripted, driver, error, fail, ms, pieces, request, words};

/// Polls a future at most `times` times; true when it got done.
pub(crate) async fn poll_at_most(times: usize, future: impl Future) -> bool {
    let (mut future, mut left) = (pin!(future), times);
    std::future::poll_fn(move |cx| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending if left == 0 => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn drop_at_every_poll() {
    let mut slow = pieces(words("c", &["x", "y"]));
    for place in (0..slow.len()).rev() {
        slow.insert(place, Piece::Wait(10));
    }
    let limited = error(ErrorKind::RateLimited).with_retry_after(ms(40));
    let scripts: [&[Act]; 4] = [
        &[Act::Fail(5, limited), Act::Answer(5)],
        &[fail(ErrorKind::Server), Act::Hang, Act::Answer(0)],
        &[Act::Fail(5, error(ErrorKind::Server)), Act::Stream(slow.clone())],
        &[Act::Stream(slow[..4].to_vec()), Act::Stream(slow)],
    ];
    for script in scripts {
        for streamed in [false, true] {
            let mut polls = 0;
            loop {
                polls += 1;
                assert!(polls < 1000, "it never gets done");
                let providers = [Scripted::new("a", script.to_vec()), Scripted::new("b", script.to_vec())];
                let driver = driver(&[&providers[0], &providers[1]])
                    .timeouts(TimeoutPolicy::default().with_attempt(ms(100)).with_total(ms(2000)))
                    .build();
                let (memory, cx) = Memory::cx();
                let request = if streamed { Request::ChatStream(request()) } else { Request::Chat(request()) };
                let call = async {
                    if let Ok(Response::ChatStream(mut stream)) = driver.call(&cx, request).await {
                        while let Some(Ok(_)) = stream.next().await {}
                    }
                };
                let done = poll_at_most(polls, call).await;
                assert_eq!(memory.completions(), 1, "after {polls} polls: {:?}", memory.lines());
                assert_eq!(memory.open_attempts(), 0, "after {polls} polls: {:?}", memory.lines());
                assert_eq!(providers[0].live() + providers[1].live(), 0, "after {polls} polls: still in flight");
                let lines = memory.lines();
                assert!(lines.last().unwrap().starts_with("completed"), "nothing is said after the end: {lines:?}");
                if !done {
                    assert!(lines.last().unwrap().contains("cancelled"), "{lines:?}");
                }
                if done {
                    break;
                }
            }
            assert!(polls > 2, "there was something to drop");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_never_polled_says_nothing() {
    let only = Scripted::new("a", [Act::Answer(0)]);
    let (memory, cx) = Memory::cx();
    drop(driver(&[&only]).build().call(&cx, Request::Models));
    assert_eq!((memory.completions(), only.count()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_unread_stream_completes_when_it_is_dropped() {
    let only = Scripted::new("a", [Act::Stream(pieces(words("a", &["x"])))]);
    let (memory, cx) = Memory::cx();
    let stream = driver(&[&only]).build().call(&cx, Request::ChatStream(request())).await.unwrap();
    assert_eq!((memory.completions(), only.live()), (0, 1));
    drop(stream);
    assert_eq!((memory.completions(), only.live()), (1, 0));
    assert_eq!(memory.lines().last().unwrap(), "completed a/m cancelled (? in, ? out)");
}
