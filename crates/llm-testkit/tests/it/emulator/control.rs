//! Scripts, counters and records.

use std::time::Duration;

use llm_testkit::emulator::{Class, Emulator, Fate, Operation, Problem, Step, Vendor};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::client::{Exchange, post};

const KEY: [(&str, &str); 1] = [("authorization", "Bearer sk-secret-key")];

fn request(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "hi"}]})
}

async fn status(emulator: &Emulator, model: &str, headers: &[(&str, &str)]) -> u16 {
    let headers: Vec<_> = KEY.iter().chain(headers).copied().collect();
    post(emulator, "/v1/chat/completions", &headers, &request(model)).await.status
}

#[tokio::test]
async fn a_script_comes_before_the_name_and_a_header_before_both() {
    let emulator = Emulator::start().await.unwrap();
    emulator.script("echo", [Step::error(Problem::new(Class::RateLimited)), Step::default()]);
    emulator.script("*", [Step::words("fail-500").unwrap()]);
    assert_eq!(status(&emulator, "echo", &[("x-emulator-step", "fail-418")]).await, 418);
    assert_eq!(
        status(&emulator, "echo", &[("x-emulator-step", r#"{"fault": {"error": {"class": "quota", "status": 402}}}"#)])
            .await,
        402
    );
    assert_eq!(status(&emulator, "echo", &[("x-emulator-step", "nonsense+")]).await, 400);
    assert_eq!(status(&emulator, "echo", &[]).await, 429);
    assert_eq!(status(&emulator, "echo", &[]).await, 200);
    assert_eq!(status(&emulator, "echo", &[]).await, 500);
    assert_eq!(status(&emulator, "echo", &[]).await, 200);
}

#[tokio::test]
async fn a_script_may_be_json() {
    let emulator = Emulator::start().await.unwrap();
    emulator.script_json(r#"{"echo": ["fail-503", {"content": {"text": "as told"}}]}"#).unwrap();
    assert_eq!(status(&emulator, "echo", &[]).await, 503);
    let told = post(&emulator, "/v1/chat/completions", &KEY, &request("echo")).await.json();
    assert_eq!(told["choices"][0]["message"]["content"], "as told");
    assert!(emulator.script_json(r#"{"echo": ["fail-2"]}"#).is_err());
}

#[tokio::test]
async fn the_first_requests_fail_at_each_vendor_for_itself() {
    let emulator = Emulator::start().await.unwrap();
    let model = "fail-503-x2";
    for expected in [503, 503, 200, 200] {
        assert_eq!(status(&emulator, model, &[]).await, expected);
    }
    let ollama = post(&emulator, "/api/chat", &[], &request(model)).await;
    assert_eq!(ollama.status, 503);
    assert_eq!(emulator.count(model), 5);
}

#[tokio::test]
async fn a_request_that_is_refused_does_not_count() {
    let emulator = Emulator::start().await.unwrap();
    let bad = post(&emulator, "/v1/chat/completions", &KEY, &json!({"model": "fail-503-x1"})).await;
    assert_eq!(bad.status, 400);
    assert_eq!(status(&emulator, "fail-503-x1", &[]).await, 503);
}

#[tokio::test]
async fn requests_are_remembered_without_their_keys() {
    let emulator = Emulator::start().await.unwrap();
    let mut body = request("echo");
    body["stream"] = true.into();
    body["moon_phase"] = "full".into();
    post(&emulator, "/v1/chat/completions", &[KEY[0], ("x-mine", "yes")], &body).await;
    let requests = emulator.requests();
    let [request] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!((request.vendor, request.operation, request.stream), (Vendor::OpenAi, Operation::Chat, true));
    assert_eq!((request.path.as_str(), request.model.as_str()), ("/v1/chat/completions", "echo"));
    assert_eq!((request.status, request.fate), (Some(200), Fate::Answered));
    assert_eq!(request.unknown_fields, ["moon_phase"]);
    assert_eq!(request.body, body);
    assert_eq!(request.headers["x-mine"], "yes");
    assert_eq!(request.headers["authorization"], "***");
    assert_eq!(request.key.as_ref().unwrap().expose(), "sk-secret-key");
    let shown = format!("{request:?} {:?}", request.headers);
    assert!(!shown.contains("sk-secret-key") && !shown.contains("moon"), "{shown}");

    post(&emulator, "/v1beta/models/echo:generateContent?key=AIza-secret", &[], &json!({})).await;
    let gemini = emulator.requests_to("echo").pop().unwrap();
    assert_eq!(gemini.query, [("key".to_owned(), "***".to_owned())]);
    assert_eq!(gemini.key.unwrap().expose(), "AIza-secret");
}

/// Waits until the last request has met its fate.
async fn fate(emulator: &Emulator) -> Fate {
    let ended = async {
        while emulator.open() > 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(5), ended).await.expect("the request stays open");
    emulator.requests().pop().unwrap().fate
}

#[tokio::test]
async fn it_sees_how_exchanges_end() {
    let emulator = Emulator::start().await.unwrap();
    for (model, expected) in
        [("echo", Fate::Answered), ("cut-after-1", Fate::Broken), ("reset", Fate::Broken), ("fail-500", Fate::Answered)]
    {
        for stream in [true, false] {
            let mut body = request(model);
            body["stream"] = stream.into();
            post(&emulator, "/v1/chat/completions", &KEY, &body).await;
            assert_eq!(fate(&emulator).await, expected, "{model} {stream}");
        }
    }
    // A client that leaves: before the headers, and in the middle of a stream.
    for model in ["hang", "slow-60s", "stall-after-1", "pace-60s"] {
        let mut body = request(model);
        body["stream"] = true.into();
        let mut exchange =
            Exchange::open(emulator.addr(), "POST", "/v1/chat/completions", &KEY, &body.to_string()).await;
        if model.contains("after") || model.contains("pace") {
            exchange.until("echo:").await;
        } else {
            while emulator.count(model) == 0 {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(emulator.open(), 1, "{model}");
        drop(exchange);
        assert_eq!(fate(&emulator).await, Fate::Abandoned, "{model}");
    }
}

#[tokio::test]
async fn connections_are_counted() {
    let emulator = Emulator::start().await.unwrap();
    status(&emulator, "echo", &[]).await;
    status(&emulator, "echo", &[]).await;
    assert_eq!(emulator.connections(), 2);
    assert_eq!(emulator.requests()[1].connection, 1);
}

#[tokio::test]
async fn dropping_it_ends_everything() {
    let emulator = Emulator::start().await.unwrap();
    let addr = emulator.addr();
    let stalled = Exchange::open(addr, "POST", "/v1/chat/completions", &KEY, &request("hang").to_string()).await;
    while emulator.count("hang") == 0 {
        tokio::task::yield_now().await;
    }
    drop(emulator);
    let answer = timeout(Duration::from_secs(5), stalled.answer()).await.expect("the connection stays open");
    assert_eq!(answer.status, 0);
    let refused = timeout(Duration::from_secs(5), async {
        while tokio::net::TcpStream::connect(addr).await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    refused.await.expect("the port stays open");
}
