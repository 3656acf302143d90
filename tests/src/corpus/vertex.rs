//! What is different about recordings of Vertex AI: the model stands in the path, and a project is configured.

use llm_core::{ChatRequest, Error};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::case::{Case, Recorded};

/// The model in a path such as `/v1/projects/p/locations/l/publishers/google/models/gemini-3.5-flash:generateContent`.
pub(super) fn model(case: &Case) -> Option<String> {
    of_path(&case.request.as_ref()?.path)
}

fn of_path(path: &str) -> Option<String> {
    let (publisher, rest) = path.split_once("/publishers/")?.1.split_once("/models/")?;
    let id = percent_decode_str(rest.split(':').next()?).decode_utf8_lossy();
    Some(if publisher == "google" { id.into_owned() } else { format!("{publisher}/{id}") })
}

/// The settings, which know no API key.
pub(super) fn configure(config: &mut Map<String, Value>) {
    let key = config.remove("api_key").unwrap_or_default();
    config.insert("access_token".to_owned(), key);
    config.insert("project".to_owned(), "recorded-project".into());
}

/// The recorded request to a Claude; `None` where the path names no model.
pub(super) fn claude(recorded: &Recorded) -> Option<Result<ChatRequest, Error>> {
    let mut body = recorded.body.clone();
    body["model"] = of_path(&recorded.path)?.into();
    let decoded = llm_wire_anthropic::messages::decode_request(body.to_string().as_bytes());
    Some(decoded.map(|decoded| decoded.request))
}
