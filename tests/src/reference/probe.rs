//! What a plugin can do, asked of the plugin itself: what it refuses in strict mode it cannot do.
//!
//! Every question is a request; a transport that keeps the address and answers nothing useful stands for the vendor.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use http::{HeaderMap, StatusCode};
use llm_core::{
    BuildCx, CacheHint, Capabilities, ChatRequest, Cx, Effort, Error, ErrorKind, HttpRequest, HttpResponse, JsonSchema,
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
    /// What a chat may hold.
    pub(super) chat: Vec<&'static str>,
}

/// Asks a plugin everything.
pub(super) async fn plugin(plugin: &'static ProviderPlugin) -> Probed {
    let mut operations = match build(plugin, &BuildCx::new(plugin.id)) {
        Some(provider) => offered_operations(&*provider, plugin.default_model.unwrap_or("probe-model")).await,
        None => Vec::new(),
    };
    if speaks_responses(plugin).await {
        operations.push("responses");
    }
    let mut chat = Vec::new();
    for (name, request) in chats() {
        if can(plugin, &request).await {
            chat.push(name);
        }
    }
    Probed { plugin, operations, chat }
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

/// Whether a chat is taken by the default model, or by one of which nothing is known.
async fn can(plugin: &'static ProviderPlugin, request: &ChatRequest) -> bool {
    for model in [plugin.default_model.unwrap_or("probe-model"), "probe-model"] {
        let Some(provider) = build(plugin, &BuildCx::new(plugin.id)) else { return false };
        let answer = provider.call(&Kept::default().cx(), chat(request, model)).await;
        let is_refusal = |error: Error| {
            matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::InvalidRequest | ErrorKind::Internal)
        };
        if !answer.is_err_and(is_refusal) {
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

/// Whether a model that has only the Responses API is asked by it.
async fn speaks_responses(plugin: &'static ProviderPlugin) -> bool {
    struct Only;
    impl KnownModels for Only {
        fn capabilities(&self, _plugin: &str, _model: &str) -> Arc<Capabilities> {
            let mut only = Capabilities::default();
            only.responses_only = Support::Yes;
            Arc::new(only)
        }
    }
    let Some(provider) = build(plugin, &BuildCx::new(plugin.id).with_models(Arc::new(Only))) else { return false };
    let kept = Kept::default();
    // What the vendor's stand-in says is no answer.
    let _ = provider.call(&kept.cx(), chat(&plain(), "probe-model")).await;
    kept.0.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|url| url.contains("/responses"))
}

/// A provider of the plugin; addresses and names that it must have are made up.
fn build(plugin: &'static ProviderPlugin, cx: &BuildCx) -> Option<Arc<dyn Provider>> {
    let mut config = Map::new();
    for setting in plugin.settings.iter().filter(|setting| !setting.secret) {
        let value = match setting.key {
            "base_url" | "host" | "endpoint" => "https://probe.test",
            _ if setting.required => "probe",
            _ => continue,
        };
        config.insert(setting.key.to_owned(), value.into());
    }
    plugin.build(config, cx).or_else(|_| plugin.build(Map::new(), cx)).ok()
}

/// Keeps the addresses that are asked, and gives everybody a token.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<String>>>);

impl Kept {
    fn cx(&self) -> Cx {
        let mut cx = Cx::new(Arc::new(self.clone()));
        cx.credential = Some("probe-key-0123456789".to_owned().into());
        cx
    }
}

#[async_trait]
impl Transport for Kept {
    async fn send(&self, _cx: &Cx, request: HttpRequest) -> Result<HttpResponse, Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(request.url);
        let token = r#"{"access_token":"t","token_type":"Bearer","expires_in":3600}"#;
        Ok(HttpResponse::full(StatusCode::OK, HeaderMap::new(), token))
    }
}
