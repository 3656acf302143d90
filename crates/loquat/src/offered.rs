//! Which operations a provider has, found out without asking its vendor.

use std::sync::Arc;

use llm_core::{
    ChatRequest, Cx, EmbedRequest, Error, ErrorKind, HttpRequest, HttpResponse, ImageRequest, Media, ModerateRequest,
    Provider, Request, RerankRequest, SpeechRequest, TranscribeRequest, Transport, async_trait,
};

/// The operations of a provider by their names: `chat`, `chat_stream`, `embeddings`, `rerank`, `images`, `speech`,
/// `transcription`, `moderation`, `count_tokens`, `models`. A model may have fewer.
///
/// It is asked for each, and has those that it does not refuse as unsupported. Nothing leaves this machine.
pub async fn offered_operations(provider: &dyn Provider, model: &str) -> Vec<&'static str> {
    let mut cx = Cx::new(Arc::new(Nowhere));
    cx.credential = Some("no key, and none is needed".to_owned().into());
    let mut offered = Vec::new();
    for (name, request) in requests(model) {
        let answer = provider.call(&cx, request).await;
        if !answer.is_err_and(|error| error.kind() == ErrorKind::Unsupported) {
            offered.push(name);
        }
    }
    offered
}

fn requests(model: &str) -> [(&'static str, Request); 10] {
    let chat = Arc::new(ChatRequest::new(model).with_user("Hello"));
    let sound = Media::inline("audio/wav", &b"RIFF"[..]);
    [
        ("chat", Request::Chat(chat.clone())),
        ("chat_stream", Request::ChatStream(chat.clone())),
        ("embeddings", Request::Embed(Arc::new(EmbedRequest::new(model, ["a"])))),
        ("rerank", Request::Rerank(Arc::new(RerankRequest::new(model, "a", ["b", "c"])))),
        ("images", Request::Image(Arc::new(ImageRequest::new(model, "a")))),
        ("speech", Request::Speech(Arc::new(SpeechRequest::new(model, "a", "alloy")))),
        ("transcription", Request::Transcribe(Arc::new(TranscribeRequest::new(model, sound)))),
        ("moderation", Request::Moderate(Arc::new(ModerateRequest::new(model, ["a"])))),
        ("count_tokens", Request::CountTokens(chat)),
        ("models", Request::Models),
    ]
}

/// Reaches nobody.
struct Nowhere;

#[async_trait]
impl Transport for Nowhere {
    async fn send(&self, _cx: &Cx, _request: HttpRequest) -> Result<HttpResponse, Error> {
        Err(Error::new(ErrorKind::Network, "nobody is asked"))
    }
}
