//! Bytes in, bytes out: the border to the network. `llm-http` implements it with reqwest, `llm-testkit` with a script.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::{HeaderMap, Method, StatusCode};

use crate::cx::Cx;
use crate::error::Error;
use crate::error_kind::ErrorKind;

/// Sends one HTTP request.
///
/// An answer with any status is `Ok`; errors are those of the network and of the timers in [`Cx::timeouts`].
/// Dropping the future or the body ends the exchange.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Sends `request` and returns when the response's headers are there.
    async fn send(&self, cx: &Cx, request: HttpRequest) -> Result<HttpResponse, Error>;
}

/// One HTTP request. Its `Debug` shows neither headers nor body.
pub struct HttpRequest {
    /// Method.
    pub method: Method,
    /// Absolute URL. Never holds a key.
    pub url: String,
    /// Headers; values that hold a key are marked sensitive.
    pub headers: HeaderMap,
    /// Body, whole.
    pub body: Bytes,
}

impl HttpRequest {
    /// A POST of JSON.
    pub fn post_json(url: impl Into<String>, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
        Self { method: Method::POST, url: url.into(), headers, body: body.into() }
    }

    /// A GET.
    pub fn get(url: impl Into<String>) -> Self {
        Self { method: Method::GET, url: url.into(), headers: HeaderMap::new(), body: Bytes::new() }
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &self.url.split('?').next().unwrap_or_default())
            .field("headers", &self.headers.len())
            .field("body", &self.body.len())
            .finish()
    }
}

/// One HTTP response whose body may still be on its way.
pub struct HttpResponse {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Body,
    /// When the headers came, by this machine's clock; reads `Retry-After` dates where the response has no `Date`.
    pub received_at: Option<SystemTime>,
}

impl HttpResponse {
    /// A response that is whole already.
    pub fn full(status: StatusCode, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self { status, headers, body: Body::full(body), received_at: None }
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("headers", &self.headers.len())
            .finish_non_exhaustive()
    }
}

/// A stream of bytes.
pub struct Body(Inner);

enum Inner {
    Full(Option<Bytes>),
    Stream(Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>),
}

impl Body {
    /// A body that is whole already.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self(Inner::Full(Some(bytes.into())))
    }

    /// A body that comes in pieces.
    pub fn stream(stream: impl Stream<Item = Result<Bytes, Error>> + Send + 'static) -> Self {
        Self(Inner::Stream(Box::pin(stream)))
    }

    /// The whole body, at most `limit` bytes; a longer one is a `malformed` error that names the limit.
    pub async fn collect(mut self, limit: usize) -> Result<Bytes, Error> {
        let too_long = || {
            Error::new(ErrorKind::Malformed, format!("the response's body is longer than the limit of {limit} bytes"))
        };
        let mut next = async || std::future::poll_fn(|cx| Pin::new(&mut self).poll_next(cx)).await.transpose();
        let Some(first) = next().await? else { return Ok(Bytes::new()) };
        if first.len() > limit {
            return Err(too_long());
        }
        // Nearly every unary answer is one piece: hand it on without a copy.
        let Some(second) = next().await? else { return Ok(first) };
        let mut all = BytesMut::with_capacity((first.len() + second.len()) * 2);
        all.extend_from_slice(&first);
        let mut piece = Some(second);
        while let Some(bytes) = piece {
            if all.len() + bytes.len() > limit {
                return Err(too_long());
            }
            all.extend_from_slice(&bytes);
            piece = next().await?;
        }
        Ok(all.freeze())
    }
}

impl Body {
    /// The first `limit` bytes, as far as they come: for error answers, where a broken body must not hide the status.
    pub async fn collect_prefix(mut self, limit: usize) -> Bytes {
        let mut all = BytesMut::new();
        while let Some(Ok(bytes)) = std::future::poll_fn(|cx| Pin::new(&mut self).poll_next(cx)).await {
            all.extend_from_slice(&bytes[..bytes.len().min(limit - all.len())]);
            if all.len() == limit {
                break;
            }
        }
        all.freeze()
    }
}

impl Stream for Body {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.0 {
            Inner::Full(bytes) => Poll::Ready(bytes.take().filter(|bytes| !bytes.is_empty()).map(Ok)),
            Inner::Stream(stream) => stream.as_mut().poll_next(cx),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}
