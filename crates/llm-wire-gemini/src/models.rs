//! The list of models, a page at a time.

use llm_core::{Error, ModelInfo, Support};
use serde::Deserialize;
use serde_json::Value;

use crate::error::malformed;

/// One page of models.
#[derive(Debug)]
pub struct Page {
    /// The models.
    pub models: Vec<ModelInfo>,
    /// What to ask the next page with; `None` after the last one.
    pub next: Option<String>,
}

/// Reads one page. Names lose their `models/`, which the request's path does not need.
pub fn decode_response(body: &[u8]) -> Result<Page, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Wire {
        #[serde(default)]
        models: Vec<Value>,
        #[serde(default)]
        next_page_token: Option<String>,
    }
    let wire: Wire = serde_json::from_slice(body).map_err(|error| malformed(&error, "a list of models"))?;
    let next = wire.next_page_token.filter(|token| !token.is_empty());
    Ok(Page { models: wire.models.into_iter().filter_map(model).collect(), next })
}

fn model(raw: Value) -> Option<ModelInfo> {
    let name = raw.get("name")?.as_str()?;
    let mut info = ModelInfo::new(name.strip_prefix("models/").unwrap_or(name));
    let capabilities = &mut info.capabilities;
    capabilities.context_window = raw.get("inputTokenLimit").and_then(Value::as_u64);
    capabilities.max_output = raw.get("outputTokenLimit").and_then(Value::as_u64);
    if let Some(methods) = raw.get("supportedGenerationMethods").and_then(Value::as_array) {
        let has = |method: &str| {
            if methods.iter().any(|known| known == method) { Support::Yes } else { Support::No }
        };
        capabilities.chat = has("generateContent");
        // Every model that generates also streams; the list has no word for it.
        capabilities.streaming = capabilities.chat;
        capabilities.embeddings = has("embedContent");
    }
    if raw.get("thinking").and_then(Value::as_bool) == Some(true) {
        capabilities.reasoning = Support::Yes;
    }
    info.raw = raw;
    Some(info)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_page_names_models_and_the_next_page() {
        let body = json!({
            "models": [
                {
                    "name": "models/gemini-x", "inputTokenLimit": 1000, "outputTokenLimit": 10, "thinking": true,
                    "supportedGenerationMethods": ["generateContent"], "new": 1,
                },
                {"name": "models/embed-x", "supportedGenerationMethods": ["embedContent"]},
                {"nameless": true},
            ],
            "nextPageToken": "n",
        });
        let page = decode_response(body.to_string().as_bytes()).unwrap();
        let ids: Vec<_> = page.models.iter().map(|model| model.id.as_str()).collect();
        assert_eq!(ids, ["gemini-x", "embed-x"]);
        assert_eq!(page.next.as_deref(), Some("n"));
        let chat = &page.models[0];
        assert_eq!((chat.capabilities.context_window, chat.capabilities.max_output), (Some(1000), Some(10)));
        assert_eq!((chat.capabilities.chat, chat.capabilities.embeddings), (Support::Yes, Support::No));
        assert_eq!((chat.capabilities.reasoning, &chat.raw["new"]), (Support::Yes, &json!(1)));
        assert_eq!(page.models[1].capabilities.embeddings, Support::Yes);
        let last = decode_response(b"{}").unwrap();
        assert!(last.models.is_empty() && last.next.is_none());
    }
}
