//! What a program sees: fallback, the attempt log, streams, status.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use loquat::core::{Provider, Response};
use loquat::{Client, ClientBuilder, Config, Environment, Error, ErrorKind};

fn builder() -> ClientBuilder {
    Client::builder().config(Config::default()).environment(Environment::empty())
}

fn says(id: &str, text: &'static str) -> Arc<dyn Provider> {
    loquat::function(id, move |_| async move { Ok(text.to_owned()) })
}

fn fails(id: &str, kind: ErrorKind, calls: Arc<AtomicU32>) -> Arc<dyn Provider> {
    loquat::function(id, move |_| {
        calls.fetch_add(1, Ordering::Relaxed);
        async move { Err(Error::new(kind, "scripted").with_status(429)) }
    })
}

#[tokio::test(start_paused = true)]
async fn a_limited_primary_is_not_asked_twice_and_the_fallback_answers() {
    let calls = Arc::new(AtomicU32::new(0));
    let client = builder()
        .instance(fails("first", ErrorKind::RateLimited, calls.clone()))
        .instance(says("second", "hello"))
        .model("first/m")
        .fallback("second/m")
        .build()
        .unwrap();
    let reply = client.chat("hi").await.unwrap();
    assert_eq!((reply.to_string().as_str(), reply.target().as_str()), ("hello", "second/m"));
    let log: Vec<String> = reply.attempts().iter().map(ToString::to_string).collect();
    assert_eq!(log, ["first/m 429 rate_limited: scripted", "second/m ok"]);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    let status = client.status();
    assert_eq!(status.primary.unwrap().to_string(), "first/m");
    assert_eq!(status.fallbacks.iter().map(ToString::to_string).collect::<Vec<_>>(), ["second/m"]);
    assert_eq!(status.current.unwrap().to_string(), "second/m");
}

#[tokio::test(start_paused = true)]
async fn when_all_fail_one_error_lists_every_attempt() {
    let calls = Arc::new(AtomicU32::new(0));
    let client = builder()
        .instance(fails("first", ErrorKind::QuotaExhausted, calls.clone()))
        .instance(fails("second", ErrorKind::Auth, calls.clone()))
        .model("first/m")
        .fallback("second/m")
        .build()
        .unwrap();
    let error = client.chat("hi").await.unwrap_err();
    let targets: Vec<String> = error.attempts().iter().map(|attempt| attempt.target.to_string()).collect();
    assert_eq!(targets, ["first/m", "second/m"]);
    assert!(matches!(error.kind(), ErrorKind::QuotaExhausted | ErrorKind::Auth), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_request_reaches_one_provider_only() {
    let calls = Arc::new(AtomicU32::new(0));
    let client = builder()
        .instance(fails("first", ErrorKind::InvalidRequest, calls.clone()))
        .instance(says("second", "hello"))
        .model("first/m")
        .fallback("second/m")
        .build()
        .unwrap();
    assert_eq!(client.chat("hi").await.unwrap_err().kind(), ErrorKind::InvalidRequest);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_named_model_gets_that_model_and_nothing_else() {
    let calls = Arc::new(AtomicU32::new(0));
    let client = builder()
        .instance(fails("first", ErrorKind::Auth, calls))
        .instance(says("second", "hello"))
        .model("first/m")
        .fallback("second/m")
        .build()
        .unwrap();
    assert_eq!(client.chat("hi").model("first/other").await.unwrap_err().kind(), ErrorKind::Auth);
    assert_eq!(client.chat("hi").model("second/other").await.unwrap().target(), "second/other");
    let unknown = client.chat("hi").model("secnd/other").await.unwrap_err();
    assert_eq!((unknown.kind(), unknown.param()), (ErrorKind::NotFound, Some("model")));
    assert!(unknown.message().contains("did you mean"), "{unknown}");
}

#[tokio::test(start_paused = true)]
async fn the_timeout_of_a_call_holds_over_all_attempts() {
    let slow = loquat::function("slow", |_| async {
        tokio::time::sleep(Duration::from_secs(300)).await;
        Ok(String::new())
    });
    let client = builder().instance(slow).model("slow/m").build().unwrap();
    let start = tokio::time::Instant::now();
    let error = client.chat("hi").timeout(Duration::from_secs(7)).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout(_)), "{error:?}");
    assert_eq!(start.elapsed(), Duration::from_secs(7));
}

#[tokio::test]
async fn requests_that_cannot_be_answered_are_refused_with_the_cure() {
    let none = builder().build().unwrap();
    let error = none.chat("hi").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoTarget);
    assert!(error.message().contains("no provider is configured"), "{error}");
    let two = builder().instance(says("a", "x")).instance(says("b", "x")).build().unwrap();
    let error = two.chat("hi").await.unwrap_err();
    assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidRequest, Some("model")));
    let empty = two.request(loquat::ChatRequest::new("a/m")).await.unwrap_err();
    assert_eq!((empty.kind(), empty.param()), (ErrorKind::InvalidRequest, Some("messages")));
}

#[tokio::test]
async fn a_client_is_a_provider_itself() {
    let client = builder().instance(says("a", "hello")).model("a/m").build().unwrap();
    let request = loquat::core::Request::Chat(Arc::new(loquat::ChatRequest::new("a/m").with_user("hi")));
    let Response::Chat(response) = client.provider().call(&client.cx(None), request).await.unwrap() else {
        panic!("a chat")
    };
    assert_eq!(response.text(), "hello");
}

#[cfg(feature = "local")]
#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_what_one_wants_to_know() {
    use loquat::Piece;

    let client = builder().model("local/echo").build().unwrap();
    let mut pieces = client.chat("one two three").stream().await.unwrap();
    let (mut text, mut summary) = (String::new(), None);
    while let Some(piece) = pieces.next().await {
        match piece.unwrap() {
            Piece::Text(more) => text.push_str(&more),
            Piece::Done(done) => summary = Some(done),
            _ => {}
        }
    }
    let summary = summary.unwrap();
    assert!(text.contains("one two three"), "{text}");
    assert_eq!((summary.target.as_str(), summary.attempts.len()), ("local/echo", 1));
    assert!(summary.usage.output.is_some_and(|tokens| tokens > 0));
}
