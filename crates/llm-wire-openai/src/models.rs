//! The list of models, both ways.

use llm_core::{Error, ErrorKind, ModelInfo, Support};
use llm_wire::json::malformed;
use serde::Serialize;
use serde_json::Value;

use crate::dialect::Dialect;
use crate::error;
use crate::json::take;

/// Reads the list, in the vendor's order: `{data: […]}`, `{models: […]}` or a bare list.
pub fn decode_response(body: &[u8], dialect: &Dialect) -> Result<Vec<ModelInfo>, Error> {
    let what = "the vendor's models";
    let mut value: Value = serde_json::from_slice(body).map_err(|error| malformed(what, &error))?;
    let list = match &mut value {
        Value::Array(list) => std::mem::take(list),
        object => match (take(object, "data"), take(object, "models")) {
            (Value::Array(list), _) | (_, Value::Array(list)) => list,
            _ => {
                let nothing = || Error::new(ErrorKind::Malformed, format!("reading {what}: there is no list"));
                return Err(error::in_band(&value, dialect).unwrap_or_else(nothing));
            }
        },
    };
    Ok(list.into_iter().filter_map(model).collect())
}

fn model(raw: Value) -> Option<ModelInfo> {
    let id = ["id", "name", "model"].into_iter().find_map(|field| raw[field].as_str()).or_else(|| raw.as_str())?;
    let mut model = ModelInfo::new(id);
    model.created = raw["created"].as_u64().filter(|created| *created != 0);
    // OpenRouter and Together; vLLM; Groq; Mistral and LM Studio; llama.cpp.
    let windows = ["context_length", "max_model_len", "context_window", "max_context_length"];
    let window = windows.into_iter().find_map(|field| raw[field].as_u64());
    model.capabilities.context_window = window.or_else(|| raw["meta"]["n_ctx_train"].as_u64());
    // Groq; Mistral says what each can do.
    model.capabilities.max_output = raw["max_completion_tokens"].as_u64();
    let can = |field: &str| match raw["capabilities"][field].as_bool() {
        Some(true) => Support::Yes,
        Some(false) => Support::No,
        None => Support::Unknown,
    };
    model.capabilities.chat = can("completion_chat");
    model.capabilities.tools = can("function_calling");
    model.raw = raw;
    Some(model)
}

/// Writes the list for OpenAI's clients.
pub fn encode_response(models: &[ModelInfo], owned_by: &str) -> Vec<u8> {
    #[derive(Serialize)]
    struct Model<'a> {
        id: &'a str,
        object: &'static str,
        created: u64,
        owned_by: &'a str,
    }
    #[derive(Serialize)]
    struct Models<'a> {
        object: &'static str,
        data: Vec<Model<'a>>,
    }
    let data = models.iter().map(|model| Model {
        id: &model.id,
        object: "model",
        created: model.created.unwrap_or(0),
        owned_by: model.raw["owned_by"].as_str().unwrap_or(owned_by),
    });
    serde_json::to_vec(&Models { object: "list", data: data.collect() }).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(json: &str) -> Vec<String> {
        let models = decode_response(json.as_bytes(), &Dialect::COMPATIBLE).unwrap();
        models.into_iter().map(|model| model.id).collect()
    }

    #[test]
    fn reads_every_shape_of_list() {
        assert_eq!(ids(r#"{"object":"list","data":[{"id":"b","created":5},{"id":"a"}]}"#), ["b", "a"]);
        assert_eq!(ids(r#"[{"id":"a"}]"#), ["a"]);
        assert_eq!(ids(r#"{"models":[{"name":"a"}]}"#), ["a"]);
        assert_eq!(ids(r#"{"models":[{"name":"other"}],"data":[{"id":"a"}]}"#), ["a"]);
        assert_eq!(ids(r#"{"data":[]}"#), [""; 0]);
    }

    #[test]
    fn an_error_in_the_answer_is_an_error() {
        let error = decode_response(br#"{"error":{"message":"no","code":"invalid_api_key"}}"#, &Dialect::OPENAI);
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Auth);
        assert_eq!(decode_response(b"{}", &Dialect::OPENAI).unwrap_err().kind(), ErrorKind::Malformed);
        for foreign in ["<html>", "1", "true", "\"data\"", "null"] {
            let error = decode_response(foreign.as_bytes(), &Dialect::OPENAI).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Malformed, "{foreign}");
        }
    }

    #[test]
    fn keeps_what_the_vendor_says_of_a_model() {
        let models =
            decode_response(br#"{"data":[{"id":"m","max_model_len":8192,"owned_by":"vllm"}]}"#, &Dialect::COMPATIBLE)
                .unwrap();
        assert_eq!(models[0].capabilities.context_window, Some(8192));
        let written: Value = serde_json::from_slice(&encode_response(&models, "loquat")).unwrap();
        assert_eq!(
            written["data"][0],
            serde_json::json!({"id": "m", "object": "model", "created": 0, "owned_by": "vllm"})
        );
    }
}
