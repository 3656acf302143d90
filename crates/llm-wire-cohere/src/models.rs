//! The list of models.

use llm_core::{Error, ModelInfo, Support};
use llm_wire::Page;
use llm_wire::json::malformed;
use serde_json::Value;

use crate::error;

/// Reads one page; the next one is asked for with `page_token`.
pub fn decode_response(body: &[u8]) -> Result<Page, Error> {
    let said: Value = serde_json::from_slice(body).map_err(|error| malformed("the models", &error))?;
    let Some(list) = said["models"].as_array() else { return Err(error::unexpected("the models", &said)) };
    let next = said["next_page_token"].as_str().filter(|token| !token.is_empty()).map(str::to_owned);
    Ok(Page { models: list.iter().filter_map(model).collect(), next })
}

fn model(raw: &Value) -> Option<ModelInfo> {
    let mut model = ModelInfo::new(raw["name"].as_str().or_else(|| raw["id"].as_str())?);
    model.capabilities.context_window = raw["context_length"].as_u64();
    if let Some(endpoints) = raw["endpoints"].as_array() {
        let has = |name: &str| if endpoints.iter().any(|known| known == name) { Support::Yes } else { Support::No };
        model.capabilities.chat = has("chat");
        model.capabilities.embeddings = has("embed");
        model.capabilities.rerank = has("rerank");
    }
    if let Some(features) = raw["features"].as_array() {
        let has = |name: &str| if features.iter().any(|known| known == name) { Support::Yes } else { Support::Unknown };
        model.capabilities.tools = has("tools");
        model.capabilities.json_schema = has("json_schema");
        model.capabilities.reasoning = has("reasoning");
    }
    model.raw = raw.clone();
    Some(model)
}
