//! What is different about recordings of watsonx.ai: tokens are asked for with a key, and a project is billed.

use serde_json::{Map, Value};

/// The settings, with a token in the place of a key.
pub(super) fn configure(config: &mut Map<String, Value>) {
    let key = config.remove("api_key").unwrap_or_default();
    config.insert("token".to_owned(), key);
    config.insert("project".to_owned(), "recorded-project".into());
}
