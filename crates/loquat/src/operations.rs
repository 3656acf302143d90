//! What a client does beside chats: vectors, documents in order, images, speech, judgements, token counts.

use std::sync::Arc;

use llm_core::{
    ChatRequest, Cx, EmbedRequest, EmbedResponse, Error, ImageRequest, ImageResponse, ModerateRequest,
    ModerateResponse, Request, RerankRequest, RerankResponse, Response, SpeechRequest, SpeechResponse, TokenCount,
    TranscribeRequest, TranscribeResponse,
};

use crate::client::{Client, refused, unexpected};

/// One operation: sent through the stack, answered in its own type.
macro_rules! operation {
    ($(#[$meta:meta])* $name:ident($request:ty) -> $answer:ty, $variant:ident, $what:literal) => {
        $(#[$meta])*
        pub async fn $name(&self, cx: &Cx, request: $request) -> Result<$answer, Error> {
            match self.operate(cx, Request::$variant(Arc::new(request)), $what).await? {
                Response::$variant(response) => Ok(*response),
                other => Err(unexpected(&other)),
            }
        }
    };
}

/// Beside chats. Each request names its model: the client's own one is for chats.
impl Client {
    operation! {
        /// Turns texts into vectors.
        embed(EmbedRequest) -> EmbedResponse, Embed, "makes embeddings"
    }
    operation! {
        /// Orders documents by how well they answer a query.
        rerank(RerankRequest) -> RerankResponse, Rerank, "reranks"
    }
    operation! {
        /// Makes images.
        images(ImageRequest) -> ImageResponse, Image, "makes images"
    }
    operation! {
        /// Speaks a text.
        speech(SpeechRequest) -> SpeechResponse, Speech, "speaks"
    }
    operation! {
        /// Writes down what is said.
        transcribe(TranscribeRequest) -> TranscribeResponse, Transcribe, "transcribes"
    }
    operation! {
        /// Says whether contents break a vendor's rules.
        moderate(ModerateRequest) -> ModerateResponse, Moderate, "moderates"
    }

    /// Counts the tokens that a chat would take, by the vendor's own count. Without a model it is the client's own one.
    pub async fn count_tokens(&self, cx: &Cx, request: ChatRequest) -> Result<TokenCount, Error> {
        let request = Request::CountTokens(Arc::new(self.prepare(request)?));
        match self.operate(cx, request, "counts tokens").await? {
            Response::CountTokens(count) => Ok(*count),
            other => Err(unexpected(&other)),
        }
    }

    async fn operate(&self, cx: &Cx, request: Request, what: &str) -> Result<Response, Error> {
        self.has_providers()?;
        if request.model().is_empty() {
            let message = format!("the request names no model: name one that {what}");
            return Err(refused(message).with_param("model"));
        }
        self.stack().call(cx, request).await
    }
}
