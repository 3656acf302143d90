//! The transport itself: one client, one exchange a call.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use http::HeaderMap;
use llm_core::{Body, Cx, Error, HttpRequest, HttpResponse, Progress, TimeoutStage, Transport};
use tokio::time::Instant;

use crate::address::Addresses;
use crate::body::TimedBody;
use crate::client::Clients;
use crate::config::HttpConfig;
use crate::failure;

/// Sends requests with reqwest. Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct HttpTransport(Arc<Inner>);

struct Inner {
    clients: Clients,
    addresses: Addresses,
    connect_timeout: Duration,
    https_only: bool,
    max_header_bytes: u32,
    max_body_bytes: u64,
}

impl HttpTransport {
    /// A transport with these settings. Fails on a proxy that is no address. Does no IO: the machine's certificates are
    /// read when an address first needs them, or by [`prepare_tls`](Self::prepare_tls).
    pub fn new(config: &HttpConfig) -> Result<Self, Error> {
        let &HttpConfig { connect_timeout, https_only, max_header_bytes, max_body_bytes, .. } = config;
        let clients = Clients::new(config)?;
        Ok(Self(Arc::new(Inner {
            clients,
            addresses: Addresses::default(),
            connect_timeout,
            https_only,
            max_header_bytes,
            max_body_bytes,
        })))
    }

    /// Reads the machine's certificates now, so that a server notices at its start when there are none and its first
    /// request does not wait for them.
    pub fn prepare_tls(&self) -> Result<(), Error> {
        self.0.clients.tls().map(|_| ())
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, cx: &Cx, request: HttpRequest) -> Result<HttpResponse, Error> {
        let HttpRequest { method, url, headers, body } = request;
        let this = &*self.0;
        let address = this.addresses.parse(&url, this.https_only)?;
        let client = this.clients.of(address.scheme())?;
        let mut outgoing = reqwest::Request::new(method, address);
        *outgoing.headers_mut() = headers;
        if !body.is_empty() {
            *outgoing.body_mut() = Some(body.into());
        }
        let now = Instant::now();
        let deadline = cx.deadline.map(Instant::from_std);
        if deadline.is_some_and(|deadline| deadline <= now) {
            return Err(failure::too_late(&url));
        }
        if cx.cancel.as_ref().is_some_and(llm_core::CancellationToken::is_cancelled) {
            return Err(failure::cancelled(&url, Progress::NotSent));
        }
        let first_byte = cx.timeouts.first_byte.map(|limit| (now + limit, TimeoutStage::FirstByte));
        let total = deadline.map(|deadline| (deadline, TimeoutStage::Total));
        let limit = [first_byte, total].into_iter().flatten().min_by_key(|(at, _)| *at);

        let mut answer = pin!(client.execute(outgoing));
        let mut timer = pin!(limit.map(|(at, _)| tokio::time::sleep_until(at)));
        let mut cancelled = pin!(cx.cancel.as_ref().map(|token| token.cancelled()));
        let answer = std::future::poll_fn(|context| {
            if let Poll::Ready(answer) = answer.as_mut().poll(context) {
                let failed = |error| failure::before_headers(error, &url, this.connect_timeout);
                return Poll::Ready(answer.map_err(failed));
            }
            if let Some(cancelled) = cancelled.as_mut().as_pin_mut()
                && cancelled.poll(context).is_ready()
            {
                return Poll::Ready(Err(failure::cancelled(&url, Progress::Sent)));
            }
            if let (Some(timer), Some((_, stage))) = (timer.as_mut().as_pin_mut(), limit)
                && timer.poll(context).is_ready()
            {
                return Poll::Ready(Err(failure::no_answer(stage, cx.timeouts.first_byte, &url)));
            }
            Poll::Pending
        });
        let mut answer = answer.await?;

        #[expect(clippy::disallowed_methods, reason = "the one place that stamps responses with this machine's time")]
        let received_at = Some(SystemTime::now());
        let status = answer.status();
        let headers = std::mem::take(answer.headers_mut());
        if header_bytes(&headers) > this.max_header_bytes as usize {
            return Err(failure::too_large("headers", this.max_header_bytes.into(), &url));
        }
        let body = Body::stream(TimedBody::new(answer.bytes_stream(), url, cx, this.max_body_bytes));
        Ok(HttpResponse { status, headers, body, received_at })
    }
}

fn header_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport")
            .field("connect_timeout", &self.0.connect_timeout)
            .field("https_only", &self.0.https_only)
            .finish_non_exhaustive()
    }
}
