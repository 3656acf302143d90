//! Shared by the tests: building the provider and asking it.

use std::sync::Arc;

use llm_core::{
    Accumulator, BuildCx, ChatRequest, ChatResponse, Cx, Error, Event, Provider, Request, Response, Warning,
};
use llm_provider_local::PLUGIN;
use llm_testkit::ScriptedTransport;
use serde_json::{Value, json};

pub(crate) fn provider(config: &Value) -> Arc<dyn Provider> {
    PLUGIN.build(config.as_object().cloned().unwrap_or_default(), &BuildCx::new("fake")).unwrap()
}

/// A call environment; nothing here uses the transport.
pub(crate) fn cx() -> Cx {
    ScriptedTransport::new([]).cx()
}

pub(crate) async fn ask(provider: &dyn Provider, cx: &Cx, request: ChatRequest) -> Result<ChatResponse, Error> {
    match provider.call(cx, Request::Chat(Arc::new(request))).await? {
        Response::Chat(response) => Ok(*response),
        other => panic!("{other:?}"),
    }
}

/// The events of a streamed answer, and the error it ended with.
pub(crate) async fn stream(provider: &dyn Provider, cx: &Cx, request: ChatRequest) -> (Vec<Event>, Option<Error>) {
    let mut stream = match provider.call(cx, Request::ChatStream(Arc::new(request))).await {
        Ok(Response::ChatStream(stream)) => stream,
        Ok(other) => panic!("{other:?}"),
        Err(error) => return (Vec::new(), Some(error)),
    };
    let mut events = Vec::new();
    while let Some(event) = stream.next().await {
        match event {
            Ok(event) => events.push(event),
            Err(error) => {
                assert!(stream.next().await.is_none(), "nothing comes after an error");
                return (events, Some(error));
            }
        }
    }
    (events, None)
}

/// The answer that events make, in the allowed order.
pub(crate) fn collect(events: &[Event]) -> ChatResponse {
    let mut accumulator = Accumulator::default();
    for event in events {
        accumulator.push(event.clone()).unwrap();
    }
    accumulator.finish().unwrap()
}

pub(crate) fn echo(text: &str) -> ChatRequest {
    ChatRequest::new("echo").with_user(text)
}

pub(crate) fn script(script: &Value) -> ChatRequest {
    let mut request = ChatRequest::new("script").with_user("go on please");
    request.ext.set("local", "script", script.clone());
    request
}

/// Asks for a whole answer of a provider without settings.
pub(crate) async fn answer(request: ChatRequest) -> Result<ChatResponse, Error> {
    ask(&*provider(&json!({})), &cx(), request).await
}

pub(crate) fn fields(warnings: &[Warning]) -> Vec<&str> {
    let mut fields = Vec::new();
    for warning in warnings {
        if let Warning::Unsupported { field, .. } | Warning::Adapted { field, .. } = warning {
            fields.push(field.as_str());
        }
    }
    fields
}
