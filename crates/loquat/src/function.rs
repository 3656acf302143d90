//! A plain async function as a provider: a model of your own, a stub in a test, a call into another system.

use std::future::Future;
use std::sync::Arc;

use llm_core::{
    Adapter, Capabilities, ChatRequest, ChatResponse, ChatStream, Cx, Error, Event, Finish, FinishReason, Message,
    ModelInfo, Origin, PartId, PartKind, Provider, StreamFinish, StreamStart, Usage, async_trait,
};

/// A provider named `id` that answers with what `function` returns for a request. Its streams are one piece.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> loquat::Result<()> {
/// use loquat::Client;
///
/// let shout = loquat::function("shout", |request| async move {
///     Ok(request.messages.last().map(|message| message.text().to_uppercase()).unwrap_or_default())
/// });
/// let client = Client::builder().instance(shout).model("shout/v1").build()?;
/// assert_eq!(client.chat("hello").await?.text(), "HELLO");
/// # Ok(())
/// # }
/// ```
pub fn function<F, A>(id: impl Into<Arc<str>>, function: F) -> Arc<dyn Provider>
where
    F: Fn(ChatRequest) -> A + Send + Sync + 'static,
    A: Future<Output = Result<String, Error>> + Send + 'static,
{
    FunctionModel::new(id, function).provider()
}

/// A plain async function as a provider that says more of itself than its name: what it can do, which models it lists.
///
/// ```
/// use loquat::FunctionModel;
/// use loquat::core::{Capabilities, ModelInfo};
///
/// let mut capabilities = Capabilities::chat();
/// capabilities.context_window = Some(8000);
/// let shout = FunctionModel::new("shout", |request| async move { Ok(format!("{}!", request.model)) })
///     .with_capabilities(capabilities)
///     .with_model(ModelInfo::new("v1"))
///     .provider();
/// # let _ = shout;
/// ```
pub struct FunctionModel<F> {
    id: Arc<str>,
    function: F,
    capabilities: Capabilities,
    models: Vec<ModelInfo>,
}

impl<F, A> FunctionModel<F>
where
    F: Fn(ChatRequest) -> A + Send + Sync + 'static,
    A: Future<Output = Result<String, Error>> + Send + 'static,
{
    /// A provider named `id` that answers with what `function` returns.
    pub fn new(id: impl Into<Arc<str>>, function: F) -> Self {
        Self { id: id.into(), function, capabilities: Capabilities::chat(), models: Vec::new() }
    }

    /// With what it can do: routers send it nothing else. Default: chat, streamed or not.
    #[must_use]
    pub fn with_capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// With one more model that it lists. What it lists does not bind what it is asked for.
    #[must_use]
    pub fn with_model(mut self, model: ModelInfo) -> Self {
        self.models.push(model);
        self
    }

    /// The provider.
    pub fn provider(self) -> Arc<dyn Provider> {
        Arc::new(self)
    }
}

impl<F> FunctionModel<F> {
    fn origin(&self, request: &ChatRequest) -> Arc<Origin> {
        Arc::new(Origin::new("function", self.id.clone(), request.model.clone()))
    }
}

fn finish() -> Finish {
    Finish { reason: FinishReason::Stop, raw: None }
}

#[async_trait]
impl<F, A> Adapter for FunctionModel<F>
where
    F: Fn(ChatRequest) -> A + Send + Sync + 'static,
    A: Future<Output = Result<String, Error>> + Send + 'static,
{
    fn id(&self) -> &str {
        &self.id
    }

    fn api(&self) -> &'static str {
        "function"
    }

    fn capabilities(&self, _model: &str) -> Capabilities {
        self.capabilities.clone()
    }

    async fn chat(&self, _cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        let text = (self.function)(request.clone()).await?;
        Ok(ChatResponse::new(self.origin(request), Message::assistant(text), finish()))
    }

    async fn chat_stream(&self, _cx: &Cx, request: &ChatRequest) -> Result<ChatStream, Error> {
        let text = (self.function)(request.clone()).await?;
        let (part, shell) = (PartId(0), PartKind::Text { text: String::new(), citations: Vec::new() });
        let events = [
            Event::Start(Box::new(StreamStart::new(self.origin(request)))),
            Event::PartStart { part, candidate: 0, shell: Box::new(shell) },
            Event::TextDelta { part, text },
            Event::PartEnd { part, truncated: false, ext: None },
            Event::Finish(Box::new(StreamFinish::new(finish(), Usage::default()))),
        ];
        Ok(ChatStream::new(futures_util::stream::iter(events.map(Ok))))
    }

    async fn models(&self, _cx: &Cx) -> Result<Vec<ModelInfo>, Error> {
        Ok(self.models.clone())
    }
}
