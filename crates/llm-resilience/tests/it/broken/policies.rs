//! What each policy promises.

use std::time::Duration;

use llm_core::{ErrorKind, Event, FinishReason, PartId, TimeoutStage};
use llm_resilience::{Commit, OnBreak, StreamPolicy, Window};
use tokio::time::Instant;

use super::dialects::{A, B, end, whole};
use super::support::{Vendor, driver, read};
use crate::support::{Piece, cx, ms, open, pieces, words};

const WORDS: &str = "The pelican is a large water bird.";

fn complete() -> StreamPolicy {
    StreamPolicy::default().with_commit(Commit::Complete)
}

fn resume() -> StreamPolicy {
    StreamPolicy::default().with_on_break(OnBreak::Resume)
}

fn window(tokens: u32, millis: u64) -> StreamPolicy {
    StreamPolicy::default().with_commit(Commit::Window(Window::new(tokens, ms(millis))))
}

/// The stream of `a`, cut after so many events.
fn cut(at: usize) -> Vec<Piece> {
    whole(&A.events("text", WORDS)[..at])
}

fn word(text: &str) -> Piece {
    Piece::Event(Event::TextDelta { part: PartId(0), text: text.to_owned() })
}

#[tokio::test(start_paused = true)]
async fn complete_shows_nothing_before_the_last_word() {
    let mut slow = whole(&A.events("text", WORDS));
    for at in (2..slow.len()).rev() {
        slow.insert(at, Piece::Wait(1000));
    }
    let waits = slow.iter().filter(|piece| matches!(piece, Piece::Wait(_))).count();
    let a = Vendor::new("a", [slow]);
    let started = Instant::now();
    let mut stream = open(&driver(&[&a], complete()), &cx()).await.unwrap();
    let waits = Duration::from_secs(waits.try_into().unwrap());
    assert_eq!(started.elapsed(), waits);
    let mut text = String::new();
    while let Some(event) = stream.next().await {
        match event.unwrap() {
            Event::TextDelta { text: more, .. } => text.push_str(&more),
            Event::Finish(finish) => assert_eq!(finish.timing.first_content, Some(ms(1000)), "as the vendor made it"),
            _ => {}
        }
    }
    assert_eq!((text.as_str(), started.elapsed()), (WORDS, waits), "then it comes at once");
}

#[tokio::test(start_paused = true)]
async fn complete_verifies_what_it_holds() {
    let good = || Vendor::new("b", [whole(&B.events("text", WORDS))]);
    let mut failed = A.events("text", WORDS);
    if let Some(Event::Finish(finish)) = failed.last_mut() {
        finish.finish.reason = FinishReason::Error;
    }
    let mut disordered = A.events("text", WORDS);
    disordered.retain(|event| !matches!(event, Event::PartEnd { .. }));
    for (events, kind) in [(failed, ErrorKind::Server), (disordered, ErrorKind::Malformed)] {
        let (a, b) = (Vendor::new("a", [whole(&events)]), good());
        let response = read(&driver(&[&a, &b], complete())).await.outcome.unwrap();
        assert_eq!((response.text().as_str(), &*response.origin.provider), (WORDS, "b"));
        assert_eq!(response.attempts[0].failure.as_ref().unwrap().kind, kind);
    }
}

