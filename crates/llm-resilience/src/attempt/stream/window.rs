//! The newest part of a stream, held back. Pure: the time is an argument.

use std::collections::VecDeque;

use llm_core::{Event, PartKind};
use tokio::time::Instant;

use super::policy::Window;
use crate::timeout::after;

/// Bytes of text that are taken for one token.
const BYTES_PER_TOKEN: usize = 4;

/// Holds back what is young, in the order in which it came.
#[derive(Debug)]
pub(in crate::attempt) struct HoldBack {
    window: Window,
    /// Most bytes that are held.
    limit: usize,
    events: VecDeque<Held>,
    tokens: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Held {
    event: Event,
    at: Instant,
    tokens: usize,
    bytes: usize,
}

impl HoldBack {
    pub(in crate::attempt) fn new(window: Window, limit: usize) -> Self {
        Self { window, limit, events: VecDeque::new(), tokens: 0, bytes: 0 }
    }

    /// Takes the newest event.
    pub(in crate::attempt) fn push(&mut self, event: Event, now: Instant) {
        let words = content_len(&event);
        let (tokens, bytes) = (words.div_ceil(BYTES_PER_TOKEN), weight(&event));
        self.tokens += tokens;
        self.bytes += bytes;
        self.events.push_back(Held { event, at: now, tokens, bytes });
    }

    /// The oldest event, if it need not be held any longer.
    pub(in crate::attempt) fn pop_due(&mut self, now: Instant) -> Option<Event> {
        let most = usize::try_from(self.window.tokens).unwrap_or(usize::MAX);
        let is_due = self.tokens > most || self.bytes > self.limit || self.due()? <= now;
        if is_due { self.pop() } else { None }
    }

    /// The oldest event, however young.
    pub(in crate::attempt) fn pop(&mut self) -> Option<Event> {
        let Held { event, tokens, bytes, .. } = self.events.pop_front()?;
        self.tokens -= tokens;
        self.bytes -= bytes;
        Some(event)
    }

    /// The bytes of answer that are held.
    pub(super) fn content_len(&self) -> usize {
        self.events.iter().map(|held| content_len(&held.event)).sum()
    }

    /// When the oldest event must be given out.
    pub(in crate::attempt) fn due(&self) -> Option<Instant> {
        self.events.front().map(|oldest| after(oldest.at, self.window.time))
    }
}

/// About how much memory an event holds.
pub(in crate::attempt) fn weight(event: &Event) -> usize {
    let content = match event {
        Event::SignatureDelta { signature, .. } => signature.len(),
        Event::Unknown { kind, data } => kind.len() + data.to_string().len(),
        _ => content_len(event),
    };
    size_of::<Event>() + content
}

/// The bytes of answer in an event.
pub(super) fn content_len(event: &Event) -> usize {
    match event {
        Event::TextDelta { text, .. } | Event::ReasoningDelta { text, .. } => text.len(),
        Event::ArgumentsDelta { json, .. } => json.len(),
        Event::MediaDelta { bytes, .. } => bytes.len(),
        Event::PartStart { shell, .. } => match &**shell {
            PartKind::Text { text, .. } | PartKind::Refusal { text } => text.len(),
            PartKind::Reasoning { text, encrypted, .. } => text.len() + encrypted.as_ref().map_or(0, String::len),
            PartKind::ToolCall(call) => call.name.len() + call.arguments.len(),
            _ => 0,
        },
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use llm_core::PartId;
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Event {
        Event::TextDelta { part: PartId(0), text: text.to_owned() }
    }

    fn end() -> Event {
        Event::PartEnd { part: PartId(0), truncated: false, ext: None }
    }

    fn drain(held: &mut HoldBack, now: Instant) -> usize {
        std::iter::from_fn(|| held.pop_due(now)).count()
    }

    #[test]
    fn what_enough_tokens_came_after_is_given_out() {
        let now = Instant::now();
        let mut held = HoldBack::new(Window::new(3, Duration::from_secs(2)), 1 << 20);
        for (text, given) in [("aaaa", 0), ("bbbb", 0), ("cccc", 0), ("dddd", 1), ("eeeeeeee", 2), ("", 0)] {
            held.push(words(text), now);
            assert_eq!(drain(&mut held, now), given, "{text}");
        }
        held.push(end(), now);
        assert_eq!(drain(&mut held, now), 0, "what has no words pushes nothing out");
    }

    #[test]
    fn what_is_old_is_given_out_and_the_rest_keeps_its_time() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut held = HoldBack::new(Window::new(100, Duration::from_secs(2)), 1 << 20);
        for ms in [0, 500, 1000] {
            held.push(words("x"), at(ms));
        }
        assert_eq!((drain(&mut held, at(1999)), held.due()), (0, Some(at(2000))));
        assert_eq!((drain(&mut held, at(2000)), held.due()), (1, Some(at(2500))));
        assert_eq!((drain(&mut held, at(9000)), held.due()), (2, None));
    }

    proptest! {
        /// Nothing is lost, swapped or held beyond either limit, and nothing goes while it is young and there is room.
        #[test]
        fn holds_exactly_the_newest(
            steps in proptest::collection::vec((0_usize..30, 0_u64..900), 1..60),
            tokens in 0_u32..20,
        ) {
            let start = Instant::now();
            let time = Duration::from_secs(2);
            let mut held = HoldBack::new(Window::new(tokens, time), 1 << 20);
            let (mut now, mut came, mut given) = (start, Vec::new(), 0);
            for (length, gap) in steps {
                now += Duration::from_millis(gap);
                held.push(words(&"x".repeat(length)), now);
                came.push((length.div_ceil(4), now));
                while let Some(event) = held.pop_due(now) {
                    let (cost, at) = came[given];
                    prop_assert_eq!(content_len(&event).div_ceil(4), cost);
                    let held: usize = came[given..].iter().map(|(cost, _)| cost).sum();
                    prop_assert!(at + time <= now || held > tokens as usize);
                    given += 1;
                }
                let rest: usize = came[given..].iter().map(|(cost, _)| cost).sum();
                prop_assert!(rest <= tokens as usize);
                prop_assert!(came[given..].iter().all(|(_, at)| *at + time > now));
            }
            while held.pop().is_some() {
                given += 1;
            }
            prop_assert_eq!((given, held.tokens, held.bytes), (came.len(), 0, 0));
        }
    }
}
