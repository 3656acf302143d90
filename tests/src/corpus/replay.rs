//! Sends one recorded exchange through the real plugin: its encoder, a transport that answers from the recording,
//! its decoder.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use llm_core::{
    Body, BuildCx, ChatRequest, Cx, EmbedRequest, Error, HttpRequest, HttpResponse, Provider, Registry, Request,
    RerankRequest, Response, Transport,
};
use loquat::normal;
use serde_json::{Map, Value, json};

use super::case::{Case, RecordedResponse};
use super::vendors;

/// The plugin that speaks for a recorded provider, and its operation; `None` when either is not built yet.
fn plan(case: &Case) -> Option<(&'static str, Operation)> {
    let plugin = match (case.provider.as_str(), case.api.as_str()) {
        // The vendors' own OpenAI-shaped endpoints.
        ("google" | "anthropic" | "ollama", "openai-chat" | "openai-embeddings") => "openai-compatible",
        (vendor, api) if let Some(plugin) = vendors::plugin(vendor, api) => plugin,
        ("openai", _) => "openai",
        ("anthropic", _) => "anthropic",
        ("google", _) => "gemini",
        ("ollama", _) => "ollama",
        ("bedrock", _) | ("bedrock_mantle", "openai-chat" | "models") => "bedrock",
        // Vendors of this protocol without a plugin of their own yet.
        (_, "openai-responses") => "openai-compatible",
        _ => return None,
    };
    let streamed = case.request.as_ref().is_some_and(|request| {
        request.body["stream"] == Value::Bool(true)
            || request.path.contains("streamGenerateContent")
            || super::bedrock::is_streamed(request)
    });
    let operation = match (case.kind.as_str(), case.api.as_str()) {
        ("chat", _) => Operation::Chat,
        ("chat_stream", _) => Operation::ChatStream,
        ("responses", "openai-responses") => Operation::Chat,
        ("responses_stream", "openai-responses") => Operation::ChatStream,
        ("embeddings", "openai-embeddings" | "mistral-embeddings" | "gemini-embed" | "ollama-embed")
        | ("embeddings", "bedrock-invoke") => Operation::Embed,
        ("rerank", "bedrock-invoke") => Operation::Rerank,
        ("count_tokens" | "error", "bedrock-count-tokens") => Operation::CountTokens,
        ("models", _) => Operation::Models,
        // A vendor's error has one shape for all its operations; those that are not built yet ask as a chat.
        ("error", "openai-embeddings" | "mistral-embeddings" | "gemini-embed") => Operation::Embed,
        ("error", "models") => Operation::Models,
        ("error", _) if streamed => Operation::ChatStream,
        ("error", _) => Operation::Chat,
        _ => return None,
    };
    Some((plugin, operation))
}

#[derive(Clone, Copy)]
enum Operation {
    Chat,
    ChatStream,
    Embed,
    Rerank,
    CountTokens,
    Models,
}

/// The answer in normal form; `None` when the provider or the operation is not built yet.
pub async fn replay(case: &Case, registry: &Registry) -> anyhow::Result<Option<Value>> {
    let Some((plugin, operation)) = plan(case) else { return Ok(None) };
    let Ok(plugin) = registry.plugin(plugin) else { return Ok(None) };
    let mut config = Map::new();
    config.insert("api_key".to_owned(), "test-key-of-the-corpus-runner".into());
    config.insert("base_url".to_owned(), "http://replay.invalid".into());
    // Who speaks both of OpenAI's protocols is asked in the recorded one.
    if case.api == "openai-responses" && plugin.settings.iter().any(|setting| setting.key == "api") {
        config.insert("api".to_owned(), "responses".into());
    }
    super::bedrock::configure(case, &mut config);
    let provider = plugin.build(config, &BuildCx::new(plugin.id))?;
    let cx = Cx::new(Arc::new(Recording { response: parts(&case.response)? }));
    let answer = match request(case, operation) {
        Ok(request) => ask(&*provider, &cx, request).await,
        Err(error) => Err(error),
    };
    Ok(Some(answer.unwrap_or_else(|error| normal::error(&error))))
}

