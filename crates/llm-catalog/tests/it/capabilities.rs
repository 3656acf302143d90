//! What models can do, as the list, plugins' cards and the operator say.

use llm_catalog::{Catalog, ModelOverlay, Overlay};
use llm_core::{Effort, ModelCard, Support};

#[llm_core::linkme::distributed_slice(llm_core::MODEL_CARDS)]
#[linkme(crate = llm_core::linkme)]
static CARD: ModelCard =
    ModelCard::new("deepseek", "deepseek-of-the-test").with_limits(5, 3).with_sampling(Support::No);

#[llm_core::linkme::distributed_slice(llm_core::MODEL_CARDS)]
#[linkme(crate = llm_core::linkme)]
static OVER: ModelCard = ModelCard::new("openai", "gpt-4o").with_limits(127_000, 16_000);

#[test]
fn flags_and_limits_are_those_of_the_list() {
    let catalog = Catalog::embedded();
    let facts = catalog.facts("anthropic", "claude-fable-5-1");
    let can = &facts.capabilities;
    assert_eq!((can.sampling, can.assistant_prefill, can.forced_tool), (Support::No, Support::No, Support::No));
    assert_eq!((can.tools, can.json_schema, can.reasoning), (Support::Yes, Support::Yes, Support::Yes));
    assert_eq!((can.context_window, can.max_output), (Some(1_000_000), Some(128_000)));
    assert_eq!(facts.efforts, [Effort::XHigh, Effort::Max]);
    assert_eq!((can.always_reasons, facts.prompt_cache_min), (Support::Yes, Some(512)));
    assert!(can.media_inline.iter().any(|kind| kind == "image/*"));
    let embedder = catalog.facts("openai", "text-embedding-3-small");
    assert_eq!((embedder.capabilities.embeddings, embedder.capabilities.chat), (Support::Yes, Support::No));
    assert_eq!(embedder.dimensions, Some(1536));
    assert_eq!(catalog.facts("acme", "who-knows"), llm_catalog::ModelFacts::default());
    let only = |model| catalog.capabilities("openai", model).responses_only;
    assert_eq!((only("gpt-5-pro"), only("gpt-4.1")), (Support::Yes, Support::Unknown));
}

#[test]
fn a_model_behind_another_name_can_do_the_same() {
    let catalog = Catalog::embedded();
    let known = catalog.capabilities("anthropic", "claude-haiku-4-5");
    for (provider, model) in [
        ("anthropic", "claude-haiku-4-5-20251001"),
        ("anthropic", "claude-haiku-4-5-20270101"),
        ("openrouter", "anthropic/claude-haiku-4-5"),
    ] {
        assert_eq!(catalog.capabilities(provider, model).max_output, known.max_output, "{provider}/{model}");
    }
    assert_eq!(known.max_output, Some(64_000));
}

#[test]
fn cards_count_more_than_the_list_and_the_operator_more_than_both() {
    let catalog = Catalog::embedded();
    assert_eq!(catalog.capabilities("deepseek", "deepseek-of-the-test").context_window, Some(5));
    let gpt = catalog.capabilities("openai", "gpt-4o");
    assert_eq!((gpt.context_window, gpt.max_output, gpt.tools), (Some(127_000), Some(16_000), Support::Yes));
    let mut own = ModelOverlay::new("openai", "gpt-4o");
    own.capabilities.context_window = Some(1000);
    own.capabilities.tools = Support::No;
    let based = ModelOverlay::new("azure", "ours").with_base_model("openai/gpt-4o-mini");
    let catalog = catalog.with_overlay(Overlay::default().with(own).with(based));
    let gpt = catalog.capabilities("openai", "gpt-4o");
    assert_eq!((gpt.context_window, gpt.max_output, gpt.tools), (Some(1000), Some(16_000), Support::No));
    assert_eq!(catalog.capabilities("azure", "ours").context_window, Some(128_000));
}

#[test]
fn a_host_of_several_publishers_models_knows_whose_they_are() {
    let catalog = Catalog::embedded();
    let publisher = |model| catalog.capabilities("vertex", model).publisher;
    assert_eq!(publisher("claude-haiku-4-5").as_deref(), Some("anthropic"));
    assert_eq!(publisher("gemini-3.5-flash").as_deref(), Some("google"));
    assert_eq!(publisher("codestral-2").as_deref(), Some("mistralai"));
    assert_eq!(publisher("meta/llama-4-scout-17b-16e-instruct-maas"), None, "its name says it");
    assert_eq!(catalog.capabilities("anthropic", "claude-haiku-4-5").publisher, None);
    let publisher = |model| catalog.capabilities("bedrock", model).publisher;
    assert_eq!(publisher("us.anthropic.claude-haiku-4-5-20251001-v1:0").as_deref(), Some("anthropic"));
    assert_eq!(publisher("qwen.qwen3-32b-v1:0").as_deref(), Some("qwen"));
    assert_eq!(publisher("anthropic.not-in-the-list"), None);
}
