//! Deadlines and timers: each fires at its instant, with its class.

use std::time::Duration;

use llm_core::{CancellationToken, ErrorKind, Event, PartId, PlanTarget, Progress, TimeoutStage, Timeouts};
use llm_resilience::{Resilient, RetryPolicy, SHORTEST_ATTEMPT, TimeoutPolicy};
use proptest::prelude::*;
use tokio::time::{Instant, sleep};

use crate::decisions::KINDS;
use crate::support::{Act, Piece, Scripted, chat, cx, driver, error, fail, ms, open, pieces, preamble, words};

fn text(word: &str) -> Piece {
    Piece::Event(Event::TextDelta { part: PartId(0), text: word.to_owned() })
}

fn ping() -> Piece {
    Piece::Event(Event::Ping)
}

/// A stream that opens, and goes on as told.
fn stream(rest: impl IntoIterator<Item = Piece>) -> Act {
    Act::Stream(pieces(preamble("a")).into_iter().chain(rest).collect())
}

#[tokio::test(start_paused = true)]
async fn the_total_deadline_ends_a_request_wherever_it_is() {
    let total = TimeoutPolicy::default().with_total(ms(10_000));
    let mut timeouts = Timeouts::OFF;
    timeouts.progress = Some(ms(60_000));
    let cx = cx().with_timeouts(timeouts);
    for act in [Act::Hang, stream([Piece::Hang]), stream([text("x"), Piece::Hang])] {
        let only = Scripted::new("a", [act]);
        let driver = driver(&[&only]).timeouts(total.clone()).build();
        let started = Instant::now();
        let error = match open(&driver, &cx).await {
            Ok(stream) => stream.collect().await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.kind(), ErrorKind::Timeout(TimeoutStage::Total));
        assert_eq!(started.elapsed(), ms(10_000));
        assert_eq!((only.count(), only.live()), (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_may_ask_for_less_time_but_not_for_more() {
    for (callers, expected) in [(2000, 2000), (90_000, 10_000)] {
        let only = Scripted::new("a", [Act::Hang]);
        let driver = driver(&[&only]).timeouts(TimeoutPolicy::default().with_total(ms(10_000))).build();
        let started = Instant::now();
        let cx = cx().with_deadline(started.into_std() + ms(callers));
        assert_eq!(chat(&driver, &cx).await.unwrap_err().kind(), ErrorKind::Timeout(TimeoutStage::Total));
        assert_eq!(started.elapsed(), ms(expected));
        assert_eq!(only.calls()[0].deadline, Some(started.into_std() + ms(expected)), "the provider knows it");
    }
}

#[tokio::test(start_paused = true)]
async fn without_time_for_an_attempt_nothing_is_sent() {
    assert_eq!(SHORTEST_ATTEMPT, ms(50));
    let only = Scripted::new("a", [Act::Answer(0)]);
    let driver = driver(&[&only]).build();
    let cx = cx().with_deadline(Instant::now().into_std() + ms(49));
    let error = chat(&driver, &cx).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout(TimeoutStage::Total));
    assert_eq!((error.progress(), only.count()), (Progress::NotSent, 0));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_takes_too_long_falls_over() {
    for (silent, timeouts) in [
        (Act::Hang, Timeouts::OFF),
        (stream([Piece::Hang]), Timeouts::OFF),
        (stream([ping(), Piece::Wait(1000), ping(), Piece::Hang]), Timeouts::OFF),
    ] {
        let (first, second) = (Scripted::new("a", [silent]), Scripted::new("b", [Act::Answer(0)]));
        let driver = driver(&[&first, &second]).timeouts(TimeoutPolicy::default().with_attempt(ms(30_000))).build();
        let started = Instant::now();
        let response = open(&driver, &cx().with_timeouts(timeouts)).await.unwrap().collect().await.unwrap();
        assert_eq!(started.elapsed(), ms(30_000));
        assert_eq!(response.text(), "b");
        let failure = response.attempts[0].failure.as_ref().unwrap();
        assert_eq!(failure.kind, ErrorKind::Timeout(TimeoutStage::Attempt));
        assert_eq!((first.count(), first.live()), (1, 0), "who was silent is not asked again, and is let go");
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_has_its_own_timers() {
    let (slow, fast) = (Scripted::new("slow", [Act::Answer(50_000)]), Scripted::new("fast", [Act::Hang]));
    let mut patient = Timeouts::default();
    patient.first_content = Some(ms(900_000));
    let driver = Resilient::builder()
        .plan_target(PlanTarget::new(fast.clone(), "m").with_timeout(ms(5000)))
        .plan_target(PlanTarget::new(slow.clone(), "m").with_timeouts(patient))
        .timeouts(TimeoutPolicy::default().with_attempt(ms(60_000)))
        .build();
    let started = Instant::now();
    assert_eq!(chat(&driver, &cx()).await.unwrap().text(), "slow");
    assert_eq!(started.elapsed(), ms(55_000));
    assert_eq!(fast.calls()[0].timeouts.first_content, Timeouts::default().first_content);
    assert_eq!(slow.calls()[0].timeouts.first_content, patient.first_content);
}

#[tokio::test(start_paused = true)]
async fn first_content_fires_at_its_instant_whatever_else_comes() {
    let mut timeouts = Timeouts::OFF;
    timeouts.first_content = Some(ms(120_000));
    let keep_alive_only = (0..1000).flat_map(|_| [Piece::Wait(1000), ping()]);
    for act in [Act::Hang, stream([Piece::Hang]), stream(keep_alive_only)] {
        let only = Scripted::new("a", [act]);
        let started = Instant::now();
        let driver = driver(&[&only]).retry(RetryPolicy::none()).build();
        let error = open(&driver, &cx().with_timeouts(timeouts)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout(TimeoutStage::FirstContent));
        assert_eq!(started.elapsed(), ms(120_000));
        assert_eq!((error.progress(), only.live()), (Progress::Sent, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn first_content_binds_streams_only() {
    let only = Scripted::new("a", [Act::Answer(200_000)]);
    assert!(chat(&driver(&[&only]).build(), &cx()).await.is_ok(), "a whole answer has no first content");
}

#[tokio::test(start_paused = true)]
async fn progress_fires_at_its_instant_whatever_else_comes() {
    let mut timeouts = Timeouts::OFF;
    timeouts.progress = Some(ms(7000));
    let slow_drip = (0..1000).flat_map(|_| [Piece::Wait(900), ping()]);
    for rest in [vec![Piece::Hang], slow_drip.collect()] {
        let pieces = [text("x"), Piece::Wait(6999), text("y"), Piece::Wait(3000), text("z")];
        let only = Scripted::new("a", [stream(pieces.into_iter().chain(rest))]);
        let (first, fallback) = (&only, Scripted::new("b", [Act::Answer(0)]));
        let started = Instant::now();
        let stream = open(&driver(&[first, &fallback]).build(), &cx().with_timeouts(timeouts)).await.unwrap();
        let error = stream.collect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout(TimeoutStage::Progress));
        assert_eq!(started.elapsed(), ms(6999 + 3000 + 7000));
        assert_eq!((error.progress(), fallback.count(), only.live()), (Progress::Committed, 0, 0));
        assert_eq!(error.partial().unwrap().text(), "xyz");
        let failure = error.attempts()[0].failure.as_ref().unwrap();
        assert_eq!(failure.kind, ErrorKind::Timeout(TimeoutStage::Progress), "the log knows of the late failure");
    }
}

#[tokio::test(start_paused = true)]
async fn a_healthy_stream_of_ten_minutes_passes() {
    let gaps = (0..24).flat_map(|_| [Piece::Wait(24_900), text("x")]);
    let end = pieces(words("a", &[])).split_off(3);
    let only = Scripted::new("a", [stream(gaps.chain(end))]);
    let started = Instant::now();
    let response = open(&driver(&[&only]).build(), &cx()).await.unwrap().collect().await.unwrap();
    assert_eq!(response.text().len(), 24);
    assert_eq!(started.elapsed(), ms(24 * 24_900));
    assert_eq!(response.timing.first_content, Some(ms(24_900)));
    assert_eq!(response.timing.total, Some(ms(24 * 24_900)));
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_does_not_make_the_vendor_look_slow() {
    let end = pieces(words("a", &["y"])).split_off(3);
    let only = Scripted::new("a", [stream([text("x"), ping(), Piece::Wait(100)].into_iter().chain(end))]);
    let mut stream = open(&driver(&[&only]).build(), &cx()).await.unwrap();
    for _ in 0..3 {
        assert!(stream.next().await.unwrap().is_ok());
    }
    sleep(Duration::from_secs(300)).await;
    let mut rest = 0;
    while let Some(event) = stream.next().await {
        assert!(event.is_ok(), "{event:?}");
        rest += 1;
    }
    assert_eq!(rest, 5);
}

#[tokio::test(start_paused = true)]
async fn cancelling_ends_a_call_at_once() {
    let late = error(ErrorKind::RateLimited).with_retry_after(ms(30_000));
    for act in [Act::Hang, Act::Fail(0, late), stream([Piece::Hang]), stream([text("x"), Piece::Hang])] {
        let only = Scripted::new("a", [act]);
        let token = CancellationToken::new();
        let cx = cx().with_cancel(token.clone());
        let driver = driver(&[&only]).build();
        let started = Instant::now();
        let call = async {
            match open(&driver, &cx).await {
                Ok(stream) => stream.collect().await.unwrap_err(),
                Err(error) => error,
            }
        };
        let cancel = async {
            sleep(ms(1234)).await;
            token.cancel();
        };
        let (error, ()) = tokio::join!(call, cancel);
        assert_eq!((error.kind(), started.elapsed()), (ErrorKind::Cancelled, ms(1234)));
        assert_eq!((only.count(), only.live()), (1, 0));
        assert_eq!(chat(&driver, &cx).await.unwrap_err().kind(), ErrorKind::Cancelled);
        assert_eq!(only.count(), 1, "a cancelled call is not started");
    }
}

/// Any behaviour of a target, on a grid of 10 ms.
fn any_act() -> impl Strategy<Value = Act> {
    let kinds = proptest::sample::select(KINDS.to_vec());
    let hint = proptest::option::of(0_u64..3000);
    prop_oneof![
        1 => (0_u64..400).prop_map(|tens| Act::Answer(tens * 10)),
        4 => ((0_u64..200), kinds, hint).prop_map(|(tens, kind, hint)| {
            Act::Fail(tens * 10, error(kind).with_retry_after(hint.map(|tens| ms(tens * 10))))
        }),
        1 => Just(Act::Hang),
        1 => (0_u64..300).prop_map(|tens| stream([Piece::Wait(tens * 10), text("x"), Piece::Hang])),
        1 => Just(fail(ErrorKind::Server)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_deadline_is_never_crossed(
        acts in proptest::collection::vec(proptest::collection::vec(any_act(), 1..4), 1..4),
        total in 5_u64..600,
        seed in any::<u64>(),
    ) {
        let total = ms(total * 10);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let ids = ["a", "b", "c"];
            let targets: Vec<_> = ids.iter().zip(acts).map(|(id, acts)| Scripted::new(id, acts)).collect();
            let all: Vec<_> = targets.iter().collect();
            let driver = driver(&all).seed(seed).timeouts(TimeoutPolicy::default().with_total(total)).build();
            let started = Instant::now();
            let outcome = match open(&driver, &cx()).await {
                Ok(stream) => stream.collect().await,
                Err(error) => Err(error),
            };
            let elapsed = started.elapsed();
            prop_assert!(elapsed <= total + ms(1), "{elapsed:?} of {total:?}");
            let attempts = match outcome {
                Ok(response) => response.attempts,
                Err(error) => error.attempts().to_vec(),
            };
            let mut calls: Vec<_> = targets.iter().flat_map(|target| target.calls()).collect();
            calls.sort_by_key(|call| call.attempt);
            prop_assert_eq!(attempts.len(), calls.len());
            prop_assert!(calls.len() <= 5);
            for call in &calls {
                prop_assert!(call.at - started + SHORTEST_ATTEMPT <= total, "an attempt started too late");
            }
            for (pair, failed) in calls.windows(2).zip(&attempts) {
                let failure = failed.failure.as_ref().unwrap();
                let same = failed.target == attempts[usize::try_from(failed.number).unwrap()].target;
                if let (true, Some(hint)) = (same, failure.retry_after) {
                    prop_assert!(pair[1].at - pair[0].at >= failed.duration + hint, "called before the hint");
                }
            }
            prop_assert!(targets.iter().all(|target| target.live() == 0), "something is still in flight");
            Ok(())
        })?;
    }
}

#[tokio::test(start_paused = true)]
async fn a_whole_answer_has_more_time_for_its_first_byte_than_a_stream() {
    let only = Scripted::new("a", [Act::Answer(0), stream([text("x")])]);
    let driver = Resilient::builder().target(only.clone(), "m").build();
    let timeouts = Timeouts::default();
    let cx = cx().with_timeouts(timeouts);
    chat(&driver, &cx).await.unwrap();
    open(&driver, &cx).await.unwrap();
    assert!(timeouts.whole > timeouts.first_byte);
    let first_bytes: Vec<_> = only.calls().iter().map(|call| call.timeouts.first_byte).collect();
    assert_eq!(first_bytes, [timeouts.whole, timeouts.first_byte]);
}
