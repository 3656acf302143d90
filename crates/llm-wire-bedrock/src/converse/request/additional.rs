//! The fields that are only one model's (`additionalModelRequestFields`): how it reasons, and how many tokens it draws
//! from. Converse itself knows of both only the effort.

use std::borrow::Cow;

use llm_core::{ChatRequest, Effort, Error, Reasoning, ToolChoice, Warnings};
use llm_wire::claude;
use llm_wire::json::{Object, Patch, Patched};
use serde::Serialize;
use serde::ser::Serializer;

use crate::profile::{Profile, ReasoningForm, TopK};

/// What the request needs of them.
#[derive(Default)]
pub(super) struct Additional<'a> {
    thinking: Option<Thinking>,
    nova: Option<Nova>,
    /// A field with one word.
    word: Option<(&'static str, Cow<'a, str>)>,
    top_k: Option<(TopK, u32)>,
}

/// Claude's field `thinking`.
#[derive(Clone, Copy, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Thinking {
    Disabled,
    Adaptive,
    Enabled { budget_tokens: u32 },
}

/// Nova's field `reasoningConfig`.
#[derive(Clone, Copy, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Nova {
    Disabled,
    Enabled {
        #[serde(rename = "maxReasoningEffort")]
        effort: &'static str,
    },
}

#[derive(Serialize)]
struct NovaTopK {
    #[serde(rename = "topK")]
    top_k: u32,
}

impl<'a> Additional<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.thinking.is_none() && self.nova.is_none() && self.word.is_none() && self.top_k.is_none()
    }

    /// Claude reasons with a budget of tokens.
    pub(super) fn has_budget(&self) -> bool {
        matches!(self.thinking, Some(Thinking::Enabled { .. }))
    }

    /// Plans how the model is told to reason. What is given back is the effort for Converse's own field.
    pub(super) fn plan_reasoning(
        &mut self,
        request: &'a ChatRequest,
        profile: &Profile,
        warnings: &mut Warnings,
    ) -> Result<Option<Cow<'a, str>>, Error> {
        let Some(reasoning) = &request.reasoning else { return Ok(None) };
        let effort = match reasoning {
            Reasoning::Effort(effort) => Cow::Borrowed(effort),
            Reasoning::Budget(tokens) => Cow::Owned(Effort::of_budget(*tokens)),
            _ => {
                warnings.unsupported("reasoning", "this version does not know how to ask for it")?;
                return Ok(None);
            }
        };
        let off = *effort == Effort::None;
        let by_tokens = matches!(reasoning, Reasoning::Budget(1..));
        let takes_budget = matches!(profile.reasoning, ReasoningForm::Budget | ReasoningForm::Either);
        if by_tokens && !takes_budget && profile.reasoning != ReasoningForm::Never {
            warnings.adapted("reasoning", "the model takes an effort, not a budget of tokens");
        }
        match profile.reasoning {
            ReasoningForm::Never if off => warnings.adapted("reasoning", "the model does not reason"),
            ReasoningForm::Never => warnings.unsupported("reasoning", "the model cannot be told how much to reason")?,
            ReasoningForm::Always if off => warnings.unsupported("reasoning", "this model always reasons")?,
            ReasoningForm::Budget | ReasoningForm::Either | ReasoningForm::Adaptive if off => {
                self.thinking = Some(Thinking::Disabled);
            }
            ReasoningForm::NovaConfig if off => self.nova = Some(Nova::Disabled),
            ReasoningForm::Unknown | ReasoningForm::Effort | ReasoningForm::Config if off => {
                warnings.unsupported("reasoning", "it is not known how the model is told not to reason")?;
            }
            ReasoningForm::Unknown => return Ok(Some(common(effort, warnings))),
            ReasoningForm::Budget => {
                let tokens = if let Reasoning::Budget(tokens) = reasoning {
                    *tokens
                } else {
                    warnings.adapted("reasoning", "the model takes a budget of tokens, not an effort");
                    effort.as_budget()
                };
                self.budget(tokens, request, profile, warnings)?;
            }
            ReasoningForm::Either if let Reasoning::Budget(tokens) = reasoning => {
                self.budget(*tokens, request, profile, warnings)?;
            }
            ReasoningForm::Either | ReasoningForm::Adaptive | ReasoningForm::Always => {
                self.thinking = Some(Thinking::Adaptive);
                return Ok(Some(common(effort, warnings)));
            }
            ReasoningForm::NovaConfig => self.nova = Some(Nova::Enabled { effort: three_steps(&effort, warnings) }),
            ReasoningForm::Effort => self.word = Some(("reasoning_effort", three_steps(&effort, warnings).into())),
            ReasoningForm::Config => self.word = Some(("reasoning_config", three_steps(&effort, warnings).into())),
        }
        Ok(None)
    }

    /// The budget counts against the longest answer and must be less than it.
    fn budget(
        &mut self,
        tokens: u32,
        request: &ChatRequest,
        profile: &Profile,
        warnings: &mut Warnings,
    ) -> Result<(), Error> {
        let forced = matches!(request.tool_choice, ToolChoice::Required | ToolChoice::Named(_));
        if forced && !request.tools.is_empty() && profile.forced_tool.may() {
            return warnings.unsupported("reasoning", "a forced tool and a budget for reasoning exclude each other");
        }
        let fitting = claude::budget(tokens, request.sampling.max_output_tokens, warnings)?;
        self.thinking = fitting.map(|budget_tokens| Thinking::Enabled { budget_tokens });
        Ok(())
    }

    pub(super) fn plan_top_k(&mut self, top_k: u32, profile: &Profile, warnings: &mut Warnings) -> Result<(), Error> {
        if profile.top_k == TopK::Unknown {
            return warnings.unsupported("sampling.top_k", "it is not known what this model calls it");
        }
        self.top_k = Some((profile.top_k, top_k));
        Ok(())
    }
}

/// The effort in Converse's own field, which goes from `low` to `max`.
fn common<'a>(effort: Cow<'a, Effort>, warnings: &mut Warnings) -> Cow<'a, str> {
    match effort {
        _ if *effort == Effort::Minimal => {
            warnings.adapted("reasoning", "the vendor's least effort is low");
            "low".into()
        }
        Cow::Borrowed(effort) => effort.as_str().into(),
        Cow::Owned(effort) => effort.as_str().to_owned().into(),
    }
}

/// The effort where there are three of them.
fn three_steps(effort: &Effort, warnings: &mut Warnings) -> &'static str {
    let (word, same) = match effort {
        Effort::Low => ("low", true),
        Effort::Medium => ("medium", true),
        Effort::High => ("high", true),
        Effort::Minimal => ("low", false),
        Effort::XHigh | Effort::Max => ("high", false),
        _ => ("medium", false),
    };
    if !same {
        warnings.adapted("reasoning", "the model knows low, medium and high; the nearest is sent");
    }
    word
}

impl Patched for Additional<'_> {
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, patch)?;
        object.some("thinking", self.thinking)?;
        object.some("reasoningConfig", self.nova)?;
        if let Some((name, word)) = &self.word {
            object.field(name, word)?;
        }
        match self.top_k {
            Some((TopK::Nova, top_k)) => object.field("inferenceConfig", &NovaTopK { top_k })?,
            Some((TopK::Cohere, top_k)) => object.field("k", &top_k)?,
            Some((_, top_k)) => object.field("top_k", &top_k)?,
            None => {}
        }
        object.end()
    }
}
