//! What is known of models by the names that only Azure gives them; the others are OpenAI's, and the catalogue knows them.
//!
//! Sources, read 2026-11: LiteLLM 1.106.2 for limits; pydantic-ai's table of the reasoning series (2026-07) for sampling.

use llm_core::{ModelCard, Support};

llm_core::model_cards! {
    ModelCard::new("azure", "gpt-35-turbo").with_limits(16_385, 4_096).with_reasoning(Support::No),
    ModelCard::new("azure", "gpt-4o").with_limits(128_000, 16_384).with_reasoning(Support::No),
    ModelCard::new("azure", "gpt-4o-mini").with_limits(128_000, 16_384).with_reasoning(Support::No),
    ModelCard::new("azure", "o3").with_limits(200_000, 100_000).with_sampling(Support::No).with_reasoning(Support::Yes),
    ModelCard::new("azure", "o4-mini").with_limits(200_000, 100_000).with_sampling(Support::No).with_reasoning(Support::Yes),
    ModelCard::new("azure", "gpt-5").with_limits(272_000, 128_000).with_sampling(Support::No).with_reasoning(Support::Yes),
    ModelCard::new("azure", "gpt-5-mini").with_limits(272_000, 128_000).with_sampling(Support::No).with_reasoning(Support::Yes),
    ModelCard::new("azure", "gpt-5-nano").with_limits(272_000, 128_000).with_sampling(Support::No).with_reasoning(Support::Yes),
    ModelCard::new("azure", "gpt-5-chat").with_limits(128_000, 16_384).with_reasoning(Support::No),
    ModelCard::new("azure", "gpt-5.1-chat").with_limits(111_616, 16_384).with_sampling(Support::No).with_reasoning(Support::Yes),
    ModelCard::new("azure", "gpt-5.2-chat").with_limits(111_616, 16_384).with_sampling(Support::No).with_reasoning(Support::Yes),
    ModelCard::new("azure", "gpt-5.4-mini").with_limits(272_000, 128_000).with_reasoning(Support::Yes),
    ModelCard::new("azure", "gpt-5.5").with_limits(1_050_000, 128_000).with_reasoning(Support::Yes),
}
