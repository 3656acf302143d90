//! What vendors and gateways put before requests unseen: a prompt of their own, which no request shows but every usage
//! counts. It is learnt for each target and shape of request from what short ones were counted more than estimated.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use llm_core::{ChatRequest, OutputFormat, PartKind, Request, Tool};

/// Targets that are remembered, each for some shapes of request.
const MOST: usize = 1024;
/// The last answers that count.
const WINDOW: usize = 8;
/// So many must agree: one strange answer teaches nothing.
const ENOUGH: usize = 3;
/// A longer request teaches the scale of its family; in it, an unseen prompt and a wrong scale look alike.
const SHORT: u64 = 1000;
/// The most that is believed.
const FARTHEST: i64 = 32_768;
/// How far apart answers may be that agree: by so many tokens or this part of the middle one.
const APART: i64 = 8;
const PART: i64 = 4;

/// A target and the shape of a request to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key(u64);

impl Key {
    pub(super) fn of(provider: &str, model: &str, request: &Request) -> Self {
        let shape = match request {
            Request::Chat(chat) | Request::ChatStream(chat) => shape(chat),
            _ => 0,
        };
        let mut hasher = DefaultHasher::new();
        (provider, model, shape).hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// What a vendor may tell the model more about: tools, its own tools, the form of the answer, media.
fn shape(chat: &ChatRequest) -> u8 {
    let has_media =
        chat.messages.iter().any(|message| message.content.iter().any(|part| matches!(part.kind, PartKind::Media(_))));
    u8::from(!chat.tools.is_empty())
        | u8::from(chat.tools.iter().any(|tool| matches!(**tool, Tool::Provider { .. }))) << 1
        | u8::from(matches!(chat.output, OutputFormat::JsonSchema(_))) << 2
        | u8::from(has_media) << 3
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    off: [i64; WINDOW],
    count: usize,
    /// When it was last taught, by the number of the lesson.
    lesson: u64,
}

impl Seen {
    /// What all but the farthest quarter of the last answers were off at least; 0 where they do not agree.
    fn offset(&self) -> i64 {
        let count = self.count.min(WINDOW);
        if count < ENOUGH {
            return 0;
        }
        let mut sorted = self.off;
        let sorted = &mut sorted[..count];
        sorted.sort_unstable();
        let (low, high) = (sorted[count / 4], sorted[count - 1 - count / 4]);
        if high - low > APART.max(sorted[count / 2].abs() / PART) {
            return 0;
        }
        low.max(0) + high.min(0)
    }
}

/// What was learnt of all targets; what is older than the last eight answers is forgotten.
#[derive(Debug, Default)]
pub(super) struct Offsets {
    seen: HashMap<Key, Seen>,
    lessons: u64,
}

impl Offsets {
    /// What a target counts beyond the request.
    pub(super) fn of(&self, key: Key) -> i64 {
        self.seen.get(&key).map_or(0, Seen::offset)
    }

    /// Learns that what was estimated without an offset was counted as so many tokens.
    pub(super) fn learn(&mut self, key: Key, estimated: u64, counted: u64) {
        if estimated >= SHORT {
            return;
        }
        if self.seen.len() >= MOST && !self.seen.contains_key(&key) {
            let oldest = self.seen.iter().min_by_key(|(_, seen)| seen.lesson).map(|(key, _)| *key);
            oldest.and_then(|key| self.seen.remove(&key));
        }
        self.lessons += 1;
        let seen = self.seen.entry(key).or_default();
        let whole = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
        let off = whole(counted).saturating_sub(whole(estimated));
        seen.off[seen.count % WINDOW] = off.clamp(-FARTHEST, FARTHEST);
        // Stays where it knows that the window is full and which place comes next.
        seen.count = if seen.count + 1 < 2 * WINDOW { seen.count + 1 } else { WINDOW };
        seen.lesson = self.lessons;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn key(model: &str) -> Key {
        Key::of("gateway", model, &Request::Chat(Arc::new(ChatRequest::new("m").with_user("hi"))))
    }

    #[test]
    fn a_hidden_prompt_is_believed_when_three_answers_agree_and_forgotten_when_it_goes() {
        let mut offsets = Offsets::default();
        let hidden = key("hidden");
        for (off, learnt) in [(600, 0), (604, 0), (598, 598), (602, 600)] {
            offsets.learn(hidden, 20, 20 + off);
            assert_eq!(offsets.of(hidden), i64::from(learnt), "after {off}");
        }
        assert_eq!(offsets.of(key("other")), 0);
        (0..6).for_each(|_| offsets.learn(hidden, 20, 20));
        assert_eq!(offsets.of(hidden), 0);
        (0..40).for_each(|_| offsets.learn(hidden, 50, 43));
        assert_eq!(offsets.of(hidden), -7);
    }

    #[test]
    fn what_does_not_agree_and_what_is_long_teaches_nothing() {
        let mut offsets = Offsets::default();
        let key = key("m");
        for counted in [120, 900, 40, 5000, 100, 260] {
            offsets.learn(key, 100, counted);
            assert_eq!(offsets.of(key), 0);
        }
        let mut offsets = Offsets::default();
        (0..9).for_each(|_| offsets.learn(key, 5000, 5600));
        assert_eq!(offsets.of(key), 0);
        let mut offsets = Offsets::default();
        (0..9).for_each(|_| offsets.learn(key, 5, u64::MAX));
        assert_eq!(offsets.of(key), FARTHEST);
    }

    #[test]
    fn no_more_targets_are_remembered_than_bounded() {
        let mut offsets = Offsets::default();
        for model in 0..MOST + 5 {
            (0..3).for_each(|_| offsets.learn(key(&model.to_string()), 5, 105));
        }
        assert_eq!(offsets.seen.len(), MOST);
        assert_eq!((offsets.of(key("0")), offsets.of(key("9"))), (0, 100));
    }
}
