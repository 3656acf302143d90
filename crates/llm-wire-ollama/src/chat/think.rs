//! `think`: how much the model reasons, as true, false or a word.

use llm_core::{Effort, Error, ErrorKind, Reasoning, Warnings};
use serde::Serialize;
use serde_json::Value;

/// The field as it goes out.
#[derive(Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Think<'a> {
    Switch(bool),
    Level(&'a str),
}

/// Writes the field. Servers take `low`, `medium` and `high`, newer ones `max` (0.35, 2026-10); until 2026 they refused
/// every word for models other than gpt-oss, while `true` is read as `medium` by models that know levels
/// (`api.ThinkValue.String`), so the usual effort is sent as `true`, which works everywhere.
pub(super) fn encode<'a>(reasoning: &'a Reasoning, warnings: &mut Warnings) -> Think<'a> {
    match reasoning {
        Reasoning::Effort(Effort::None) | Reasoning::Budget(0) => Think::Switch(false),
        Reasoning::Effort(Effort::Medium) => Think::Switch(true),
        Reasoning::Effort(Effort::Minimal) => {
            warnings.adapted("reasoning", "ollama has no such level; sent as low");
            Think::Level("low")
        }
        Reasoning::Effort(Effort::XHigh) => {
            warnings.adapted("reasoning", "ollama has no such level; sent as high");
            Think::Level("high")
        }
        Reasoning::Effort(effort) => Think::Level(effort.as_str()),
        _ => {
            warnings.adapted("reasoning", "ollama takes no token budget; thinking is switched on");
            Think::Switch(true)
        }
    }
}

/// Reads the field.
pub(super) fn decode(value: &Value) -> Result<Reasoning, Error> {
    match value {
        Value::Bool(false) => Ok(Reasoning::Effort(Effort::None)),
        Value::Bool(true) => Ok(Reasoning::Effort(Effort::Medium)),
        Value::String(word) => Ok(Reasoning::Effort(Effort::from(word.as_str()))),
        _ => Err(Error::new(ErrorKind::InvalidRequest, "think must be true, false or a word").with_param("think")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use llm_core::OnUnsupported;

    fn check(reasoning: &Reasoning, expected: &Think<'_>, warns: bool) {
        let mut warnings = Warnings::new(OnUnsupported::Warn);
        assert_eq!(encode(reasoning, &mut warnings), *expected, "{reasoning:?}");
        assert_eq!(!warnings.into_vec().is_empty(), warns, "{reasoning:?}");
    }

    #[test]
    fn efforts_become_switches_and_words() {
        check(&Reasoning::Effort(Effort::None), &Think::Switch(false), false);
        check(&Reasoning::Budget(0), &Think::Switch(false), false);
        check(&Reasoning::Effort(Effort::Medium), &Think::Switch(true), false);
        check(&Reasoning::Effort(Effort::Low), &Think::Level("low"), false);
        check(&Reasoning::Effort(Effort::High), &Think::Level("high"), false);
        check(&Reasoning::Effort(Effort::Max), &Think::Level("max"), false);
        check(&Reasoning::Effort(Effort::Minimal), &Think::Level("low"), true);
        check(&Reasoning::Effort(Effort::XHigh), &Think::Level("high"), true);
        check(&Reasoning::Budget(2048), &Think::Switch(true), true);
        check(&Reasoning::Effort(Effort::Other("huge".to_owned())), &Think::Level("huge"), false);
    }
}
