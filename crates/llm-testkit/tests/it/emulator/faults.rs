//! Each fault as it looks on the wire, at each vendor where they differ.

use std::io::ErrorKind;
use std::time::Duration;

use llm_testkit::emulator::Emulator;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::time::{Instant, timeout};

use super::client::{Answer, Exchange, joined};

const VENDORS: [&str; 4] = ["openai", "anthropic", "gemini", "ollama"];

async fn open(emulator: &Emulator, vendor: &str, model: &str, stream: bool) -> Exchange {
    let message = json!({"role": "user", "content": "one two three four"});
    let chat = json!({"model": model, "messages": [message], "stream": stream});
    let (path, headers, body) = match vendor {
        "openai" => ("/v1/chat/completions".to_owned(), vec![("authorization", "Bearer k")], chat),
        "anthropic" => {
            let mut body = chat;
            body["max_tokens"] = 100.into();
            ("/v1/messages".to_owned(), vec![("x-api-key", "k"), ("anthropic-version", "2023-06-01")], body)
        }
        "gemini" => {
            let method = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
            let body = json!({"contents": [{"parts": [{"text": "one two three four"}]}]});
            (format!("/v1beta/models/{model}:{method}"), vec![("x-goog-api-key", "k")], body)
        }
        _ => ("/api/chat".to_owned(), Vec::new(), chat),
    };
    Exchange::open(emulator.addr(), "POST", &path, &headers, &body.to_string()).await
}

async fn ask(vendor: &str, model: &str, stream: bool) -> Answer {
    let emulator = Emulator::start().await.unwrap();
    open(&emulator, vendor, model, stream).await.answer().await
}

#[tokio::test]
async fn a_cut_closes_in_the_middle() {
    for vendor in VENDORS {
        let answer = ask(vendor, "cut-after-3", true).await;
        assert_eq!((answer.status, answer.whole, answer.end), (200, false, Ok(())), "{vendor}");
        assert!(answer.body.contains("two") && !answer.body.contains("three"), "{vendor}: {}", answer.body);
        let answer = ask(vendor, "cut-after-3", false).await;
        assert_eq!((answer.whole, answer.end), (false, Ok(())), "{vendor}");
        assert!(
            !answer.body.is_empty() && serde_json::from_str::<serde_json::Value>(&answer.body).is_err(),
            "{vendor}"
        );
    }
}

#[tokio::test]
async fn a_reset_comes_before_any_byte_or_in_the_middle() {
    for vendor in VENDORS {
        for stream in [true, false] {
            let answer = ask(vendor, "reset", stream).await;
            assert_eq!((answer.status, answer.end), (0, Err(ErrorKind::ConnectionReset)), "{vendor}");
        }
        let answer = ask(vendor, "reset-after-3", true).await;
        assert_eq!(answer.end, Err(ErrorKind::ConnectionReset), "{vendor}");
        assert!(!answer.whole);
    }
}

#[tokio::test]
async fn a_stall_keeps_the_connection_open() {
    let emulator = Emulator::start().await.unwrap();
    for vendor in VENDORS {
        for (model, last) in [("stall-after-3", "two"), ("stall-at-end", "four")] {
            let mut exchange = open(&emulator, vendor, model, true).await;
            exchange.until(last).await;
            let mut rest = Vec::new();
            let more = timeout(Duration::from_millis(30), exchange.stream.read_to_end(&mut rest)).await;
            assert!(more.is_err(), "{vendor}: the connection ended");
        }
    }
    let mut silent = open(&emulator, "openai", "hang", false).await;
    assert!(timeout(Duration::from_millis(30), silent.stream.read_u8()).await.is_err());
}

#[tokio::test]
async fn a_missing_end_is_missing() {
    for (vendor, mark, finish) in [
        ("openai", "[DONE]", "\"finish_reason\":\"stop\""),
        ("anthropic", "message_stop", "end_turn"),
        ("gemini", "STOP", "STOP"),
        ("ollama", "\"done\":true", "\"done\":true"),
    ] {
        let whole = ask(vendor, "echo", true).await;
        assert!(whole.body.contains(mark) && whole.body.contains(finish));
        let no_end = ask(vendor, "no-end", true).await;
        assert!(no_end.whole && no_end.body.contains("four") && !no_end.body.contains(mark), "{vendor}");
        assert_eq!(no_end.body.contains(finish), mark != finish, "{vendor}");
        let no_finish = ask(vendor, "no-finish", true).await;
        assert!(no_finish.whole && no_finish.body.contains("four") && !no_finish.body.contains(finish), "{vendor}");
    }
}

