//! What is known of models on Bedrock beyond what a catalogue knows, as data: how each is told to reason, and what it calls
//! the number of likeliest tokens.
//!
//! Sources: AWS's pages on the models' parameters, the vendors' own, recorded traffic; read 2026-11.
//! A model that is not here is asked as the caller asks.

use llm_core::Support::{No, Yes};
use llm_core::{Capabilities, Support};
use llm_wire_anthropic::Thinking;
use llm_wire_bedrock::{Profile, ReasoningForm, TopK};

/// What a model is told differently.
#[derive(Clone, Copy, Debug)]
struct Traits {
    reasoning: ReasoningForm,
    sampling: Support,
    forced_tool: Support,
    mid_system: Support,
    top_k: TopK,
}

/// A model of which nothing special is known.
const PLAIN: Traits = Traits {
    reasoning: ReasoningForm::Never,
    sampling: Yes,
    forced_tool: Support::Unknown,
    mid_system: No,
    top_k: TopK::Unknown,
};
/// Claude 3 and 3.5.
const CLAUDE: Traits = Traits { forced_tool: Yes, top_k: TopK::Snake, ..PLAIN };
/// Claude from 3.7 up to 4.5: a budget for reasoning.
const BUDGET: Traits = Traits { reasoning: ReasoningForm::Budget, ..CLAUDE };
/// Claude 4.6: a budget or an effort.
const EITHER: Traits = Traits { reasoning: ReasoningForm::Either, ..BUDGET };
/// Claude 4.7: effort only, no sampling.
const ADAPTIVE: Traits = Traits { reasoning: ReasoningForm::Adaptive, sampling: No, ..BUDGET };
/// Claude from 4.8 on: instructions inside the conversation.
const MID_SYSTEM: Traits = Traits { mid_system: Yes, ..ADAPTIVE };
/// The newest: never forced to call a tool.
const UNFORCED: Traits = Traits { forced_tool: No, ..MID_SYSTEM };
const NOVA: Traits = Traits { forced_tool: Yes, top_k: TopK::Nova, ..PLAIN };
const NOVA_2: Traits = Traits { reasoning: ReasoningForm::NovaConfig, ..NOVA };
const GPT_OSS: Traits = Traits { reasoning: ReasoningForm::Effort, ..PLAIN };
const QWEN: Traits = Traits { reasoning: ReasoningForm::Config, ..PLAIN };
const MISTRAL: Traits = Traits { top_k: TopK::Snake, ..PLAIN };
const COHERE: Traits = Traits { top_k: TopK::Cohere, ..PLAIN };

/// Families of models: an id without its region, its date and its version.
const FAMILIES: &[(&str, Traits)] = &[
    ("anthropic.claude-3-haiku", CLAUDE),
    ("anthropic.claude-3-sonnet", CLAUDE),
    ("anthropic.claude-3-opus", CLAUDE),
    ("anthropic.claude-3-5-haiku", CLAUDE),
    ("anthropic.claude-3-5-sonnet", CLAUDE),
    ("anthropic.claude-3-7-sonnet", BUDGET),
    ("anthropic.claude-sonnet-4", BUDGET),
    ("anthropic.claude-opus-4", BUDGET),
    ("anthropic.claude-opus-4-1", BUDGET),
    ("anthropic.claude-haiku-4-5", BUDGET),
    ("anthropic.claude-sonnet-4-5", BUDGET),
    ("anthropic.claude-opus-4-5", BUDGET),
    ("anthropic.claude-sonnet-4-6", EITHER),
    ("anthropic.claude-opus-4-6", EITHER),
    ("anthropic.claude-opus-4-7", ADAPTIVE),
    ("anthropic.claude-opus-4-8", MID_SYSTEM),
    ("anthropic.claude-haiku-5-5", MID_SYSTEM),
    ("anthropic.claude-sonnet-5", MID_SYSTEM),
    ("anthropic.claude-sonnet-5-5", UNFORCED),
    ("anthropic.claude-opus-5", MID_SYSTEM),
    ("anthropic.claude-opus-5-5", UNFORCED),
    ("amazon.nova-micro", NOVA),
    ("amazon.nova-lite", NOVA),
    ("amazon.nova-pro", NOVA),
    ("amazon.nova-premier", NOVA),
    ("amazon.nova-2-lite", NOVA_2),
    ("amazon.nova-2-pro", NOVA_2),
    ("openai.gpt-oss-20b", GPT_OSS),
    ("openai.gpt-oss-120b", GPT_OSS),
    ("qwen.qwen3-32b", QWEN),
    ("qwen.qwen3-235b-a22b-2507", QWEN),
    ("mistral.mistral-large-2402", MISTRAL),
    ("mistral.mistral-large-2407", MISTRAL),
    ("mistral.pixtral-large-2502", MISTRAL),
    ("cohere.command-r", COHERE),
    ("cohere.command-r-plus", COHERE),
];

