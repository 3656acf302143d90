//! Hostile and odd HTTP and JSON, byte by byte: each has its status, says what is wrong, and hurts nobody else.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Running, request};

/// Sends these bytes and reads until the other side has closed, or said nothing for a while.
async fn exchange(gateway: &Running, bytes: &[u8]) -> String {
    let socket = TcpStream::connect(gateway.url.trim_start_matches("http://")).await.unwrap();
    let (mut reading, mut writing) = socket.into_split();
    let mut answer = Vec::new();
    let read = async {
        let mut some = [0; 4096];
        while let Ok(Ok(count @ 1..)) = tokio::time::timeout(Duration::from_secs(3), reading.read(&mut some)).await {
            answer.extend_from_slice(&some[..count]);
        }
    };
    // Whoever refuses a request early closes while it is still being sent.
    let _ = tokio::join!(writing.write_all(bytes), read);
    String::from_utf8_lossy(&answer).into_owned()
}

fn with_headers(head: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut bytes =
        format!("{head}\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn post(body: &[u8]) -> Vec<u8> {
    with_headers("POST /v1/chat/completions HTTP/1.1", "", body)
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

fn body(answer: &str) -> Value {
    let body = answer.split_once("\r\n\r\n").unwrap_or_default().1;
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

#[tokio::test]
async fn odd_json_is_400_with_its_place() {
    let gateway = Running::start().await;
    let nested = |place: &str, depth: usize| {
        let value = "[".repeat(depth) + &"]".repeat(depth);
        match place {
            "" => value,
            "content" => format!(r#"{{"model":"local/echo","messages":[{{"role":"user","content":{value}}}]}}"#),
            field => {
                format!(r#"{{"model":"local/echo","messages":[{{"role":"user","content":"x"}}],"{field}":{value}}}"#)
            }
        }
    };
    let messages = r#""messages":[{"role":"user","content":"hi"}]"#;
    let with = |more: &str| format!(r#"{{"model":"local/echo",{messages},{more}}}"#).into_bytes();
    for (sent, param) in [
        (nested("", 200_000).into_bytes(), None),
        (nested("content", 100_000).into_bytes(), Some("messages[0].content[0]")),
        (nested("odd", 100_000).into_bytes(), Some("odd")),
        (nested("tools", 100_000).into_bytes(), Some("tools[0]")),
        (b"[".repeat(200_000), None),
        (with(r#""model":"local/echo""#), Some("model")),
        (with(messages), Some("messages")),
        (with(r#""odd":1,"odd":2"#), Some("odd")),
        (with(r#""Model":"local/other""#), Some("Model")),
        (with(r#""MAX_TOKENS":1"#), Some("MAX_TOKENS")),
        (with(r#""max_tokens":1.5"#), Some("max_tokens")),
        (with(r#""max_tokens":1000000000000000000"#), Some("max_tokens")),
        (with(r#""temperature":1e999"#), Some("temperature")),
        (with(r#""temperature":NaN"#), Some("temperature")),
        (
            b"{\"model\":\"local/echo\",\"messages\":[{\"role\":\"user\",\"content\":\"\xff\"}]}".to_vec(),
            Some("messages[0].content"),
        ),
        (br#"{"messages":[{"role":"user","content":"\ud800"}]}"#.to_vec(), Some("messages[0].content")),
        (br#"{"model":null,"messages":null}"#.to_vec(), Some("messages")),
        (format!("{{{messages}}} {{}}").into_bytes(), None),
        (format!("\u{feff}{{{messages}}}").encode_utf16().flat_map(u16::to_le_bytes).collect(), None),
        (br#""x""#.to_vec(), None),
        (b"{}".to_vec(), Some("messages")),
    ] {
        let answer = exchange(&gateway, &post(&sent)).await;
        let said = String::from_utf8_lossy(&sent[..sent.len().min(120)]).into_owned();
        assert_eq!(status(&answer), 400, "{said}: {answer}");
        let error = &body(&answer)["error"];
        assert_eq!(error["param"].as_str(), param, "{said}: {error}");
        assert!(error["message"].as_str().is_some_and(|message| message.len() < 300), "{said}: {error}");
    }
    assert_eq!(gateway.ask("local/echo", false).await.status, 200);
}

#[tokio::test]
async fn odd_http_is_refused_and_closed() {
    let gateway = Running::start().await;
    let good = request("local/echo", false).to_string();
    let chat = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n";
    for (sent, expected) in [
        (format!("{chat}content-length: abc\r\n\r\n"), 400),
        (format!("{chat}content-length: -5\r\n\r\n"), 400),
        (format!("{chat}content-length: 5\r\ncontent-length: 6\r\n\r\nabcdef"), 400),
        (format!("{chat}transfer-encoding: xchunked\r\n\r\n"), 400),
        (format!("{chat}transfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\nabc"), 400),
        (format!("{chat}x-folded: a\r\n b\r\n\r\n"), 400),
        (format!("{chat}x-nul: a\0b\r\n\r\n"), 400),
        (format!("{chat}x-long: {}\r\n\r\n", "a".repeat(1 << 20)), 431),
        (format!("{chat}{}\r\n", "x-many: 1\r\n".repeat(10_000)), 431),
        (format!("{chat}connection: close\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc"), 415),
        (
            format!(
                "{chat}connection: close\r\norigin: https://evil.example\r\ncontent-length: {}\r\n\r\n{good}",
                good.len()
            ),
            415,
        ),
        ("GET /v1/models/%ff HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_owned(), 400),
        ("GET /v1/models/%00 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_owned(), 404),
        ("GET //v1/..%2fadmin HTTP/1.1\r\nhost: a/?x#\r\nconnection: close\r\n\r\n".to_owned(), 404),
        ("\x16\x03\x01 this is no http\r\n\r\n".to_owned(), 400),
    ] {
        let answer = exchange(&gateway, sent.as_bytes()).await;
        assert_eq!(status(&answer), expected, "{:?}: {answer}", &sent[..sent.len().min(120)]);
        assert!(!answer.contains("content-type: text/"), "errors of ours are JSON: {answer}");
    }
    assert_eq!(gateway.ask("local/echo", false).await.status, 200);
}

#[tokio::test]
async fn old_and_thrifty_clients_are_served() {
    let gateway = Running::start().await;
    let plain = request("local/echo", false).to_string();
    let stream = request("local/echo", true).to_string();
    let old = exchange(&gateway, &with_headers("POST /v1/chat/completions HTTP/1.0", "", stream.as_bytes())).await;
    assert!(old.starts_with("HTTP/1.0 200") && old.ends_with("data: [DONE]\n\n"), "{old}");
    assert!(!old.contains("chunked"), "HTTP/1.0 knows no chunks: {old}");

    let mut both = post(plain.as_bytes());
    let keep = String::from_utf8(both.clone()).unwrap().replace("connection: close\r\n", "");
    both.splice(0..0, keep.into_bytes());
    let both = exchange(&gateway, &both).await;
    assert_eq!(both.matches("HTTP/1.1 200").count(), 2, "two requests in one write: {both}");

    let expect = with_headers("POST /v1/chat/completions HTTP/1.1", "expect: 100-continue\r\n", plain.as_bytes());
    let expect = exchange(&gateway, &expect).await;
    assert!(expect.starts_with("HTTP/1.1 100") && expect.contains("HTTP/1.1 200"), "{expect}");

    let head = exchange(&gateway, b"HEAD /v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(status(&head) == 200 && head.ends_with("\r\n\r\n"), "{head}");
    for method in ["HEAD", "OPTIONS", "GET", "DELETE"] {
        let sent = format!("{method} /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let answer = exchange(&gateway, sent.as_bytes()).await;
        assert!(status(&answer) == 405 && answer.contains("allow: POST\r\n"), "{answer}");
    }
    for content_type in ["text/xml", "application/x-www-form-urlencoded", "application/json; charset=utf-8"] {
        let headers = format!("content-type: {content_type}\r\n");
        let sent = with_headers("POST /v1/chat/completions HTTP/1.1", &headers, plain.as_bytes());
        assert_eq!(status(&exchange(&gateway, &sent).await), 200, "{content_type}");
    }
    let odd_id = with_headers("POST /v1/chat/completions HTTP/1.1", "x-request-id: a b\r\n", plain.as_bytes());
    let odd_id = exchange(&gateway, &odd_id).await;
    assert!(status(&odd_id) == 200 && !odd_id.contains("a b"), "{odd_id}");
    let own_id = with_headers("POST /v1/chat/completions HTTP/1.1", "x-request-id: mine-1\r\n", plain.as_bytes());
    assert!(exchange(&gateway, &own_id).await.contains("x-request-id: mine-1\r\n"));
}

#[tokio::test]
async fn a_body_of_33_mib_is_413_and_heard_by_its_sender() {
    let gateway = Running::start().await;
    let body = vec![b' '; 33 << 20];
    let answer = exchange(&gateway, &post(&body)).await;
    assert_eq!(status(&answer), 413, "{answer}");
    assert!(answer.contains("server.max_body"), "{answer}");
    // Of unknown length it is found out on the way.
    let mut chunked =
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
            .to_vec();
    for piece in body.chunks(1 << 20) {
        chunked.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        chunked.extend_from_slice(piece);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    assert_eq!(status(&exchange(&gateway, &chunked).await), 413);
    let long = json!({"model": "x".repeat(10_240), "messages": [{"role": "user", "content": "hi"}]}).to_string();
    assert_eq!(status(&exchange(&gateway, &post(long.as_bytes())).await), 404);
}
