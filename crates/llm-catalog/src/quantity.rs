//! How much of which component a call was billed for: usage, taken apart so that every token is in one place only.

use llm_core::{Component, Usage};
use serde_json::{Map, Value};

/// The quantities of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quantities {
    pub(crate) counts: Vec<(Component, u64)>,
    /// Parts that vendors report may overlap, or be more than their whole; then a share of them is thought to be so.
    pub(crate) overlaps: Vec<Component>,
    pub(crate) input: Option<u64>,
    pub(crate) output: Option<u64>,
}

impl Quantities {
    /// Takes the usage apart, beside what else was counted.
    pub(crate) fn of(usage: &Usage, counted: &[(Component, u64)]) -> Self {
        let mut quantities = Self { input: usage.input, output: usage.output, ..Self::default() };
        let hour = usage.cache_write_1h.unwrap_or(0);
        let minutes = usage.cache_write.unwrap_or(0).saturating_sub(hour);
        quantities.share(
            usage.input,
            Component::Input,
            &[
                (Component::CacheRead, usage.cache_read),
                (Component::CacheWrite1h, Some(hour)),
                (Component::CacheWrite, Some(minutes)),
                (Component::InputAudio, usage.input_audio),
                (Component::InputImage, usage.input_image),
            ],
        );
        let image = usage.output_image.or_else(|| number(&usage.extra, &["completion_tokens_details", "image_tokens"]));
        quantities.share(
            usage.output,
            Component::Output,
            &[
                (Component::OutputAudio, usage.output_audio),
                (Component::OutputImage, image),
                (Component::Reasoning, usage.reasoning),
            ],
        );
        // What the caller counted goes before what the answer says.
        for (component, count) in &usage.counted {
            if counted.iter().all(|(other, _)| other != component) {
                quantities.push(*component, *count);
            }
        }
        for (component, paths) in BESIDE {
            let found = paths.iter().find_map(|path| number(&usage.extra, path));
            if usage.counted.contains_key(component) {
                continue;
            }
            if counted.iter().all(|(other, _)| other != component) {
                quantities.push(*component, found.unwrap_or(0));
            }
        }
        for (component, count) in counted {
            if !component.is_input_token() && !component.is_output_token() {
                quantities.push(*component, *count);
            }
        }
        quantities
    }

    fn share(&mut self, whole: Option<u64>, rest: Component, parts: &[(Component, Option<u64>)]) {
        let Some(mut left) = whole else { return };
        for (component, part) in parts {
            let part = part.unwrap_or(0);
            if part > left {
                self.overlaps.push(*component);
            }
            let taken = part.min(left);
            left -= taken;
            self.push(*component, taken);
        }
        self.push(rest, left);
    }

    fn push(&mut self, component: Component, count: u64) {
        if count > 0 {
            self.counts.push((component, count));
        }
    }
}

/// What vendors count beside tokens, by where they say it in their usage:
/// Anthropic; Perplexity's chats and its responses (genai-prices 0.2.3, extractors); Mistral's audio (recordings of 2026).
const BESIDE: &[(Component, &[&[&str]])] = &[
    (
        Component::WebSearch,
        &[
            &["server_tool_use", "web_search_requests"],
            &["num_search_queries"],
            &["tool_calls_details", "search_web", "invocation"],
        ],
    ),
    (Component::InputAudioSecond, &[&["prompt_audio_seconds"]]),
];

fn number(extra: &Map<String, Value>, path: &[&str]) -> Option<u64> {
    let (first, rest) = path.split_first()?;
    let value = rest.iter().try_fold(extra.get(*first)?, |value, key| value.get(key))?;
    value.as_u64()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn usage(json: Value) -> Usage {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn every_token_is_in_one_place() {
        let usage = usage(json!({
            "input": 1000, "cache_read": 300, "cache_write": 200, "cache_write_1h": 50, "input_audio": 40,
            "output": 100, "reasoning": 60, "server_tool_use": {"web_search_requests": 2},
        }));
        let quantities = Quantities::of(&usage, &[(Component::StorageSearch, 3), (Component::Output, 7)]);
        assert_eq!(
            quantities.counts,
            [
                (Component::CacheRead, 300),
                (Component::CacheWrite1h, 50),
                (Component::CacheWrite, 150),
                (Component::InputAudio, 40),
                (Component::Input, 460),
                (Component::Reasoning, 60),
                (Component::Output, 40),
                (Component::WebSearch, 2),
                (Component::StorageSearch, 3),
            ]
        );
        assert_eq!(quantities.overlaps, []);
    }

    #[test]
    fn parts_that_are_more_than_their_whole_are_cut_and_said() {
        let quantities =
            Quantities::of(&usage(json!({"input": 10, "cache_read": 30, "output": 5, "reasoning": 9})), &[]);
        assert_eq!(quantities.counts, [(Component::CacheRead, 10), (Component::Reasoning, 5)]);
        assert_eq!(quantities.overlaps, [Component::CacheRead, Component::Reasoning]);
    }

    #[test]
    fn what_is_counted_beside_tokens_is_billed_once() {
        let usage = usage(json!({"counted": {"input_audio_second": 4, "request": 2}, "prompt_audio_seconds": 3}));
        assert_eq!(
            Quantities::of(&usage, &[]).counts,
            [(Component::Request, 2), (Component::InputAudioSecond, 4)],
            "the neutral count goes before the vendor's field"
        );
        let counts = Quantities::of(&usage, &[(Component::Request, 3)]).counts;
        assert_eq!(counts, [(Component::InputAudioSecond, 4), (Component::Request, 3)], "the caller's before both");
    }

    #[test]
    fn what_was_not_reported_is_not_counted() {
        let quantities = Quantities::of(&usage(json!({"output": 5})), &[(Component::WebSearch, 1)]);
        assert_eq!(quantities.counts, [(Component::Output, 5), (Component::WebSearch, 1)]);
        assert_eq!(quantities.input, None);
    }
}
