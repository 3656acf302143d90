//! Streams that are gone on with: what the caller learns of it, and where it ends.

use std::sync::Arc;

use llm_core::{AttemptReason, ErrorKind, Event, PartId, Provider, Resumption, Usage, Warning};
use llm_resilience::{HedgeAfter, HedgePolicy, OnBreak, Resilient, RetryPolicy, Settings, StreamPolicy};
use tokio::time::Instant;

use super::dialects::{A, B, begin, whole};
use super::support::{Vendor, driver, read, read_as};
use crate::support::{Memory, Piece, cx, ms, open};

const WORDS: &str = "The pelican is a large water bird.";

fn resume() -> StreamPolicy {
    StreamPolicy::default().with_on_break(OnBreak::Resume)
}

/// The stream of `a`, cut after so many events.
fn cut(at: usize) -> Vec<Piece> {
    whole(&A.events("text", WORDS)[..at])
}

#[tokio::test(start_paused = true)]
async fn a_resumed_answer_says_so_and_tells_all_it_took() {
    let (a, b) = (Vendor::new("a", [cut(5)]), Vendor::new("b", [whole(&B.events("text", WORDS))]));
    let (memory, cx) = Memory::cx();
    let seen = read_as(&driver(&[&a, &b], resume()), &cx).await;
    let response = seen.outcome.as_ref().unwrap();
    assert_eq!((response.text().as_str(), &*response.origin.provider), (WORDS, "a"));
    let [Warning::Resumed { broken, cause, by, model, how }] = &response.warnings[..] else {
        panic!("{:?}", response.warnings)
    };
    assert_eq!((broken.to_string().as_str(), by.to_string().as_str()), ("a/m", "b/m"));
    assert_eq!((*cause, model.as_deref(), *how), (ErrorKind::Truncated, Some("b-2026"), Resumption::Restart));
    let log: Vec<_> = response.attempts.iter().map(|it| (it.target.to_string(), it.number, it.reason)).collect();
    assert_eq!(
        log,
        [("a/m".to_owned(), 1, AttemptReason::First), ("b/m".to_owned(), 2, AttemptReason::Resume)],
        "{log:?}"
    );
    assert_eq!(response.attempts[0].failure.as_ref().unwrap().kind, ErrorKind::Truncated);
    // 21 letters of the first answer are six tokens; its prompt was the second one's.
    assert_eq!((response.usage.input, response.usage.output), (Some(6), Some(6 + 5)));
    assert_eq!(response.usage.extra["estimated"], true);
    let snapshots: Vec<_> = seen.events.iter().filter(|event| matches!(event, Event::Usage(_))).collect();
    assert!(matches!(snapshots[..], [Event::Usage(usage)] if **usage == response.usage));
    assert_eq!(
        memory.lines(),
        ["1 a/m starts", "1 a/m ok", "2 b/m starts", "2 b/m ok", "completed b/m ok (6 in, 11 out)"]
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_reported_before_the_break_is_not_estimated() {
    let mut first = cut(5);
    first.push(Piece::Event(Event::Usage(Box::new(Usage::new(9, 8)))));
    let (a, b) = (Vendor::new("a", [first]), Vendor::new("b", [whole(&B.events("text", WORDS))]));
    let response = read(&driver(&[&a, &b], resume())).await.outcome.unwrap();
    assert_eq!(response.usage, Usage::new(9 + 3, 8 + 5));
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_gone_on_with_once() {
    let second = whole(&B.events("text", WORDS)[..8]);
    let third = whole(&B.events("text", WORDS));
    let (a, b, c) = (Vendor::new("a", [cut(5)]), Vendor::new("b", [second]), Vendor::new("c", [third]));
    let error = read(&driver(&[&a, &b, &c], resume())).await.outcome.unwrap_err();
    assert_eq!((error.provider(), error.kind(), c.count()), (Some("b"), ErrorKind::Truncated, 0));
    assert!(WORDS.starts_with(&error.partial().unwrap().text()));
    assert!(error.attempts().iter().all(|attempt| attempt.failure.is_some()));
}

#[tokio::test(start_paused = true)]
async fn a_call_without_fallback_stays_where_it_is() {
    let whole_answer = whole(&A.events("text", WORDS));
    let (a, b) = (Vendor::new("a", [cut(5), whole_answer]), Vendor::new("b", [whole(&B.events("text", WORDS))]));
    let mut cx = cx();
    cx.max_targets = Some(1);
    cx.max_retries = Some(1);
    let seen = read_as(&driver(&[&a, &b], resume()), &cx).await;
    assert_eq!((seen.outcome.unwrap().text().as_str(), a.count(), b.count()), (WORDS, 2, 0));
    let a = Vendor::new("a", [cut(5)]);
    cx.max_retries = Some(0);
    let error = read_as(&driver(&[&a, &b], resume()), &cx).await.outcome.unwrap_err();
    assert_eq!((error.attempts().len(), b.count()), (1, 0), "neither another target nor another time");
}

#[tokio::test(start_paused = true)]
async fn what_another_call_cannot_help_with_is_not_gone_on_with() {
    for kind in [ErrorKind::ContentFilter, ErrorKind::InvalidRequest, ErrorKind::BudgetExceeded] {
        let mut first = cut(5);
        first.push(Piece::Fail(llm_core::Error::new(kind, "scripted")));
        let (a, b) = (Vendor::new("a", [first]), Vendor::new("b", [whole(&B.events("text", WORDS))]));
        let error = read(&driver(&[&a, &b], resume())).await.outcome.unwrap_err();
        assert_eq!((error.kind(), b.count()), (kind, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_and_the_callers_end_hold_while_a_stream_is_gone_on_with() {
    let hangs = || vec![Piece::Hang];
    let (a, b) = (Vendor::new("a", [cut(5)]), Vendor::new("b", [hangs()]));
    let started = Instant::now();
    let cx = cx().with_deadline(started.into_std() + ms(5000));
    let error = read_as(&driver(&[&a, &b], resume()), &cx).await.outcome.unwrap_err();
    assert_eq!((error.provider(), error.kind(), started.elapsed()), (Some("a"), ErrorKind::Truncated, ms(5000)));
    assert_eq!(a.live() + b.live(), 0);

    let (a, b) = (Vendor::new("a", [cut(5)]), Vendor::new("b", [hangs()]));
    let token = llm_core::CancellationToken::new();
    let (memory, cx) = Memory::cx();
    let cx = cx.with_cancel(token.clone());
    let driver = driver(&[&a, &b], resume());
    let cancel = async {
        tokio::time::sleep(ms(1234)).await;
        token.cancel();
    };
    let started = Instant::now();
    let (seen, ()) = tokio::join!(read_as(&driver, &cx), cancel);
    assert_eq!((seen.outcome.unwrap_err().kind(), started.elapsed()), (ErrorKind::Cancelled, ms(1234)));
    assert_eq!((a.live() + b.live(), memory.completions(), memory.open_attempts()), (0, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn dropping_a_stream_that_is_gone_on_with_ends_both_calls() {
    let (a, b) = (Vendor::new("a", [cut(5)]), Vendor::new("b", [vec![Piece::Hang]]));
    let (memory, cx) = Memory::cx();
    let mut stream = open(&driver(&[&a, &b], resume()), &cx).await.unwrap();
    for _ in 0..5 {
        stream.next().await.unwrap().unwrap();
    }
    assert!(tokio::time::timeout(ms(1000), stream.next()).await.is_err());
    assert_eq!((a.live(), b.live()), (0, 1), "the broken call is over");
    drop(stream);
    assert_eq!((b.live(), memory.completions(), memory.open_attempts()), (0, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn calls_keep_the_ids_that_the_caller_knows() {
    let events = A.events("tools", WORDS);
    let (a, b) = (Vendor::new("a", [whole(&events[..9])]), Vendor::new("b", [whole(&B.events("tools", WORDS))]));
    let response = read(&driver(&[&a, &b], resume())).await.outcome.unwrap();
    let calls: Vec<_> = response.message.tool_calls().map(|call| (call.id.as_str(), call.arguments.as_str())).collect();
    assert_eq!(calls, [("call_a_1", r#"{"city":"Köln"}"#), ("toolu_b_2", r#"{"zone":"CET"}"#)]);
}

#[tokio::test(start_paused = true)]
async fn signatures_of_another_target_are_left_out() {
    let events = A.events("reasoning", WORDS);
    let (a, b) = (Vendor::new("a", [whole(&events[..3])]), Vendor::new("b", [whole(&B.events("reasoning", WORDS))]));
    let response = read(&driver(&[&a, &b], resume())).await.outcome.unwrap();
    assert_eq!((response.text().as_str(), response.message.reasoning().as_deref()), (WORDS, Some("I think so.")));
    assert_eq!(response.message.content[0].signature, None, "they would go back to the first target");
    // Its own are kept.
    let mut cx = cx();
    (cx.max_targets, cx.max_retries) = (Some(1), Some(1));
    let a = Vendor::new("a", [whole(&events[..3]), whole(&events)]);
    let response = read_as(&driver(&[&a], resume()), &cx).await.outcome.unwrap();
    assert_eq!(response.message.content[0].signature.as_deref(), Some("signa"));
}

#[tokio::test(start_paused = true)]
async fn parts_that_the_second_answer_does_not_have_are_ended() {
    // An empty text before the call, which the second vendor does not send.
    let mut first = vec![A.start(), begin(PartId(0), 0, llm_core::Part::text("").kind)];
    first.extend(A.events("tools", "").into_iter().skip(3).take(3));
    let (a, b) = (Vendor::new("a", [whole(&first)]), Vendor::new("b", [whole(&B.events("tools", "")[..])]));
    let seen = read(&driver(&[&a, &b], resume())).await;
    assert!(seen.is_resumed(), "{:?}", seen.outcome);
}

#[tokio::test(start_paused = true)]
async fn a_hedge_that_won_and_broke_is_gone_on_with_by_another() {
    let (a, b) = (Vendor::new("a", [vec![Piece::Hang], whole(&A.events("text", WORDS))]), Vendor::new("b", [cut(5)]));
    let hedge = HedgePolicy::after(HedgeAfter::Fixed(ms(1000)));
    let settings = Settings::default().with_retry(RetryPolicy::none().with_max_attempts(4));
    let settings = settings.with_stream(resume()).with_hedge(hedge);
    let (first, second): (Arc<dyn Provider>, Arc<dyn Provider>) = (a.clone(), b.clone());
    let driver = Resilient::builder().settings(settings).target(first, "m").target(second, "m").build();
    let response = read(&driver).await.outcome.unwrap();
    assert_eq!(response.text(), WORDS);
    let [Warning::Resumed { broken, by, .. }] = &response.warnings[..] else { panic!("{:?}", response.warnings) };
    assert_eq!((broken.to_string().as_str(), by.to_string().as_str()), ("b/m", "a/m"));
    assert_eq!((a.count(), b.count(), a.live() + b.live()), (2, 1, 0));
}
