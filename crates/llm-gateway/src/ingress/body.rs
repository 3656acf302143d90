//! Reads the body of a request: whole, within its limits of size and time.

use std::pin::Pin;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use llm_core::{Error, ErrorKind, Progress};
use tokio::time::{Instant, timeout_at};

/// A body may take this long, and one second more for every [`SLOWEST`] bytes of it that have come.
const BASE_TIME: Duration = Duration::from_secs(30);
const SLOWEST: usize = 1 << 10;
/// How long the rest of a body that is too long is read past, so that its sender is there to hear the answer.
const LINGER: Duration = Duration::from_secs(2);
/// Most bytes for which room is made before they come: a length that is only announced must not cost memory.
const FIRST_ROOM: usize = 1 << 20;

/// Why a body is not taken: an error, and its status where the class of the error has another one.
pub(crate) struct Refused {
    pub(crate) error: Error,
    pub(crate) status: Option<StatusCode>,
}

impl Refused {
    fn new(status: StatusCode, what: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        let error = Error::new(ErrorKind::InvalidRequest, what).with_progress(Progress::NotSent);
        Self { error, status: Some(status) }
    }

    fn too_long(limit: usize) -> Self {
        let what = format!("the request body is longer than the limit of {limit} bytes (server.max_body)");
        let error = Error::new(ErrorKind::PayloadTooLarge, what).with_progress(Progress::NotSent);
        Self { error, status: None }
    }
}

/// The whole body of a request with these headers.
pub(crate) async fn read(headers: &HeaderMap, mut body: Body, limit: usize) -> Result<Bytes, Refused> {
    acceptable(headers)?;
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|announced| announced > limit as u64) {
        // Who expects an answer before the body does not send it now.
        if !headers.contains_key(EXPECT) {
            read_past(body).await;
        }
        return Err(Refused::too_long(limit));
    }
    let start = Instant::now();
    let mut whole = Gathered::Nothing;
    loop {
        let deadline = start + BASE_TIME + Duration::from_secs((whole.len() / SLOWEST) as u64);
        let Ok(next) = timeout_at(deadline, next(&mut body)).await else {
            let what = "the request body did not come in time: send it at once, at 1 KiB a second at least";
            return Err(Refused::new(StatusCode::REQUEST_TIMEOUT, what));
        };
        match next {
            None => return Ok(whole.into()),
            Some(Ok(bytes)) if bytes.len() > limit - whole.len() => {
                drop(whole);
                read_past(body).await;
                return Err(Refused::too_long(limit));
            }
            Some(Ok(bytes)) => whole = whole.with(bytes, announced),
            Some(Err(_)) => {
                return Err(Refused::new(StatusCode::BAD_REQUEST, "the request body could not be read to its end"));
            }
        }
    }
}

/// Refuses what could only be misread, and what a foreign web page could send: browsers let every page post text to this
/// machine, but JSON only after asking, which nobody here answers.
fn acceptable(headers: &HeaderMap) -> Result<(), Refused> {
    let word = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?").trim());
    if let Some(encoding) = word(CONTENT_ENCODING)
        && !encoding.eq_ignore_ascii_case("identity")
    {
        let what = "the request body is compressed, which is not understood here: send it without content-encoding";
        return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, what));
    }
    if headers.contains_key(ORIGIN) && !word(CONTENT_TYPE).is_some_and(is_json) {
        let what = "a request of a web page must be JSON: send content-type: application/json";
        return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, what));
    }
    Ok(())
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// The next bytes of a body; trailers are of no interest.
async fn next(body: &mut Body) -> Option<Result<Bytes, axum::Error>> {
    loop {
        match std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await? {
            Ok(frame) => {
                if let Ok(bytes) = frame.into_data() {
                    return Some(Ok(bytes));
                }
            }
            Err(error) => return Some(Err(error)),
        }
    }
}

async fn read_past(mut body: Body) {
    let rest = async { while let Some(Ok(_)) = next(&mut body).await {} };
    let _ = tokio::time::timeout(LINGER, rest).await;
}

/// What has come of a body. Most come in one piece, which is not copied.
enum Gathered {
    Nothing,
    One(Bytes),
    More(BytesMut),
}

