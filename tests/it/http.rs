//! A small HTTP client for the tests, over the real transport.

use std::sync::Arc;

use futures_util::StreamExt as _;
use llm_core::{Cx, HttpRequest, HttpResponse, Transport as _};
use llm_http::{HttpConfig, HttpTransport};
use serde_json::Value;

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The payloads of server-sent events, in order.
    pub(crate) fn events(&self) -> Vec<&str> {
        self.body.split("\n\n").filter_map(|event| event.strip_prefix("data: ")).collect()
    }
}

pub(crate) async fn get(url: &str) -> Answer {
    whole(send(HttpRequest::get(url)).await).await
}

pub(crate) async fn post(url: &str, body: impl Into<String>) -> Answer {
    whole(open(url, body).await).await
}

pub(crate) async fn post_with(url: &str, headers: &[(&'static str, &'static str)], body: impl Into<String>) -> Answer {
    let mut request = HttpRequest::post_json(url, body.into());
    for (name, value) in headers {
        request.headers.insert(*name, http::HeaderValue::from_static(value));
    }
    whole(send(request).await).await
}

/// A response whose body is still to be read.
pub(crate) async fn open(url: &str, body: impl Into<String>) -> HttpResponse {
    send(HttpRequest::post_json(url, body.into())).await
}

async fn send(request: HttpRequest) -> HttpResponse {
    let transport = Arc::new(HttpTransport::new(&HttpConfig::default()).unwrap());
    transport.send(&Cx::new(transport.clone()), request).await.unwrap()
}

async fn whole(response: HttpResponse) -> Answer {
    let (status, headers, mut body) = (response.status.as_u16(), response.headers, response.body);
    let mut text = Vec::new();
    while let Some(bytes) = body.next().await {
        text.extend_from_slice(&bytes.unwrap());
    }
    Answer { status, headers, body: String::from_utf8(text).unwrap() }
}