/// What stands before a model's id when it is reached across regions.
const REGIONS: [&str; 10] = ["us.", "us-gov.", "eu.", "apac.", "jp.", "au.", "ca.", "sa.", "me.", "global."];

/// The family of an id: `us.anthropic.claude-haiku-4-5-20251001-v1:0` is of `anthropic.claude-haiku-4-5`.
pub(crate) fn family(model: &str) -> &str {
    let id = model.rsplit('/').next().unwrap_or(model);
    let id = REGIONS.iter().find_map(|region| id.strip_prefix(region)).unwrap_or(id);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // `-v1:0`, and `-1:0` of gpt-oss.
    let id = match id.rsplit_once(':') {
        Some((stem, number)) if digits(number) => match stem.rsplit_once('-') {
            Some((stem, version)) if digits(version.trim_start_matches('v')) => stem,
            _ => stem,
        },
        _ => match id.rsplit_once("-v") {
            Some((stem, version)) if digits(version) => stem,
            _ => id,
        },
    };
    match id.rsplit_once('-') {
        Some((stem, date)) if date.len() == 8 && digits(date) => stem,
        _ => id,
    }
}

fn traits(model: &str) -> Option<Traits> {
    let family = family(model);
    FAMILIES.iter().find(|(known, _)| *known == family).map(|(_, traits)| *traits)
}

/// The nearer of two who say something.
fn nearer(known: Support, own: Support) -> Support {
    if known == Support::Unknown { own } else { known }
}

/// What Converse's encoder must know of a model; `known` is what a catalogue says.
pub(crate) fn profile(model: &str, known: &Capabilities) -> Profile {
    let profile = Profile::default().with_json_schema(known.json_schema);
    let Some(own) = traits(model) else {
        return profile.with_sampling(known.sampling).with_forced_tool(known.forced_tool);
    };
    profile
        .with_sampling(nearer(known.sampling, own.sampling))
        .with_forced_tool(nearer(known.forced_tool, own.forced_tool))
        .with_mid_system(own.mid_system)
        .with_reasoning(own.reasoning)
        .with_top_k(own.top_k)
}

/// What the encoder of Anthropic's messages must know of a model.
pub(crate) fn messages_profile(model: &str, known: &Capabilities) -> llm_wire_anthropic::Profile {
    let profile = llm_wire_anthropic::Profile::default()
        .with_host(llm_wire_anthropic::Hosted::BEDROCK)
        .with_max_output(known.max_output.and_then(|tokens| u32::try_from(tokens).ok()));
    let Some(own) = traits(model) else {
        return profile.with_sampling(known.sampling).with_forced_tool(known.forced_tool);
    };
    let thinking = match own.reasoning {
        ReasoningForm::Budget => Thinking::Budget,
        ReasoningForm::Either => Thinking::Either,
        ReasoningForm::Adaptive => Thinking::Adaptive,
        _ => Thinking::Unknown,
    };
    profile
        .with_sampling(nearer(known.sampling, own.sampling))
        .with_forced_tool(nearer(known.forced_tool, own.forced_tool))
        .with_mid_system(own.mid_system)
        .with_thinking(thinking)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_dates_and_versions_are_not_the_family() {
        let check = |model, expected| assert_eq!(family(model), expected);
        check("us.anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic.claude-haiku-4-5");
        check("anthropic.claude-3-5-sonnet-20241022-v2:0", "anthropic.claude-3-5-sonnet");
        check("us.anthropic.claude-opus-4-6-v1", "anthropic.claude-opus-4-6");
        check("global.anthropic.claude-sonnet-5", "anthropic.claude-sonnet-5");
        check("amazon.nova-2-lite-v1:0", "amazon.nova-2-lite");
        check("openai.gpt-oss-120b-1:0", "openai.gpt-oss-120b");
        check("mistral.mistral-large-2407-v1:0", "mistral.mistral-large-2407");
        check("mistral.devstral-2-123b", "mistral.devstral-2-123b");
        check("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0", "amazon.nova-lite");
        check("", "");
    }

    #[test]
    fn a_catalogue_goes_before_the_own_table() {
        let model = "us.anthropic.claude-opus-4-7-v1:0";
        let mut known = Capabilities::default();
        assert_eq!(profile(model, &known).sampling, No);
        assert_eq!(profile(model, &known).reasoning, ReasoningForm::Adaptive);
        known.sampling = Yes;
        assert_eq!(profile(model, &known).sampling, Yes);
        assert_eq!(profile("tomorrow.model", &known).reasoning, ReasoningForm::Unknown);
        assert_eq!(messages_profile(model, &known).thinking, Thinking::Adaptive);
    }
}
