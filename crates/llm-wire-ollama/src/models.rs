//! The operation that lists models, `GET /api/tags`: those that were pulled, or that ollama.com offers.

use llm_core::{Capabilities, Error, ErrorKind, ModelInfo, Support};
use serde_json::{Map, Value};

use crate::{error, json};

/// Reads the list.
pub fn decode_response(body: &[u8]) -> Result<Vec<ModelInfo>, Error> {
    const DOING: &str = "decoding ollama's list of models";
    let mut answer: Map<String, Value> =
        serde_json::from_slice(body).map_err(|error| json::malformed(DOING, &error))?;
    match (answer.remove("models"), answer.remove("error")) {
        (Some(Value::Array(models)), _) => Ok(models.into_iter().filter_map(model).collect()),
        // No model was pulled yet; older servers.
        (Some(Value::Null), _) => Ok(Vec::new()),
        (_, Some(problem)) => Err(error::in_band(&crate::wire::Problem::from(problem))),
        _ => Err(Error::new(ErrorKind::Malformed, format!("{DOING}: it has no models"))),
    }
}

fn model(raw: Value) -> Option<ModelInfo> {
    let id = raw.get("model").or_else(|| raw.get("name"))?.as_str()?.to_owned();
    let mut model = ModelInfo::new(id);
    if let Some(words) = raw.get("capabilities").and_then(Value::as_array) {
        model.capabilities = capabilities(words);
    }
    model.raw = raw;
    Some(model)
}

/// What newer servers say of a model; a word that is not in the list is something it cannot do.
fn capabilities(words: &[Value]) -> Capabilities {
    let has = |word: &str| if words.iter().any(|known| known == word) { Support::Yes } else { Support::No };
    let mut capabilities = Capabilities::default();
    capabilities.chat = has("completion");
    capabilities.streaming = has("completion");
    capabilities.embeddings = has("embedding");
    capabilities.tools = has("tools");
    capabilities.reasoning = has("thinking");
    if has("vision") == Support::Yes {
        capabilities.media_inline = vec!["image/*".into()];
    }
    capabilities
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_what_was_pulled() {
        let body = br#"{"models":[
            {"name":"qwen3:8b","model":"qwen3:8b","size":5225388164,"details":{"family":"qwen3"},"capabilities":["completion","tools","thinking"]},
            {"name":"old:latest"}]}"#;
        let models = decode_response(body).unwrap();
        assert_eq!(models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(), ["qwen3:8b", "old:latest"]);
        assert_eq!(models[0].capabilities.tools, Support::Yes);
        assert_eq!(models[0].capabilities.embeddings, Support::No);
        assert_eq!(models[0].raw["details"]["family"], "qwen3");
        assert_eq!(models[1].capabilities, Capabilities::default());
        assert!(decode_response(br#"{"models":null}"#).unwrap().is_empty());
    }

    #[test]
    fn an_answer_without_a_list_is_an_error() {
        assert_eq!(decode_response(b"{}").unwrap_err().kind(), ErrorKind::Malformed);
        assert_eq!(decode_response(b"<html>").unwrap_err().kind(), ErrorKind::Malformed);
        let error = decode_response(br#"{"error":"boom"}"#).unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Server, "boom"));
    }
}
