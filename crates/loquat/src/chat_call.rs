//! A chat call while it is put together: `client.chat("…").system("…").temperature(0.0).await`.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use llm_core::{
    ChatRequest, Cx, Effort, Error, Hints, JsonSchema, Message, OnUnsupported, OutputFormat, Part, Reasoning, Role,
    Tool, ToolChoice,
};
use serde_json::Value;

use crate::client::Client;
use crate::reply::Reply;
use crate::reply_stream::ReplyStream;

/// A chat call while it is put together. Await it for the whole answer, or call [`stream`](Self::stream).
#[must_use = "a call does nothing until it is awaited"]
pub struct ChatCall<'c> {
    client: &'c Client,
    request: ChatRequest,
    timeout: Option<Duration>,
    max_retries: Option<u32>,
    keep_prompt: bool,
}

impl<'c> ChatCall<'c> {
    pub(crate) fn new(client: &'c Client, request: ChatRequest) -> Self {
        Self { client, request, timeout: None, max_retries: None, keep_prompt: false }
    }

    /// Asks another model than the client's own: a route or `provider/model`.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.request.model = model.into();
        self
    }

    /// Puts instructions first.
    pub fn system(mut self, text: impl Into<String>) -> Self {
        self.request.messages.insert(0, Arc::new(Message::system(text)));
        self
    }

    /// Adds a message, for example an answer that is sent back as history.
    pub fn message(mut self, message: Message) -> Self {
        self.request.messages.push(Arc::new(message));
        self
    }

    /// Adds a part (an image, a document) to the last user message.
    pub fn part(mut self, part: Part) -> Self {
        match self.request.messages.last_mut() {
            Some(last) if last.role == Role::User => Arc::make_mut(last).content.push(part),
            _ => self.request.messages.push(Arc::new(Message::new(Role::User, vec![part]))),
        }
        self
    }

    /// Randomness.
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.request.sampling.temperature = Some(temperature);
        self
    }

    /// Longest answer in tokens, reasoning included.
    pub fn max_tokens(mut self, tokens: u32) -> Self {
        self.request.sampling.max_output_tokens = Some(tokens);
        self
    }

    /// A text that ends the answer.
    pub fn stop(mut self, text: impl Into<String>) -> Self {
        self.request.sampling.stop.push(text.into());
        self
    }

    /// For the same answer again, as far as a vendor can.
    pub fn seed(mut self, seed: i64) -> Self {
        self.request.sampling.seed = Some(seed);
        self
    }

    /// How hard a reasoning model thinks.
    pub fn effort(mut self, effort: Effort) -> Self {
        self.request.reasoning = Some(Reasoning::Effort(effort));
        self
    }

    /// Offers a tool.
    pub fn tool(mut self, tool: Tool) -> Self {
        self.request.tools.push(Arc::new(tool));
        self
    }

    /// Says which tool must be called.
    pub fn tool_choice(mut self, choice: ToolChoice) -> Self {
        self.request.tool_choice = choice;
        self
    }

    /// Asks for JSON by a schema.
    pub fn json_schema(mut self, name: impl Into<String>, schema: Value) -> Self {
        let format = JsonSchema { name: name.into(), description: None, schema, strict: Some(true) };
        self.request.output = OutputFormat::JsonSchema(format);
        self
    }

    /// Makes fields that the target cannot express an error instead of a warning.
    pub fn strict(mut self) -> Self {
        self.request.on_unsupported = OnUnsupported::Error;
        self
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

    /// Sends the prompt byte for byte, even where the configuration has prompts made shorter.
    pub fn keep_prompt(mut self) -> Self {
        self.keep_prompt = true;
        self
    }

    /// Anything else of the request.
    pub fn with(mut self, change: impl FnOnce(&mut ChatRequest)) -> Self {
        change(&mut self.request);
        self
    }

    fn cx(&self) -> Cx {
        let mut cx = self.client.cx(self.timeout);
        cx.max_retries = self.max_retries;
        if self.keep_prompt {
            let mut hints = Hints::default();
            hints.keep_prompt = true;
            cx = cx.with_hints(hints);
        }
        cx
    }

    /// The answer as it is made. Returns once the first content is there, so that failures before it fell over unseen.
    pub async fn stream(self) -> Result<ReplyStream, Error> {
        let cx = self.cx();
        let events = self.client.send_stream(&cx, self.request).await?;
        Ok(ReplyStream::new(events, &cx))
    }
}

impl<'c> IntoFuture for ChatCall<'c> {
    type Output = Result<Reply, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'c>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let cx = self.cx();
            let response = self.client.send(&cx, self.request).await?;
            Ok(Reply::new(response, &cx))
        })
    }
}
