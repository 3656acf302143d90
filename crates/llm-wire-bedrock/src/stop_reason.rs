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
            "guardrail_intervened" | "content_filtered" => FinishReason::ContentFilter,
            "refusal" => FinishReason::Refusal,
            "malformed_model_output" | "malformed_tool_use" => FinishReason::Error,
            _ => return None,
        })
    })
}

/// The vendor's word for Loquat's. What another vendor said is translated, what this one said is repeated.
pub(crate) fn encode<'a>(finish: &'a Finish, api: &str) -> Option<&'a str> {
    if let Some(word) = finish::repeated(finish, api, API) {
        return word;
    }
    Some(match &finish.reason {
        FinishReason::Stop | FinishReason::Pause => "end_turn",
        FinishReason::Length => "max_tokens",
        FinishReason::ToolCalls => "tool_use",
        FinishReason::ContentFilter | FinishReason::Refusal => "content_filtered",
        FinishReason::ContextWindow => "model_context_window_exceeded",
        FinishReason::Error => "malformed_model_output",
        other => other.as_str(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_only_this_vendor_has() {
        let check = |word, has_calls, reason: FinishReason| assert_eq!(decode(word, has_calls).reason, reason);
        check(Some("guardrail_intervened"), false, FinishReason::ContentFilter);
        check(Some("content_filtered"), true, FinishReason::ContentFilter);
        check(Some("malformed_tool_use"), false, FinishReason::Error);
    }

    #[test]
    fn a_foreign_word_is_translated_and_our_own_is_repeated() {
        assert_eq!(encode(&Finish::new(FinishReason::Stop, "stop"), "openai-chat"), Some("end_turn"));
        assert_eq!(encode(&Finish::new(FinishReason::ToolCalls, "end_turn"), API), Some("end_turn"));
        assert_eq!(encode(&decode(None, false), API), None);
    }
}
