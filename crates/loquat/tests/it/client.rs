//! What a program sees: fallback, the attempt log, streams, status.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use loquat::core::{Provider, Response};
use loquat::{BreakerPolicy, Client, ClientBuilder, Config, Environment, Error, ErrorKind};

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

#[tokio::test(start_paused = true)]
async fn a_primary_that_hangs_gives_way_after_the_time_of_an_attempt() {
    let hangs = loquat::function("hangs", |_| std::future::pending());
    let environment: Environment = [("LLM_TIMEOUT_SECONDS", "20"), ("LLM_MAX_RETRIES", "0")].into_iter().collect();
    let client = Client::builder()
        .environment(environment)
        .instance(hangs)
        .instance(says("second", "hello"))
        .model("hangs/m")
        .fallback("second/m")
        .build()
        .unwrap();
    let start = tokio::time::Instant::now();
    let reply = client.chat("hi").await.unwrap();
    assert_eq!((reply.target().as_str(), start.elapsed()), ("second/m", Duration::from_secs(20)));
    assert!(reply.attempts()[0].to_string().contains("timeout"), "{:?}", reply.attempts());
}

#[tokio::test(start_paused = true)]
async fn a_call_has_its_own_number_of_retries() {
    let calls = Arc::new(AtomicU32::new(0));
    let client = builder().instance(fails("a", ErrorKind::Server, calls.clone())).model("a/m");
    let client = client.breaker(BreakerPolicy::off()).build().unwrap();
    client.chat("hi").max_retries(0).await.unwrap_err();
    assert_eq!(calls.swap(0, Ordering::Relaxed), 1);
    client.chat("hi").max_retries(6).await.unwrap_err();
    assert_eq!(calls.load(Ordering::Relaxed), 7);
}

#[tokio::test]
async fn a_provider_of_the_program_goes_before_one_of_the_environment() {
    static PLUGIN: loquat::core::ProviderPlugin =
        loquat::core::ProviderPlugin::new("mine", "Mine", |_, cx| Ok(says(&cx.id, "the plugin")), "mine", "0")
            .with_settings(&[loquat::core::Setting::key("api_key", "the key").with_env(&["MINE_API_KEY"])]);
    let environment: Environment = [("MINE_API_KEY", "k")].into_iter().collect();
    let builder = || Client::builder().plugin(&PLUGIN).environment(environment.clone()).model("mine/m");
    assert_eq!(builder().build().unwrap().chat("hi").await.unwrap().text(), "the plugin");
    let client = builder().instance(says("mine", "the program")).build().unwrap();
    assert_eq!(client.chat("hi").await.unwrap().text(), "the program");
    let twice = builder().instance(says("mine", "x")).provider(loquat::ProviderConfig::new("mine")).build();
    assert!(twice.unwrap_err().message().contains("two providers have the id \"mine\""));
}

#[tokio::test]
async fn requests_that_cannot_be_answered_are_refused_with_the_cure() {
    let none = builder().build().unwrap();
    let error = none.chat("hi").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoTarget);
    assert!(error.message().contains("no provider is configured"), "{error}");
    assert!(!none.status().demo, "no provider is no demonstration");
    let embed = none.embed(loquat::EmbedRequest::default()).await.unwrap_err();
    assert_eq!(embed.kind(), ErrorKind::NoTarget);
    let one = builder().instance(says("a", "x")).build().unwrap();
    let error = one.chat("hi").await.unwrap_err();
    assert!(error.message().contains("a has no default one"), "{error}");
    let embed = one.embed(loquat::EmbedRequest::default()).await.unwrap_err();
    assert_eq!((embed.kind(), embed.param()), (ErrorKind::InvalidRequest, Some("model")));
    let two = builder().instance(says("a", "x")).instance(says("b", "x")).build().unwrap();
    let error = two.chat("hi").await.unwrap_err();
    assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidRequest, Some("model")));
    let empty = two.request(loquat::ChatRequest::new("a/m")).await.unwrap_err();
    assert_eq!((empty.kind(), empty.param()), (ErrorKind::InvalidRequest, Some("messages")));
}

#[tokio::test]
async fn a_function_streams_in_one_piece() {
    let client = builder().instance(says("a", "hello")).model("a/m").build().unwrap();
    let response = client.chat("hi").stream().await.unwrap().into_events().collect().await.unwrap();
    assert_eq!((response.text().as_str(), &*response.origin.model), ("hello", "m"));
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
