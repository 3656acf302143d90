//! What a program can ask beside chats: every operation goes through the whole stack.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use loquat::core::{
    Adapter, ChatRequest, Component, Cx, Error, ErrorKind, ImageRequest, ImageResponse, MadeImage, Media,
    ModerateRequest, ModerateResponse, Moderation, Origin, Ranked, RerankRequest, RerankResponse, SpeechRequest,
    SpeechResponse, TokenCount, TranscribeRequest, TranscribeResponse, Usage, async_trait,
};
use loquat::{Client, Config, Environment};

/// Does everything but chats; its first order fails.
#[derive(Default)]
struct All(AtomicU32);

fn origin(model: &str) -> Arc<Origin> {
    Arc::new(Origin::new("test", "all", model))
}

#[async_trait]
impl Adapter for All {
    fn id(&self) -> &'static str {
        "all"
    }

    fn api(&self) -> &'static str {
        "test"
    }

    async fn rerank(&self, _: &Cx, request: &RerankRequest) -> Result<RerankResponse, Error> {
        if self.0.fetch_add(1, Ordering::Relaxed) == 0 {
            return Err(Error::new(ErrorKind::Overloaded, "busy").with_status(503));
        }
        let mut response = RerankResponse::new(origin(&request.model), vec![Ranked::new(1, 0.5)]);
        response.usage = Usage::default().with_counted(Component::Request, 1);
        Ok(response)
    }

    async fn image(&self, _: &Cx, request: &ImageRequest) -> Result<ImageResponse, Error> {
        let image = MadeImage::new(Media::url("image/png", "https://images.test/1"));
        Ok(ImageResponse::new(origin(&request.model), vec![image]))
    }

    async fn speech(&self, _: &Cx, request: &SpeechRequest) -> Result<SpeechResponse, Error> {
        Ok(SpeechResponse::new(origin(&request.model), Media::inline("audio/mpeg", request.input.clone())))
    }

    async fn transcribe(&self, _: &Cx, request: &TranscribeRequest) -> Result<TranscribeResponse, Error> {
        let text = String::from_utf8_lossy(request.audio.bytes().map_or(&[], |bytes| bytes)).into_owned();
        Ok(TranscribeResponse::new(origin(&request.model), text))
    }

    async fn moderate(&self, _: &Cx, request: &ModerateRequest) -> Result<ModerateResponse, Error> {
        Ok(ModerateResponse::new(origin(&request.model), vec![Moderation::default()]))
    }

    async fn count_tokens(&self, _: &Cx, request: &ChatRequest) -> Result<TokenCount, Error> {
        Ok(TokenCount::new(origin(&request.model), 7))
    }
}

fn client() -> Client {
    let builder = Client::builder().config(Config::default()).environment(Environment::empty());
    builder.instance(Arc::new(All::default())).model("all/default").build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_order_is_tried_again_like_a_chat_and_says_so() {
    let client = client();
    let request = RerankRequest::new("all/r-1", "q", ["a", "b"]);
    let order = client.rerank(request).await.unwrap();
    assert_eq!((order.results[0].index, &*order.origin.model), (1, "r-1"));
    let log: Vec<String> = order.attempts.iter().map(ToString::to_string).collect();
    assert_eq!(log, ["all/r-1 503 overloaded: busy", "all/r-1 ok"]);
    assert_eq!(order.usage.counted[&Component::Request], 1);
}

#[tokio::test(start_paused = true)]
async fn every_operation_has_its_answer() {
    let client = client();
    let image = client.image(ImageRequest::new("all/i", "a cat")).await.unwrap();
    assert_eq!(image.images[0].media.as_url(), Some("https://images.test/1"));
    let spoken = client.speech(SpeechRequest::new("all/s", "hello", "voice")).await.unwrap();
    let written = client.transcribe(TranscribeRequest::new("all/t", spoken.audio)).await.unwrap();
    assert_eq!((written.text.as_str(), written.attempts.len()), ("hello", 1));
    let count = client.count_tokens(ChatRequest::default().with_user("hello")).await.unwrap();
    assert_eq!((count.input_tokens, &*count.origin.model), (7, "default"), "a chat has the client's own model");
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_model_is_refused_with_the_cure() {
    let client = client();
    let judged = client.moderate(ModerateRequest::new("all/m", ["a"])).await.unwrap();
    assert_eq!(judged.results.len(), 1);
    let nameless = client.speech(SpeechRequest::new("", "hello", "voice")).await.unwrap_err();
    assert_eq!((nameless.kind(), nameless.param()), (ErrorKind::InvalidRequest, Some("model")));
    assert!(nameless.message().ends_with("name one that speaks"), "{nameless}");
}
