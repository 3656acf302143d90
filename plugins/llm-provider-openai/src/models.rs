//! What is known of OpenAI's models, as data.
//!
//! Sources, read 2026-11: LiteLLM 1.106.2 for limits; pydantic-ai's table of the reasoning series (verified live
//! 2026-07) for sampling. `No` is for models that always reason and refuse temperature, `top_p`, penalties,
//! probabilities and stop texts; models that reason only when asked take them, so their cards say nothing.
//! A model that is not here is asked as the caller asks.

use llm_core::ModelCard;
use llm_core::Support::{self, No, Unknown, Yes};

/// The plugin whose models these are.
const PROVIDER: &str = "openai";

const fn card(model: &'static str, window: u64, output: u64, sampling: Support, reasoning: Support) -> ModelCard {
    ModelCard::new(PROVIDER, model).with_limits(window, output).with_sampling(sampling).with_reasoning(reasoning)
}

llm_core::model_cards! {
    card("gpt-6.1-sol", 922_000, 128_000, No, Yes),
    card("gpt-6-astra", 922_000, 128_000, No, Yes),
    card("gpt-6-sol", 922_000, 128_000, Unknown, Yes),
    card("gpt-6-luna", 922_000, 128_000, Unknown, Yes),
    card("gpt-5.6", 922_000, 128_000, Unknown, Yes),
    card("gpt-5.6-sol", 922_000, 128_000, Unknown, Yes),
    card("gpt-5.6-terra", 922_000, 128_000, Unknown, Yes),
    card("gpt-5.6-luna", 922_000, 128_000, Unknown, Yes),
    card("gpt-5.5", 1_050_000, 128_000, Unknown, Yes),
    card("gpt-5.5-2026-04-23", 1_050_000, 128_000, Unknown, Yes),
    card("gpt-5.4", 1_050_000, 128_000, Unknown, Yes),
    card("gpt-5.4-2026-03-05", 1_050_000, 128_000, Unknown, Yes),
    card("gpt-5.4-mini", 272_000, 128_000, Unknown, Yes),
    card("gpt-5.4-mini-2026-03-17", 272_000, 128_000, Unknown, Yes),
    card("gpt-5.4-nano", 272_000, 128_000, Unknown, Yes),
    card("gpt-5.4-nano-2026-03-17", 272_000, 128_000, Unknown, Yes),
    card("gpt-5.2", 272_000, 128_000, Unknown, Yes),
    card("gpt-5.2-2025-12-11", 272_000, 128_000, Unknown, Yes),
    card("gpt-5.2-chat-latest", 128_000, 16_384, No, Yes),
    card("gpt-5.1", 272_000, 128_000, Unknown, Yes),
    card("gpt-5.1-2025-11-13", 272_000, 128_000, Unknown, Yes),
    card("gpt-5.1-chat-latest", 128_000, 16_384, No, Yes),
    card("gpt-5", 272_000, 128_000, No, Yes),
    card("gpt-5-2025-08-07", 272_000, 128_000, No, Yes),
    card("gpt-5-mini", 272_000, 128_000, No, Yes),
    card("gpt-5-mini-2025-08-07", 272_000, 128_000, No, Yes),
    card("gpt-5-nano", 272_000, 128_000, No, Yes),
    card("gpt-5-nano-2025-08-07", 272_000, 128_000, No, Yes),
    card("gpt-5-chat-latest", 128_000, 16_384, Yes, No),
    card("o4-mini", 200_000, 100_000, No, Yes),
    card("o4-mini-2025-04-16", 200_000, 100_000, No, Yes),
    card("o3", 200_000, 100_000, No, Yes),
    card("o3-2025-04-16", 200_000, 100_000, No, Yes),
    card("o3-mini", 200_000, 100_000, No, Yes),
    card("o3-mini-2025-01-31", 200_000, 100_000, No, Yes),
    card("o1", 200_000, 100_000, No, Yes),
    card("o1-2024-12-17", 200_000, 100_000, No, Yes),
    card("gpt-4.1", 1_047_576, 32_768, Yes, No),
    card("gpt-4.1-mini", 1_047_576, 32_768, Yes, No),
    card("gpt-4.1-nano", 1_047_576, 32_768, Yes, No),
    card("gpt-4o", 128_000, 16_384, Yes, No),
    card("gpt-4o-mini", 128_000, 16_384, Yes, No),
    card("gpt-4-turbo", 128_000, 4_096, Yes, No),
    card("gpt-3.5-turbo", 16_385, 4_096, Yes, No),
}
