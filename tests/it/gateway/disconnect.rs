//! A client that leaves takes its call at the vendor with it; one that reads slowly slows the vendor down, and nothing
//! piles up in between.

use std::time::Duration;

use llm_gateway::ServerConfig;
use llm_testkit::emulator::{Emulator, Fate};
use loquat::{Client, ClientBuilder, Config, Environment, ProviderConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;

use super::{Running, request};

pub(super) fn clients_of(emulator: &Emulator) -> ClientBuilder {
    let provider = |id: &str, url: String| ProviderConfig::new(id).with("api_key", "k-emulator").with("base_url", url);
    Client::builder()
        .config(Config::default())
        .environment(Environment::empty())
        .provider(provider("openai", emulator.openai_url()))
        .provider(provider("anthropic", emulator.base_url()))
        .provider(provider("ollama", emulator.base_url()))
}

fn post(body: &serde_json::Value) -> String {
    let body = body.to_string();
    let length = body.len();
    format!("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// Waits until this is so, for a time that no healthy run needs.
async fn until(what: &str, so: impl Fn() -> bool) -> Duration {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < Duration::from_secs(10), "{what} took too long");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    start.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_ends_the_call_at_the_vendor() {
    let emulator = Emulator::start().await.unwrap();
    let mut config = ServerConfig::default();
    config.sse_keep_alive = Duration::from_millis(50);
    let gateway = Running::with(clients_of(&emulator), config).await;
    let address = gateway.url.trim_start_matches("http://");
    for (model, stream, hears) in [
        ("openai/hang", false, ""),
        ("ollama/late-60s", false, ""),
        ("openai/stall-after-3", true, "data: "),
        ("anthropic/stall-after-3", true, "data: "),
        ("ollama/stall-after-3", true, "data: "),
        ("anthropic/hang", true, ": keep-alive"),
    ] {
        let name = model.split('/').nth(1).unwrap();
        let abandoned = || emulator.requests_to(name).iter().filter(|call| call.fate == Fate::Abandoned).count();
        let mut fastest = Duration::MAX;
        // Three times, because a busy machine may pause at the wrong moment once.
        for _ in 0..3 {
            let mut socket = TcpStream::connect(address).await.unwrap();
            socket.write_all(post(&request(model, stream)).as_bytes()).await.unwrap();
            let mut heard = String::new();
            while !heard.contains(hears) {
                let mut bytes = [0; 4096];
                let count = socket.read(&mut bytes).await.unwrap();
                assert!(count > 0, "{model}: {heard}");
                heard.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
            }
            until("the call", || emulator.open() == 1).await;
            let before = abandoned();
            drop(socket);
            fastest = fastest.min(until("hanging up", || abandoned() > before).await);
        }
        assert!(fastest < Duration::from_millis(100), "{model}, stream {stream}: {fastest:?}");
    }
    assert_eq!(emulator.open(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_slowly_holds_back_the_vendor_and_loses_nothing() {
    const WORDS: usize = 30_000;
    let emulator = Emulator::start().await.unwrap();
    let gateway = Running::with(clients_of(&emulator), ServerConfig::default()).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut socket = socket.connect(gateway.url.trim_start_matches("http://").parse().unwrap()).await.unwrap();
    let words = format!("words-{WORDS}");
    let request =
        post(&request(&format!("openai/{words}"), true)).replacen("host: x", "host: x\r\nconnection: close", 1);
    socket.write_all(request.as_bytes()).await.unwrap();
    until("the call", || emulator.open() == 1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(emulator.requests_to(&words)[0].fate, Fate::Open, "the answer did not pile up on the way");
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.contains(&format!("word{WORDS}")) && answer.contains("data: [DONE]"));
    assert_eq!(emulator.requests_to(&words)[0].fate, Fate::Answered);
}