#[tokio::test]
async fn a_broken_chunk_does_not_end_the_stream() {
    for vendor in VENDORS {
        let answer = ask(vendor, "bad-chunk-after-2", true).await;
        let data = answer.body.lines().filter_map(|line| match vendor {
            "ollama" => Some(line),
            _ => line.strip_prefix("data: "),
        });
        let broken = data.filter(|data| *data != "[DONE]" && serde_json::from_str::<serde_json::Value>(data).is_err());
        assert_eq!(broken.count(), 1, "{vendor}: {}", answer.body);
        assert!(answer.whole && answer.body.contains("four"), "{vendor}");
    }
}

#[tokio::test]
async fn an_error_comes_inside_the_200() {
    for (vendor, mark) in [
        ("openai", r#"data: {"error":{"#),
        ("anthropic", "event: error\ndata: {\"type\":\"error\",\"error\":{"),
        ("gemini", r#"data: {"error":{"code":503"#),
        ("ollama", r#"{"error":"#),
    ] {
        let late = ask(vendor, "error-after-2", true).await;
        assert_eq!((late.status, late.whole), (200, true), "{vendor}");
        assert!(late.body.contains("one") && !late.body.contains("two"), "{vendor}: {}", late.body);
        let last = late.body.trim_end().rsplit("\n\n").next().unwrap().rsplit("\r\n\r\n").next().unwrap();
        assert!(last.contains(mark), "{vendor}: {last}");
        let first = ask(vendor, "error-at-0", true).await;
        assert!(first.status == 200 && first.body.starts_with(mark), "{vendor}: {}", first.body);
        let whole = ask(vendor, "error-at-0", false).await;
        assert!(whole.status == 200 && whole.json().get("error").is_some(), "{vendor}");
    }
}

#[tokio::test]
async fn the_filter_ends_the_answer() {
    for (vendor, mark) in [
        ("openai", r#""finish_reason":"content_filter""#),
        ("anthropic", r#""stop_reason":"refusal""#),
        ("gemini", r#""finishReason":"SAFETY""#),
    ] {
        let answer = ask(vendor, "filtered-after-3", true).await;
        assert!(
            answer.body.contains("two") && !answer.body.contains("three") && answer.body.contains(mark),
            "{vendor}: {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn pages_and_empty_bodies_come_with_200() {
    for vendor in VENDORS {
        for stream in [true, false] {
            let page = ask(vendor, "html-200", stream).await;
            assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")), "{vendor}");
            assert!(page.whole && page.body.starts_with("<!doctype html>"));
            let empty = ask(vendor, "empty-200", stream).await;
            assert_eq!((empty.status, empty.body.as_str(), empty.whole), (200, "", true), "{vendor}");
        }
    }
}

#[tokio::test]
async fn waits_are_waited() {
    let emulator = Emulator::start().await.unwrap();
    for model in ["slow-60ms", "late-60ms", "pace-20ms"] {
        let begun = Instant::now();
        let mut exchange = open(&emulator, "openai", model, true).await;
        exchange.until("HTTP/1.1 200").await;
        let headers = begun.elapsed();
        exchange.until("[DONE]").await;
        assert!(begun.elapsed() >= Duration::from_millis(60), "{model}");
        assert_eq!(headers >= Duration::from_millis(60), model == "slow-60ms", "{model}: {headers:?}");
    }
}

#[tokio::test]
async fn small_writes_and_pings_change_nothing_else() {
    for vendor in VENDORS {
        let split = ask(vendor, "split-3+pings", true).await;
        assert!(split.whole && split.body.contains("four"), "{vendor}");
    }
    let pings = ask("openai", "pings", true).await;
    assert_eq!(pings.body.matches(": keep-alive\n\n").count(), 5);
    assert_eq!(joined(&pings.events(), "/choices/0/delta/content"), "echo: one two three four");
    let pings = ask("anthropic", "pings", true).await;
    assert_eq!(pings.body.matches("event: ping").count(), 6);
}
