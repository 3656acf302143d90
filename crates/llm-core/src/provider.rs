//! The one door: what layers, routers and gateways see, and what a plugin author writes.

use async_trait::async_trait;

use crate::capability::{Availability, Capabilities};
use crate::chat::ChatRequest;
use crate::count_tokens::TokenCount;
use crate::cx::Cx;
use crate::embed::{EmbedRequest, EmbedResponse};
use crate::error::Error;
use crate::image::{ImageRequest, ImageResponse};
use crate::models::ModelInfo;
use crate::moderate::{ModerateRequest, ModerateResponse};
use crate::request::{Request, Response};
use crate::rerank::{RerankRequest, RerankResponse};
use crate::response::ChatResponse;
use crate::speech::{SpeechRequest, SpeechResponse};
use crate::stream::ChatStream;
use crate::transcribe::{TranscribeRequest, TranscribeResponse};

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
    /// Documents in order.
    async fn rerank(&self, _cx: &Cx, _request: &RerankRequest) -> Result<RerankResponse, Error> {
        Err(Error::unsupported(self.id(), "rerank"))
    }
    /// Images.
    async fn image(&self, _cx: &Cx, _request: &ImageRequest) -> Result<ImageResponse, Error> {
        Err(Error::unsupported(self.id(), "image"))
    }
    /// A text, spoken.
    async fn speech(&self, _cx: &Cx, _request: &SpeechRequest) -> Result<SpeechResponse, Error> {
        Err(Error::unsupported(self.id(), "speech"))
    }
    /// Sound, in writing.
    async fn transcribe(&self, _cx: &Cx, _request: &TranscribeRequest) -> Result<TranscribeResponse, Error> {
        Err(Error::unsupported(self.id(), "transcribe"))
    }
    /// Judgements of contents.
    async fn moderate(&self, _cx: &Cx, _request: &ModerateRequest) -> Result<ModerateResponse, Error> {
        Err(Error::unsupported(self.id(), "moderate"))
    }
    /// How many tokens a chat would take.
    async fn count_tokens(&self, _cx: &Cx, _request: &ChatRequest) -> Result<TokenCount, Error> {
        Err(Error::unsupported(self.id(), "count_tokens"))
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
            Request::Rerank(rerank) => {
                self.rerank(cx, rerank).await.map(|response| Response::Rerank(Box::new(response)))
            }
            Request::Image(image) => self.image(cx, image).await.map(|response| Response::Image(Box::new(response))),
            Request::Speech(speech) => {
                self.speech(cx, speech).await.map(|response| Response::Speech(Box::new(response)))
            }
            Request::Transcribe(transcribe) => {
                self.transcribe(cx, transcribe).await.map(|response| Response::Transcribe(Box::new(response)))
            }
            Request::Moderate(moderate) => {
                self.moderate(cx, moderate).await.map(|response| Response::Moderate(Box::new(response)))
            }
            Request::CountTokens(chat) => {
                self.count_tokens(cx, chat).await.map(|response| Response::CountTokens(Box::new(response)))
            }
            Request::Models => self.models(cx).await.map(Response::Models),
        };
        result.map_err(|error| {
            let error = error.with_provider(Adapter::id(self));
            if request.model().is_empty() { error } else { error.with_model(request.model()) }
        })
    }
}

const _: fn(&dyn Provider) = |_| {};
