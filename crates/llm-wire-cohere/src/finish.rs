//! Why an answer ended, both ways.

use llm_core::{Finish, FinishReason};

/// The end of an answer. A stop with tool calls is a stop for them.
pub(crate) fn decode(word: Option<&str>, has_calls: bool) -> Finish {
    let word = word.filter(|word| !word.is_empty());
    let reason = match word {
        Some("COMPLETE" | "STOP_SEQUENCE") | None if has_calls => FinishReason::ToolCalls,
        Some("COMPLETE" | "STOP_SEQUENCE") => FinishReason::Stop,
        // The second is of the API before this one.
        Some("MAX_TOKENS" | "ERROR_LIMIT") => FinishReason::Length,
        Some("TOOL_CALL") => FinishReason::ToolCalls,
        Some("ERROR_TOXIC") => FinishReason::ContentFilter,
        Some("ERROR" | "TIMEOUT") => FinishReason::Error,
        Some(word) => FinishReason::Other(word.to_owned()),
        None => FinishReason::Other("unknown".to_owned()),
    };
    Finish { reason, raw: word.map(str::to_owned) }
}

/// The vendor's word.
pub(crate) fn encode(finish: &Finish) -> &'static str {
    match finish.reason {
        FinishReason::Length | FinishReason::ContextWindow => "MAX_TOKENS",
        FinishReason::ToolCalls => "TOOL_CALL",
        FinishReason::Error => "ERROR",
        _ if finish.raw.as_deref() == Some("STOP_SEQUENCE") => "STOP_SEQUENCE",
        _ => "COMPLETE",
    }
}
