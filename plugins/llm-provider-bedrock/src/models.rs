//! What is known of models on Bedrock beyond what a catalogue knows, as data: how each is told to reason, and what it calls
//! the number of likeliest tokens. Of Claude `llm_wire_anthropic::claude` knows it.
//!
//! Sources: AWS's pages on the models' parameters, the vendors' own, recorded traffic; read 2026-11.
//! A model that is not here is asked as the caller asks.

use llm_core::Support::Yes;
use llm_core::{Capabilities, Support};
use llm_wire_anthropic::Thinking;
use llm_wire_bedrock::{Profile, ReasoningForm, TopK};

/// What a model is told differently.
#[derive(Clone, Copy, Debug)]
struct Traits {
    reasoning: ReasoningForm,
    forced_tool: Support,
    top_k: TopK,
}

/// A model of which nothing special is known.
const PLAIN: Traits = Traits { reasoning: ReasoningForm::Never, forced_tool: Support::Unknown, top_k: TopK::Unknown };
const NOVA: Traits = Traits { forced_tool: Yes, top_k: TopK::Nova, ..PLAIN };
const NOVA_2: Traits = Traits { reasoning: ReasoningForm::NovaConfig, ..NOVA };
const GPT_OSS: Traits = Traits { reasoning: ReasoningForm::Effort, ..PLAIN };
const QWEN: Traits = Traits { reasoning: ReasoningForm::Config, ..PLAIN };
const MISTRAL: Traits = Traits { top_k: TopK::Snake, ..PLAIN };
const COHERE: Traits = Traits { top_k: TopK::Cohere, ..PLAIN };

/// Families of models: an id without its region, its date and its version.
const FAMILIES: &[(&str, Traits)] = &[
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

/// The name that Anthropic itself gives a model.
fn claude(model: &str) -> Option<&str> {
    family(model).strip_prefix("anthropic.")
}

/// The nearer of two who say something.
fn nearer(known: Support, own: Support) -> Support {
    if known == Support::Unknown { own } else { known }
}

/// What Converse's encoder must know of a model; `known` is what a catalogue says.
pub(crate) fn profile(model: &str, known: &Capabilities) -> Profile {
    let profile = Profile::default().with_json_schema(known.json_schema).with_prefill(known.assistant_prefill);
    if let Some(name) = claude(model) {
        let of = llm_wire_anthropic::Profile::of(name, known);
        let reasoning = match of.thinking {
            Thinking::Never => ReasoningForm::Never,
            Thinking::Budget => ReasoningForm::Budget,
            Thinking::Either => ReasoningForm::Either,
            Thinking::Adaptive => ReasoningForm::Adaptive,
            Thinking::Always => ReasoningForm::Always,
            _ => ReasoningForm::Unknown,
        };
        return profile
            .with_sampling(of.sampling)
            .with_forced_tool(of.forced_tool)
            .with_prefill(of.prefill)
            .with_mid_system(of.mid_system)
            .with_reasoning(reasoning)
            .with_top_k(TopK::Snake);
    }
    let Some(own) = traits(model) else {
        return profile
            .with_sampling(known.sampling)
            .with_forced_tool(known.forced_tool)
            .with_mid_system(known.mid_system);
    };
    profile
        .with_sampling(nearer(known.sampling, Yes))
        .with_forced_tool(nearer(known.forced_tool, own.forced_tool))
        .with_mid_system(known.mid_system)
        .with_reasoning(own.reasoning)
        .with_top_k(own.top_k)
}

/// What the encoder of Anthropic's messages must know of a model.
pub(crate) fn messages_profile(model: &str, known: &Capabilities) -> llm_wire_anthropic::Profile {
    llm_wire_anthropic::Profile::of(claude(model).unwrap_or(model), known)
        .with_host(llm_wire_anthropic::Hosted::BEDROCK)
}

#[cfg(test)]
mod tests {
    use llm_core::Support::No;

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
        known.always_reasons = Yes;
        assert_eq!(profile("global.anthropic.claude-of-tomorrow-v1:0", &known).reasoning, ReasoningForm::Always);
    }
}
