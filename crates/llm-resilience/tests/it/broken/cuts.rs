//! Every kind of content, broken after every event, in every way, under every policy.

use llm_core::Progress;
use llm_resilience::{Commit, OnBreak, StreamPolicy, Window};

use super::dialects::{A, B, KINDS, whole};
use super::support::{Vendor, boxed, breaks, driver, is_beginning, shown};
use crate::support::ms;

const WORDS: &str = "The pelican is a large water bird; Pelikane fischen im Schwärmen.";

fn policies() -> Vec<(&'static str, StreamPolicy)> {
    let window = |tokens| Commit::Window(Window::new(tokens, ms(2000)));
    let policy = StreamPolicy::default;
    vec![
        ("first output, error", policy()),
        ("small window, error", policy().with_commit(window(4))),
        ("large window, error", policy().with_commit(window(1000))),
        ("complete", policy().with_commit(Commit::Complete)),
        ("first output, resume", policy().with_on_break(OnBreak::Resume)),
        ("small window, resume", policy().with_commit(window(4)).with_on_break(OnBreak::Resume)),
    ]
}

/// What the caller sees is a beginning of one vendor's answer, a declared resumption, or the other's whole answer.
#[tokio::test(start_paused = true)]
async fn cut_at_every_event() {
    let mut runs = 0;
    for kind in KINDS {
        let events = A.events(kind, WORDS);
        let alone = Vendor::new("a", [whole(&events)]);
        let answer = boxed(&driver(&[&alone], StreamPolicy::default())).await.outcome.unwrap();
        for (said, same) in [(WORDS, true), ("Something else altogether.", false)] {
            let other_events = B.events(kind, said);
            let alone = Vendor::new("b", [whole(&other_events)]);
            let other = boxed(&driver(&[&alone], StreamPolicy::default())).await.outcome.unwrap();
            assert_eq!(shown(&answer) == shown(&other), same, "{kind}");
            for (name, policy) in policies() {
                for (how, end) in breaks() {
                    for at in 0..events.len() {
                        let cut = whole(&events[..at]).into_iter().chain(end.clone()).collect();
                        let (first, second) = (Vendor::new("a", [cut]), Vendor::new("b", [whole(&other_events)]));
                        let seen = boxed(&driver(&[&first, &second], policy.clone())).await;
                        let place = format!("{kind} ({said}), {name}, {how} after {at}: {:?}", seen.outcome);
                        runs += 1;
                        assert_eq!(first.live() + second.live(), 0, "{place}");
                        match &seen.outcome {
                            Ok(response) => {
                                let by_first = &*response.origin.provider == "a";
                                assert_eq!(seen.shown(), shown(&other), "{place}");
                                assert_eq!(seen.is_resumed(), by_first, "{place}");
                                assert!(!seen.is_resumed() || name.ends_with("resume"), "{place}");
                                assert_eq!(response.attempts.len(), 2, "{place}");
                                let failed: Vec<_> = response.attempts.iter().map(|it| it.failure.is_some()).collect();
                                assert_eq!(failed, [true, false], "{place}");
                            }
                            Err(error) => {
                                assert_eq!(error.progress(), Progress::Committed, "{place}");
                                assert_eq!(error.provider(), Some("a"), "the first error is told: {place}");
                                assert!(name != "complete", "{place}");
                                assert!(
                                    !(same && name.ends_with("resume")),
                                    "it could have been gone on with: {place}"
                                );
                                let partial = error.partial().unwrap();
                                assert!(is_beginning(&partial.message, &answer.message), "{place}");
                                let second = usize::from(name.ends_with("resume"));
                                assert_eq!(error.attempts().len(), 1 + second, "{place}");
                                assert!(error.attempts().iter().all(|attempt| attempt.failure.is_some()), "{place}");
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(runs > 5000, "{runs} runs");
}