impl Gathered {
    fn len(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::One(bytes) => bytes.len(),
            Self::More(bytes) => bytes.len(),
        }
    }

    fn with(self, more: Bytes, announced: Option<u64>) -> Self {
        match self {
            Self::Nothing => Self::One(more),
            Self::One(first) => {
                let announced = announced.and_then(|announced| usize::try_from(announced).ok()).unwrap_or_default();
                let mut whole = BytesMut::with_capacity(announced.min(FIRST_ROOM).max(first.len() + more.len()));
                whole.extend_from_slice(&first);
                whole.extend_from_slice(&more);
                Self::More(whole)
            }
            Self::More(mut whole) => {
                whole.extend_from_slice(&more);
                Self::More(whole)
            }
        }
    }
}

impl From<Gathered> for Bytes {
    fn from(gathered: Gathered) -> Self {
        match gathered {
            Gathered::Nothing => Self::new(),
            Gathered::One(bytes) => bytes,
            Gathered::More(bytes) => bytes.freeze(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_core::Stream;
    use std::task::{Context, Poll};

    use super::*;

    /// Sends these bytes, with a pause before each.
    struct Dribble {
        left: usize,
        piece: usize,
        pause: Pin<Box<tokio::time::Sleep>>,
        every: Duration,
    }

    fn dribble(pieces: usize, piece: usize, every: Duration) -> Body {
        let pause = Box::pin(tokio::time::sleep(every));
        Body::from_stream(Dribble { left: pieces, piece, pause, every })
    }

    impl Stream for Dribble {
        type Item = Result<Bytes, Infallible>;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            if self.left == 0 {
                return Poll::Ready(None);
            }
            std::task::ready!(self.pause.as_mut().poll(cx));
            let every = self.every;
            self.pause.as_mut().reset(Instant::now() + every);
            self.left -= 1;
            Poll::Ready(Some(Ok(vec![b'x'; self.piece].into())))
        }
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (axum::http::HeaderName::from_static(name), axum::http::HeaderValue::from_static(value))
            })
            .collect()
    }

    async fn status(headers: &HeaderMap, body: Body, limit: usize) -> u16 {
        match read(headers, body, limit).await {
            Ok(_) => 200,
            Err(Refused { error, status }) => {
                status.map_or_else(|| llm_wire_openai::encode_error(&error).0, |status| status.as_u16())
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_be_slow_but_not_for_ever() {
        let none = HeaderMap::new();
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        assert_eq!(status(&none, dribble(1000, 1, second * 10), 1 << 20).await, 408);
        assert_eq!(start.elapsed(), second * 30);
        assert_eq!(status(&none, dribble(600, 4 << 10, second), 4 << 20).await, 200, "ten minutes, at 4 KiB a second");
        assert_eq!(read(&none, dribble(3, 5, second), 15).await.ok().unwrap(), "x".repeat(15));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_too_long_is_refused_and_read_past_for_two_seconds() {
        let second = Duration::from_secs(1);
        let start = Instant::now();
        assert_eq!(status(&HeaderMap::new(), dribble(1000, 8, second / 10), 20).await, 413);
        assert_eq!(start.elapsed(), second * 3 / 10 + LINGER);
        let announced = headers(&[("content-length", "1000000000000")]);
        let start = Instant::now();
        assert_eq!(status(&announced, dribble(1, 1, second * 3600), 20).await, 413);
        assert_eq!(start.elapsed(), LINGER);
        let start = Instant::now();
        let expecting = headers(&[("content-length", "21"), ("expect", "100-continue")]);
        assert_eq!(status(&expecting, dribble(1, 1, second * 3600), 20).await, 413);
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test]
    async fn what_a_foreign_page_could_send_or_what_is_compressed_is_refused() {
        for (pairs, expected) in [
            (&[][..], 200),
            (&[("content-type", "text/plain")], 200),
            (&[("content-type", "application/x-www-form-urlencoded")], 200),
            (&[("origin", "https://evil.example"), ("content-type", "text/plain")], 415),
            (&[("origin", "https://evil.example")], 415),
            (&[("origin", "https://app.example"), ("content-type", "Application/JSON; charset=utf-8")], 200),
            (&[("content-encoding", "gzip")], 415),
            (&[("content-encoding", "identity")], 200),
        ] {
            assert_eq!(status(&headers(pairs), Body::from("{}"), 20).await, expected, "{pairs:?}");
        }
    }
}
