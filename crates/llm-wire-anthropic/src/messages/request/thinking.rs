//! How the model is told to reason, and how many tokens the answer may have: the two bind each other.

use llm_core::{ChatRequest, Effort, Error, Reasoning, Support, ToolChoice, Warnings};
use serde::ser::Serializer;

use crate::profile::{Profile, Thinking};
use llm_wire::claude;
use llm_wire::json::{Object, Patch, Patched};

/// `max_tokens` where neither the caller nor the profile knows one: every model takes it.
const DEFAULT_MAX_TOKENS: u32 = 4096;

/// What the body says of reasoning.
pub(super) struct Plan<'a> {
    pub(super) max_tokens: u32,
    pub(super) thinking: Option<WireThinking>,
    pub(super) effort: Option<&'a str>,
}

/// The field `thinking`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WireThinking {
    Disabled,
    Adaptive,
    Enabled { budget: u32 },
}

impl Patched for WireThinking {
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, patch)?;
        match self {
            Self::Disabled => object.field("type", "disabled")?,
            Self::Adaptive => object.field("type", "adaptive")?,
            Self::Enabled { budget } => {
                object.field("type", "enabled")?;
                object.field("budget_tokens", budget)?;
            }
        }
        object.end()
    }
}

impl<'a> Plan<'a> {
    /// `effort_only`: the settings forbid the field `thinking`; an effort may still be sent, it bounds the answer too.
    pub(super) fn of(
        request: &'a ChatRequest,
        profile: &Profile,
        effort_only: bool,
        warnings: &mut Warnings,
    ) -> Result<Self, Error> {
        let asked = request.sampling.max_output_tokens;
        let mut plan = Self {
            max_tokens: asked.or(profile.max_output).unwrap_or(DEFAULT_MAX_TOKENS),
            thinking: None,
            effort: None,
        };
        let by_budget = profile.thinking == Thinking::Budget;
        let takes_effort = profile.effort == Support::Yes || !(by_budget || profile.thinking == Thinking::Never);
        let by_effort = matches!(profile.thinking, Thinking::Adaptive | Thinking::Always);
        match &request.reasoning {
            None => {}
            Some(Reasoning::Effort(effort)) if effort_only && takes_effort && *effort != Effort::None => {
                plan.effort = Some(wire_effort(effort, profile, warnings));
            }
            Some(_) if effort_only => warnings.unsupported("reasoning", "the settings forbid it for this model")?,
            Some(Reasoning::Effort(Effort::None) | Reasoning::Budget(0)) if profile.thinking == Thinking::Always => {
                warnings.unsupported("reasoning", "this model always reasons")?;
            }
            Some(Reasoning::Effort(Effort::None) | Reasoning::Budget(0)) => {
                plan.thinking = Some(WireThinking::Disabled);
            }
            Some(_) if profile.thinking == Thinking::Never => {
                warnings.unsupported("reasoning", "this model does not reason")?;
            }
            Some(Reasoning::Effort(effort)) if by_budget => {
                warnings.adapted("reasoning", "this model takes a budget of tokens, not an effort");
                plan.budget(effort.as_budget(), asked, warnings)?;
            }
            Some(Reasoning::Effort(effort)) => {
                plan.thinking = Some(WireThinking::Adaptive);
                plan.effort = Some(wire_effort(effort, profile, warnings));
            }
            Some(Reasoning::Budget(budget)) if by_effort => {
                warnings.adapted("reasoning", "this model takes an effort, not a budget of tokens");
                plan.thinking = Some(WireThinking::Adaptive);
                plan.effort = Some(effort_of(*budget));
            }
            Some(Reasoning::Budget(budget)) => plan.budget(*budget, asked, warnings)?,
            Some(_) => warnings.unsupported("reasoning", "this version does not know how to ask for it")?,
        }
        let forced = matches!(request.tool_choice, ToolChoice::Required | ToolChoice::Named(_));
        if forced && !request.tools.is_empty() && profile.forced_tool.may() && plan.is_manual() {
            warnings.unsupported("reasoning", "a forced tool and a budget for reasoning exclude each other")?;
            plan.thinking = None;
        }
        Ok(plan)
    }

    /// Reasoning with a budget: then the vendor takes no temperature but 1 and no `top_k`.
    pub(super) fn is_manual(&self) -> bool {
        matches!(self.thinking, Some(WireThinking::Enabled { .. }))
    }

    /// The budget counts against `max_tokens` and must be less than it.
    fn budget(&mut self, budget: u32, asked: Option<u32>, warnings: &mut Warnings) -> Result<(), Error> {
        if asked.is_none() {
            self.max_tokens = self.max_tokens.max(budget.saturating_add(DEFAULT_MAX_TOKENS));
        }
        let fitting = claude::budget(budget, Some(self.max_tokens), warnings)?;
        self.thinking = fitting.map(|budget| WireThinking::Enabled { budget });
        Ok(())
    }
}

/// The vendor's word for an effort.
fn wire_effort<'a>(effort: &'a Effort, profile: &Profile, warnings: &mut Warnings) -> &'a str {
    match effort {
        Effort::Minimal => {
            warnings.adapted("reasoning", "the vendor's least effort is low");
            "low"
        }
        Effort::XHigh if profile.xhigh_effort == Support::No => {
            warnings.adapted("reasoning", "this model does not take xhigh, high is sent");
            "high"
        }
        effort => effort.as_str(),
    }
}

/// The vendor's word for the effort that stands for a budget.
fn effort_of(budget: u32) -> &'static str {
    match Effort::of_budget(budget) {
        Effort::None | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        _ => "max",
    }
}
