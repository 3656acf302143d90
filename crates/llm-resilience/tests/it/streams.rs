//! The commit rule: before the first content a stream may be replaced unseen, after it never.

use llm_core::{Error, ErrorKind, Event, PartId, Progress, TimeoutStage};
use llm_resilience::RetryPolicy;

use crate::support::{Act, Memory, Piece, Scripted, cx, driver, error, ms, open, pieces, preamble, words};

const WORDS: [&str; 4] = ["one ", "two ", "three ", "four"];

/// What a caller sees of a stream: its words, its attempts by target, and how it ended.
async fn seen(driver: &std::sync::Arc<dyn llm_core::Provider>) -> (String, usize, Result<(), Error>) {
    let mut stream = match open(driver, &cx()).await {
        Ok(stream) => stream,
        Err(error) => return (String::new(), 0, Err(error)),
    };
    let (mut text, mut ends, mut outcome) = (String::new(), 0, Ok(()));
    while let Some(event) = stream.next().await {
        assert_eq!(ends, 0, "nothing comes after the end");
        match event {
            Ok(Event::TextDelta { text: more, .. }) => text.push_str(&more),
            Ok(Event::Finish(_)) => ends += 1,
            Ok(_) => {}
            Err(error) => {
                ends += 1;
                outcome = Err(error);
            }
        }
    }
    assert!(stream.next().await.is_none(), "it stays ended");
    (text, ends, outcome)
}

/// The stream of `a` is broken after every number of events, in every way; `b` would answer.
#[tokio::test(start_paused = true)]
async fn cut_at_every_event() {
    let whole = pieces(words("a", &WORDS));
    let answer: String = WORDS.concat();
    let breaks: [&[Piece]; 4] = [
        &[],
        &[Piece::Fail(error(ErrorKind::Overloaded))],
        &[Piece::Hang],
        &[Piece::Fail(error(ErrorKind::Server).with_progress(Progress::Committed)), Piece::Hang],
    ];
    for at in 0..whole.len() {
        for broken in breaks {
            let cut: Vec<Piece> = whole[..at].iter().chain(broken).cloned().collect();
            let (first, second) = (Scripted::new("a", [Act::Stream(cut)]), Scripted::new("b", [Act::Answer(0)]));
            let driver = driver(&[&first, &second]).retry(RetryPolicy::none()).build();
            let (text, ends, outcome) = seen(&driver).await;
            assert_eq!(ends, 1, "cut at {at}: exactly one end");
            // Ping, start and part start come before the first word.
            if at <= 3 {
                assert!(outcome.is_ok(), "cut at {at}: {outcome:?}");
                assert_eq!((text.as_str(), second.count()), ("b", 1), "cut at {at}: the other answers, unseen");
            } else {
                let error = outcome.unwrap_err();
                assert!(answer.starts_with(&text) && !text.is_empty(), "cut at {at}: {text:?}");
                assert_eq!((error.progress(), second.count()), (Progress::Committed, 0), "cut at {at}");
                assert_eq!((error.provider(), error.attempts().len()), (Some("a"), 1));
                let kind = error.kind();
                let expected = match broken {
                    [] => ErrorKind::Truncated,
                    [Piece::Hang] => ErrorKind::Timeout(TimeoutStage::Progress),
                    [Piece::Fail(error), ..] => error.kind(),
                    _ => unreachable!(),
                };
                assert_eq!(kind, expected);
            }
            assert_eq!(first.live() + second.live(), 0);
        }
    }
    let first = Scripted::new("a", [Act::Stream(whole)]);
    let (text, ends, outcome) = seen(&driver(&[&first]).build()).await;
    assert_eq!((text, ends, outcome.is_ok()), (answer, 1, true));
}

#[tokio::test(start_paused = true)]
async fn an_error_in_a_200_before_content_is_retried_unseen() {
    let in_band = Act::Stream(vec![Piece::Fail(error(ErrorKind::Server))]);
    let good = Act::Stream(pieces(words("a", &WORDS)));
    let only = Scripted::new("a", [in_band.clone(), in_band, good]);
    let response = open(&driver(&[&only]).build(), &cx()).await.unwrap().collect().await.unwrap();
    assert_eq!((response.text(), response.attempts.len()), (WORDS.concat(), 3));
    assert_eq!(response.attempts[1].failure.as_ref().unwrap().kind, ErrorKind::Server);
    assert!(response.attempts[2].failure.is_none());
}

