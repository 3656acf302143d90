//! The gateway over real HTTP: answers, errors that keep their class, streams that do not lie, an orderly end.

mod broken;
mod disconnect;
mod edges;
mod failover;
mod foreign;
mod money;
mod responses;

use std::time::Duration;

use futures_util::StreamExt as _;
use llm_gateway::{Gateway, ServerConfig};
use loquat::{Client, ClientBuilder, Config, Environment, ProviderConfig};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::http::{Answer, get, open, post};

/// A running gateway whose providers are scripts.
struct Running {
    url: String,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Running {
    async fn with(builder: ClientBuilder, config: ServerConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let gateway = Gateway::new(builder.build().unwrap(), config);
        let server = tokio::spawn(gateway.serve(listener, async {
            // A dropped sender stops it, too.
            let _ = stopped.await;
        }));
        Self { url, stop: Some(stop), server }
    }

    async fn start() -> Self {
        Self::with(scripts(), ServerConfig::default()).await
    }

    async fn chat(&self, body: Value) -> Answer {
        post(&format!("{}/v1/chat/completions", self.url), body.to_string()).await
    }

    async fn ask(&self, model: &str, stream: bool) -> Answer {
        self.chat(request(model, stream)).await
    }
}

fn request(model: &str, stream: bool) -> Value {
    json!({"model": model, "stream": stream, "messages": [{"role": "user", "content": "one two three"}]})
}

fn scripts() -> ClientBuilder {
    let failing = |status: u16, more: Value| {
        let mut error = json!({"status": status, "message": "scripted failure"});
        error.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        json!([{"error": error}])
    };
    let scripts = json!({
        "busy": failing(503, json!({})),
        "limited": failing(429, json!({"retry_after": "2s"})),
        "wrong": failing(400, json!({})),
        "locked": failing(401, json!({})),
        "late-error": [{"text": ["Half ", "of "]}, {"error": {"status": 529, "message": "scripted failure"}}],
        "cut": [{"text": ["Half ", "of "]}, "cut"],
        "early-error": ["start", {"error": {"status": 529, "message": "scripted failure", "in_band": true}}],
        "slow": [{"delay_ms": 400}, {"text": "at last"}],
        "slow-error": [{"delay_ms": 400}, {"error": {"status": 529, "message": "scripted failure"}}],
        "pausing": [{"text": "first, "}, {"delay_ms": 50}, {"text": "at last"}],
        "endless": [{"text": "first"}, "stall"],
    });
    Client::builder()
        .config(Config::default())
        .environment(Environment::empty())
        .retry(loquat::RetryPolicy::none())
        .provider(ProviderConfig::new("local").with("scripts", scripts))
        .route("backed-up", ["local/early-error", "local/echo"])
        .route("hopeless", ["local/limited", "local/locked"])
        .model("local/echo")
}

#[tokio::test]
async fn answers_a_chat_and_says_who_answered() {
    let gateway = Running::start().await;
    let answer = gateway.ask("local/echo", false).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let body = answer.json();
    assert_eq!(body["choices"][0]["message"]["content"], "one two three");
    assert_eq!(body["object"], "chat.completion");
    assert_eq!(body["usage"]["total_tokens"], 6);
    assert_eq!((answer.header("x-llm-target"), answer.header("x-llm-attempts")), ("local/echo", "1"));
    assert_eq!(answer.header("x-llm-demo"), "true");
    assert!(!answer.header("x-request-id").is_empty());
}

#[tokio::test]
async fn a_request_without_a_model_goes_to_the_default() {
    let gateway = Running::start().await;
    let answer = gateway.chat(json!({"messages": [{"role": "user", "content": "hi"}]})).await;
    assert_eq!((answer.status, answer.header("x-llm-target")), (200, "local/echo"), "{}", answer.body);
}

#[tokio::test]
async fn streams_an_answer_to_its_end_marker() {
    let gateway = Running::start().await;
    let answer = gateway.ask("local/echo", true).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/event-stream"));
    assert_eq!(answer.header("x-llm-target"), "local/echo");
    let mut events = answer.events();
    assert_eq!(events.pop(), Some("[DONE]"));
    let chunks: Vec<Value> = events.iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    let text: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(text, "one two three");
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(chunks.last().unwrap()["choices"][0]["finish_reason"], "stop");
    assert!(chunks.iter().all(|chunk| chunk["usage"].is_null()), "usage was not asked for");
}

#[tokio::test]
async fn a_failure_after_the_first_words_is_an_error_event_and_no_end_marker() {
    let gateway = Running::start().await;
    for model in ["local/late-error", "local/cut"] {
        let answer = gateway.ask(model, true).await;
        assert_eq!(answer.status, 200);
        let events = answer.events();
        assert!(!events.contains(&"[DONE]"), "{model}: {}", answer.body);
        let last: Value = serde_json::from_str(events.last().unwrap()).unwrap();
        assert!(last["error"]["message"].is_string(), "{model}: {last}");
    }
}

#[tokio::test]
async fn a_failure_before_the_first_words_falls_over_unseen() {
    let gateway = Running::start().await;
    let answer = gateway.ask("backed-up", true).await;
    assert_eq!(
        (answer.status, answer.header("x-llm-target"), answer.header("x-llm-attempts")),
        (200, "local/echo", "2")
    );
    assert_eq!(answer.events().last(), Some(&"[DONE]"));
    let alone = gateway.ask("local/early-error", true).await;
    assert_eq!(alone.status, 503, "without content there is no 200: {}", alone.body);
}

#[tokio::test]
async fn upstream_errors_keep_their_class_and_say_whose_they_are() {
    let gateway = Running::start().await;
    for (model, status, kind) in [
        ("local/wrong", 400, "invalid_request_error"),
        ("local/limited", 429, "rate_limit_error"),
        // The last, because a key that was refused is left alone for a while.
        ("local/locked", 401, "authentication_error"),
    ] {
        let answer = gateway.ask(model, false).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        let error = &answer.json()["error"];
        assert_eq!(error["type"], kind);
        assert_eq!(
            (&error["x_llm"]["source"], &error["x_llm"]["provider"]),
            (&json!("provider"), &json!("local")),
            "{error}"
        );
        assert_eq!(answer.header("x-llm-error-source"), "provider");
    }
    let gateway = Running::start().await;
    assert_eq!(gateway.ask("local/limited", false).await.header("retry-after"), "2");
    let gateway = Running::start().await;
    let all = gateway.ask("hopeless", false).await.json();
    let attempts = all["error"]["x_llm"]["attempts"].as_array().unwrap();
    assert_eq!(
        attempts.iter().map(|attempt| attempt["target"].as_str().unwrap()).collect::<Vec<_>>(),
        ["local/limited", "local/locked"]
    );
}

#[tokio::test]
async fn bad_input_is_4xx_with_the_field() {
    let gateway = Running::start().await;
    let messages = json!([{"role": "user", "content": "hi"}]);
    for (body, status, param) in [
        ("not json".to_owned(), 400, None),
        (String::new(), 400, None),
        ("[]".to_owned(), 400, None),
        (json!({"model": "local/echo"}).to_string(), 400, Some("messages")),
        (json!({"model": "local/echo", "messages": []}).to_string(), 400, Some("messages")),
        (
            json!({"model": "local/echo", "messages": [{"role": "root", "content": "x"}]}).to_string(),
            400,
            Some("messages[0].role"),
        ),
        (
            json!({"model": "local/echo", "messages": messages, "temperature": "hot"}).to_string(),
            400,
            Some("temperature"),
        ),
        (json!({"model": "local/echo", "messages": messages, "stream": "yes"}).to_string(), 400, Some("stream")),
        (json!({"model": 7, "messages": messages}).to_string(), 400, Some("model")),
        (json!({"model": "nobody/nothing", "messages": messages}).to_string(), 404, Some("model")),
        (json!({"model": "../../x", "messages": messages}).to_string(), 404, Some("model")),
    ] {
        let answer = post(&format!("{}/v1/chat/completions", gateway.url), body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.body);
        let error = &answer.json()["error"];
        assert!(!error["message"].as_str().unwrap().is_empty());
        assert_eq!(error["param"].as_str(), param, "{body}: {error}");
        assert_eq!(answer.header("x-llm-error-source"), "client", "{body}");
    }
    assert_eq!(get(&format!("{}/v1/chat/completions", gateway.url)).await.status, 405);
    assert_eq!(get(&format!("{}/v2/nothing", gateway.url)).await.status, 404);
}

#[tokio::test]
async fn a_body_over_the_limit_is_413() {
    let mut config = ServerConfig::default();
    config.max_body = 1000;
    let gateway = Running::with(scripts(), config).await;
    let long = json!({"model": "local/echo", "messages": [{"role": "user", "content": "x".repeat(2000)}]});
    let answer = gateway.chat(long).await;
    assert_eq!(answer.status, 413, "{}", answer.body);
    assert!(answer.json()["error"]["message"].as_str().unwrap().contains("1000"));
}

#[tokio::test]
async fn silence_before_the_first_words_is_filled_with_comments() {
    let mut config = ServerConfig::default();
    config.sse_keep_alive = Duration::from_millis(100);
    let gateway = Running::with(scripts(), config).await;
    let answer = gateway.ask("local/slow", true).await;
    assert!(answer.body.starts_with(": keep-alive\n\n"), "{}", answer.body);
    assert!(answer.body.contains("at last") && answer.events().last() == Some(&"[DONE]"), "{}", answer.body);
}

#[tokio::test]
async fn a_failure_after_a_comment_is_told_in_the_stream() {
    let mut config = ServerConfig::default();
    config.sse_keep_alive = Duration::from_millis(100);
    let gateway = Running::with(scripts(), config).await;
    let answer = gateway.ask("local/slow-error", true).await;
    assert_eq!(answer.status, 200, "the status has gone out with the first comment");
    assert!(answer.body.starts_with(": keep-alive\n\n"), "{}", answer.body);
    let last: Value = serde_json::from_str(answer.events().last().unwrap()).unwrap();
    assert_eq!(last["error"]["x_llm"]["upstream_status"], 529, "{last}");
    assert!(!answer.body.contains("[DONE]"), "{}", answer.body);
}

#[tokio::test]
async fn what_a_target_cannot_take_is_said_in_a_header() {
    let gateway = Running::start().await;
    for stream in [false, true] {
        let mut body = request("local/echo", stream);
        body["temperature"] = json!(0.5);
        let answer = gateway.chat(body).await;
        assert_eq!(answer.status, 200);
        assert!(answer.header("x-llm-warnings").contains("sampling.temperature"), "{:?}", answer.headers);
        assert!(gateway.ask("local/echo", stream).await.header("x-llm-warnings").is_empty());
    }
}

#[tokio::test]
async fn every_answer_has_an_id_and_a_time() {
    let shout = loquat::function("shout", |_| async { Ok("HELLO".to_owned()) });
    let gateway = Running::with(scripts().instance(shout), ServerConfig::default()).await;
    let whole = gateway.ask("shout/v1", false).await;
    let id = format!("chatcmpl-{}", whole.header("x-request-id"));
    let body = whole.json();
    assert_eq!(
        (body["id"].as_str().unwrap(), body["choices"][0]["message"]["content"].as_str()),
        (&*id, Some("HELLO"))
    );
    assert!(body["created"].as_u64().unwrap() > 1_700_000_000, "{body}");
    let stream = gateway.ask("shout/v1", true).await;
    let chunk: Value = serde_json::from_str(stream.events()[0]).unwrap();
    assert!(
        chunk["id"].as_str().unwrap().starts_with("chatcmpl-") && chunk["created"].as_u64().unwrap() > 0,
        "{chunk}"
    );
}

#[tokio::test]
async fn body_and_header_agree_on_whose_error_it_is() {
    let gateway = Running::with(
        scripts().provider(ProviderConfig::new("openai").with("base_url", "http://127.0.0.1:9")),
        ServerConfig::default(),
    )
    .await;
    for (model, source) in [
        ("nobody/nothing", "client"),
        ("local/nothing", "provider"),
        ("local/busy", "provider"),
        ("local/early-error", "provider"),
        ("openai/no-key", "gateway"),
    ] {
        let answer = gateway.ask(model, false).await;
        let body = answer.json();
        assert_eq!(
            (answer.header("x-llm-error-source"), body["error"]["x_llm"]["source"].as_str()),
            (source, Some(source)),
            "{model}: {body}"
        );
    }
}

#[tokio::test]
async fn lists_models_and_shows_its_status() {
    let gateway = Running::start().await;
    let models = get(&format!("{}/v1/models", gateway.url)).await.json();
    let ids: Vec<&str> = models["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"backed-up") && ids.contains(&"local/echo"), "{ids:?}");
    assert_eq!(get(&format!("{}/v1/models/local/echo", gateway.url)).await.json()["id"], "local/echo");
    assert_eq!(get(&format!("{}/v1/models/no-such", gateway.url)).await.status, 404);
    assert_eq!(get(&format!("{}/livez", gateway.url)).await.status, 200);
    assert_eq!(get(&format!("{}/readyz", gateway.url)).await.status, 200);
    let status = async || get(&format!("{}/llm/status", gateway.url)).await.json();
    assert_eq!(status().await["current"], Value::Null);
    gateway.ask("backed-up", false).await;
    let status = status().await;
    assert_eq!(
        (&status["primary"], &status["current"], &status["mode"]),
        (&json!("local/echo"), &json!("local/echo"), &json!("demo"))
    );
    assert_eq!(status["keys"], json!([]), "nobody has several");
}

#[tokio::test]
async fn a_stop_lets_running_requests_finish_and_refuses_new_ones() {
    let mut gateway = Running::start().await;
    let url = format!("{}/v1/chat/completions", gateway.url);
    let mut response = open(&url, request("local/pausing", true).to_string()).await;
    let mut text = String::from_utf8(response.body.next().await.unwrap().unwrap().to_vec()).unwrap();
    gateway.stop.take().unwrap().send(()).unwrap();
    while let Some(bytes) = response.body.next().await {
        text.push_str(std::str::from_utf8(&bytes.unwrap()).unwrap());
    }
    assert!(text.contains("at last") && text.ends_with("data: [DONE]\n\n"), "{text}");
    gateway.server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stop_closes_idle_connections_at_once_and_none_outlives_it() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    let mut gateway = Running::start().await;
    let address = gateway.url.trim_start_matches("http://").to_owned();
    let mut silent = TcpStream::connect(&address).await.unwrap();
    let mut idle = TcpStream::connect(&address).await.unwrap();
    idle.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut head = [0; 15];
    idle.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    gateway.stop.take().unwrap().send(()).unwrap();
    // Far below the 30 s of grace, which only running requests may use.
    tokio::time::timeout(Duration::from_secs(5), gateway.server).await.unwrap().unwrap().unwrap();
    for socket in [&mut silent, &mut idle] {
        let mut rest = Vec::new();
        // Closed, however abruptly.
        let _ = tokio::time::timeout(Duration::from_secs(5), socket.read_to_end(&mut rest)).await.unwrap();
    }
    assert!(TcpStream::connect(&address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_stop_does_not_wait_longer_than_its_grace_time() {
    let mut config = ServerConfig::default();
    config.shutdown_grace = Duration::from_millis(100);
    let mut gateway = Running::with(scripts(), config).await;
    let url = format!("{}/v1/chat/completions", gateway.url);
    let mut response = open(&url, request("local/endless", true).to_string()).await;
    assert!(response.body.next().await.unwrap().is_ok());
    gateway.stop.take().unwrap().send(()).unwrap();
    gateway.server.await.unwrap().unwrap();
    let rest = tokio::time::timeout(Duration::from_secs(5), response.body.next()).await.unwrap();
    assert!(rest.unwrap().is_err(), "a stream that is cut off does not end like one that is whole");
}
