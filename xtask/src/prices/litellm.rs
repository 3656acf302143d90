//! LiteLLM's `model_prices_and_context_window.json`: what models can do, and prices that genai-prices lacks.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};

use super::decimal::scaled;
use super::table::{Dated, ModelRow, Price, ProviderRow, Source, Table};

pub(super) const CAPABILITIES: &str = "capabilities.jsonl";
pub(super) const PRICES: &str = "prices_more.jsonl";

/// Whose models are taken: those a plugin of ours, here or planned, can reach.
const PROVIDERS: &[&str] = &[
    "openai",
    "text-completion-openai",
    "anthropic",
    "gemini",
    "vertex_ai-language-models",
    "vertex_ai",
    "vertex_ai-embedding-models",
    "vertex_ai-anthropic_models",
    "vertex_ai-mistral_models",
    "vertex_ai-deepseek_models",
    "vertex_ai-llama_models",
    "vertex_ai-openai_models",
    "vertex_ai-qwen_models",
    "azure",
    "azure_ai",
    "bedrock",
    "bedrock_converse",
    "bedrock_mantle",
    "groq",
    "mistral",
    "cohere",
    "cohere_chat",
    "deepseek",
    "xai",
    "together_ai",
    "fireworks_ai",
    "fireworks_ai-embedding-models",
    "perplexity",
    "cerebras",
    "sambanova",
    "cloudflare",
    "databricks",
    "watsonx",
    "moonshot",
    "zai",
    "dashscope",
    "hyperbolic",
    "deepinfra",
    "novita",
    "minimax",
    "nebius",
    "baseten",
    "vercel_ai_gateway",
    "voyage",
    "github_copilot",
    "snowflake",
];
/// Whose prices are taken: those that genai-prices has none of.
const PRICED: &[&str] = &["sambanova", "deepinfra", "dashscope", "watsonx", "vercel_ai_gateway", "snowflake"];

const FLAGS: &[(&str, &str)] = &[
    ("tools", "supports_function_calling"),
    ("parallel", "supports_parallel_function_calling"),
    ("tool_choice", "supports_tool_choice"),
    ("schema", "supports_response_schema"),
    ("vision", "supports_vision"),
    ("pdf", "supports_pdf_input"),
    ("audio_in", "supports_audio_input"),
    ("video", "supports_video_input"),
    ("reasoning", "supports_reasoning"),
    ("adaptive", "supports_adaptive_thinking"),
    ("always_think", "thinking_always_on"),
    ("cache", "supports_prompt_caching"),
    ("mid_system", "supports_mid_conversation_system"),
    ("prefill", "supports_assistant_prefill"),
    ("web_search", "supports_web_search"),
    ("sampling", "supports_sampling_params"),
    ("forced_tool", "supports_forced_tool_use"),
    ("stream", "supports_native_streaming"),
];
const EFFORTS: &[&str] = &["none", "minimal", "low", "xhigh", "max"];
const MODES: &[&str] = &["chat", "responses", "embedding", "completion"];

/// The list's price keys and ours; each may have a sibling that ends in `_above_200k_tokens`.
const KEYS: &[(&str, &str)] = &[
    ("input_cost_per_token", "in"),
    ("output_cost_per_token", "out"),
    ("cache_read_input_token_cost", "cr"),
    ("cache_creation_input_token_cost", "cw"),
    ("cache_creation_input_token_cost_above_1hr", "cw1h"),
    ("output_cost_per_reasoning_token", "out_reasoning"),
];

/// What the models can do.
pub(super) fn capabilities(list: &Map<String, Value>) -> Result<Table> {
    table(list, PROVIDERS, |id, model| Ok(Some(capable(id, model))))
}

/// What models of the providers in [`PRICED`] cost.
pub(super) fn prices(list: &Map<String, Value>) -> Result<Table> {
    table(list, PRICED, priced)
}

fn table(
    list: &Map<String, Value>,
    providers: &[&str],
    row: impl Fn(&str, &Map<String, Value>) -> Result<Option<ModelRow>>,
) -> Result<Table> {
    let source = Source {
        schema: 1,
        list: "LiteLLM".to_owned(),
        url: "https://github.com/BerriAI/litellm".to_owned(),
        license: "MIT".to_owned(),
        copyright: "Copyright (c) 2023 Berri AI".to_owned(),
        ..Source::default()
    };
    let mut found: BTreeMap<&str, BTreeMap<String, ModelRow>> = BTreeMap::new();
    for (name, model) in list {
        let Some(model) = model.as_object() else { continue };
        let text = |key: &str| model.get(key).and_then(Value::as_str).unwrap_or_default();
        let provider = text("litellm_provider");
        if !providers.contains(&provider) || !MODES.contains(&text("mode")) {
            continue;
        }
        let id = name.strip_prefix(provider).and_then(|rest| rest.strip_prefix('/')).unwrap_or(name);
        // Vertex is one prefix for all its makers.
        let id = id.strip_prefix("vertex_ai/").unwrap_or(id).to_lowercase();
        if let Some(row) = row(&id, model).with_context(|| name.clone())? {
            found.entry(provider).or_default().insert(id, row);
        }
    }
    let row = |provider: &str| ProviderRow { provider: provider.to_owned(), ..ProviderRow::default() };
    let providers = found.into_iter().map(|(provider, rows)| (row(provider), rows.into_values().collect())).collect();
    Ok(Table { source, providers })
}

