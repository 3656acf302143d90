//! What a client does beside chats: vectors, documents in order, images, speech, judgements, token counts.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use llm_core::{
    ChatRequest, Cx, EmbedRequest, EmbedResponse, Error, ImageRequest, ImageResponse, ModerateRequest,
    ModerateResponse, Request, RerankRequest, RerankResponse, Response, SpeechRequest, SpeechResponse, TokenCount,
    TranscribeRequest, TranscribeResponse,
};

use crate::client::{Client, refused, unexpected};

/// Beside chats. Each request names its model: the client's own one is for chats.
impl Client {
    /// Turns texts into vectors.
    pub fn embed(&self, request: EmbedRequest) -> Operation<'_, EmbedRequest> {
        Operation::new(self, request)
    }

    /// Orders documents by how well they answer a query.
    pub fn rerank(&self, request: RerankRequest) -> Operation<'_, RerankRequest> {
        Operation::new(self, request)
    }

    /// Makes images.
    pub fn image(&self, request: ImageRequest) -> Operation<'_, ImageRequest> {
        Operation::new(self, request)
    }

    /// Speaks a text.
    pub fn speech(&self, request: SpeechRequest) -> Operation<'_, SpeechRequest> {
        Operation::new(self, request)
    }

    /// Writes down what is said.
    pub fn transcribe(&self, request: TranscribeRequest) -> Operation<'_, TranscribeRequest> {
        Operation::new(self, request)
    }

    /// Says whether contents break a vendor's rules.
    pub fn moderate(&self, request: ModerateRequest) -> Operation<'_, ModerateRequest> {
        Operation::new(self, request)
    }

    /// Counts the tokens that a chat would take, by the vendor's own count. Without a model it is the client's own one.
    pub fn count_tokens(&self, request: ChatRequest) -> Operation<'_, ChatRequest> {
        Operation::new(self, request)
    }
}

/// A call of an operation beside chats while it is put together. Await it for its answer.
#[must_use = "a call does nothing until it is awaited"]
pub struct Operation<'c, R> {
    client: &'c Client,
    request: R,
    cx: Option<Cx>,
    timeout: Option<Duration>,
    max_retries: Option<u32>,
}

impl<'c, R> Operation<'c, R> {
    fn new(client: &'c Client, request: R) -> Self {
        Self { client, request, cx: None, timeout: None, max_retries: None }
    }

    /// Retries at one target for this call, instead of the client's number.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = Some(retries);
        self
    }

    /// Longest time for this call, all attempts included; at most what the client allows.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Calls in an environment of your own, made by [`Client::cx`], whose time and retries then hold.
    pub fn within(mut self, cx: &Cx) -> Self {
        self.cx = Some(cx.clone());
        self
    }
}

/// Without the request's contents.
impl<R> fmt::Debug for Operation<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl<'c, R: Operated> IntoFuture for Operation<'c, R> {
    type Output = Result<R::Answer, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'c>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { client, request, cx, timeout, max_retries } = self;
        Box::pin(async move {
            let cx = cx.unwrap_or_else(|| {
                let mut cx = client.cx(timeout);
                cx.max_retries = max_retries;
                cx
            });
            client.has_providers()?;
            let request = request.operation(client)?;
            if request.model().is_empty() {
                let message = format!("the request names no model: name one that {}", R::WHAT);
                return Err(refused(message).with_param("model"));
            }
            R::answer(client.stack().call(&cx, request).await?).map_err(|other| unexpected(&other))
        })
    }
}

mod sealed {
    pub trait Sealed {}
}

/// A request of an operation beside chats. Only those of this library are some.
pub trait Operated: sealed::Sealed + Sized + Send + 'static {
    /// What it is answered with.
    type Answer: Send;
    /// What a model does that takes it.
    #[doc(hidden)]
    const WHAT: &'static str;
    #[doc(hidden)]
    fn operation(self, client: &Client) -> Result<Request, Error>;
    #[doc(hidden)]
    fn answer(response: Response) -> Result<Self::Answer, Response>;
}

macro_rules! operated {
    ($request:ty => $answer:ty, $variant:ident, $what:literal, $prepared:expr) => {
        impl sealed::Sealed for $request {}

        impl Operated for $request {
            type Answer = $answer;
            const WHAT: &'static str = $what;

            fn operation(self, client: &Client) -> Result<Request, Error> {
                let prepared: fn(&Client, Self) -> Result<Self, Error> = $prepared;
                Ok(Request::$variant(Arc::new(prepared(client, self)?)))
            }

            fn answer(response: Response) -> Result<$answer, Response> {
                match response {
                    Response::$variant(answer) => Ok(*answer),
                    other => Err(other),
                }
            }
        }
    };
    ($request:ty => $answer:ty, $variant:ident, $what:literal) => {
        operated! { $request => $answer, $variant, $what, |_, request| Ok(request) }
    };
}

operated! { EmbedRequest => EmbedResponse, Embed, "makes embeddings" }
operated! { RerankRequest => RerankResponse, Rerank, "reranks" }
operated! { ImageRequest => ImageResponse, Image, "makes images" }
operated! { SpeechRequest => SpeechResponse, Speech, "speaks" }
operated! { TranscribeRequest => TranscribeResponse, Transcribe, "transcribes" }
operated! { ModerateRequest => ModerateResponse, Moderate, "moderates" }
operated! { ChatRequest => TokenCount, CountTokens, "counts tokens", Client::prepare }
