//! What is known of Claude's models wherever they stand, as data, and how it meets what a catalogue knows.
//!
//! Sources: LiteLLM 1.106.2 (sampling, thinking, prefill, forced tools), the vendor's list of models; read 2026-11.
//! A model that is not here, and in no catalogue, is asked as the caller asks.

use llm_core::Support::{No, Yes};
use llm_core::{Capabilities, Support};

use crate::profile::{Profile, Thinking};

/// What one family of models takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traits {
    /// How it is told to reason.
    pub thinking: Thinking,
    /// Whether it takes an effort at all.
    pub effort: Support,
    /// Whether it can be forced to call a tool.
    pub forced_tool: Support,
    /// Instructions inside the conversation.
    pub mid_system: Support,
}

impl Traits {
    /// Temperature and the like: refused by all that reason by effort only.
    pub fn sampling(self) -> Support {
        if self.by_effort_only() { No } else { Yes }
    }

    /// An answer to be continued: gone since models reason by effort.
    pub fn prefill(self) -> Support {
        if matches!(self.thinking, Thinking::Never | Thinking::Budget) { Yes } else { No }
    }

    fn by_effort_only(self) -> bool {
        matches!(self.thinking, Thinking::Adaptive | Thinking::Always)
    }
}

/// Claude 3 and 3.5.
const SILENT: Traits = Traits { thinking: Thinking::Never, effort: No, forced_tool: Yes, mid_system: No };
/// 3.7, and 4 up to 4.5.
const BUDGET: Traits = Traits { thinking: Thinking::Budget, ..SILENT };
/// Opus 4.5: a budget for reasoning, and an effort for the whole answer.
const BUDGET_AND_EFFORT: Traits = Traits { effort: Yes, ..BUDGET };
/// 4.6: a budget or an effort.
const EITHER: Traits = Traits { thinking: Thinking::Either, ..BUDGET_AND_EFFORT };
/// From 4.7 on: effort only.
const ADAPTIVE: Traits = Traits { thinking: Thinking::Adaptive, ..EITHER };
/// From 4.8 on: instructions inside the conversation.
const MID_SYSTEM: Traits = Traits { mid_system: Yes, ..ADAPTIVE };
/// Always reasoning.
const ALWAYS: Traits = Traits { thinking: Thinking::Always, ..MID_SYSTEM };
/// Always reasoning, and never forced to call a tool.
const UNFORCED: Traits = Traits { forced_tool: No, ..ALWAYS };

/// Families: names without a date.
const FAMILIES: &[(&str, Traits)] = &[
    ("claude-3-haiku", SILENT),
    ("claude-3-sonnet", SILENT),
    ("claude-3-opus", SILENT),
    ("claude-3-5-haiku", SILENT),
    ("claude-3-5-sonnet", SILENT),
    ("claude-3-7-sonnet", BUDGET),
    ("claude-sonnet-4", BUDGET),
    ("claude-opus-4", BUDGET),
    ("claude-opus-4-1", BUDGET),
    ("claude-haiku-4-5", BUDGET),
    ("claude-sonnet-4-5", BUDGET),
    ("claude-opus-4-5", BUDGET_AND_EFFORT),
    ("claude-sonnet-4-6", EITHER),
    ("claude-opus-4-6", EITHER),
    ("claude-opus-4-7", ADAPTIVE),
    ("claude-opus-4-8", MID_SYSTEM),
    ("claude-haiku-5-5", MID_SYSTEM),
    ("claude-sonnet-5", MID_SYSTEM),
    ("claude-sonnet-5-5", UNFORCED),
    ("claude-opus-5", MID_SYSTEM),
    ("claude-opus-5-5", UNFORCED),
    ("claude-fable-5", ALWAYS),
    ("claude-fable-5-1", UNFORCED),
    ("claude-fable-5-2", UNFORCED),
    ("claude-mythos-5", ALWAYS),
    ("claude-mythos-5-1", UNFORCED),
    ("claude-mythos-5-2", UNFORCED),
];

