//! The one door: what layers, routers and gateways see, and what a plugin author writes.

use std::sync::Arc;

use async_trait::async_trait;

use crate::capability::{Availability, Capabilities};
use crate::chat::ChatRequest;
use crate::cx::Cx;
use crate::embed::{EmbedRequest, EmbedResponse};
use crate::error::Error;
use crate::models::ModelInfo;
use crate::response::ChatResponse;
use crate::stream::ChatStream;

/// Everything a provider can be asked. Cheap to clone: a retry sends the same `Arc`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Request {
    /// A whole answer.
    Chat(Arc<ChatRequest>),
    /// An answer as it is made.
    ChatStream(Arc<ChatRequest>),
    /// Vectors.
    Embed(Arc<EmbedRequest>),
    /// The models on offer.
    Models,
}

impl Request {
    /// The operation in one stable word.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Chat(_) => "chat",
            Self::ChatStream(_) => "chat_stream",
            Self::Embed(_) => "embed",
            Self::Models => "models",
        }
    }

    /// The model that is asked for; empty for operations without one.
    pub fn model(&self) -> &str {
        match self {
            Self::Chat(request) | Self::ChatStream(request) => &request.model,
            Self::Embed(request) => &request.model,
            Self::Models => "",
        }
    }

    /// The same request for another model. Costs nothing when the model is that one already.
    pub fn with_model(mut self, model: &str) -> Self {
        if self.model() != model {
            match &mut self {
                Self::Chat(request) | Self::ChatStream(request) => model.clone_into(&mut Arc::make_mut(request).model),
                Self::Embed(request) => model.clone_into(&mut Arc::make_mut(request).model),
                Self::Models => {}
            }
        }
        self
    }
}

/// What a provider answers, variant for variant as it was asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum Response {
    /// To [`Request::Chat`].
    Chat(Box<ChatResponse>),
    /// To [`Request::ChatStream`].
    ChatStream(ChatStream),
    /// To [`Request::Embed`].
    Embed(Box<EmbedResponse>),
    /// To [`Request::Models`].
    Models(Vec<ModelInfo>),
}

/// What layers, routers and gateways see, and what they are themselves.
///
/// One operation method, so a layer is written once for all operations and cannot forget to forward one.
/// Plugin authors implement [`Adapter`] instead, which makes them a `Provider`.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// Name of this instance (`openai-eu`), not only of the vendor.
    fn id(&self) -> &str;
    /// Wire family (`openai-chat`, `anthropic`); empty for a composite.
    fn api(&self) -> &str;
    /// What the model can do, as far as it is known without asking.
    fn capabilities(&self, model: &str) -> Capabilities;
    /// Whether requests are taken now.
    fn availability(&self) -> Availability {
        Availability::Ready
    }
    /// Answers one request. A provider never retries by itself: one driver above owns all attempts.
    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error>;
}

/// What a plugin author writes: one method an operation, each `unsupported` until written.
///
/// `chat` falls back to collecting `chat_stream`, so a stream is enough.
#[async_trait]
pub trait Adapter: Send + Sync + 'static {
    /// Name of this instance.
    fn id(&self) -> &str;
    /// Wire family.
    fn api(&self) -> &str;
    /// What the model can do.
    fn capabilities(&self, _model: &str) -> Capabilities {
        Capabilities::default()
    }
    /// An answer as it is made.
    async fn chat_stream(&self, _cx: &Cx, _request: &ChatRequest) -> Result<ChatStream, Error> {
        Err(Error::unsupported(self.id(), "chat_stream"))
    }
    /// A whole answer.
    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        self.chat_stream(cx, request).await?.collect().await
    }
    /// Vectors.
    async fn embed(&self, _cx: &Cx, _request: &EmbedRequest) -> Result<EmbedResponse, Error> {
        Err(Error::unsupported(self.id(), "embed"))
    }
    /// The models on offer.
    async fn models(&self, _cx: &Cx) -> Result<Vec<ModelInfo>, Error> {
        Err(Error::unsupported(self.id(), "models"))
    }
}

#[async_trait]
impl<A: Adapter> Provider for A {
    fn id(&self) -> &str {
        Adapter::id(self)
    }

    fn api(&self) -> &str {
        Adapter::api(self)
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        Adapter::capabilities(self, model)
    }

    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
        let result = match &request {
            Request::Chat(chat) => self.chat(cx, chat).await.map(|response| Response::Chat(Box::new(response))),
            Request::ChatStream(chat) => self.chat_stream(cx, chat).await.map(Response::ChatStream),
            Request::Embed(embed) => self.embed(cx, embed).await.map(|response| Response::Embed(Box::new(response))),
            Request::Models => self.models(cx).await.map(Response::Models),
        };
        result.map_err(|error| {
            let error = error.with_provider(Adapter::id(self));
            if request.model().is_empty() { error } else { error.with_model(request.model()) }
        })
    }
}

const _: fn(&dyn Provider) = |_| {};
