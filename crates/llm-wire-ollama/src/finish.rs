//! `done_reason` and Loquat's word for it.

use llm_core::{Finish, FinishReason};

/// Reads a reason. The server says `stop` also when the model waits for tools (recordings of 2024 to 2026), and older
/// servers say nothing at all.
pub(crate) fn decode(raw: &str, has_calls: bool) -> Finish {
    let reason = match raw {
        "stop" | "" if has_calls => FinishReason::ToolCalls,
        "stop" => FinishReason::Stop,
        "length" => FinishReason::Length,
        "" => FinishReason::Other("unknown".to_owned()),
        word => FinishReason::Other(word.to_owned()),
    };
    Finish { reason, raw: if raw.is_empty() { None } else { Some(raw.to_owned()) } }
}

/// Writes a reason: the server's own word where it said one that means this, else the nearest of its words.
pub(crate) fn encode(finish: &Finish) -> Option<&str> {
    if let Some(raw) = &finish.raw
        && [false, true].iter().any(|has_calls| decode(raw, *has_calls).reason == finish.reason)
    {
        return Some(raw);
    }
    match &finish.reason {
        FinishReason::Stop | FinishReason::ToolCalls => Some("stop"),
        FinishReason::Length | FinishReason::ContextWindow => Some("length"),
        FinishReason::Other(word) if word == "unknown" => None,
        reason => Some(reason.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_with_calls_waits_for_tools() {
        assert_eq!(decode("stop", true), Finish::new(FinishReason::ToolCalls, "stop"));
        assert_eq!(decode("stop", false), Finish::new(FinishReason::Stop, "stop"));
        assert_eq!(decode("length", true), Finish::new(FinishReason::Length, "length"));
        assert_eq!(decode("", true), Finish { reason: FinishReason::ToolCalls, raw: None });
        assert_eq!(decode("unload", false).reason.as_str(), "unload");
    }

    #[test]
    fn words_of_other_vendors_are_translated() {
        assert_eq!(encode(&Finish::new(FinishReason::ToolCalls, "tool_use")), Some("stop"));
        assert_eq!(encode(&Finish::new(FinishReason::Length, "max_tokens")), Some("length"));
        assert_eq!(encode(&Finish::new(FinishReason::ContentFilter, "SAFETY")), Some("content_filter"));
        assert_eq!(encode(&decode("", false)), None);
        assert_eq!(encode(&decode("load", false)), Some("load"));
    }
}