fn capable(id: &str, model: &Map<String, Value>) -> ModelRow {
    let flags = |wanted: bool| {
        let has = |(_, theirs): &&(&str, &str)| model.get(*theirs).and_then(Value::as_bool) == Some(wanted);
        FLAGS.iter().filter(has).map(|(ours, _)| (*ours).to_owned()).collect()
    };
    let number = |key: &str| model.get(key).and_then(Value::as_u64).filter(|number| *number > 0);
    let efforts = |wanted: bool| {
        let key = |effort: &&&str| model.get(&format!("supports_{effort}_reasoning_effort")).and_then(Value::as_bool);
        EFFORTS.iter().filter(|effort| key(effort) == Some(wanted)).map(|effort| (*effort).to_owned()).collect()
    };
    let levels = model.get("reasoning_effort_levels").and_then(Value::as_array);
    let mode = model.get("mode").and_then(Value::as_str).filter(|mode| *mode != "chat");
    ModelRow {
        y: flags(true),
        n: flags(false),
        mode: mode.map(str::to_owned),
        ctx: number("max_input_tokens"),
        out: number("max_output_tokens"),
        dim: number("output_vector_size"),
        cache_min: number("prompt_cache_min_tokens"),
        dep: model.get("deprecation_date").filter(|day| day.is_string()).cloned(),
        efforts: levels.map_or_else(
            || efforts(true),
            |levels| levels.iter().filter_map(|level| level.as_str().map(str::to_owned)).collect(),
        ),
        no_efforts: efforts(false),
        ..ModelRow::named(id)
    }
}

fn priced(id: &str, model: &Map<String, Value>) -> Result<Option<ModelRow>> {
    let mut dated = Dated::default();
    for (theirs, ours) in KEYS {
        let Some(base) = model.get(*theirs).filter(|base| base.is_number()) else { continue };
        let mut steps = vec![Value::from(micro(base)?)];
        let mut tiers = BTreeMap::new();
        for (key, value) in model {
            let above = key.strip_prefix(theirs).and_then(|rest| rest.strip_prefix("_above_"));
            let above = above.and_then(|rest| rest.strip_suffix("k_tokens"));
            if let Some(thousands) = above.and_then(|digits| digits.parse::<u64>().ok()) {
                tiers.insert(thousands * 1000, micro(value)?);
            }
        }
        steps.extend(tiers.into_iter().map(|(start, price)| Value::Array(vec![start.into(), price.into()])));
        let price = if steps.len() == 1 { Price::Flat(micro(base)?) } else { Price::Tiered(steps) };
        dated.p.insert((*ours).to_owned(), price);
    }
    // The list says 0 of what it does not know as of what is free: both are unknown to us.
    let costs = dated.p.values().any(|price| *price != Price::Flat(0));
    Ok(costs.then(|| ModelRow { p: vec![dated], ..ModelRow::named(id) }))
}

/// Dollars for a token as micro-dollars for a million.
fn micro(dollars: &Value) -> Result<u64> {
    scaled(dollars, 12)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows(read: fn(&Map<String, Value>) -> Result<Table>, list: &Value) -> Vec<String> {
        read(list.as_object().unwrap()).unwrap().text().lines().skip(1).map(str::to_owned).collect()
    }

    #[test]
    fn flags_limits_and_efforts_are_read() {
        let list = json!({
            "anthropic/claude-X": {
                "litellm_provider": "anthropic", "mode": "chat", "max_input_tokens": 200_000, "max_output_tokens": 9,
                "supports_vision": true, "supports_sampling_params": false, "supports_max_reasoning_effort": true,
                "supports_none_reasoning_effort": false, "deprecation_date": "2027-01-01",
            },
            "dall-e": {"litellm_provider": "openai", "mode": "image_generation"},
            "x/y": {"litellm_provider": "somebody", "mode": "chat"},
        });
        assert_eq!(
            rows(capabilities, &list),
            [
                r#"{"provider":"anthropic"}"#,
                concat!(
                    r#"{"id":"claude-x","ctx":200000,"dep":"2027-01-01","y":["vision"],"n":["sampling"],"out":9,"#,
                    r#""efforts":["max"],"no_efforts":["none"]}"#
                )
            ]
        );
        assert_eq!(rows(prices, &list), [""; 0]);
    }

    #[test]
    fn prices_for_a_token_become_prices_for_a_million() {
        let list = json!({
            "deepinfra/a/B": {
                "litellm_provider": "deepinfra", "mode": "chat", "input_cost_per_token": 2.5e-7,
                "output_cost_per_token": 1e-6, "output_cost_per_token_above_200k_tokens": 2e-6,
            },
            "deepinfra/free": {"litellm_provider": "deepinfra", "mode": "chat", "input_cost_per_token": 0.0},
        });
        let expected = r#"{"id":"a/b","p":[{"p":{"in":250000,"out":[1000000,[200000,2000000]]}}]}"#;
        assert_eq!(rows(prices, &list), [r#"{"provider":"deepinfra"}"#, expected]);
    }
}