/// The family of a snapshot: the vendor appends a date (`-20251001`, on Vertex `@20251001`) or `-latest`.
pub fn family(model: &str) -> Option<&str> {
    let is_date = |tail: &str| tail.len() == 8 && tail.bytes().all(|byte| byte.is_ascii_digit());
    let (stem, tail) = model.rsplit_once(['-', '@'])?;
    (tail == "latest" || is_date(tail)).then_some(stem)
}

/// What is known of a model, named as the vendor names it.
pub fn traits(model: &str) -> Option<Traits> {
    let of = |wanted: &str| FAMILIES.iter().find(|(known, _)| *known == wanted).map(|(_, traits)| *traits);
    of(model).or_else(|| of(family(model)?))
}

/// How a model is told to reason: by what a catalogue says of it, else by the table.
pub fn thinking(known: &Capabilities, own: Option<Traits>) -> Thinking {
    match (known.always_reasons, known.adaptive_reasoning, own) {
        (Yes, ..) => Thinking::Always,
        (_, Yes, _) if known.sampling == No => Thinking::Adaptive,
        (_, Yes, _) => Thinking::Either,
        (.., Some(own)) => own.thinking,
        // A catalogue that names what reasons by effort does not name this one.
        (_, No, None) if known.reasoning == Yes => Thinking::Budget,
        _ => Thinking::Unknown,
    }
}

impl Profile {
    /// What is known of a model, named as the vendor names it; `known` is what a catalogue says, which goes first.
    pub fn of(model: &str, known: &Capabilities) -> Self {
        let own = traits(model);
        let nearer = |known: Support, own: Option<Support>| match (known, own) {
            (Support::Unknown, Some(own)) => own,
            (known, _) => known,
        };
        let thinking = thinking(known, own);
        let xhigh_effort = match thinking {
            Thinking::Unknown => Support::Unknown,
            Thinking::Adaptive | Thinking::Always => Yes,
            _ => No,
        };
        // Refused with 4.6 and later, which are those that reason by effort.
        let prefill = match thinking {
            Thinking::Either | Thinking::Adaptive | Thinking::Always => No,
            _ => Support::Unknown,
        };
        Self::default()
            .with_prefill(nearer(known.assistant_prefill, Some(prefill)))
            .with_sampling(nearer(known.sampling, own.map(Traits::sampling)))
            .with_forced_tool(nearer(known.forced_tool, own.map(|own| own.forced_tool)))
            .with_mid_system(nearer(known.mid_system, own.map(|own| own.mid_system)))
            .with_thinking(thinking)
            .with_effort(own.map_or(Support::Unknown, |own| own.effort))
            .with_xhigh_effort(xhigh_effort)
            .with_max_output(known.max_output.and_then(|tokens| u32::try_from(tokens).ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_has_the_traits_of_its_family() {
        for model in
            ["claude-haiku-4-5", "claude-haiku-4-5-20251001", "claude-haiku-4-5@20251001", "claude-haiku-4-5-latest"]
        {
            assert_eq!(traits(model), Some(BUDGET), "{model}");
        }
        assert_eq!(traits("claude-opus-5-5-20261101").map(Traits::sampling), Some(No));
        assert_eq!(traits("claude-haiku-4-5-turbo"), None);
        assert_eq!(Profile::of("claude-of-tomorrow", &Capabilities::default()), Profile::default());
    }

    #[test]
    fn a_catalogue_goes_before_the_table() {
        let mut known = Capabilities::default();
        let of = |known: &Capabilities| Profile::of("claude-opus-4-7", known);
        assert_eq!((of(&known).sampling, of(&known).thinking), (No, Thinking::Adaptive));
        known.sampling = Yes;
        known.mid_system = Yes;
        assert_eq!((of(&known).sampling, of(&known).mid_system), (Yes, Yes));
        known.always_reasons = Yes;
        assert_eq!(of(&known).thinking, Thinking::Always);
        let mut tomorrow = Capabilities::default();
        tomorrow.adaptive_reasoning = Yes;
        assert_eq!(Profile::of("claude-of-tomorrow", &tomorrow).thinking, Thinking::Either);
        tomorrow.sampling = No;
        let profile = Profile::of("claude-of-tomorrow", &tomorrow);
        assert_eq!((profile.thinking, profile.xhigh_effort), (Thinking::Adaptive, Yes));
    }
}
