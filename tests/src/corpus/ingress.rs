//! Reads a recorded request as the gateway's ingress would, so that real clients' requests pass through both directions
//! of the wire crates.

use llm_core::{ChatRequest, Error};

use super::case::Case;

/// The recorded request in Loquat's own form; `None` where the recording has no whole request or its API is not read.
pub fn request(case: &Case) -> Option<Result<ChatRequest, Error>> {
    let recorded = case.request.as_ref().filter(|request| !request.body_incomplete && request.body.is_object())?;
    let body = recorded.body.to_string().into_bytes();
    Some(match case.api.as_str() {
        "openai-chat" if case.provider == "azure" => return Some(super::azure::chat(recorded)),
        "openai-chat" | "mistral-chat" => llm_wire_openai::chat::decode_request(&body).map(|decoded| decoded.request),
        // The agent is asked as a model of that name.
        "mistral-agents" => llm_wire_openai::chat::decode_request(&body).map(|decoded| {
            let mut request = decoded.request;
            request.model = format!("agents/{}", recorded.body["agent_id"].as_str().unwrap_or_default());
            request.ext.of_mut(llm_wire_openai::FAMILY).remove("agent_id");
            request
        }),
        "openai-responses" => llm_wire_openai::responses::decode_request(&body).map(|decoded| decoded.request),
        "openai-completions" => llm_wire_openai::completions::decode_request(&body).map(|decoded| decoded.request),
        "openai-responses-input-tokens" => {
            llm_wire_openai::responses::decode_request(&body).map(|decoded| decoded.request)
        }
        "cohere-v2-chat" => llm_wire_cohere::chat::decode_request(&body).map(|decoded| decoded.request),
        "anthropic-messages" if case.provider == "vertex" => return super::vertex::claude(recorded),
        "anthropic-messages" | "anthropic-count-tokens" => {
            llm_wire_anthropic::messages::decode_request(&body).map(|decoded| decoded.request)
        }
        "ollama-chat" => llm_wire_ollama::chat::decode_request(&body).map(|decoded| decoded.request),
        "ollama-generate" => llm_wire_ollama::generate::decode_request(&body).map(|decoded| decoded.request),
        "gemini-count-tokens" => {
            let model = recorded.path.rsplit("models/").next()?.split(':').next()?;
            // The whole request of an answer, or its fields.
            let whole = &recorded.body["generateContentRequest"];
            let body = if whole.is_object() { whole.to_string().into_bytes() } else { body };
            llm_wire_gemini::generate::decode_request(&body, model, false).map(|decoded| decoded.request)
        }
        "gemini" => {
            let model = recorded.path.rsplit("models/").next()?.split(':').next()?;
            llm_wire_gemini::generate::decode_request(&body, model, false).map(|decoded| decoded.request)
        }
        "bedrock-converse" | "bedrock-invoke" | "bedrock-count-tokens" => {
            return super::bedrock::request(case, recorded);
        }
        _ => return None,
    })
}
