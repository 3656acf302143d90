//! The real plugins against the emulator, over real HTTP. The emulator is written apart from the wire crates, so that
//! each of the two is a check on the other: what one gets wrong of a protocol, the other does not repeat.

mod answers;
mod errors;
mod structured;

use std::sync::Arc;
use std::time::Duration;

use llm_core::{BuildCx, ChatRequest, ChatResponse, Cx, Error, Provider, Request, Response, Timeouts, Tool};
use llm_http::{HttpConfig, HttpTransport};
use llm_testkit::emulator::Emulator;
use serde_json::{Map, Value, json};

const PROVIDERS: [&str; 5] = ["openai", "openai-compatible", "anthropic", "gemini", "ollama"];

/// A provider and the emulator that it talks to.
struct Bench {
    id: &'static str,
    emulator: Emulator,
    provider: Arc<dyn Provider>,
    cx: Cx,
}

impl Bench {
    async fn new(id: &'static str) -> Self {
        Self::with_key(id, "sk-emulator-test-key").await
    }

    async fn with_key(id: &'static str, key: &str) -> Self {
        let emulator = Emulator::start().await.unwrap();
        let url = if id.starts_with("openai") { emulator.openai_url() } else { emulator.base_url() };
        let config = Map::from_iter([("api_key".to_owned(), json!(key)), ("base_url".to_owned(), json!(url))]);
        let plugin = loquat::registry().unwrap().plugin(id).unwrap();
        let provider = plugin.build(config, &BuildCx::new(id)).unwrap();
        let transport = HttpTransport::new(&HttpConfig::default()).unwrap();
        let cx = Cx::new(Arc::new(transport)).with_timeouts(Timeouts::OFF);
        Self { id, emulator, provider, cx }
    }

    /// With timers that run out soon: only for requests that are meant to run into them.
    fn impatient(mut self) -> Self {
        let mut timeouts = Timeouts::OFF;
        timeouts.first_byte = Some(Duration::from_millis(60));
        timeouts.idle = Some(Duration::from_millis(60));
        self.cx = self.cx.with_timeouts(timeouts);
        self
    }

    async fn chat(&self, request: &ChatRequest) -> Result<ChatResponse, Error> {
        match self.provider.call(&self.cx, Request::Chat(Arc::new(request.clone()))).await? {
            Response::Chat(response) => Ok(*response),
            other => panic!("{}: {other:?}", self.id),
        }
    }

    async fn stream(&self, request: &ChatRequest) -> Result<ChatResponse, Error> {
        match self.provider.call(&self.cx, Request::ChatStream(Arc::new(request.clone()))).await? {
            Response::ChatStream(stream) => stream.collect().await,
            other => panic!("{}: {other:?}", self.id),
        }
    }

    /// The answer, streamed or not.
    async fn ask(&self, request: &ChatRequest, streamed: bool) -> Result<ChatResponse, Error> {
        if streamed { self.stream(request).await } else { self.chat(request).await }
    }

    /// No request held a field that the vendor does not know.
    fn check_fields(&self) {
        for request in self.emulator.requests() {
            assert_eq!(request.unknown_fields, [""; 0], "{}: {:?}", self.id, request.path);
        }
    }
}

/// A short question to a model. Anthropic demands a limit, which is set for all.
fn question(model: &str) -> ChatRequest {
    let mut request = ChatRequest::new(model).with_user("one two three four");
    request.sampling.max_output_tokens = Some(1000);
    request
}

fn weather() -> Tool {
    Tool::function("weather", "Tells the weather.", city())
}

fn city() -> Value {
    json!({
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
        "additionalProperties": false,
    })
}
