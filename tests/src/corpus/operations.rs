//! The operations beside chats: which one a recording is of, what it asked, and the answer in normal form.

use std::sync::Arc;

use llm_core::{
    Capabilities, ChatRequest, EmbedRequest, EmbedResponse, Error, ImageRequest, KnownModels, Media, ModelInfo,
    ModerateRequest, Request, RerankRequest, Response, Support, TranscribeRequest,
};
use serde_json::{Map, Value, json};

use super::case::Case;

/// What a recording is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Chat,
    ChatStream,
    Embed,
    Rerank,
    Image,
    Transcribe,
    Moderate,
    CountTokens,
    Models,
}

/// The operation of a recording; `None` when nobody answers it yet.
pub(super) fn of(case: &Case) -> Option<Operation> {
    let streamed = case.request.as_ref().is_some_and(|request| {
        request.body["stream"] == Value::Bool(true)
            || request.path.contains("streamGenerateContent")
            || super::bedrock::is_streamed(request)
    });
    let by_api = match case.api.as_str() {
        "openai-embeddings"
        | "mistral-embeddings"
        | "hf-feature-extraction"
        | "gemini-embed"
        | "vertex-predict-embed"
        | "ollama-embed"
        | "ollama-embeddings-legacy"
        | "cohere-v1-embed"
        | "cohere-v2-embed" => Some(Operation::Embed),
        "rerank" | "cohere-rerank" | "voyage-rerank" => Some(Operation::Rerank),
        "openai-images" => Some(Operation::Image),
        "openai-transcription" => Some(Operation::Transcribe),
        "openai-moderations" | "mistral-moderations" => Some(Operation::Moderate),
        "anthropic-count-tokens" | "bedrock-count-tokens" | "gemini-count-tokens" | "openai-responses-input-tokens" => {
            Some(Operation::CountTokens)
        }
        "models" => Some(Operation::Models),
        _ => None,
    };
    match case.kind.as_str() {
        "embeddings" if case.api == "bedrock-invoke" => Some(Operation::Embed),
        "rerank" if case.api == "bedrock-invoke" => Some(Operation::Rerank),
        "responses" if case.api == "openai-responses" => Some(Operation::Chat),
        "responses_stream" if case.api == "openai-responses" => Some(Operation::ChatStream),
        "chat" => Some(Operation::Chat),
        "chat_stream" => Some(Operation::ChatStream),
        "completion" if is_prompt(case) => Some(Operation::Chat),
        "completion_stream" if is_prompt(case) => Some(Operation::ChatStream),
        // A vendor's error has one shape for all its operations; those that are not built yet ask as a chat.
        "error" => Some(by_api.unwrap_or(if streamed { Operation::ChatStream } else { Operation::Chat })),
        "embeddings"
        | "rerank"
        | "images"
        | "transcription"
        | "transcription_stream"
        | "moderation"
        | "count_tokens"
        | "models" => by_api,
        _ => None,
    }
}

/// Prompts that are continued, not chats.
pub(super) fn is_prompt(case: &Case) -> bool {
    ["openai-completions", "mistral-fim", "cohere-generate", "ollama-generate", "watsonx-generation"]
        .contains(&case.api.as_str())
}

/// What is known of the models of a recording that continue prompts.
#[derive(Debug)]
pub(super) struct Prompted;

impl KnownModels for Prompted {
    fn capabilities(&self, _: &str, _: &str) -> Arc<Capabilities> {
        let mut capabilities = Capabilities::default();
        capabilities.completions_only = Support::Yes;
        Arc::new(capabilities)
    }
}

/// What was asked, as the wire crate reads it; something plain where it cannot be read. The chats are the caller's.
pub(super) fn request(
    case: &Case,
    operation: Operation,
    model: &str,
    chat: impl FnOnce() -> Result<Arc<ChatRequest>, Error>,
) -> Result<Request, Error> {
    let body = case.request.as_ref().map_or(&Value::Null, |request| &request.body);
    let bytes = body.to_string().into_bytes();
    Ok(match operation {
        Operation::Chat => Request::Chat(chat()?),
        Operation::ChatStream => Request::ChatStream(chat()?),
        Operation::CountTokens => Request::CountTokens(chat()?),
        Operation::Embed => {
            let inputs = ["input", "requests", "texts"].iter().find_map(|key| body[*key].as_array().map(Vec::len));
            let plain = || EmbedRequest::new(model, vec!["hello"; inputs.unwrap_or(1).max(1)]);
            Request::Embed(Arc::new(texts(case, model, &bytes).unwrap_or_else(plain)))
        }
        Operation::Rerank => {
            let read = match case.api.as_str() {
                "cohere-rerank" => llm_wire_cohere::rerank::decode_request(&bytes),
                _ => llm_wire_openai::rerank::decode_request(&bytes),
            };
            Request::Rerank(Arc::new(read.unwrap_or_else(|_| RerankRequest::new(model, "what", ["a", "b"]))))
                .with_model(model)
        }
        Operation::Image => {
            let read = llm_wire_openai::images::decode_request(&bytes);
            Request::Image(Arc::new(read.unwrap_or_else(|_| ImageRequest::new(model, "a cat"))))
        }
        // Recorders leave forms out.
        Operation::Transcribe => {
            let plain = || TranscribeRequest::new(model, Media::inline("audio/mpeg", &b"ID3"[..]));
            let read = llm_wire_openai::audio::transcriptions::decode_json(&bytes);
            Request::Transcribe(Arc::new(read.map_or_else(|_| plain(), |read| read.request)))
        }
        Operation::Moderate => {
            let read = llm_wire_openai::moderations::decode_request(&bytes);
            Request::Moderate(Arc::new(read.unwrap_or_else(|_| ModerateRequest::new(model, ["hello"]))))
        }
        Operation::Models => Request::Models,
    })
}

