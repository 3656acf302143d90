//! Why an answer ended: the words of vendors, and OpenAI's own words for the way back.

use llm_core::{Finish, FinishReason};

use crate::dialect::Dialect;

/// The end of one answer. `None` and the empty word are "not said"; a stop with tool calls is a stop for them
/// (OpenAI says `stop` after a forced call, Ollama always).
pub(crate) fn decode(raw: Option<&str>, calls: bool, dialect: &'static [(&'static str, FinishReason)]) -> Finish {
    let raw = raw.filter(|word| !word.is_empty());
    let reason = match raw {
        Some(word) => dialect.iter().find(|(known, _)| *known == word).map_or_else(|| common(word), |(_, r)| r.clone()),
        None if calls => FinishReason::ToolCalls,
        None => FinishReason::Other("unknown".to_owned()),
    };
    let reason = if calls && reason == FinishReason::Stop { FinishReason::ToolCalls } else { reason };
    Finish { reason, raw: raw.map(str::to_owned) }
}

/// The words that vendors use, in whatever case: servers that pass another vendor's model on pass its word on, too
/// (`MAX_TOKENS`, `end_turn`).
fn common(word: &str) -> FinishReason {
    match &*word.to_ascii_lowercase() {
        "stop" | "eos" | "eos_token" | "end_turn" | "stop_sequence" | "completed" | "complete" | "finish" => {
            FinishReason::Stop
        }
        "length" | "max_tokens" | "max_output_tokens" | "model_length" => FinishReason::Length,
        "model_context_window_exceeded" => FinishReason::ContextWindow,
        "tool_calls" | "tool_call" | "tool_use" | "function_call" => FinishReason::ToolCalls,
        "content_filter"
        | "content_filtered"
        | "sensitive"
        | "guardrail_intervened"
        | "safety"
        | "recitation"
        | "blocklist"
        | "prohibited_content"
        | "spii"
        | "model_armor" => FinishReason::ContentFilter,
        "refusal" => FinishReason::Refusal,
        "error" | "insufficient_system_resource" | "network_error" => FinishReason::Error,
        _ => FinishReason::Other(word.to_owned()),
    }
}

/// The word for OpenAI's clients, which know only these five.
pub(crate) fn encode(finish: &Finish) -> &'static str {
    match finish.reason {
        FinishReason::Length | FinishReason::ContextWindow => "length",
        FinishReason::ToolCalls if finish.raw.as_deref() == Some("function_call") => "function_call",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::ContentFilter | FinishReason::Refusal => "content_filter",
        _ => "stop",
    }
}

/// The vendor's own word where OpenAI's says less; clients find it as `native_finish_reason`, as at OpenRouter.
pub(crate) fn native(finish: &Finish) -> Option<&str> {
    let ours = ["stop", "length", "tool_calls", "content_filter", "function_call"];
    finish.raw.as_deref().filter(|raw| !ours.contains(raw))
}

impl Dialect {
    pub(crate) fn decode_finish(&self, raw: Option<&str>, calls: bool) -> Finish {
        decode(raw, calls, self.finish)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_words_of_all_vendors() {
        let reason = |raw, calls| decode(raw, calls, &[]).reason;
        assert_eq!(reason(Some("stop"), false), FinishReason::Stop);
        assert_eq!(reason(Some("stop"), true), FinishReason::ToolCalls);
        assert_eq!(reason(Some("length"), true), FinishReason::Length);
        assert_eq!(reason(Some(""), true), FinishReason::ToolCalls);
        assert_eq!(reason(None, false), FinishReason::Other("unknown".into()));
        assert_eq!(reason(Some("brand_new"), false), FinishReason::Other("brand_new".into()));
        assert_eq!(reason(Some("Brand_New"), false), FinishReason::Other("Brand_New".into()));
        assert_eq!(reason(Some("STOP"), true), FinishReason::ToolCalls);
        assert_eq!(decode(Some("MAX_TOKENS"), false, &[]), Finish::new(FinishReason::Length, "MAX_TOKENS"));
        assert_eq!(reason(Some("SAFETY"), false), FinishReason::ContentFilter);
        assert_eq!(reason(Some("TOOL_CALL"), false), FinishReason::ToolCalls);
        assert_eq!(decode(Some(""), false, &[]).raw, None);
        let own: &'static [(&str, FinishReason)] = &[("brand_new", FinishReason::Length)];
        assert_eq!(decode(Some("brand_new"), false, own), Finish::new(FinishReason::Length, "brand_new"));
    }

    #[test]
    fn writes_only_words_that_clients_know() {
        let word = |reason, raw: &str| encode(&Finish::new(reason, raw));
        assert_eq!(word(FinishReason::Pause, "pause_turn"), "stop");
        assert_eq!(word(FinishReason::Refusal, "refusal"), "content_filter");
        assert_eq!(word(FinishReason::ToolCalls, "function_call"), "function_call");
        assert_eq!(native(&Finish::new(FinishReason::Pause, "pause_turn")), Some("pause_turn"));
        assert_eq!(native(&Finish::new(FinishReason::Stop, "stop")), None);
    }
}
