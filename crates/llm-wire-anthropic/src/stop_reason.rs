//! The words for why an answer ended, both ways.

use llm_core::{Finish, FinishReason};
use llm_wire::finish;

use crate::API;

/// Loquat's word for the vendor's.
pub(crate) fn decode(word: Option<&str>, has_calls: bool) -> Finish {
    finish::finish(word, has_calls, |word| {
        Some(match word {
            "end_turn" | "stop_sequence" => FinishReason::Stop,
            "tool_use" => FinishReason::ToolCalls,
            "max_tokens" => FinishReason::Length,
            "model_context_window_exceeded" => FinishReason::ContextWindow,
            // The second is a stop after the summary, so that the client may add to it before it asks to go on
            // (`pause_after_compaction`, Anthropic's page on compaction, 2026).
            "pause_turn" | "compaction" => FinishReason::Pause,
            "refusal" => FinishReason::Refusal,
            _ => return None,
        })
    })
}

/// The vendor's word for Loquat's. What another vendor said is translated, what Anthropic said is repeated.
pub(crate) fn encode<'a>(finish: &'a Finish, api: &str, met_stop_text: bool) -> Option<&'a str> {
    if let Some(word) = finish::repeated(finish, api, API) {
        return word;
    }
    Some(match &finish.reason {
        FinishReason::Stop if met_stop_text => "stop_sequence",
        FinishReason::Stop => "end_turn",
        FinishReason::Length => "max_tokens",
        FinishReason::ToolCalls => "tool_use",
        FinishReason::ContentFilter | FinishReason::Refusal => "refusal",
        FinishReason::ContextWindow => "model_context_window_exceeded",
        FinishReason::Pause => "pause_turn",
        other => other.as_str(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_its_meaning() {
        let check = |word, has_calls, reason: FinishReason| assert_eq!(decode(word, has_calls).reason, reason);
        check(Some("end_turn"), false, FinishReason::Stop);
        check(Some("stop_sequence"), false, FinishReason::Stop);
        check(Some("compaction"), false, FinishReason::Pause);
        check(Some("end_turn"), true, FinishReason::ToolCalls);
        check(None, true, FinishReason::ToolCalls);
        check(Some("tool_use"), false, FinishReason::ToolCalls);
        check(Some("max_tokens"), true, FinishReason::Length);
        check(Some("model_context_window_exceeded"), false, FinishReason::ContextWindow);
        check(Some("pause_turn"), false, FinishReason::Pause);
        check(Some("refusal"), false, FinishReason::Refusal);
        check(Some("tomorrow"), false, FinishReason::Other("tomorrow".to_owned()));
        check(None, false, FinishReason::Other("unknown".to_owned()));
    }

    #[test]
    fn a_foreign_word_is_translated_and_our_own_is_repeated() {
        let stop = Finish::new(FinishReason::Stop, "stop");
        assert_eq!(encode(&stop, "openai-chat", false), Some("end_turn"));
        assert_eq!(encode(&stop, "openai-chat", true), Some("stop_sequence"));
        let ours = Finish::new(FinishReason::ToolCalls, "end_turn");
        assert_eq!(encode(&ours, API, false), Some("end_turn"));
    }
}
