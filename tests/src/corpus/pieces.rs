//! A transport that gives one recorded answer, in pieces of chosen lengths.

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use llm_core::{Body, Cx, Error, HttpRequest, HttpResponse, Transport};

use super::case::RecordedResponse;

/// How a body comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pieces {
    /// In one.
    Whole,
    /// Some bytes at a time.
    Every(usize),
    /// In lengths that follow from a seed, of which many are short.
    Random(u64),
}

impl Pieces {
    fn of(self, mut body: Bytes) -> Vec<Bytes> {
        let mut random = fastrand::Rng::with_seed(if let Self::Random(seed) = self { seed } else { 0 });
        let mut pieces = Vec::new();
        while !body.is_empty() {
            let length = match self {
                Self::Whole => body.len(),
                Self::Every(length) => length,
                Self::Random(_) => 1 << random.u32(0..11),
            };
            pieces.push(body.split_to(length.clamp(1, body.len())));
        }
        pieces
    }
}

/// Answers every request with the recorded response.
pub(super) struct Recording {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) pieces: Pieces,
}

impl Recording {
    /// The recorded response in pieces of odd lengths.
    pub(super) fn of(response: &RecordedResponse) -> anyhow::Result<Self> {
        let mut headers = HeaderMap::new();
        for (name, value) in &response.headers {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            headers.append(HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(&value)?);
        }
        let status = StatusCode::from_u16(response.status)?;
        Ok(Self { status, headers, body: Bytes::from(response.bytes()?), pieces: Pieces::Random(1) })
    }
}

#[async_trait]
impl Transport for Recording {
    async fn send(&self, _cx: &Cx, _request: HttpRequest) -> Result<HttpResponse, Error> {
        let pieces = self.pieces.of(self.body.clone()).into_iter().map(Ok);
        let body = Body::stream(futures_util::stream::iter(pieces));
        Ok(HttpResponse { status: self.status, headers: self.headers.clone(), body, received_at: None })
    }
}
