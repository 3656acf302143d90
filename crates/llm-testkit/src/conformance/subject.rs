//! The plugin under test: built with planted keys, called over a scripted transport.

use std::collections::BTreeMap;
use std::sync::Arc;

use llm_core::{
    BuildCx, ChatRequest, ChatResponse, ChatStream, Cx, Error, ErrorKind, Event, Provider, ProviderPlugin, Request,
    Response,
};
use serde_json::{Map, Value};

use super::cases;
use super::report::Failure;
use crate::exchange::Exchange;
use crate::scripted::ScriptedTransport;

/// The planted key of the configuration. It has no vendor's shape, so a pattern alone does not remove it.
pub(super) const KEY: &str = "canary-key-4f1d0c9be27a";
/// The planted key of a call.
pub(super) const CALL_KEY: &str = "canary-call-93ab5e17d06f";
/// The instance id of the provider under test; it differs from every plugin's own id.
pub(super) const INSTANCE: &str = "under-test";

/// A plugin with a configuration.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) plugin: &'static ProviderPlugin,
    pub(super) config: Map<String, Value>,
    pub(super) model: String,
    /// Models of operations that the model under test does not have.
    pub(super) models: BTreeMap<&'static str, String>,
    /// The operation by which errors, keys and giving up are tried: `chat` where the plugin has chats.
    pub(super) asks: &'static str,
}

impl Subject {
    pub(super) fn new(plugin: &'static ProviderPlugin, config: &Value) -> Self {
        let mut config = config.as_object().cloned().unwrap_or_default();
        for setting in plugin.settings.iter().filter(|setting| setting.secret) {
            config.insert(setting.key.to_owned(), KEY.into());
        }
        let model = plugin.default_model.unwrap_or("conformance-model").to_owned();
        Self { plugin, config, model, models: BTreeMap::new(), asks: "chat" }
    }

    /// The model that is asked for an operation.
    pub(super) fn model_of(&self, operation: &str) -> &str {
        self.models.get(operation).unwrap_or(&self.model)
    }

    /// The provider with the planted keys.
    pub(super) fn provider(&self) -> Result<Arc<dyn Provider>, Failure> {
        self.build(self.config.clone()).map_err(|error| Failure::new(format!("building the provider: {error}")))
    }

    pub(super) fn build(&self, config: Map<String, Value>) -> Result<Arc<dyn Provider>, Error> {
        self.plugin.build(config, &BuildCx::new(INSTANCE))
    }

    /// True when the plugin has a key to speak of.
    pub(super) fn has_key(&self) -> bool {
        self.plugin.settings.iter().any(|setting| setting.secret)
    }

    /// The smallest request.
    pub(super) fn request(&self) -> ChatRequest {
        ChatRequest::new(self.model.clone()).with_user("Hello")
    }

    /// Asks by the operation that the plugin has.
    pub(super) async fn ask(&self, exchange: Exchange) -> Result<Result<Response, Error>, Failure> {
        let transport = ScriptedTransport::always(exchange);
        Ok(self.ask_over(&*self.provider()?, &transport.cx()).await)
    }

    /// The same over a transport of one's own.
    pub(super) async fn ask_over(&self, provider: &dyn Provider, cx: &Cx) -> Result<Response, Error> {
        let Some(request) = cases::plain(self.asks, &self.model) else {
            return Err(Error::new(ErrorKind::Config, format!("the suite asks by {:?}, no operation", self.asks)));
        };
        provider.call(cx, request).await
    }

    /// Asks for a whole answer that `exchange` gives.
    pub(super) async fn chat(&self, exchange: Exchange) -> Result<Result<ChatResponse, Error>, Failure> {
        let transport = ScriptedTransport::always(exchange);
        Ok(chat(&*self.provider()?, &transport.cx(), self.request()).await)
    }

    /// Asks for a streamed answer that `exchange` gives, and reads it to its end.
    pub(super) async fn stream(&self, exchange: Exchange) -> Result<Streamed, Failure> {
        let transport = ScriptedTransport::always(exchange);
        Ok(match open(&*self.provider()?, &transport.cx(), self.request()).await {
            Ok(stream) => read(stream).await,
            Err(error) => Streamed { events: Vec::new(), error: Some(error) },
        })
    }
}

/// Asks for a whole answer.
pub(super) async fn chat(provider: &dyn Provider, cx: &Cx, request: ChatRequest) -> Result<ChatResponse, Error> {
    match provider.call(cx, Request::Chat(Arc::new(request))).await? {
        Response::Chat(response) => Ok(*response),
        other => Err(Error::new(ErrorKind::Internal, format!("the provider answered a chat with {other:?}"))),
    }
}

/// Asks for a streamed answer.
pub(super) async fn open(provider: &dyn Provider, cx: &Cx, request: ChatRequest) -> Result<ChatStream, Error> {
    match provider.call(cx, Request::ChatStream(Arc::new(request))).await? {
        Response::ChatStream(stream) => Ok(stream),
        other => Err(Error::new(ErrorKind::Internal, format!("the provider answered a chat stream with {other:?}"))),
    }
}

/// A streamed answer as it came.
#[derive(Debug, Default)]
pub(super) struct Streamed {
    pub(super) events: Vec<Event>,
    pub(super) error: Option<Error>,
}

impl Streamed {
    /// The answer that the events make, or the error that the stream or their order gave.
    pub(super) fn collect(self) -> Result<ChatResponse, Error> {
        let mut accumulator = llm_core::Accumulator::default();
        for event in self.events {
            accumulator.push(event)?;
        }
        match self.error {
            Some(error) => Err(error),
            None => accumulator.finish(),
        }
    }

    pub(super) fn has_content(&self) -> bool {
        self.events.iter().any(Event::is_content)
    }

    /// The words of the text parts.
    pub(super) fn text(&self) -> String {
        let mut accumulator = llm_core::Accumulator::default();
        for event in &self.events {
            if accumulator.push(event.clone()).is_err() {
                break;
            }
        }
        accumulator.partial().map(|response| response.text()).unwrap_or_default()
    }
}

/// Reads a stream to its end or its error.
pub(super) async fn read(mut stream: ChatStream) -> Streamed {
    let mut streamed = Streamed::default();
    while let Some(event) = stream.next().await {
        match event {
            Ok(event) => streamed.events.push(event),
            Err(error) => {
                streamed.error = Some(error);
                break;
            }
        }
    }
    streamed
}
