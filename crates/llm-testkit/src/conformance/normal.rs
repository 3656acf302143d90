//! The normal form of an answer, in which fixtures say what is expected.

use llm_core::{ChatResponse, ToolCall};
use serde::Deserialize;
use serde_json::Value;

use super::report::Report;

/// `chat_expected.json`. What it does not name must be absent from the answer, but for `model` and `finish_reason_raw`,
/// which are only compared when named.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expected {
    pub(super) text: String,
    #[serde(default)]
    pub(super) reasoning: Option<String>,
    #[serde(default)]
    pub(super) refusal: Option<String>,
    #[serde(default)]
    pub(super) tool_calls: Vec<ExpectedCall>,
    pub(super) finish_reason: String,
    #[serde(default)]
    pub(super) finish_reason_raw: Option<String>,
    #[serde(default)]
    pub(super) usage: ExpectedUsage,
    #[serde(default)]
    pub(super) model: Option<String>,
}

/// One tool call; the id is only compared when named.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectedCall {
    #[serde(default)]
    pub(super) id: Option<String>,
    pub(super) name: String,
    /// Parsed arguments; a string when they are not valid JSON.
    pub(super) arguments: Value,
}

/// Token counts; `null` is "not reported", which is not 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names of the normal form")]
pub(super) struct ExpectedUsage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cached_input_tokens: Option<u64>,
    cache_write_input_tokens: Option<u64>,
    reasoning_tokens: Option<u64>,
}

impl Expected {
    pub(super) fn compare(&self, what: &str, response: &ChatResponse, report: &mut Report) {
        let mut same = |field: &str, expected: &str, got: &str| {
            report.hold(expected == got, || format!("{what}: {field} is {got:?}, expected {expected:?}"));
        };
        same("text", &self.text, &response.text());
        same("reasoning", &format!("{:?}", self.reasoning), &format!("{:?}", response.message.reasoning()));
        same("refusal", &format!("{:?}", self.refusal), &format!("{:?}", refusal(response)));
        same("finish_reason", &self.finish_reason, response.finish.reason.as_str());
        if let Some(raw) = &self.finish_reason_raw {
            same("finish_reason_raw", raw, response.finish.raw.as_deref().unwrap_or("nothing"));
        }
        if let Some(model) = &self.model {
            same("model", model, response.model.as_deref().unwrap_or("nothing"));
        }
        same("usage", &format!("{:?}", self.usage), &format!("{:?}", usage(response)));
        let calls: Vec<&ToolCall> = response.message.tool_calls().collect();
        same("number of tool calls", &self.tool_calls.len().to_string(), &calls.len().to_string());
        for (expected, call) in self.tool_calls.iter().zip(calls) {
            same("tool call's name", &expected.name, &call.name);
            same("tool call's arguments", &expected.arguments.to_string(), &arguments(call).to_string());
            if let Some(id) = &expected.id {
                same("tool call's id", id, &call.id);
            }
        }
    }
}

fn usage(response: &ChatResponse) -> ExpectedUsage {
    ExpectedUsage {
        input_tokens: response.usage.input,
        output_tokens: response.usage.output,
        cached_input_tokens: response.usage.cache_read,
        cache_write_input_tokens: response.usage.cache_write,
        reasoning_tokens: response.usage.reasoning,
    }
}

fn refusal(response: &ChatResponse) -> Option<String> {
    let words = response.message.content.iter().filter_map(|part| match &part.kind {
        llm_core::PartKind::Refusal { text } => Some(text.as_str()),
        _ => None,
    });
    let words: Vec<&str> = words.collect();
    if words.is_empty() { None } else { Some(words.concat()) }
}

/// Arguments as the normal form has them: nothing is `{}`, what is not JSON is a string.
fn arguments(call: &ToolCall) -> Value {
    match call.arguments.trim() {
        "" | "null" => Value::Object(serde_json::Map::new()),
        text => serde_json::from_str(text).unwrap_or_else(|_| Value::String(call.arguments.clone())),
    }
}