#[tokio::test(start_paused = true)]
async fn complete_keeps_the_timers_after_the_first_content() {
    let mut stalled = cut(4);
    stalled.extend([Piece::Wait(100_000), word("x"), Piece::Hang]);
    let (a, b) = (Vendor::new("a", [stalled]), Vendor::new("b", [whole(&B.events("text", WORDS))]));
    let started = Instant::now();
    let response = read(&driver(&[&a, &b], complete())).await.outcome.unwrap();
    let failure = response.attempts[0].failure.as_ref().unwrap();
    assert_eq!(failure.kind, ErrorKind::Timeout(TimeoutStage::Progress));
    assert_eq!(started.elapsed(), ms(100_000 + 120_000));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_long_to_hold_comes_as_it_is_made() {
    let long = "x".repeat(10_000);
    let mut events = whole(&A.events("text", &long));
    let last = events.len() - 1;
    events.insert(last, Piece::Wait(5000));
    let a = Vendor::new("a", [events.clone()]);
    let started = Instant::now();
    let stream = open(&driver(&[&a], complete().with_hold(5000)), &cx()).await.unwrap();
    assert_eq!(started.elapsed(), Duration::ZERO);
    assert_eq!(stream.collect().await.unwrap().text(), long);
    let second = whole(&B.events("text", &long));
    events.truncate(last - 2);
    let (a, b) = (Vendor::new("a", [events]), Vendor::new("b", [second]));
    let error = read(&driver(&[&a, &b], resume().with_hold(5000))).await.outcome.unwrap_err();
    assert_eq!((error.kind(), b.count()), (ErrorKind::Truncated, 0), "what is not remembered is not gone on with");
}

#[tokio::test(start_paused = true)]
async fn a_window_hides_breaks_within_it() {
    let second = || Vendor::new("b", [whole(&B.events("text", "Something else."))]);
    // Seven letters are two tokens, and the tenth is not there yet.
    let (a, b) = (Vendor::new("a", [cut(6)]), second());
    let response = read(&driver(&[&a, &b], window(10, 2000))).await.outcome.unwrap();
    assert_eq!((response.text().as_str(), response.attempts.len()), ("Something else.", 2));
    let (a, b) = (Vendor::new("a", [cut(7)]), second());
    let error = read(&driver(&[&a, &b], window(7, 2000))).await.outcome.unwrap_err();
    assert_eq!((error.kind(), b.count()), (ErrorKind::Truncated, 0));
    assert_eq!(error.partial().unwrap().text(), WORDS[..WORDS.len().min(35)], "what was held comes before the error");
}

#[tokio::test(start_paused = true)]
async fn a_window_gives_out_what_is_old() {
    let mut slow = cut(2);
    for text in ["one ", "two ", "three "] {
        slow.extend([Piece::Wait(1500), word(text)]);
    }
    slow.extend([Piece::Wait(60_000), word("four"), Piece::Event(end(PartId(0)))]);
    slow.extend(pieces(words("a", &[])).pop());
    let a = Vendor::new("a", [slow]);
    let started = Instant::now();
    let mut stream = open(&driver(&[&a], window(1000, 2000)), &cx()).await.unwrap();
    assert_eq!(started.elapsed(), ms(1500 + 2000), "two seconds after the first word");
    let mut times = Vec::new();
    while let Some(event) = stream.next().await {
        match event.unwrap() {
            Event::TextDelta { text, .. } => times.push((text, started.elapsed().as_millis())),
            Event::Finish(finish) => assert_eq!(finish.timing.first_content, Some(ms(1500))),
            _ => {}
        }
    }
    let times: Vec<_> = times.iter().map(|(text, at)| (text.as_str(), *at)).collect();
    assert_eq!(times, [("one ", 3500), ("two ", 5000), ("three ", 6500), ("four", 64_500)]);
}

#[tokio::test(start_paused = true)]
async fn what_a_window_holds_need_not_be_found_again() {
    let said = format!("{}kind of bird.", &WORDS[..15]);
    let (a, b) = (Vendor::new("a", [cut(5)]), Vendor::new("b", [whole(&B.events("text", &said))]));
    assert!(read(&driver(&[&a, &b], resume())).await.outcome.is_err(), "21 letters were sent, 15 are the same");
    let (a, b) = (Vendor::new("a", [cut(5)]), Vendor::new("b", [whole(&B.events("text", &said))]));
    let policy = window(3, 2000).with_on_break(OnBreak::Resume);
    let seen = read(&driver(&[&a, &b], policy)).await;
    assert_eq!(seen.outcome.as_ref().unwrap().text(), said);
    assert!(seen.is_resumed());
}