async fn ask(provider: &dyn Provider, cx: &Cx, request: Request) -> Result<Value, Error> {
    Ok(match provider.call(cx, request).await? {
        Response::Chat(response) => normal::answer(&response),
        Response::ChatStream(stream) => normal::answer(&stream.collect().await?),
        Response::Embed(response) => {
            let first = response.vectors.first().map(Vec::as_slice).unwrap_or_default();
            json!({
                "dimensions": first.len(),
                "count": response.vectors.len(),
                "first3": first.iter().take(3).collect::<Vec<_>>(),
                "usage": { "input_tokens": response.usage.input },
            })
        }
        Response::Rerank(response) => json!({
            "results": response
                .results
                .iter()
                .map(|ranked| json!({ "index": ranked.index, "score": ranked.score }))
                .collect::<Vec<_>>(),
        }),
        Response::CountTokens(count) => json!({ "input_tokens": count.input_tokens }),
        Response::Models(models) => json!({
            "count": models.len(),
            // The vendor's own spelling: Gemini's list says `models/gemini-…`, requests need only what follows.
            "first_ids": models
                .iter()
                .take(5)
                .map(|model| model.raw["name"].as_str().filter(|name| name.ends_with(&model.id)).unwrap_or(&model.id))
                .collect::<Vec<_>>(),
        }),
        _ => Value::Null,
    })
}

/// The recorded request, read by the wire crate as a gateway would; a plain one where there is none. Requests that the
/// vendor refused may be ones that we refuse, too; their answers are replayed to a plain request.
fn request(case: &Case, operation: Operation) -> Result<Request, Error> {
    let body = case.request.as_ref().map_or(&Value::Null, |request| &request.body);
    let in_path = super::bedrock::model(case);
    let model = body["model"].as_str().or(in_path.as_deref()).unwrap_or("recorded-model");
    let plain = || ChatRequest::new(model).with_user("hello");
    let chat = || match super::ingress::request(case) {
        Some(Err(error)) if case.kind != "error" => Err(error),
        Some(Ok(request)) if case.kind != "error" => Ok(Arc::new(request)),
        _ => Ok(Arc::new(plain())),
    };
    Ok(match operation {
        Operation::Chat => Request::Chat(chat()?),
        Operation::ChatStream => Request::ChatStream(chat()?),
        Operation::Embed => {
            let count =
                ["input", "requests", "texts"].iter().find_map(|key| body[*key].as_array().map(Vec::len)).unwrap_or(1);
            Request::Embed(Arc::new(EmbedRequest::new(model, vec!["hello"; count.max(1)])))
        }
        Operation::Rerank => {
            let documents = body["documents"].as_array().map_or(1, Vec::len);
            Request::Rerank(Arc::new(RerankRequest::new(model, "hello", vec!["hello"; documents])))
        }
        Operation::CountTokens => Request::CountTokens(chat()?),
        Operation::Models => Request::Models,
    })
}

/// Answers every request with the recorded response, cut into small pieces of odd lengths.
struct Recording {
    response: (StatusCode, HeaderMap, Bytes),
}

#[async_trait]
impl Transport for Recording {
    async fn send(&self, _cx: &Cx, _request: HttpRequest) -> Result<HttpResponse, Error> {
        let (status, headers, body) = self.response.clone();
        Ok(HttpResponse { status, headers, body: Body::stream(Pieces { body, next: 0 }), received_at: None })
    }
}

fn parts(response: &RecordedResponse) -> anyhow::Result<(StatusCode, HeaderMap, Bytes)> {
    let mut headers = HeaderMap::new();
    for (name, value) in &response.headers {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        headers.append(HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(&value)?);
    }
    Ok((StatusCode::from_u16(response.status)?, headers, Bytes::from(response.bytes()?)))
}

struct Pieces {
    body: Bytes,
    next: usize,
}

impl futures_core::Stream for Pieces {
    type Item = Result<Bytes, Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        const LENGTHS: [usize; 7] = [1, 3, 7, 17, 61, 251, 1021];
        if self.body.is_empty() {
            return std::task::Poll::Ready(None);
        }
        let length = LENGTHS[self.next % LENGTHS.len()].min(self.body.len());
        self.next += 1;
        std::task::Poll::Ready(Some(Ok(self.body.split_to(length))))
    }
}
