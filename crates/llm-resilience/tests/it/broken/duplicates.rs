//! No word twice and none left out, whatever two vendors say and however they cut it.

use llm_core::{Event, PartId};
use llm_resilience::{Commit, OnBreak, StreamPolicy, Window};
use proptest::prelude::*;

use super::dialects::{A, B, begin, end, whole};
use super::support::{Vendor, driver, read};
use crate::support::{Piece, ms, words};

/// What the second vendor says of the same question.
#[derive(Clone, Debug)]
enum Other {
    Same,
    /// The same up to here, then something else.
    Diverging(usize),
    /// The same, but it stops here.
    Shorter(usize),
    /// The same, and then more.
    Longer(String),
    Different(String),
}

fn other() -> impl Strategy<Value = Other> {
    prop_oneof![
        Just(Other::Same),
        (0_usize..40).prop_map(Other::Diverging),
        (0_usize..40).prop_map(Other::Shorter),
        "[ab é]{1,12}".prop_map(Other::Longer),
        "[ab é]{0,30}".prop_map(Other::Different),
    ]
}

/// Cuts a text into pieces of these lengths, empty ones included.
fn pieces(text: &str, lengths: &[usize]) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let (mut pieces, mut from) = (Vec::new(), 0);
    for length in lengths.iter().cycle().take(4 * chars.len() + 4) {
        let to = chars.len().min(from + length);
        pieces.push(chars[from..to].iter().collect());
        from = to;
        if from == chars.len() {
            break;
        }
    }
    pieces.push(chars[from..].iter().collect());
    pieces
}

fn stream(id: &'static str, part: PartId, text: &str, lengths: &[usize]) -> Vec<Event> {
    let mut events = vec![if id == "a" { A.start() } else { B.start() }];
    events.push(begin(part, 0, llm_core::Part::text("").kind));
    events.extend(pieces(text, lengths).into_iter().map(|text| Event::TextDelta { part, text }));
    events.push(end(part));
    events.extend(words(id, &[]).pop());
    events
}

fn policies() -> impl Strategy<Value = StreamPolicy> {
    let commit = prop_oneof![
        2 => Just(Commit::FirstOutput),
        3 => (0_u32..6).prop_map(|tokens| Commit::Window(Window::new(tokens, ms(2000)))),
        1 => Just(Commit::Complete),
    ];
    let on_break = prop_oneof![1 => Just(OnBreak::Error), 3 => Just(OnBreak::Resume)];
    (commit, on_break)
        .prop_map(|(commit, on_break)| StreamPolicy::default().with_commit(commit).with_on_break(on_break))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn no_duplicate_tokens(
        text in "[ab é]{0,40}",
        other in other(),
        first_cuts in proptest::collection::vec(0_usize..6, 1..6),
        second_cuts in proptest::collection::vec(1_usize..9, 1..6),
        at in 0_usize..60,
        gaps in proptest::collection::vec(0_u64..900, 1..4),
        policy in policies(),
    ) {
        let prefix = |to: usize| text.chars().take(to).collect::<String>();
        let said = match &other {
            Other::Same => text.clone(),
            Other::Diverging(at) => prefix(*at) + "X and so on",
            Other::Shorter(at) => prefix(*at),
            Other::Longer(more) => format!("{text}{more}"),
            Other::Different(said) => said.clone(),
        };
        let events = stream("a", PartId(0), &text, &first_cuts);
        let at = at.min(events.len());
        let came: String = events[..at].iter().filter_map(|event| match event {
            Event::TextDelta { text, .. } => Some(text.as_str()),
            _ => None,
        }).collect();
        let gap = |(place, piece)| [Piece::Wait(gaps[place % gaps.len()]), piece];
        let cut: Vec<Piece> = whole(&events[..at]).into_iter().enumerate().flat_map(gap).collect();
        let second = whole(&stream("b", PartId(3), &said, &second_cuts));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (a, b) = (Vendor::new("a", [cut]), Vendor::new("b", [second]));
            let seen = read(&driver(&[&a, &b], policy.clone())).await;
            prop_assert_eq!(a.live() + b.live(), 0);
            prop_assert!(b.count() <= 1, "one second call at most");
            match &seen.outcome {
                // The first answer alone.
                Ok(response) if b.count() == 0 => {
                    prop_assert!(at == events.len());
                    prop_assert_eq!(response.text(), text);
                }
                // The second one's words, all of them, be it unseen or after what was seen.
                Ok(response) => {
                    prop_assert_eq!(response.text(), said);
                    prop_assert_eq!(seen.is_resumed(), &*response.origin.provider == "a");
                }
                // All that came of the first one, and nothing else.
                Err(error) => {
                    prop_assert_eq!(error.provider(), Some("a"));
                    let shown = error.partial().map(llm_core::ChatResponse::text).unwrap_or_default();
                    prop_assert_eq!(&shown, &came);
                    let tries = policy.on_break == OnBreak::Resume;
                    prop_assert_eq!(b.count(), usize::from(tries));
                    // It is told only where the second answer does not lead on from what the caller had then: an end of
                    // the words is part of that.
                    let ended = events[..at].iter().any(|event| matches!(event, Event::PartEnd { .. }));
                    let leads_on = if ended { said == came } else { said.starts_with(&came) };
                    prop_assert!(!tries || !leads_on, "{:?} goes on from {:?}", said, came);
                }
            }
            Ok(())
        })?;
    }
}
