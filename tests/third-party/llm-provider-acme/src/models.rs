//! The models: what is known of some of them, and the vendor's own list.

use llm_core::{Error, ModelCard, ModelInfo, Support};
use serde::Deserialize;
use serde_json::Value;

use crate::error;

#[llm_core::linkme::distributed_slice(llm_core::MODEL_CARDS)]
#[linkme(crate = llm_core::linkme)]
static ACME_1: ModelCard = ModelCard::new("acme", "acme-1").with_limits(64_000, 8_000).with_reasoning(Support::Yes);

#[llm_core::linkme::distributed_slice(llm_core::MODEL_CARDS)]
#[linkme(crate = llm_core::linkme)]
static ACME_1_MINI: ModelCard = ModelCard::new("acme", "acme-1-mini").with_limits(32_000, 4_000);

/// `{"models": [{"name": "acme-1", "reads": 64000, "writes": 8000, "can": ["chat", "tools"]}]}`
#[derive(Deserialize)]
struct List {
    models: Vec<Value>,
}

pub(crate) fn decode(body: &[u8]) -> Result<Vec<ModelInfo>, Error> {
    let list: List = serde_json::from_slice(body).map_err(|error| error::malformed("the models", &error))?;
    Ok(list.models.into_iter().filter_map(model).collect())
}

fn model(raw: Value) -> Option<ModelInfo> {
    let mut model = ModelInfo::new(raw["name"].as_str()?);
    model.capabilities.context_window = raw["reads"].as_u64();
    model.capabilities.max_output = raw["writes"].as_u64();
    if let Some(can) = raw["can"].as_array() {
        let has = |word: &str| if can.iter().any(|known| known == word) { Support::Yes } else { Support::No };
        model.capabilities.chat = has("chat");
        model.capabilities.tools = has("tools");
        model.capabilities.embeddings = has("vectors");
    }
    model.raw = raw;
    Some(model)
}
