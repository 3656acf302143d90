//! Which operations a provider has, found out without asking its vendor.

use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use llm_core::{
    ChatRequest, Cx, EmbedRequest, Error, ErrorKind, HttpRequest, HttpResponse, ImageRequest, Media, ModerateRequest,
    Provider, Request, RerankRequest, Response, SpeechRequest, TranscribeRequest, Transport, async_trait,
};

/// The operations of a provider by their names: `chat`, `chat_stream`, `embeddings`, `rerank`, `images`, `speech`,
/// `transcription`, `moderation`, `count_tokens`, `models`. A model may have fewer.
///
/// It is asked for each with this model and with those that it lists by itself, and has those that it does not refuse as
/// unsupported. Nothing leaves this machine.
pub async fn offered_operations(provider: &dyn Provider, model: &str) -> Vec<&'static str> {
    let mut cx = Cx::new(Arc::new(Nowhere));
    cx.credential = Some("no key, and none is needed".to_owned().into());
    let mut models = vec![model.to_owned()];
    if let Ok(Response::Models(listed)) = provider.call(&cx, Request::Models).await {
        models.extend(listed.into_iter().map(|listed| listed.id));
    }
    let mut offered = Vec::new();
    for model in &models {
        for (name, request) in requests(model) {
            let answer = provider.call(&cx, request).await;
            if !offered.contains(&name) && !answer.is_err_and(|error| error.kind() == ErrorKind::Unsupported) {
                offered.push(name);
            }
        }
    }
    let order = requests(model).map(|(name, _)| name);
    order.into_iter().filter(|name| offered.contains(name)).collect()
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

/// Reaches nobody. Who asks for a token gets one, so that what comes after the sign-in is refused or is not.
struct Nowhere;

#[async_trait]
impl Transport for Nowhere {
    async fn send(&self, _cx: &Cx, request: HttpRequest) -> Result<HttpResponse, Error> {
        if request.headers.get(CONTENT_TYPE).is_some_and(|form| form == "application/x-www-form-urlencoded") {
            let token = r#"{"access_token":"none","token_type":"Bearer","expires_in":3600}"#;
            return Ok(HttpResponse::full(StatusCode::OK, HeaderMap::new(), token));
        }
        Err(Error::new(ErrorKind::Network, "nobody is asked"))
    }
}

#[cfg(test)]
mod tests {
    use llm_core::{Adapter, ChatResponse, EmbedResponse, ModelInfo};

    use super::*;

    /// Asks for a token before every call; lists its models by itself, and only the second one makes vectors.
    struct SignsIn;

    #[async_trait]
    impl Adapter for SignsIn {
        fn id(&self) -> &'static str {
            "signs-in"
        }

        fn api(&self) -> &'static str {
            "none"
        }

        async fn chat(&self, _cx: &Cx, _request: &ChatRequest) -> Result<ChatResponse, Error> {
            Err(Error::new(ErrorKind::Auth, "project missing"))
        }

        async fn embed(&self, _cx: &Cx, request: &EmbedRequest) -> Result<EmbedResponse, Error> {
            match request.model.as_str() {
                "vectors" => Err(Error::new(ErrorKind::Server, "down")),
                _ => Err(Error::unsupported("signs-in", "embeddings")),
            }
        }

        async fn models(&self, _cx: &Cx) -> Result<Vec<ModelInfo>, Error> {
            Ok(vec![ModelInfo::new("words"), ModelInfo::new("vectors")])
        }
    }

    struct Layer;

    #[async_trait]
    impl Provider for Layer {
        fn id(&self) -> &'static str {
            "signs-in"
        }

        fn api(&self) -> &'static str {
            "none"
        }

        fn capabilities(&self, model: &str) -> llm_core::Capabilities {
            Provider::capabilities(&SignsIn, model)
        }

        async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
            let mut asked = HttpRequest::get("https://tokens.test");
            asked.headers.insert(CONTENT_TYPE, http::HeaderValue::from_static("application/x-www-form-urlencoded"));
            cx.transport.send(cx, asked).await?;
            SignsIn.call(cx, request).await
        }
    }

    #[tokio::test]
    async fn what_is_refused_after_a_sign_in_is_not_offered() {
        let offered = offered_operations(&Layer, "words").await;
        assert!(offered.contains(&"chat") && offered.contains(&"embeddings"), "{offered:?}");
        for refused in ["rerank", "images", "speech", "transcription", "moderation"] {
            assert!(!offered.contains(&refused), "{refused}: {offered:?}");
        }
    }
}
