//! What is different about recordings of Azure: where a version is dated, the deployment stands in the path, and the body
//! need not name it.

use llm_core::{ChatRequest, Error};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::case::{Case, Recorded};

/// The deployment in a path such as `/openai/deployments/my-gpt/chat/completions`.
pub(super) fn model(case: &Case) -> Option<String> {
    of_path(&case.request.as_ref()?.path)
}

fn of_path(path: &str) -> Option<String> {
    let id = path.split_once("/openai/deployments/")?.1.split('/').next()?;
    Some(percent_decode_str(id).decode_utf8_lossy().into_owned())
}

/// The settings by which the recorded address is asked.
pub(super) fn configure(case: &Case, config: &mut Map<String, Value>) {
    let Some(recorded) = &case.request else { return };
    if recorded.path.starts_with("/models/") {
        config.insert("base_url".to_owned(), "http://replay.invalid/models".into());
    }
    let version = recorded.query.iter().find(|(name, _)| name == "api-version").map(|(_, version)| version.as_str());
    let dated = version.or_else(|| of_path(&recorded.path).map(|_| "2024-10-21"));
    config.extend(dated.map(|version| ("api_version".to_owned(), Value::from(version))));
}

/// The recorded chat, with the deployment as its model where the body has none.
pub(super) fn chat(recorded: &Recorded) -> Result<ChatRequest, Error> {
    let mut body = recorded.body.clone();
    if body["model"].is_null()
        && let Some(model) = of_path(&recorded.path)
    {
        body["model"] = model.into();
    }
    llm_wire_openai::chat::decode_request(body.to_string().as_bytes()).map(|decoded| decoded.request)
}

/// Whether the path says the model.
pub(super) fn is_deployed(case: &Case) -> bool {
    case.provider == "azure" && model(case).is_some()
}
