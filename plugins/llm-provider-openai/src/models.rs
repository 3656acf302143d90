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

/// Announces each card to the catalogue of all plugins.
macro_rules! models {
    ($($name:ident: $card:expr;)*) => {
        $(
            #[llm_core::linkme::distributed_slice(llm_core::MODEL_CARDS)]
            #[linkme(crate = llm_core::linkme)]
            static $name: ModelCard = $card;
        )*
    };
}

models! {
    GPT_6_1_SOL: card("gpt-6.1-sol", 922_000, 128_000, No, Yes);
    GPT_6_ASTRA: card("gpt-6-astra", 922_000, 128_000, No, Yes);
    GPT_6_SOL: card("gpt-6-sol", 922_000, 128_000, Unknown, Yes);
    GPT_6_LUNA: card("gpt-6-luna", 922_000, 128_000, Unknown, Yes);
    GPT_5_6: card("gpt-5.6", 922_000, 128_000, Unknown, Yes);
    GPT_5_6_SOL: card("gpt-5.6-sol", 922_000, 128_000, Unknown, Yes);
    GPT_5_6_TERRA: card("gpt-5.6-terra", 922_000, 128_000, Unknown, Yes);
    GPT_5_6_LUNA: card("gpt-5.6-luna", 922_000, 128_000, Unknown, Yes);
    GPT_5_5: card("gpt-5.5", 1_050_000, 128_000, Unknown, Yes);
    GPT_5_5_2026_04_23: card("gpt-5.5-2026-04-23", 1_050_000, 128_000, Unknown, Yes);
    GPT_5_4: card("gpt-5.4", 1_050_000, 128_000, Unknown, Yes);
    GPT_5_4_2026_03_05: card("gpt-5.4-2026-03-05", 1_050_000, 128_000, Unknown, Yes);
    GPT_5_4_MINI: card("gpt-5.4-mini", 272_000, 128_000, Unknown, Yes);
    GPT_5_4_MINI_2026_03_17: card("gpt-5.4-mini-2026-03-17", 272_000, 128_000, Unknown, Yes);
    GPT_5_4_NANO: card("gpt-5.4-nano", 272_000, 128_000, Unknown, Yes);
    GPT_5_4_NANO_2026_03_17: card("gpt-5.4-nano-2026-03-17", 272_000, 128_000, Unknown, Yes);
    GPT_5_2: card("gpt-5.2", 272_000, 128_000, Unknown, Yes);
    GPT_5_2_2025_12_11: card("gpt-5.2-2025-12-11", 272_000, 128_000, Unknown, Yes);
    GPT_5_2_CHAT: card("gpt-5.2-chat-latest", 128_000, 16_384, No, Yes);
    GPT_5_1: card("gpt-5.1", 272_000, 128_000, Unknown, Yes);
    GPT_5_1_2025_11_13: card("gpt-5.1-2025-11-13", 272_000, 128_000, Unknown, Yes);
    GPT_5_1_CHAT: card("gpt-5.1-chat-latest", 128_000, 16_384, No, Yes);
    GPT_5: card("gpt-5", 272_000, 128_000, No, Yes);
    GPT_5_2025_08_07: card("gpt-5-2025-08-07", 272_000, 128_000, No, Yes);
    GPT_5_MINI: card("gpt-5-mini", 272_000, 128_000, No, Yes);
    GPT_5_MINI_2025_08_07: card("gpt-5-mini-2025-08-07", 272_000, 128_000, No, Yes);
    GPT_5_NANO: card("gpt-5-nano", 272_000, 128_000, No, Yes);
    GPT_5_NANO_2025_08_07: card("gpt-5-nano-2025-08-07", 272_000, 128_000, No, Yes);
    GPT_5_CHAT: card("gpt-5-chat-latest", 128_000, 16_384, Yes, No);
    O4_MINI: card("o4-mini", 200_000, 100_000, No, Yes);
    O4_MINI_2025_04_16: card("o4-mini-2025-04-16", 200_000, 100_000, No, Yes);
    O3: card("o3", 200_000, 100_000, No, Yes);
    O3_2025_04_16: card("o3-2025-04-16", 200_000, 100_000, No, Yes);
    O3_MINI: card("o3-mini", 200_000, 100_000, No, Yes);
    O3_MINI_2025_01_31: card("o3-mini-2025-01-31", 200_000, 100_000, No, Yes);
    O1: card("o1", 200_000, 100_000, No, Yes);
    O1_2024_12_17: card("o1-2024-12-17", 200_000, 100_000, No, Yes);
    GPT_4_1: card("gpt-4.1", 1_047_576, 32_768, Yes, No);
    GPT_4_1_MINI: card("gpt-4.1-mini", 1_047_576, 32_768, Yes, No);
    GPT_4_1_NANO: card("gpt-4.1-nano", 1_047_576, 32_768, Yes, No);
    GPT_4O: card("gpt-4o", 128_000, 16_384, Yes, No);
    GPT_4O_MINI: card("gpt-4o-mini", 128_000, 16_384, Yes, No);
    GPT_4_TURBO: card("gpt-4-turbo", 128_000, 4_096, Yes, No);
    GPT_3_5_TURBO: card("gpt-3.5-turbo", 16_385, 4_096, Yes, No);
}
