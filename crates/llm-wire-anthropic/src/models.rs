//! The list of models (`GET /v1/models`), one page of it.

use llm_wire::Page;
use llm_wire::json::malformed;
use std::time::UNIX_EPOCH;

use llm_core::{Capabilities, Error, ModelInfo, Support};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct WirePage {
    data: Vec<Value>,
    #[serde(default)]
    has_more: bool,
    last_id: Option<String>,
}

/// Decodes a page; the next one is asked for with `after_id`. Entries without an id are left out.
pub fn decode_response(body: &[u8]) -> Result<Page, Error> {
    let page: WirePage = serde_json::from_slice(body).map_err(|error| malformed("the list of models", &error))?;
    let models: Vec<ModelInfo> = page.data.into_iter().filter_map(model).collect();
    let last = || models.last().map(|model| model.id.clone());
    let next = if page.has_more { page.last_id.or_else(last) } else { None };
    Ok(Page { models, next })
}

fn model(raw: Value) -> Option<ModelInfo> {
    let mut model = ModelInfo::new(raw.get("id")?.as_str()?);
    let created = raw.get("created_at").and_then(Value::as_str).and_then(llm_wire::rfc3339);
    // Some servers say 1970, which is no date.
    let created = created.and_then(|at| at.duration_since(UNIX_EPOCH).ok()).map(|since| since.as_secs());
    model.created = created.filter(|seconds| *seconds > 0);
    model.capabilities = capabilities(&raw);
    model.raw = raw;
    Some(model)
}

fn capabilities(raw: &Value) -> Capabilities {
    let mut known = Capabilities::chat();
    known.context_window = raw.get("max_input_tokens").and_then(Value::as_u64);
    known.max_output = raw.get("max_tokens").and_then(Value::as_u64);
    let says = |path: &str| match raw.pointer(path).and_then(Value::as_bool) {
        Some(true) => Support::Yes,
        Some(false) => Support::No,
        None => Support::Unknown,
    };
    known.json_schema = says("/capabilities/structured_outputs/supported");
    known.reasoning = says("/capabilities/thinking/supported");
    for (path, media) in [("image_input", "image/*"), ("pdf_input", "application/pdf")] {
        if says(&format!("/capabilities/{path}/supported")) == Support::Yes {
            known.media_inline.push(media.into());
            known.media_url.push(media.into());
        }
    }
    known
}
