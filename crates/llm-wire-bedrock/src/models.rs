//! The lists of models (`GET /foundation-models` and `GET /inference-profiles` of the service `bedrock`).

use llm_core::{Capabilities, Error, ModelInfo, Support};
use serde_json::Value;

use llm_wire::Page;
use llm_wire::json::malformed;

/// Decodes the list of foundation models.
pub fn decode_response(body: &[u8]) -> Result<Vec<ModelInfo>, Error> {
    let list: Value = serde_json::from_slice(body).map_err(|error| malformed("the list of models", &error))?;
    let models = entries(list, "modelSummaries").filter_map(|raw| {
        let mut model = ModelInfo::new(raw.get("modelId")?.as_str()?);
        model.capabilities = capabilities(&raw);
        model.raw = raw;
        Some(model)
    });
    Ok(models.collect())
}

/// Decodes a page of the list of inference profiles: models as they are reached across regions.
pub fn decode_profiles(body: &[u8]) -> Result<Page, Error> {
    let list: Value = serde_json::from_slice(body).map_err(|error| malformed("the list of models", &error))?;
    let next = list.get("nextToken").and_then(Value::as_str).filter(|token| !token.is_empty()).map(str::to_owned);
    let models = entries(list, "inferenceProfileSummaries").filter_map(|raw| {
        let mut model = ModelInfo::new(raw.get("inferenceProfileId")?.as_str()?);
        model.raw = raw;
        Some(model)
    });
    Ok(Page { models: models.collect(), next })
}

fn entries(mut list: Value, name: &str) -> impl Iterator<Item = Value> + use<> {
    let entries = match list.get_mut(name).map(Value::take) {
        Some(Value::Array(entries)) => entries,
        _ => Vec::new(),
    };
    entries.into_iter()
}

fn capabilities(raw: &Value) -> Capabilities {
    let has = |list: &str, word: &str| {
        let words = raw.get(list).and_then(Value::as_array)?;
        Some(words.iter().any(|known| known.as_str() == Some(word)))
    };
    let support = |known: Option<bool>| match known {
        Some(true) => Support::Yes,
        Some(false) => Support::No,
        None => Support::Unknown,
    };
    let mut capabilities = Capabilities::default();
    capabilities.chat = support(has("outputModalities", "TEXT"));
    capabilities.embeddings = support(has("outputModalities", "EMBEDDING"));
    capabilities.streaming = support(raw.get("responseStreamingSupported").and_then(Value::as_bool));
    if has("inputModalities", "IMAGE") == Some(true) {
        capabilities.media_inline.push("image/*".into());
    }
    capabilities
}
