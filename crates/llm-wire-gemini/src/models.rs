//! The list of models, a page at a time.

use llm_core::{Cx, Error, ModelInfo, Support};
use llm_wire::json::malformed;
use llm_wire::{Account, Page, all_pages};
use serde::Deserialize;
use serde_json::Value;

use crate::error::decode_error;

/// Asks for one page after the other; `path` is that of a page.
pub async fn all(account: &Account, cx: &Cx, path: impl Fn(Option<&str>) -> String) -> Result<Vec<ModelInfo>, Error> {
    let page = |next: Option<String>| {
        let request = account.get(&path(next.as_deref()));
        account.ask(cx, request, decode_error, |success| decode_response(&success.body))
    };
    all_pages(page).await
}

/// Reads one page. Names lose their `models/`, which the request's path does not need, and at Vertex AI their
/// `publishers/google/models/`; another publisher's model keeps its publisher, as `anthropic/…`.
pub fn decode_response(body: &[u8]) -> Result<Page, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Wire {
        #[serde(default, alias = "publisherModels")]
        models: Vec<Value>,
        #[serde(default)]
        next_page_token: Option<String>,
    }
    let wire: Wire = serde_json::from_slice(body).map_err(|error| malformed("the list of models", &error))?;
    let next = wire.next_page_token.filter(|token| !token.is_empty());
    Ok(Page { models: wire.models.into_iter().filter_map(model).collect(), next })
}

fn model(raw: Value) -> Option<ModelInfo> {
    let name = raw.get("name")?.as_str()?;
    let mut info =
        ModelInfo::new(match name.strip_prefix("publishers/").and_then(|rest| rest.split_once("/models/")) {
            Some(("google", id)) => id.to_owned(),
            Some((publisher, id)) => format!("{publisher}/{id}"),
            None => name.strip_prefix("models/").unwrap_or(name).to_owned(),
        });
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
        let names = json!({"publisherModels": [
            {"name": "publishers/google/models/gemini-x"}, {"name": "publishers/anthropic/models/claude-x"},
        ]});
        let page = decode_response(names.to_string().as_bytes()).unwrap();
        let ids: Vec<_> = page.models.iter().map(|model| model.id.as_str()).collect();
        assert_eq!(ids, ["gemini-x", "anthropic/claude-x"]);
        let last = decode_response(b"{}").unwrap();
        assert!(last.models.is_empty() && last.next.is_none());
    }
}
