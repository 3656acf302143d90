//! The words for why an answer ended, both ways.

use llm_core::{Finish, FinishReason};

use crate::API;

/// The reason of an answer that names none.
const UNKNOWN: &str = "unknown";

/// Loquat's word for the vendor's. A stop, or no word at all, together with calls for the client is `ToolCalls`.
pub(crate) fn decode(word: Option<&str>, has_calls: bool) -> Finish {
    let reason = match word {
        None | Some("end_turn" | "stop_sequence") if has_calls => FinishReason::ToolCalls,
        Some("end_turn" | "stop_sequence") => FinishReason::Stop,
        Some("tool_use") => FinishReason::ToolCalls,
        Some("max_tokens") => FinishReason::Length,
        Some("model_context_window_exceeded") => FinishReason::ContextWindow,
        Some("guardrail_intervened" | "content_filtered") => FinishReason::ContentFilter,
        Some("refusal") => FinishReason::Refusal,
        Some("malformed_model_output" | "malformed_tool_use") => FinishReason::Error,
        Some(word) => FinishReason::Other(word.to_owned()),
        None => FinishReason::Other(UNKNOWN.to_owned()),
    };
    Finish { reason, raw: word.map(str::to_owned) }
}

/// The vendor's word for Loquat's. What another vendor said is translated, what this one said is repeated.
pub(crate) fn encode<'a>(finish: &'a Finish, api: &str) -> Option<&'a str> {
    if api == API && (finish.raw.is_some() || finish.reason == FinishReason::Other(UNKNOWN.to_owned())) {
        return finish.raw.as_deref();
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
    fn every_word_has_its_meaning() {
        let check = |word, has_calls, reason: FinishReason| assert_eq!(decode(word, has_calls).reason, reason);
        check(Some("end_turn"), false, FinishReason::Stop);
        check(Some("stop_sequence"), false, FinishReason::Stop);
        check(Some("end_turn"), true, FinishReason::ToolCalls);
        check(None, true, FinishReason::ToolCalls);
        check(Some("tool_use"), false, FinishReason::ToolCalls);
        check(Some("max_tokens"), true, FinishReason::Length);
        check(Some("model_context_window_exceeded"), false, FinishReason::ContextWindow);
        check(Some("guardrail_intervened"), false, FinishReason::ContentFilter);
        check(Some("content_filtered"), true, FinishReason::ContentFilter);
        check(Some("malformed_tool_use"), false, FinishReason::Error);
        check(Some("tomorrow"), false, FinishReason::Other("tomorrow".to_owned()));
        check(None, false, FinishReason::Other("unknown".to_owned()));
    }

    #[test]
    fn a_foreign_word_is_translated_and_our_own_is_repeated() {
        assert_eq!(encode(&Finish::new(FinishReason::Stop, "stop"), "openai-chat"), Some("end_turn"));
        assert_eq!(encode(&Finish::new(FinishReason::ToolCalls, "end_turn"), API), Some("end_turn"));
        assert_eq!(encode(&decode(None, false), API), None);
    }
}
