//! The layer around one provider, whose models it knows.

use std::sync::Arc;

use async_trait::async_trait;
use llm_core::{
    Capabilities, ChatRequest, ChatResponse, ChatStream, Cost, Cx, Error, ErrorKind, Layer, OutputFormat, Provider,
    Replay, Request, Response, Support,
};

use super::ask::Asked;
use super::broken;
use super::mode::Mode;
use super::read::{Broken, Why};
use super::settings::Settings;
use super::stream;

/// Gets answers by a JSON schema from every model.
///
/// It belongs around a single provider, inside the driver and outside of budgets: the call that asks again is set aside and
/// paid like any other.
#[derive(Clone, Copy, Debug, Default)]
pub struct StructuredLayer {
    settings: Settings,
}

impl StructuredLayer {
    /// With these settings.
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }
}

impl Layer for StructuredLayer {
    fn layer(&self, inner: Arc<dyn Provider>) -> Arc<dyn Provider> {
        if self.settings.enabled || self.settings.validate {
            Arc::new(Structured { inner, settings: self.settings })
        } else {
            inner
        }
    }
}

struct Structured {
    inner: Arc<dyn Provider>,
    settings: Settings,
}

#[async_trait]
impl Provider for Structured {
    llm_core::forward!(inner: id, api, availability);

    /// With this layer every chat model has structured output.
    fn capabilities(&self, model: &str) -> Capabilities {
        let mut can = self.inner.capabilities(model);
        if self.settings.enabled && can.json_schema == Support::No && can.chat.may() {
            can.json_schema = Support::Yes;
        }
        can
    }

    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
        let (Request::Chat(chat) | Request::ChatStream(chat)) = &request else {
            return self.inner.call(cx, request).await;
        };
        let OutputFormat::JsonSchema(schema) = &chat.output else { return self.inner.call(cx, request).await };
        let mode = Mode::of(chat, &schema.schema, &self.inner.capabilities(&chat.model));
        let wanted = if mode == Mode::Native { self.settings.validate } else { self.settings.enabled };
        if !wanted {
            return self.inner.call(cx, request).await;
        }
        let ask: Ask = if matches!(request, Request::Chat(_)) { Request::Chat } else { Request::ChatStream };
        let streamed = matches!(request, Request::ChatStream(_));
        let asking = Asking { asked: Asked::new(mode, chat, schema)?, ask, repair: self.settings.repair };
        if streamed && mode != Mode::Words {
            return match self.inner.call(cx, ask(asking.asked.request.clone())).await? {
                Response::ChatStream(events) => {
                    Ok(Response::ChatStream(stream::held(events, asking, self.inner.clone(), cx.clone())))
                }
                other => Err(unasked(&other)),
            };
        }
        let response = answer(&*self.inner, cx, ask(asking.asked.request.clone())).await?;
        let response = asking.settle(response, &*self.inner, cx).await?;
        // What is shown cannot be taken back, so words are read to their end before the first is shown.
        Ok(if streamed {
            Response::ChatStream(ChatStream::new(Replay::new(*response)))
        } else {
            Response::Chat(response)
        })
    }
}

/// A request on its way to an answer that follows its schema.
pub(super) struct Asking {
    pub(super) asked: Asked,
    /// Whole or streamed, as the caller asked: timers fit the one or the other.
    ask: Ask,
    repair: bool,
}

type Ask = fn(Arc<ChatRequest>) -> Request;

impl Asking {
    /// The answer if it follows the schema, else what comes of asking again.
    async fn settle(
        &self,
        response: Box<ChatResponse>,
        inner: &dyn Provider,
        cx: &Cx,
    ) -> Result<Box<ChatResponse>, Error> {
        match self.asked.read(response) {
            Ok(mut response) => {
                response.warnings.extend(self.asked.told(false));
                Ok(response)
            }
            Err(broken) => self.again(broken, inner, cx).await,
        }
    }

    /// Tells the model what is wrong with its answer, once.
    pub(super) async fn again(
        &self,
        broken: Broken,
        inner: &dyn Provider,
        cx: &Cx,
    ) -> Result<Box<ChatResponse>, Error> {
        if !self.repair || matches!(broken.why, Why::Ended(_)) {
            return Err(broken::error(broken));
        }
        let mut cx = cx.clone();
        // It is another request: a vendor that knows the key would give its first answer again.
        cx.idempotency_key = cx.idempotency_key.map(|key| format!("{key}-again").into());
        let response = answer(inner, &cx, (self.ask)(self.asked.again(&broken))).await;
        let first = *broken.response;
        let mut response = response.map_err(|error| match error.partial() {
            Some(_) => error,
            None => error.with_partial(first.clone()),
        })?;
        response.usage = first.usage.with(&response.usage);
        if first.cost.is_some() || response.cost.is_some() {
            response.cost = Cost::sum(first.cost, response.cost.take());
        }
        let mut response = self.asked.read(response).map_err(broken::error)?;
        response.warnings.extend(self.asked.told(true));
        Ok(response)
    }
}

/// One answer, whole or collected.
async fn answer(inner: &dyn Provider, cx: &Cx, request: Request) -> Result<Box<ChatResponse>, Error> {
    match inner.call(cx, request).await? {
        Response::Chat(response) => Ok(response),
        Response::ChatStream(stream) => stream.collect().await.map(Box::new),
        other => Err(unasked(&other)),
    }
}

fn unasked(other: &Response) -> Error {
    Error::new(ErrorKind::Internal, format!("a chat was answered with {}", other.operation()))
}
