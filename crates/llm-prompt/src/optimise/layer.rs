//! The layer: prompts get shorter on their way down, and answers say by how much on their way up.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use futures_util::StreamExt as _;
use llm_core::{
    BytesEstimator, ChatStream, Cx, Error, Event, Layer, PromptSavings, Provider, Request, Response, TokenEstimator,
    async_trait,
};

use super::counters::{Savings, SavingsCounter};
use super::optimiser::Optimiser;

/// Makes the prompts of chats shorter. Put it outside of a cache, so that the cache sees what is left.
///
/// Answers say in `prompt_savings` what was saved, streams in their start. [`Hints::keep_prompt`](llm_core::Hints) switches it
/// off for one call. A handle: clones share their counters.
#[derive(Clone)]
pub struct OptimiseLayer(Arc<Shared>);

#[derive(Clone)]
struct Shared {
    usual: Option<Optimiser>,
    by_model: HashMap<String, Optimiser>,
    estimator: Arc<dyn TokenEstimator>,
    counter: SavingsCounter,
}

impl OptimiseLayer {
    /// For every request.
    pub fn new(optimiser: Optimiser) -> Self {
        Self::of(Some(optimiser))
    }

    /// For no request but those of models that are named with [`with_model`](Self::with_model).
    pub fn named_only() -> Self {
        Self::of(None)
    }

    fn of(usual: Option<Optimiser>) -> Self {
        let (estimator, counter) = (Arc::new(BytesEstimator), SavingsCounter::default());
        Self(Arc::new(Shared { usual, by_model: HashMap::new(), estimator, counter }))
    }

    /// Another optimiser for requests that name this model or route.
    pub fn with_model(mut self, model: impl Into<String>, optimiser: Optimiser) -> Self {
        Arc::make_mut(&mut self.0).by_model.insert(model.into(), optimiser);
        self
    }

    /// With a better guess of how many tokens were saved than a third of the bytes.
    pub fn with_estimator(mut self, estimator: Arc<dyn TokenEstimator>) -> Self {
        Arc::make_mut(&mut self.0).estimator = estimator;
        self
    }

    /// With a counter that counts for other layers too, before or after this one.
    pub fn with_counter(mut self, counter: SavingsCounter) -> Self {
        Arc::make_mut(&mut self.0).counter = counter;
        self
    }

    /// What was saved so far.
    pub fn savings(&self) -> Savings {
        self.0.counter.savings()
    }
}

impl fmt::Debug for OptimiseLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OptimiseLayer").field("savings", &self.savings()).finish_non_exhaustive()
    }
}

impl Layer for OptimiseLayer {
    fn layer(&self, inner: Arc<dyn Provider>) -> Arc<dyn Provider> {
        Arc::new(Optimised { shared: self.0.clone(), inner })
    }
}

/// A provider whose prompts get shorter before it sees them.
struct Optimised {
    shared: Arc<Shared>,
    inner: Arc<dyn Provider>,
}

impl Optimised {
    fn shorten(&self, cx: &Cx, request: &mut Request) -> Option<PromptSavings> {
        let (Request::Chat(chat) | Request::ChatStream(chat)) = request else { return None };
        if cx.hints.as_ref().is_some_and(|hints| hints.keep_prompt) {
            return None;
        }
        let Shared { usual, by_model, estimator, .. } = &*self.shared;
        by_model.get(&chat.model).or(usual.as_ref())?.request(chat, &**estimator)
    }
}

#[async_trait]
impl Provider for Optimised {
    llm_core::forward!(inner: id, api, capabilities, availability);

    async fn call(&self, cx: &Cx, mut request: Request) -> Result<Response, Error> {
        let saved = self.shorten(cx, &mut request);
        let response = self.inner.call(cx, request).await?;
        if matches!(response, Response::Chat(_) | Response::ChatStream(_)) {
            self.shared.counter.count(saved);
        }
        Ok(match (saved, response) {
            (Some(saved), Response::Chat(mut chat)) => {
                *chat.prompt_savings.get_or_insert_default() += saved;
                Response::Chat(chat)
            }
            (Some(saved), Response::ChatStream(stream)) => Response::ChatStream(told(stream, saved)),
            (_, response) => response,
        })
    }
}

/// The stream, whose start says what was saved.
fn told(stream: ChatStream, saved: PromptSavings) -> ChatStream {
    ChatStream::new(stream.map(move |event| {
        event.map(|mut event| {
            if let Event::Start(start) = &mut event {
                *start.prompt_savings.get_or_insert_default() += saved;
            }
            event
        })
    }))
}
