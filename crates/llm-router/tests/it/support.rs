//! Providers that only say who they are.

use std::sync::Arc;

use llm_core::{
    Availability, Capabilities, ChatRequest, ChatResponse, Cx, Error, ErrorKind, Finish, FinishReason, HttpRequest,
    HttpResponse, Message, Origin, Provider, Request, Response, Transport,
};

/// A provider whose answer is its name and the model it was asked for.
#[derive(Clone)]
pub(crate) struct Named {
    pub(crate) id: &'static str,
    pub(crate) capabilities: Capabilities,
    pub(crate) availability: Availability,
}

pub(crate) const SHUT: Availability = Availability::Shut { until: None };

pub(crate) fn named(id: &'static str) -> Named {
    Named { id, capabilities: Capabilities::default(), availability: Availability::Ready }
}

impl Named {
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Capabilities)) -> Self {
        change(&mut self.capabilities);
        self
    }

    pub(crate) fn shut(mut self) -> Self {
        self.availability = SHUT;
        self
    }

    pub(crate) fn arc(self) -> Arc<dyn Provider> {
        Arc::new(self)
    }
}

#[llm_core::async_trait]
impl Provider for Named {
    fn id(&self) -> &str {
        self.id
    }

    fn api(&self) -> &'static str {
        "named"
    }

    fn capabilities(&self, _model: &str) -> Capabilities {
        self.capabilities.clone()
    }

    fn availability(&self) -> Availability {
        self.availability
    }

    async fn call(&self, _cx: &Cx, request: Request) -> Result<Response, Error> {
        let origin = Arc::new(Origin::new("named", self.id, request.model()));
        let message = Message::assistant(format!("{}/{}", self.id, request.model()));
        let finish = Finish::new(FinishReason::Stop, "stop");
        Ok(Response::Chat(Box::new(ChatResponse::new(origin, message, finish))))
    }
}

struct NoTransport;

#[llm_core::async_trait]
impl Transport for NoTransport {
    async fn send(&self, _cx: &Cx, _request: HttpRequest) -> Result<HttpResponse, Error> {
        Err(Error::new(ErrorKind::Internal, "no network"))
    }
}

pub(crate) fn cx() -> Cx {
    Cx::new(Arc::new(NoTransport))
}

pub(crate) fn chat(model: &str) -> Request {
    Request::Chat(Arc::new(ChatRequest::new(model).with_user("hello")))
}
