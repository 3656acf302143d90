//! A plain async function as a provider: a model of your own, a stub in a test, a call into another system.

use std::future::Future;
use std::sync::Arc;

use llm_core::{
    Adapter, Capabilities, ChatRequest, ChatResponse, Cx, Error, Finish, FinishReason, Message, ModelInfo, Origin,
    Provider, async_trait,
};

/// A provider named `id` that answers with what `function` returns for a request.
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
    Arc::new(Function { id: id.into(), function })
}

struct Function<F> {
    id: Arc<str>,
    function: F,
}

#[async_trait]
impl<F, A> Adapter for Function<F>
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
        Capabilities::chat()
    }

    async fn chat(&self, _cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        let text = (self.function)(request.clone()).await?;
        let origin = Arc::new(Origin::new("function", self.id.clone(), request.model.clone()));
        Ok(ChatResponse::new(origin, Message::assistant(text), Finish { reason: FinishReason::Stop, raw: None }))
    }

    async fn models(&self, _cx: &Cx) -> Result<Vec<ModelInfo>, Error> {
        Ok(Vec::new())
    }
}
