//! A provider that answers from a script and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use llm_core::{
    Capabilities, ChatRequest, ChatResponse, ChatStream, Cost, CostSource, Cx, Error, ErrorKind, Finish, FinishReason,
    HttpRequest, HttpResponse, JsonSchema, Layer, Message, Origin, OutputFormat, Part, Provider, Replay, Request,
    Response, Role, Support, Transport, Usage, Usd, async_trait,
};
use llm_guard::structured::{Settings, StructuredLayer};
use serde_json::{Value, json};

/// What a target can do.
pub(crate) fn can(json_schema: Support, forced_tool: Support) -> Capabilities {
    let mut can = Capabilities::chat();
    (can.json_schema, can.forced_tool) = (json_schema, forced_tool);
    can
}

#[derive(Clone)]
pub(crate) struct Scripted {
    can: Capabilities,
    answers: Arc<Mutex<VecDeque<ChatResponse>>>,
    asked: Arc<Mutex<Vec<(Request, Cx)>>>,
}

impl Scripted {
    pub(crate) fn new(can: Capabilities, answers: impl IntoIterator<Item = ChatResponse>) -> Self {
        let answers = Arc::new(Mutex::new(answers.into_iter().collect()));
        Self { can, answers, asked: Arc::default() }
    }

    /// The chats that it was asked, in their order.
    pub(crate) fn asked(&self) -> Vec<ChatRequest> {
        let asked = self.asked.lock().unwrap();
        let chat = |(request, _): &(Request, Cx)| match request {
            Request::Chat(chat) | Request::ChatStream(chat) => ChatRequest::clone(chat),
            other => panic!("{}", other.operation()),
        };
        asked.iter().map(chat).collect()
    }

    pub(crate) fn keys(&self) -> Vec<Option<Arc<str>>> {
        self.asked.lock().unwrap().iter().map(|(_, cx)| cx.idempotency_key.clone()).collect()
    }

    /// Asks through a layer; a stream is put together.
    pub(crate) async fn ask(&self, settings: Settings, request: Request) -> Result<ChatResponse, Error> {
        let mut cx = Cx::new(Arc::new(NoTransport));
        cx.idempotency_key = Some("key".into());
        let layered = StructuredLayer::new(settings).layer(Arc::new(self.clone()));
        match layered.call(&cx, request).await? {
            Response::Chat(response) => Ok(*response),
            Response::ChatStream(stream) => stream.collect().await,
            other => panic!("{}", other.operation()),
        }
    }
}

#[async_trait]
impl Provider for Scripted {
    fn id(&self) -> &'static str {
        "scripted"
    }

    fn api(&self) -> &'static str {
        "scripted"
    }

    fn capabilities(&self, _model: &str) -> Capabilities {
        self.can.clone()
    }

    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
        self.asked.lock().unwrap().push((request.clone(), cx.clone()));
        let answer = self.answers.lock().unwrap().pop_front();
        let answer = answer.ok_or_else(|| Error::new(ErrorKind::Internal, "the script is over"))?;
        Ok(match request {
            Request::ChatStream(_) => Response::ChatStream(ChatStream::new(Replay::new(answer))),
            _ => Response::Chat(Box::new(answer)),
        })
    }
}

#[derive(Debug)]
struct NoTransport;

#[async_trait]
impl Transport for NoTransport {
    async fn send(&self, _: &Cx, _: HttpRequest) -> Result<HttpResponse, Error> {
        Err(Error::new(ErrorKind::Internal, "nothing is sent"))
    }
}

pub(crate) fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "label": { "enum": ["bug", "billing"] },
            "tags": { "type": "array", "items": { "type": "string", "pattern": "^[a-z]+$" } },
        },
        "required": ["label"],
        "additionalProperties": false,
    })
}

pub(crate) fn request() -> ChatRequest {
    let mut request = ChatRequest::new("m").with_message(Message::system("Be brief")).with_user("Hello");
    let schema = JsonSchema { name: "ticket".to_owned(), schema: schema(), ..JsonSchema::default() };
    request.output = OutputFormat::JsonSchema(schema);
    request
}

/// Whole and streamed.
pub(crate) fn both(request: ChatRequest) -> [Request; 2] {
    let request = Arc::new(request);
    [Request::Chat(request.clone()), Request::ChatStream(request)]
}

/// An answer of parts that cost something.
pub(crate) fn answer(parts: Vec<Part>, reason: FinishReason) -> ChatResponse {
    let origin = Arc::new(Origin::new("scripted", "scripted", "m"));
    let mut answer = ChatResponse::new(origin, Message::new(Role::Assistant, parts), Finish::new(reason, ""));
    answer.usage = Usage::new(10, 5);
    answer.cost = Some(Cost::new(Usd::from_nanos(7), CostSource::Embedded));
    answer
}

pub(crate) fn words(text: &str) -> ChatResponse {
    answer(vec![Part::text(text)], FinishReason::Stop)
}

pub(crate) fn call(name: &str, arguments: &str) -> ChatResponse {
    answer(vec![Part::tool_call("call_1", name, arguments)], FinishReason::ToolCalls)
}
