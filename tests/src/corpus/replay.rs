//! Sends one recorded exchange through the real plugin: its encoder, a transport that answers from the recording,
//! its decoder.

use std::sync::Arc;

use llm_core::{BuildCx, ChatRequest, Cx, Error, Provider, Registry, Request, Response};
use loquat::normal;
use serde_json::{Map, Value};

use super::case::Case;
use super::operations::{self, Operation};
use super::pieces::Recording;
use super::vendors;

/// The plugin that speaks for a recorded provider, and its operation; `None` when either is not built yet.
fn plan(case: &Case, registry: &Registry) -> Option<(&'static str, Operation)> {
    let plugin = match (case.provider.as_str(), case.api.as_str()) {
        // The vendors' own OpenAI-shaped endpoints.
        ("google" | "anthropic" | "ollama", "openai-chat" | "openai-embeddings") => "openai-compatible",
        (vendor, api) if let Some(plugin) = vendors::plugin(vendor, api) => plugin,
        // What is asked of its older, own endpoints fails like anything else.
        ("huggingface", _) if case.kind == "error" => "huggingface",
        ("openai", _) => "openai",
        ("anthropic", _) => "anthropic",
        ("google", _) => "gemini",
        ("ollama", _) => "ollama",
        ("cohere", _) => "cohere",
        ("voyage", _) => "voyage",
        ("vertex", _) => "vertex",
        ("watsonx", _) => "watsonx",
        ("bedrock" | "bedrock_mantle", _) => "bedrock",
        // OpenAI's models at others, and vendors of the protocol that have no plugin for it.
        ("chatgpt" | "copilot", "openai-responses") => "openai",
        (_, "openai-responses") => "openai-compatible",
        (vendor, api) => vendors::unlisted(vendor, api, registry)?,
    };
    Some((plugin, operations::of(case)?))
}

/// The plugin that speaks for a recorded exchange; `None` when it or the operation is not built yet.
pub(super) fn plugin_for(case: &Case, registry: &Registry) -> Option<&'static str> {
    let (plugin, _) = plan(case, registry)?;
    registry.plugin(plugin).ok().map(|plugin| plugin.id)
}

/// The answer in normal form; `None` when the provider or the operation is not built yet.
pub async fn replay(case: &Case, registry: &Registry) -> anyhow::Result<Option<Value>> {
    let Some((provider, operation)) = provider(case, registry)? else { return Ok(None) };
    let cx = Cx::new(Arc::new(Recording::of(&case.response)?));
    let answer = match request(case, operation) {
        Ok(request) => ask(&*provider, &cx, request).await,
        Err(error) => Err(error),
    };
    Ok(Some(answer.unwrap_or_else(|error| normal::error(&error))))
}

/// The provider that speaks for a recorded one, and what it is asked.
pub(super) fn provider(case: &Case, registry: &Registry) -> anyhow::Result<Option<(Arc<dyn Provider>, Operation)>> {
    let Some((plugin, operation)) = plan(case, registry) else { return Ok(None) };
    let Ok(plugin) = registry.plugin(plugin) else { return Ok(None) };
    let mut config = Map::new();
    config.insert("api_key".to_owned(), "test-key-of-the-corpus-runner".into());
    config.insert("base_url".to_owned(), "http://replay.invalid".into());
    // Who speaks both of OpenAI's protocols is asked in the recorded one.
    let recorded = match case.api.as_str() {
        "openai-responses" => Some("responses"),
        "openai-chat" => Some("chat"),
        _ => None,
    };
    if let Some(api) =
        recorded.filter(|_| plugin.id != "bedrock" && plugin.settings.iter().any(|setting| setting.key == "api"))
    {
        config.insert("api".to_owned(), api.into());
    }
    if plugin.id == "openai-compatible" {
        config.insert("preset".to_owned(), case.provider.as_str().into());
    }
    if plugin.id == "azure" {
        super::azure::configure(case, &mut config);
    }
    if plugin.id == "bedrock" {
        super::bedrock::configure(case, &mut config);
    }
    if plugin.id == "vertex" {
        super::vertex::configure(&mut config);
    }
    if plugin.id == "watsonx" {
        super::watsonx::configure(&mut config);
    }
    let mut build = BuildCx::new(plugin.id);
    if operations::is_prompt(case) {
        build = build.with_models(Arc::new(operations::Prompted));
    }
    let provider = match plugin.build(config.clone(), &build) {
        // A vendor that is not listed may have a preset of its name, and needs none.
        Err(_) if config.remove("preset").is_some() => plugin.build(config, &build)?,
        other => other?,
    };
    Ok(Some((provider, operation)))
}

async fn ask(provider: &dyn Provider, cx: &Cx, request: Request) -> Result<Value, Error> {
    Ok(match provider.call(cx, request).await? {
        Response::Chat(response) => normal::answer(&response),
        Response::ChatStream(stream) => normal::answer(&stream.collect().await?),
        other => operations::normal_form(&other),
    })
}

/// The recorded request, read by the wire crate as a gateway would; a plain one where there is none. Requests that the
/// vendor refused may be ones that we refuse, too; their answers are replayed to a plain request.
pub(super) fn request(case: &Case, operation: Operation) -> Result<Request, Error> {
    let body = case.request.as_ref().map_or(&Value::Null, |request| &request.body);
    let in_path =
        super::bedrock::model(case).or_else(|| super::vertex::model(case)).or_else(|| super::azure::model(case));
    let model = body["model"].as_str().or(in_path.as_deref()).unwrap_or("recorded-model");
    let plain = || ChatRequest::new(model).with_user("hello");
    let chat = || match super::ingress::request(case) {
        // Several prompts in one request are several requests to us; the answer to them is one to the first.
        Some(Err(_)) if operations::is_prompt(case) => Ok(Arc::new(plain())),
        Some(Err(error)) if case.kind != "error" => Err(error),
        Some(Ok(request)) if case.kind != "error" => Ok(Arc::new(request)),
        _ => Ok(Arc::new(plain())),
    };
    operations::request(case, operation, model, chat)
}