#[tokio::test(start_paused = true)]
async fn preamble_never_commits() {
    let part = PartId(0);
    let nothing = || {
        vec![
            Event::Ping,
            Event::TextDelta { part, text: String::new() },
            Event::ReasoningDelta { part, text: String::new() },
            Event::ArgumentsDelta { part, json: String::new() },
            Event::SignatureDelta { part, signature: "sig".to_owned() },
            Event::Usage(Box::default()),
            Event::Unknown { kind: "debug".to_owned(), data: serde_json::json!({ "trace": [1, 2, 3] }) },
        ]
    };
    let mut events = preamble("a");
    events.extend(nothing());
    events.extend(nothing());
    let mut cut = pieces(events.clone());
    cut.push(Piece::Fail(error(ErrorKind::Auth)));
    let (first, second) = (Scripted::new("a", [Act::Stream(cut)]), Scripted::new("b", [Act::Answer(0)]));
    let (text, ..) = seen(&driver(&[&first, &second]).build()).await;
    assert_eq!(text, "b", "none of it was shown");

    events.extend(words("a", &["x"]).split_off(3));
    let first = Scripted::new("a", [Act::Stream(pieces(events.clone()))]);
    let mut stream = open(&driver(&[&first]).build(), &cx()).await.unwrap();
    let mut got = Vec::new();
    while let Some(event) = stream.next().await {
        got.push(event.unwrap());
    }
    let kind = |event: &Event| std::mem::discriminant(event);
    let expected: Vec<_> = events.iter().filter(|event| !matches!(event, Event::Ping)).map(kind).collect();
    assert_eq!(got.iter().map(kind).collect::<Vec<_>>(), expected, "on commit it is given out in order, pings aside");
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_content_is_an_answer() {
    let only = Scripted::new("a", [Act::Stream(pieces(words("a", &[])))]);
    let (text, ends, outcome) = seen(&driver(&[&only]).build()).await;
    assert_eq!((text.as_str(), ends, outcome.is_ok(), only.count()), ("", 1, true, 1));
}

#[tokio::test(start_paused = true)]
async fn too_long_a_preamble_is_a_failed_attempt() {
    let flood = Event::Unknown { kind: "debug".to_owned(), data: "x".repeat(10_000).into() };
    let mut pieces_of_a = pieces(preamble("a"));
    pieces_of_a.extend(vec![Piece::Event(flood); 10]);
    pieces_of_a.push(Piece::Hang);
    let (first, second) = (Scripted::new("a", [Act::Stream(pieces_of_a)]), Scripted::new("b", [Act::Answer(0)]));
    let response = open(&driver(&[&first, &second]).build(), &cx()).await.unwrap().collect().await.unwrap();
    assert_eq!(response.text(), "b");
    assert_eq!(response.attempts[0].failure.as_ref().unwrap().kind, ErrorKind::Malformed);
}

#[tokio::test(start_paused = true)]
async fn the_start_tells_all_attempts_and_the_finish_all_times() {
    let mut slow = vec![Piece::Wait(300)];
    slow.extend(pieces(words("b", &["x"])));
    slow.insert(5, Piece::Wait(700));
    let first = Scripted::new("a", [Act::Fail(200, error(ErrorKind::RateLimited))]);
    let second = Scripted::new("b", [Act::Stream(slow)]);
    let mut stream = open(&driver(&[&first, &second]).build(), &cx()).await.unwrap();
    let Some(Ok(Event::Start(start))) = stream.next().await else { panic!("no start") };
    let log: Vec<(String, _)> = start.attempts.iter().map(|it| (it.target.to_string(), it.duration)).collect();
    assert_eq!(log, [("a/m".to_owned(), ms(200)), ("b/m".to_owned(), ms(300))]);
    let mut last = None;
    while let Some(event) = stream.next().await {
        last = Some(event.unwrap());
    }
    let Some(Event::Finish(finish)) = last else { panic!("no finish") };
    assert_eq!((finish.timing.first_content, finish.timing.total), (Some(ms(500)), Some(ms(1200))));
}

#[tokio::test(start_paused = true)]
async fn a_stream_completes_once_with_what_is_known_of_its_usage() {
    let whole = pieces(words("a", &WORDS));
    let mut late_error = whole.clone();
    late_error.pop();
    late_error.push(Piece::Fail(error(ErrorKind::Server)));
    let mut no_usage = whole[..4].to_vec();
    no_usage.push(Piece::Fail(error(ErrorKind::Network)));
    for (pieces, last) in [
        (whole, "completed a/m ok (3 in, 5 out)"),
        (late_error, "completed a/m server (3 in, 5 out)"),
        (no_usage, "completed a/m network (? in, ? out)"),
    ] {
        let only = Scripted::new("a", [Act::Stream(pieces)]);
        let (memory, cx) = Memory::cx();
        let _ = open(&driver(&[&only]).build(), &cx).await.unwrap().collect().await;
        assert_eq!(memory.lines(), ["1 a/m starts", "1 a/m ok", last]);
    }
}
