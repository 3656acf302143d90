//! Going on with a stream by giving a model the words so far as its own beginning.

use std::sync::Arc;

use llm_core::{Error, ErrorKind, Event, PartId, Resumption, Role, Support, Warning};
use llm_resilience::{OnBreak, StreamPolicy};

use super::dialects::{A, B, whole};
use super::support::{Seen, Vendor, driver, read};
use crate::support::Piece;

const WORDS: &str = "The pelican is a large water bird with a long beak.";

fn resume() -> StreamPolicy {
    StreamPolicy::default().with_on_break(OnBreak::Resume)
}

/// A vendor whose stream is cut after 28 letters: `The pelican is a large water`.
fn cut() -> Arc<Vendor> {
    Vendor::new("a", [whole(&A.events("text", WORDS)[..6])])
}

const SENT: &str = "The pelican is a large water";

/// A vendor that takes prefills, and answers in turn.
fn takes_prefill(answers: impl IntoIterator<Item = Result<&'static str, Error>>) -> Arc<Vendor> {
    let play = |answer: Result<&str, Error>| answer.map(|words| whole(&B.events("text", words)));
    Vendor::with("b", Support::Yes, answers.into_iter().map(play))
}

fn refusal() -> Error {
    Error::new(ErrorKind::InvalidRequest, "this model does not support assistant message prefill").with_status(400)
}

fn how(seen: &Seen) -> Option<Resumption> {
    seen.outcome.as_ref().ok()?.warnings.iter().find_map(|warning| match warning {
        Warning::Resumed { how, .. } => Some(*how),
        _ => None,
    })
}

#[tokio::test(start_paused = true)]
async fn a_model_that_takes_a_prefill_is_given_the_words_so_far() {
    for said in [
        " bird with a pouch.",
        "The pelican is a large water bird with a pouch.",
        "is a large water bird with a pouch.",
    ] {
        let (a, b) = (cut(), takes_prefill([Ok(said)]));
        let seen = read(&driver(&[&a, &b], resume())).await;
        let text = seen.outcome.as_ref().unwrap().text();
        assert_eq!(text, format!("{SENT} bird with a pouch."), "{said}");
        assert_eq!(how(&seen), Some(Resumption::Prefill));
        let asked = b.asked();
        let last = asked[0].messages.last().unwrap();
        assert_eq!((asked.len(), &last.role, last.text().as_str()), (1, &Role::Assistant, SENT));
        assert_eq!(asked[0].messages.len(), 2, "no words of ours");
        assert_eq!(asked[0].messages[0], a.asked()[0].messages[0]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_begins_again_otherwise_is_no_continuation() {
    let (a, b) = (cut(), takes_prefill([Ok("The pelican is a large bird, and it fishes.")]));
    let error = read(&driver(&[&a, &b], resume())).await.outcome.unwrap_err();
    assert_eq!((error.provider(), error.kind(), b.count()), (Some("a"), ErrorKind::Truncated, 1));
    assert_eq!(error.partial().unwrap().text(), SENT);
}

#[tokio::test(start_paused = true)]
async fn a_refused_prefill_is_followed_by_one_restart() {
    let (a, b) = (cut(), takes_prefill([Err(refusal()), Ok(WORDS)]));
    let seen = read(&driver(&[&a, &b], resume())).await;
    assert_eq!(seen.outcome.as_ref().unwrap().text(), WORDS);
    assert_eq!((how(&seen), b.count()), (Some(Resumption::Restart), 2));
    assert_eq!(b.asked()[1].messages.len(), 1, "a restart is the request as it was");
    let kinds: Vec<_> =
        seen.outcome.unwrap().attempts.iter().map(|it| it.failure.as_ref().map(|failure| failure.kind)).collect();
    assert_eq!(kinds, [Some(ErrorKind::Truncated), Some(ErrorKind::InvalidRequest), None]);
}

#[tokio::test(start_paused = true)]
async fn the_error_is_the_first_ones_whatever_comes_of_the_second() {
    let failing = Error::new(ErrorKind::Server, "scripted").with_status(500);
    for (answers, calls) in [
        (vec![Err(refusal()), Ok("Something else.")], 2),
        (vec![Err(refusal()), Err(refusal())], 2),
        (vec![Err(failing)], 1),
    ] {
        let (a, b) = (cut(), takes_prefill(answers));
        let error = read(&driver(&[&a, &b], resume())).await.outcome.unwrap_err();
        assert_eq!((error.provider(), error.kind(), error.status()), (Some("a"), ErrorKind::Truncated, None));
        assert_eq!((error.attempts().len(), b.count()), (1 + calls, calls), "all of it stands in the log");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_known_capability_the_request_is_sent_as_it_was() {
    for support in [Support::Unknown, Support::No] {
        let (a, b) = (cut(), Vendor::with("b", support, [Ok(whole(&B.events("text", WORDS)))]));
        let seen = read(&driver(&[&a, &b], resume())).await;
        assert_eq!((how(&seen), b.asked()[0].messages.len()), (Some(Resumption::Restart), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn only_plain_words_are_given_as_a_prefill() {
    for kind in ["reasoning", "sealed", "tools", "citations", "media", "candidates"] {
        let events = A.events(kind, WORDS);
        let (a, b) = (
            Vendor::new("a", [whole(&events[..events.len() - 4])]),
            Vendor::with("b", Support::Yes, [Ok(whole(&B.events(kind, WORDS)))]),
        );
        let seen = read(&driver(&[&a, &b], resume())).await;
        assert_eq!((how(&seen), b.asked()[0].messages.len()), (Some(Resumption::Restart), 1), "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn blanks_at_the_end_are_not_sent_and_not_lost() {
    for said in [" bird.", "bird."] {
        let mut first = vec![A.start()];
        first.extend(A.text(PartId(0), 0, "The pelican is a large water "));
        first.retain(|event| !matches!(event, Event::PartEnd { .. }));
        let (a, b) = (Vendor::new("a", [whole(&first)]), takes_prefill([Ok(said)]));
        let response = read(&driver(&[&a, &b], resume())).await.outcome.unwrap();
        assert_eq!(response.text(), "The pelican is a large water bird.");
        assert_eq!(b.asked()[0].messages[1].text(), SENT);
    }
}

/// Every beginning of an answer, however it is cut, goes on to the same words.
#[tokio::test(start_paused = true)]
async fn a_continuation_joins_after_every_event() {
    let events = A.events("text", WORDS);
    for at in 3..events.len() - 3 {
        let sent: usize = events[..at]
            .iter()
            .map(|event| match event {
                Event::TextDelta { text, .. } => text.len(),
                _ => 0,
            })
            .sum();
        for repeated in [0, 16, 25] {
            let from = if repeated > sent { continue } else { sent - repeated };
            // The blanks at the end were not sent.
            let from = if repeated == 0 { WORDS[..from].trim_end().len() } else { from };
            let second: Vec<Piece> = whole(&B.events("text", &WORDS[from..]));
            let (a, b) = (Vendor::new("a", [whole(&events[..at])]), Vendor::with("b", Support::Yes, [Ok(second)]));
            let seen = read(&driver(&[&a, &b], resume())).await;
            assert_eq!(seen.outcome.as_ref().map(llm_core::ChatResponse::text).ok().as_deref(), Some(WORDS), "{at}");
            assert_eq!(how(&seen), Some(Resumption::Prefill));
        }
    }
}
