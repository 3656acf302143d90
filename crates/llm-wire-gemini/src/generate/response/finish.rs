//! Why an answer ended.

use llm_core::{Finish, FinishReason};

/// From the vendor's word; `calls`: the answer holds calls that the client must run, which the vendor has no word for.
pub(crate) fn finish(word: Option<&str>, calls: bool) -> Finish {
    let reason = match word {
        None | Some("STOP") if calls => FinishReason::ToolCalls,
        None => FinishReason::Other("unknown".to_owned()),
        Some("STOP") => FinishReason::Stop,
        Some("MAX_TOKENS") => FinishReason::Length,
        Some(
            "SAFETY"
            | "RECITATION"
            | "BLOCKLIST"
            | "PROHIBITED_CONTENT"
            | "SPII"
            | "IMAGE_SAFETY"
            | "IMAGE_PROHIBITED_CONTENT"
            | "IMAGE_RECITATION"
            | "MODEL_ARMOR",
        ) => FinishReason::ContentFilter,
        Some(
            "LANGUAGE"
            | "OTHER"
            | "IMAGE_OTHER"
            | "NO_IMAGE"
            | "MALFORMED_FUNCTION_CALL"
            | "MALFORMED_RESPONSE"
            | "UNEXPECTED_TOOL_CALL"
            | "TOO_MANY_TOOL_CALLS"
            | "MISSING_THOUGHT_SIGNATURE"
            | "ESCALATION"
            | "PUP_LIMITED_DISABLED",
        ) => FinishReason::Error,
        Some(other) => FinishReason::Other(other.to_owned()),
    };
    Finish { reason, raw: word.map(str::to_owned) }
}

/// The vendor's word for an end: its own where it gave one, else the nearest. `None` where no reason was given.
pub(crate) fn word<'a>(finish: &'a Finish, api: &str) -> Option<&'a str> {
    if api == crate::API {
        return finish.raw.as_deref().or_else(|| nearest(&finish.reason));
    }
    nearest(&finish.reason)
}

fn nearest(reason: &FinishReason) -> Option<&'static str> {
    match reason {
        FinishReason::Stop | FinishReason::ToolCalls => Some("STOP"),
        FinishReason::Length | FinishReason::ContextWindow => Some("MAX_TOKENS"),
        FinishReason::ContentFilter | FinishReason::Refusal => Some("SAFETY"),
        FinishReason::Other(word) if word == "unknown" => None,
        _ => Some("OTHER"),
    }
}
