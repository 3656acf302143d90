//! What is known of models on Bedrock beyond what a catalogue knows, as data: how each is told to reason, and what it calls
//! the number of likeliest tokens. Of Claude `llm_wire_anthropic::claude` knows it.
//!
//! Sources: AWS's pages on the models' parameters, the vendors' own, recorded traffic; read 2026-11.
//! A model that is not here is asked as the caller asks.

use llm_core::Support::Yes;
use llm_core::{Capabilities, ModelCard, Support};
use llm_wire_anthropic::Thinking;
use llm_wire_bedrock::{Profile, ReasoningForm, TopK, family};

/// Announces whose models are, and which form of `InvokeModel` they take; a catalogue knows more of them by their publishers.
macro_rules! cards {
    ($($publisher:literal $form:literal: $($model:literal)*;)*) => { $(cards! { @ $publisher $form $($model)* })* };
    (@ $publisher:literal $form:literal $($model:literal)*) => {
        llm_core::model_cards! {
            $(ModelCard::new("bedrock", concat!($publisher, ".", $model)).with_publisher($publisher).with_form($form)),*
        }
    };
}

// AWS's pages on each model's parameters and its list of models ("Supported foundation models"), read 2026-11; of Claude
// also the list of `llm_wire_anthropic::claude`. Families, as `family` tells them.
cards! {
    "ai21" "jurassic": "j2-mid" "j2-ultra" "j2-grande-instruct" "j2-jumbo-instruct";
    "ai21" "chat": "jamba-instruct" "jamba-1-5-mini" "jamba-1-5-large";
    "amazon" "titan": "titan-tg1-large" "titan-text-lite" "titan-text-express" "titan-text-premier"
        "titan-embed-text" "titan-embed-g1-text-02" "titan-embed-image";
    "amazon" "converse": "nova-micro" "nova-lite" "nova-pro" "nova-premier" "nova-2-lite" "nova-2-pro" "nova-2-pro-preview";
    "amazon" "nova": "nova-2-multimodal-embeddings";
    "amazon" "amazon": "rerank";
    "anthropic" "messages": "claude" "claude-instant" "claude-3-haiku" "claude-3-sonnet" "claude-3-opus"
        "claude-3-5-haiku" "claude-3-5-sonnet" "claude-3-7-sonnet" "claude-haiku-4-5" "claude-haiku-5-5"
        "claude-sonnet-4" "claude-sonnet-4-5" "claude-sonnet-4-6" "claude-sonnet-5" "claude-sonnet-5-5"
        "claude-opus-4" "claude-opus-4-1" "claude-opus-4-5" "claude-opus-4-6" "claude-opus-4-7" "claude-opus-4-8"
        "claude-opus-5" "claude-opus-5-5" "claude-fable-5" "claude-fable-5-1" "claude-mythos-5" "claude-mythos-5-1"
        "claude-mythos-preview";
    "cohere" "command": "command-text" "command-light-text";
    "cohere" "command-r": "command-r" "command-r-plus";
    "cohere" "cohere": "embed" "embed-english" "embed-multilingual" "rerank";
    "deepseek" "deepseek": "r1";
    "deepseek" "chat": "v3" "v3.1" "v3.2";
    "google" "chat": "gemma-3-4b-it" "gemma-3-12b-it" "gemma-3-27b-it";
    "meta" "llama": "llama2-13b-chat" "llama2-70b-chat" "llama3-8b-instruct" "llama3-70b-instruct"
        "llama3-1-8b-instruct" "llama3-1-70b-instruct" "llama3-1-405b-instruct" "llama3-2-1b-instruct"
        "llama3-2-3b-instruct" "llama3-2-11b-instruct" "llama3-2-90b-instruct" "llama3-3-70b-instruct"
        "llama4-scout-17b-instruct" "llama4-maverick-17b-instruct";
    "minimax" "chat": "minimax-m2" "minimax-m2.1" "minimax-m2.5";
    "mistral" "mistral": "mistral-7b-instruct" "mixtral-8x7b-instruct" "mistral-small-2402";
    "mistral" "chat": "mistral-large-2402" "mistral-large-2407" "mistral-large-3-675b-instruct" "pixtral-large-2502"
        "devstral-2-123b" "magistral-small-2509" "ministral-3-3b-instruct" "ministral-3-8b-instruct"
        "ministral-3-14b-instruct" "voxtral-mini-3b-2507" "voxtral-small-24b-2507";
    "moonshot" "chat": "kimi-k2-thinking";
    "moonshotai" "chat": "kimi-k2-thinking" "kimi-k2.5" "kimi-k3";
    "nvidia" "chat": "nemotron-nano-9b" "nemotron-nano-12b" "nemotron-nano-3-30b" "nemotron-super-3-120b";
    "openai" "chat": "gpt-oss-20b" "gpt-oss-120b" "gpt-oss-safeguard-20b" "gpt-oss-safeguard-120b" "gpt-5.4" "gpt-5.5"
        "gpt-5.6-luna" "gpt-5.6-sol" "gpt-5.6-terra" "gpt-6-astra" "gpt-6-luna" "gpt-6-sol" "gpt-6.1-sol";
    "qwen" "chat": "qwen3-32b" "qwen3-235b-a22b-2507" "qwen3-coder-30b-a3b" "qwen3-coder-480b-a35b" "qwen3-coder-next"
        "qwen3-next-80b-a3b" "qwen3-vl-235b-a22b";
    "writer" "chat": "palmyra-x4" "palmyra-x5" "palmyra-vision-7b";
    "xai" "chat": "grok-4.6" "grok-4.7";
    "zai" "chat": "glm-4.7" "glm-4.7-flash" "glm-5" "glm-5.3";
}

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
    use llm_core::{LinkedCards, MODEL_CARDS, known_by};
    use llm_wire_bedrock::{embed, invoke, names, rerank};

    use super::*;

    #[test]
    fn every_form_of_a_card_is_one() {
        let cards: Vec<_> = MODEL_CARDS.iter().filter(|card| card.provider == "bedrock").collect();
        assert!(cards.len() > 60, "{}", cards.len());
        for card in cards {
            let mut known = Capabilities::default();
            card.apply(&mut known);
            let is_known = invoke::Form::of(&known).is_some() || embed::Form::of(&known).is_some();
            assert!(is_known || rerank::Form::of(&known).is_some(), "{}", card.model);
            assert_eq!(family(card.model), card.model, "a card is of a family");
        }
    }

    #[test]
    fn a_model_is_known_by_every_name_that_it_has() {
        let form = |model| invoke::Form::of(&known_by(&LinkedCards, "bedrock", model, names(model)));
        for model in [
            "us.anthropic.claude-haiku-4-5-20251001-v1:0",
            "anthropic.claude-v2:1",
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/eu.anthropic.claude-opus-4-6-v1",
        ] {
            assert_eq!(form(model), Some(invoke::Form::Messages), "{model}");
        }
        assert_eq!(form("global.amazon.nova-2-lite-v1:0"), Some(invoke::Form::Converse));
        assert_eq!(form("cohere.command-light-text-v14"), invoke::Form::named("command"));
        assert_eq!(form("mistral.mistral-7b-instruct-v0:2"), invoke::Form::named("mistral"));
        assert_eq!(form("us.deepseek.r1-v1:0"), invoke::Form::named("deepseek"));
        assert_eq!(form("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3"), None);
        assert_eq!(form("anthropic.lookalike"), None, "no rule by how a name begins");
        assert_eq!(form(""), None);
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
