//! The operation that lists models, `GET /api/tags`: those that were pulled, or that ollama.com offers; and what the server
//! says of one of them, `POST /api/show`.

use llm_core::{Capabilities, Error, ErrorKind, ModelInfo, Support};
use llm_wire::json::malformed;
use serde_json::{Map, Value};

use crate::error;

/// Reads the list.
pub fn decode_response(body: &[u8]) -> Result<Vec<ModelInfo>, Error> {
    const WHAT: &str = "ollama's list of models";
    let mut answer: Map<String, Value> = serde_json::from_slice(body).map_err(|error| malformed(WHAT, &error))?;
    match (answer.remove("models"), answer.remove("error")) {
        (Some(Value::Array(models)), _) => Ok(models.into_iter().filter_map(model).collect()),
        // No model was pulled yet; older servers.
        (Some(Value::Null), _) => Ok(Vec::new()),
        (_, Some(problem)) => Err(error::in_band(&crate::wire::Problem::from(problem))),
        _ => Err(Error::new(ErrorKind::Malformed, format!("reading {WHAT}: it has no models"))),
    }
}

/// Writes the request for what the server says of a model.
pub fn encode_show(model: &str) -> Vec<u8> {
    serde_json::json!({ "model": model }).to_string().into_bytes()
}

/// Reads what the server says of a model: what it can do, and how much it reads.
pub fn decode_show(body: &[u8]) -> Result<Capabilities, Error> {
    const WHAT: &str = "what ollama says of a model";
    let answer: Map<String, Value> = serde_json::from_slice(body).map_err(|error| malformed(WHAT, &error))?;
    let words = answer.get("capabilities").and_then(Value::as_array);
    let mut known = words.map(|words| capabilities(words)).unwrap_or_default();
    // `llama.context_length`, by the model's architecture.
    let facts = answer.get("model_info").and_then(Value::as_object).into_iter().flatten();
    let window = |(name, value): (&String, &Value)| value.as_u64().filter(|_| name.ends_with(".context_length"));
    known.context_window = facts.into_iter().find_map(window);
    Ok(known)
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
    fn a_model_is_known_by_what_the_server_says_of_it() {
        let body = br#"{"capabilities":["completion","vision"],"model_info":{"general.architecture":"gemma3","gemma3.context_length":131072}}"#;
        let known = decode_show(body).unwrap();
        assert_eq!((known.context_window, known.chat, known.tools), (Some(131_072), Support::Yes, Support::No));
        assert_eq!(known.media_inline, ["image/*"]);
        assert_eq!(decode_show(b"{}").unwrap(), Capabilities::default());
        assert_eq!(encode_show("a\"b"), br#"{"model":"a\"b"}"#);
    }

    #[test]
    fn an_answer_without_a_list_is_an_error() {
        assert_eq!(decode_response(b"{}").unwrap_err().kind(), ErrorKind::Malformed);
        assert_eq!(decode_response(b"<html>").unwrap_err().kind(), ErrorKind::Malformed);
        let error = decode_response(br#"{"error":"boom"}"#).unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Server, "boom"));
    }
}
