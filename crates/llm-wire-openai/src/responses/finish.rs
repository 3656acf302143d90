//! Why an answer ended: `status` and what stands beside it, and the way back.

use llm_core::{Finish, FinishReason};

/// The end of an answer. A whole one with calls waits for their results.
pub(super) fn decode(status: &str, incomplete: &str, calls: bool) -> Finish {
    let (reason, raw) = match (status, incomplete) {
        ("completed", _) if calls => (FinishReason::ToolCalls, status),
        ("completed", _) => (FinishReason::Stop, status),
        ("incomplete", "max_output_tokens" | "max_tokens" | "length") => (FinishReason::Length, incomplete),
        ("incomplete", "content_filter") => (FinishReason::ContentFilter, incomplete),
        ("incomplete", why) if !why.is_empty() => (FinishReason::Other(why.to_owned()), why),
        ("failed", _) => (FinishReason::Error, status),
        ("", _) => {
            let reason = if calls { FinishReason::ToolCalls } else { FinishReason::Other("unknown".to_owned()) };
            return Finish { reason, raw: None };
        }
        (other, _) => (FinishReason::Other(other.to_owned()), other),
    };
    Finish::new(reason, raw)
}

/// `status`, and the reason in `incomplete_details` where it is incomplete.
pub(super) fn encode(finish: &Finish) -> (&'static str, Option<&'static str>) {
    match &finish.reason {
        FinishReason::Length | FinishReason::ContextWindow => ("incomplete", Some("max_output_tokens")),
        FinishReason::ContentFilter => ("incomplete", Some("content_filter")),
        FinishReason::Error => ("failed", None),
        FinishReason::Other(word) => match word.as_str() {
            "queued" => ("queued", None),
            "in_progress" => ("in_progress", None),
            "cancelled" => ("cancelled", None),
            "incomplete" => ("incomplete", None),
            "max_tool_calls" => ("incomplete", Some("max_tool_calls")),
            _ => ("completed", None),
        },
        _ => ("completed", None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_and_reason_tell_the_end() {
        let reason = |status, incomplete, calls| decode(status, incomplete, calls).reason;
        assert_eq!(reason("completed", "", false), FinishReason::Stop);
        assert_eq!(decode("completed", "", true), Finish::new(FinishReason::ToolCalls, "completed"));
        assert_eq!(
            decode("incomplete", "max_output_tokens", true),
            Finish::new(FinishReason::Length, "max_output_tokens")
        );
        assert_eq!(reason("incomplete", "content_filter", false), FinishReason::ContentFilter);
        assert_eq!(reason("incomplete", "", false), FinishReason::Other("incomplete".into()));
        assert_eq!(decode("queued", "", false), Finish::new(FinishReason::Other("queued".into()), "queued"));
        assert_eq!(decode("", "", true), Finish { reason: FinishReason::ToolCalls, raw: None });
    }

    #[test]
    fn the_way_back_gives_the_same() {
        for (status, incomplete) in [
            ("completed", ""),
            ("incomplete", "max_output_tokens"),
            ("incomplete", "content_filter"),
            ("incomplete", "max_tool_calls"),
            ("queued", ""),
            ("cancelled", ""),
        ] {
            let (again, why) = encode(&decode(status, incomplete, false));
            assert_eq!((again, why.unwrap_or_default()), (status, incomplete));
        }
    }
}