/// The texts to be turned into vectors, as the wire crate reads them.
fn texts(case: &Case, model: &str, body: &[u8]) -> Option<EmbedRequest> {
    match case.api.as_str() {
        _ if case.kind == "error" => None,
        "bedrock-invoke" => {
            let form = llm_wire_bedrock::embed::Form::of(&super::bedrock::known(model))?;
            llm_wire_bedrock::embed::decode_request(body, model, form).ok()
        }
        "openai-embeddings" | "mistral-embeddings" => {
            llm_wire_openai::embed::decode_request(body).ok().map(|read| read.request)
        }
        "hf-feature-extraction" => {
            let mut fields: Map<String, Value> = serde_json::from_slice(body).ok()?;
            let texts = fields.remove("inputs")?;
            fields.insert("input".to_owned(), texts);
            let path = &case.request.as_ref()?.path;
            fields.insert("model".to_owned(), path.split_once("/models/")?.1.split_once("/pipeline")?.0.into());
            let body = Value::Object(fields).to_string();
            llm_wire_openai::embed::decode_request(body.as_bytes()).ok().map(|read| read.request)
        }
        "cohere-v1-embed" | "cohere-v2-embed" => llm_wire_cohere::embed::decode_request(body).ok(),
        "gemini-embed" => llm_wire_gemini::embed::decode_request(body, model).ok(),
        "ollama-embed" => llm_wire_ollama::embed::decode_request(body).ok(),
        "vertex-predict-embed" => llm_wire_gemini::predict::decode_request(body, model).ok(),
        _ => None,
    }
}

/// Whether it is one of the operations whose recorded requests are read here; those of chats are read by `ingress`.
pub(super) fn is_read(case: &Case) -> bool {
    const READ: &[&str] = &[
        "cohere-rerank",
        "cohere-v1-embed",
        "cohere-v2-embed",
        "gemini-embed",
        "hf-feature-extraction",
        "mistral-embeddings",
        "mistral-moderations",
        "ollama-embed",
        "openai-embeddings",
        "openai-images",
        "openai-moderations",
        "openai-transcription",
        "rerank",
        "vertex-predict-embed",
        "voyage-rerank",
    ];
    let is_whole = case.request.as_ref().is_some_and(|request| !request.body_incomplete && request.body.is_object());
    is_whole && READ.contains(&case.api.as_str())
}

/// An answer in normal form; null for a chat, which has its own.
pub(super) fn normal_form(response: &Response) -> Value {
    match response {
        Response::Embed(response) => vectors(response),
        Response::Rerank(response) => {
            let one = |one: &llm_core::Ranked| json!({ "index": one.index, "score": one.score });
            json!({ "results": response.results.iter().map(one).collect::<Vec<_>>(), "id": response.id })
        }
        Response::Image(response) => {
            let form = |image: &llm_core::MadeImage| if image.media.as_url().is_some() { "url" } else { "b64_json" };
            json!({
                "count": response.images.len(),
                "form": response.images.iter().map(form).collect::<Vec<_>>(),
                "usage": { "input_tokens": response.usage.input, "output_tokens": response.usage.output },
            })
        }
        Response::Transcribe(response) => json!({ "text": response.text }),
        Response::Moderate(response) => json!({
            "count": response.results.len(),
            "flagged": response.results.iter().map(|result| result.flagged).collect::<Vec<_>>(),
        }),
        Response::CountTokens(count) => json!({ "input_tokens": count.input_tokens }),
        Response::Models(models) => listed(models),
        _ => Value::Null,
    }
}

fn vectors(response: &EmbedResponse) -> Value {
    let first = response.vectors.first().map(Vec::as_slice).unwrap_or_default();
    // A vendor that says a total only did not say the input: the corpus has none then.
    let said = if response.usage.extra.contains_key("total_tokens") { None } else { response.usage.input };
    json!({
        "dimensions": first.len(),
        "count": response.vectors.len(),
        "first3": first.iter().take(3).collect::<Vec<_>>(),
        "usage": { "input_tokens": said },
    })
}

fn listed(models: &[ModelInfo]) -> Value {
    // The vendor's own spelling: Gemini's list says `models/gemini-…`, requests need only what follows.
    let name = |model: &ModelInfo| {
        let raw = model.raw["name"].as_str().filter(|name| name.ends_with(&model.id));
        raw.unwrap_or(&model.id).to_owned()
    };
    json!({ "count": models.len(), "first_ids": models.iter().take(5).map(name).collect::<Vec<_>>() })
}
