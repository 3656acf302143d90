//! What a plugin can do, asked of the plugin itself: what it refuses in strict mode it cannot do.
//!
//! Every question is a request; a transport that keeps the address and answers nothing useful stands for the vendor.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use llm_core::{
    BuildCx, CacheHint, Capabilities, ChatRequest, Cx, Effort, Error, HttpRequest, HttpResponse, JsonSchema,
    KnownModels, Media, Message, OnUnsupported, OutputFormat, Part, Provider, ProviderPlugin, Reasoning, Request,
    Support, Tool, ToolChoice, Transport,
};
use loquat::offered_operations;
use serde_json::{Map, json};

/// A plugin and what it answered.
pub(super) struct Probed {
    pub(super) plugin: &'static ProviderPlugin,
    /// The operations that it has.
    pub(super) operations: Vec<&'static str>,
    /// How OpenAI's second protocol for chats is asked, if it is.
    pub(super) responses: Option<String>,
    /// What a chat may hold.
    pub(super) chat: Vec<&'static str>,
}

/// Asks a plugin everything.
pub(super) async fn plugin(plugin: &'static ProviderPlugin) -> Probed {
    let operations = match build(plugin) {
        Some(provider) => offered_operations(&*provider, plugin.default_model.unwrap_or("probe-model")).await,
        None => Vec::new(),
    };
    let mut chat = Vec::new();
    for (name, request) in chats() {
        if can(plugin, &request).await {
            chat.push(name);
        }
    }
    Probed { plugin, operations, responses: responses(plugin).await, chat }
}

fn plain() -> ChatRequest {
    let mut request = ChatRequest::default().with_user("Hello");
    request.on_unsupported = OnUnsupported::Error;
    request
}

pub(super) fn chats() -> Vec<(&'static str, ChatRequest)> {
    let schema = || json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": false});
    let with_tool = || plain().with_tool(Tool::function("look_up", "looks it up", schema()));
    let with_part = |part: Part| {
        let mut request = plain();
        request.messages = vec![Message::user("Hello").with_part(part).into()];
        request
    };
    let inline = |media_type: &str| with_part(Part::media(Media::inline(media_type, &b"bytes"[..])));
    let changed = |mut request: ChatRequest, change: fn(&mut ChatRequest)| {
        change(&mut request);
        request
    };
    let mut answer_by_schema = plain();
    answer_by_schema.output =
        OutputFormat::JsonSchema(JsonSchema { name: "answer".to_owned(), schema: schema(), ..JsonSchema::default() });
    let mut cached = Part::text("World");
    cached.cache = Some(CacheHint::default());
    vec![
        ("tools", with_tool()),
        ("one call at a time", changed(with_tool(), |request| request.parallel_tool_calls = Some(false))),
        ("forced tool", changed(with_tool(), |request| request.tool_choice = ToolChoice::Named("look_up".to_owned()))),
        ("JSON schema", answer_by_schema),
        ("reasoning effort", changed(plain(), |request| request.reasoning = Some(Reasoning::Effort(Effort::High)))),
        ("image", inline("image/png")),
        ("audio", inline("audio/wav")),
        ("document", inline("application/pdf")),
        ("cache mark", with_part(cached)),
    ]
}

/// Whether a chat is sent to the default model, or to one of which nothing is known; or answered without being sent.
async fn can(plugin: &'static ProviderPlugin, request: &ChatRequest) -> bool {
    for model in [plugin.default_model.unwrap_or("probe-model"), "probe-model"] {
        let Some(provider) = build(plugin) else { return false };
        let kept = Kept::default();
        let answer = provider.call(&kept.cx(), chat(request, model)).await;
        if answer.is_ok() || !kept.urls().is_empty() {
            return true;
        }
    }
    false
}

fn chat(request: &ChatRequest, model: &str) -> Request {
    let mut request = request.clone();
    model.clone_into(&mut request.model);
    Request::Chat(Arc::new(request))
}

/// How OpenAI's second protocol for chats is asked, if it is: `yes` where a model that has no other is asked by it, else
/// the settings that choose it.
async fn responses(plugin: &'static ProviderPlugin) -> Option<String> {
    struct Only;
    impl KnownModels for Only {
        fn capabilities(&self, _plugin: &str, _model: &str) -> Arc<Capabilities> {
            let mut only = Capabilities::default();
            only.responses_only = Support::Yes;
            Arc::new(only)
        }
    }
    let ways =
        [None, Some(("api", "responses")), Some(("chat_api", "responses")), Some(("chat_api", "mantle-responses"))];
    for chosen in ways {
        if chosen.is_some_and(|(key, _)| plugin.setting(key).is_none()) {
            continue;
        }
        let cx = BuildCx::new(plugin.id);
        let cx = if chosen.is_none() { cx.with_models(Arc::new(Only)) } else { cx };
        let Some(provider) = build_in(plugin, chosen, &cx) else { continue };
        let kept = Kept::default();
        // What the vendor's stand-in says is no answer.
        let _ = provider.call(&kept.cx(), chat(&plain(), "probe-model")).await;
        if kept.urls().iter().any(|url| url.contains("/responses")) {
            return Some(chosen.map_or_else(|| "yes".to_owned(), |(key, _)| format!("by `{key}`")));
        }
    }
    None
}

fn build(plugin: &'static ProviderPlugin) -> Option<Arc<dyn Provider>> {
    build_in(plugin, None, &BuildCx::new(plugin.id))
}

/// A provider of the plugin with one more setting; addresses and names that it must have are made up.
fn build_in(plugin: &'static ProviderPlugin, chosen: Option<(&str, &str)>, cx: &BuildCx) -> Option<Arc<dyn Provider>> {
    let mut config = Map::new();
    for setting in plugin.settings.iter().filter(|setting| !setting.secret) {
        let value = match setting.key {
            "base_url" | "host" | "endpoint" => "https://probe.test",
            // Nothing is sent without somebody who is billed.
            key if setting.required || key == "project_id" => "probe",
            _ => continue,
        };
        config.insert(setting.key.to_owned(), value.into());
    }
    config.extend(chosen.map(|(key, value)| (key.to_owned(), value.into())));
    plugin.build(config, cx).ok()
}

/// Keeps the addresses that are asked, except those of a sign-in, and gives everybody a token.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<String>>>);

impl Kept {
    fn cx(&self) -> Cx {
        let mut cx = Cx::new(Arc::new(self.clone()));
        cx.credential = Some("probe-key-0123456789".to_owned().into());
        cx
    }

    fn urls(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Transport for Kept {
    async fn send(&self, _cx: &Cx, request: HttpRequest) -> Result<HttpResponse, Error> {
        let form = request.headers.get(CONTENT_TYPE).is_some_and(|form| form == "application/x-www-form-urlencoded");
        if !form {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(request.url);
        }
        let token = r#"{"access_token":"t","token_type":"Bearer","expires_in":3600}"#;
        Ok(HttpResponse::full(StatusCode::OK, HeaderMap::new(), token))
    }
}
