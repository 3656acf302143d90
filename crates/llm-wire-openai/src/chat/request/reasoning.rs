//! How much the model reasons, in each vendor's form.

use std::borrow::Cow;

use llm_core::{Effort, Error, Reasoning};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::dialect::{Dialect, ReasoningRequest};
use crate::encoded::Notes;
use crate::json::Fields;

/// The fields that say how much to reason; most stay unset.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Thinking<'a> {
    effort: Option<Cow<'a, str>>,
    /// `thinking: {type, budget_tokens}`.
    switch: Option<Switch>,
    /// `reasoning: {effort | max_tokens}`.
    object: Option<Object<'a>>,
    /// `enable_thinking`.
    enable: Option<bool>,
    /// `thinking_budget`.
    budget: Option<u32>,
    /// `chat_template_kwargs: {name: …}`.
    template: Option<(&'static str, bool)>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Switch {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget_tokens: Option<u32>,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Object<'a> {
    Effort(Cow<'a, str>),
    MaxTokens(u32),
}

const ONLY_A_SWITCH: &str = "this vendor can only switch it on or off";

/// Efforts by strength.
const LADDER: [&str; 7] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

impl<'a> Thinking<'a> {
    pub(super) fn new(asked: Option<&'a Reasoning>, dialect: &Dialect, notes: &mut Notes) -> Result<Self, Error> {
        let mut thinking = Self::default();
        let Some(asked) = asked else { return Ok(thinking) };
        let on = !matches!(asked, Reasoning::Effort(Effort::None) | Reasoning::Budget(0));
        let switch = |budget_tokens| Switch { r#type: if on { "enabled" } else { "disabled" }, budget_tokens };
        match dialect.reasoning {
            ReasoningRequest::None => notes.unsupported("reasoning", "this vendor has no setting for it")?,
            ReasoningRequest::Effort => thinking.effort = effort(asked, dialect, notes)?,
            ReasoningRequest::Toggle => {
                if on && !dialect.effort_allowed.is_empty() {
                    thinking.effort = effort(asked, dialect, notes)?;
                } else if on {
                    notes.adapted("reasoning", ONLY_A_SWITCH);
                }
                // It is on unless it is switched off: an effort says enough.
                thinking.switch = thinking.effort.is_none().then(|| switch(None));
            }
            ReasoningRequest::Adaptive => {
                if on {
                    notes.adapted("reasoning", ONLY_A_SWITCH);
                }
                thinking.switch =
                    Some(Switch { r#type: if on { "adaptive" } else { "disabled" }, budget_tokens: None });
            }
            ReasoningRequest::Budget => thinking.switch = Some(switch(on.then(|| budget(asked, notes)))),
            ReasoningRequest::Object => {
                thinking.object = match asked {
                    Reasoning::Budget(tokens) if *tokens > 0 => Some(Object::MaxTokens(*tokens)),
                    asked => effort(asked, dialect, notes)?.map(Object::Effort),
                };
            }
            ReasoningRequest::EffortOrBudget => match asked {
                Reasoning::Budget(tokens) => thinking.switch = Some(switch(on.then_some(*tokens))),
                asked => thinking.effort = effort(asked, dialect, notes)?,
            },
            ReasoningRequest::EnableOnly => {
                thinking.enable = Some(on);
                if on {
                    notes.adapted("reasoning", ONLY_A_SWITCH);
                }
            }
            ReasoningRequest::EnableThinking => {
                thinking.enable = Some(on);
                thinking.budget = on.then(|| budget(asked, notes));
            }
            ReasoningRequest::TemplateSwitch(name) => {
                thinking.template = Some((name, on));
                if on {
                    notes.adapted("reasoning", ONLY_A_SWITCH);
                }
            }
        }
        Ok(thinking)
    }

    pub(super) fn write<M: SerializeMap>(&self, fields: &mut Fields<'_, M>) -> Result<(), M::Error> {
        fields.put_some("reasoning_effort", self.effort.as_deref())?;
        fields.put_some("thinking", self.switch.as_ref())?;
        fields.put_some("reasoning", self.object.as_ref())?;
        fields.put_some("enable_thinking", self.enable)?;
        fields.put_some("thinking_budget", self.budget)?;
        fields.put_some("chat_template_kwargs", self.template.map(Named))
    }
}

/// The word for an effort, or for about as many tokens.
pub(crate) fn effort<'a>(
    asked: &'a Reasoning,
    dialect: &Dialect,
    notes: &mut Notes,
) -> Result<Option<Cow<'a, str>>, Error> {
    let word = match asked {
        Reasoning::Effort(effort) => effort.as_str(),
        Reasoning::Budget(0) => "none",
        Reasoning::Budget(tokens) => {
            notes.adapted("reasoning", "this vendor takes an effort instead of a number of tokens");
            match tokens {
                ..=4_096 => "low",
                ..=16_384 => "medium",
                _ => "high",
            }
        }
        _ => {
            notes.unsupported("reasoning", "this protocol has no form for it")?;
            return Ok(None);
        }
    };
    let word = match dialect.effort_map.iter().find(|(from, _)| *from == word) {
        Some((_, to)) => *to,
        None => word,
    };
    if dialect.effort_allowed.is_empty() || dialect.effort_allowed.contains(&word) {
        return Ok(Some(Cow::Borrowed(word)));
    }
    let step = |word: &str| LADDER.iter().position(|known| *known == word);
    let Some(asked) = step(word).filter(|step| *step > 0) else {
        notes.unsupported("reasoning", "this vendor does not have this effort")?;
        return Ok(None);
    };
    let nearest = dialect
        .effort_allowed
        .iter()
        .filter(|word| **word != "none")
        .min_by_key(|word| step(word).map_or(usize::MAX, |step| step.abs_diff(asked)));
    notes.adapted("reasoning", "this vendor does not have this effort; the nearest one is sent");
    Ok(nearest.map(|word| Cow::Borrowed(*word)))
}

/// The number of tokens, or about as many as an effort takes.
fn budget(asked: &Reasoning, notes: &mut Notes) -> u32 {
    let word = match asked {
        Reasoning::Budget(tokens) => return *tokens,
        Reasoning::Effort(effort) => effort.as_str(),
        _ => "medium",
    };
    notes.adapted("reasoning", "this vendor takes a number of tokens instead of an effort");
    match word {
        "minimal" | "low" => 2_048,
        "medium" => 8_192,
        _ => 24_576,
    }
}

struct Named((&'static str, bool));

impl Serialize for Named {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.0.0, &self.0.1)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Added;
    use llm_core::OnUnsupported;

    struct Body<'a>(&'a Thinking<'a>);

    impl Serialize for Body<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut fields = Fields::new(serializer.serialize_map(None)?, Added::default());
            self.0.write(&mut fields)?;
            fields.end()
        }
    }

    fn check(asked: &Reasoning, dialect: &Dialect, expected: &str, warnings: usize) {
        let mut notes = Notes::new(OnUnsupported::Warn);
        let thinking = Thinking::new(Some(asked), dialect, &mut notes).unwrap();
        assert_eq!(serde_json::to_string(&Body(&thinking)).unwrap(), expected, "{asked:?}");
        assert_eq!(notes.into_vec().len(), warnings, "{asked:?}");
    }

    #[test]
    fn each_vendor_is_asked_in_its_own_form() {
        let form = |reasoning| Dialect { reasoning, ..Dialect::COMPATIBLE };
        let high = || Reasoning::Effort(Effort::High);
        let off = || Reasoning::Effort(Effort::None);
        check(&high(), &Dialect::OPENAI, r#"{"reasoning_effort":"high"}"#, 0);
        check(&Reasoning::Budget(5000), &Dialect::OPENAI, r#"{"reasoning_effort":"medium"}"#, 1);
        check(&high(), &form(ReasoningRequest::Toggle), r#"{"thinking":{"type":"enabled"}}"#, 1);
        check(&off(), &form(ReasoningRequest::Toggle), r#"{"thinking":{"type":"disabled"}}"#, 0);
        check(&high(), &form(ReasoningRequest::Adaptive), r#"{"thinking":{"type":"adaptive"}}"#, 1);
        check(&off(), &form(ReasoningRequest::Adaptive), r#"{"thinking":{"type":"disabled"}}"#, 0);
        let budget = r#"{"thinking":{"type":"enabled","budget_tokens":700}}"#;
        check(&Reasoning::Budget(700), &form(ReasoningRequest::Budget), budget, 0);
        check(&Reasoning::Budget(0), &form(ReasoningRequest::Budget), r#"{"thinking":{"type":"disabled"}}"#, 0);
        check(&Reasoning::Budget(700), &form(ReasoningRequest::Object), r#"{"reasoning":{"max_tokens":700}}"#, 0);
        check(&high(), &form(ReasoningRequest::Object), r#"{"reasoning":{"effort":"high"}}"#, 0);
        let enable = r#"{"enable_thinking":true,"thinking_budget":700}"#;
        check(&Reasoning::Budget(700), &form(ReasoningRequest::EnableThinking), enable, 0);
        let switch = r#"{"chat_template_kwargs":{"thinking":false}}"#;
        check(&off(), &form(ReasoningRequest::TemplateSwitch("thinking")), switch, 0);
        check(&high(), &form(ReasoningRequest::EnableOnly), r#"{"enable_thinking":true}"#, 1);
        check(&high(), &form(ReasoningRequest::EffortOrBudget), r#"{"reasoning_effort":"high"}"#, 0);
        check(&Reasoning::Budget(700), &form(ReasoningRequest::EffortOrBudget), budget, 0);
        check(&high(), &form(ReasoningRequest::None), "{}", 1);
    }

    #[test]
    fn efforts_are_translated_and_moved_to_the_nearest() {
        let dialect =
            Dialect { effort_map: &[("xhigh", "max")], effort_allowed: &["low", "high", "max"], ..Dialect::COMPATIBLE };
        check(&Reasoning::Effort(Effort::XHigh), &dialect, r#"{"reasoning_effort":"max"}"#, 0);
        check(&Reasoning::Effort(Effort::Minimal), &dialect, r#"{"reasoning_effort":"low"}"#, 1);
        check(&Reasoning::Effort(Effort::None), &dialect, "{}", 1);
        check(&Reasoning::Effort(Effort::Other("brisk".into())), &dialect, "{}", 1);
    }
}
