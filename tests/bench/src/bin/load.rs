//! A closed-loop load generator over keep-alive connections, one thread.
//! `load --port N --model M --connections C --requests R --stream true|false` prints
//! `{"requests","median_us","p99_us","chunks"}`.
#![allow(clippy::print_stdout, reason = "the driver reads the result from standard output")]

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;
use workspace_bench::{answers, arguments, value};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = arguments()?;
    let port: u16 = value(&arguments, "port")?.parse()?;
    let connections: usize = value(&arguments, "connections")?.parse()?;
    let requests: usize = value(&arguments, "requests")?.parse()?;
    let stream = value(&arguments, "stream")? == "true";
    let body = answers::request(value(&arguments, "model")?, stream);
    let mut message = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    message.extend_from_slice(&body);
    let (message, left) = (Rc::new(message), Rc::new(Cell::new(requests)));
    let local = tokio::task::LocalSet::new();
    let tasks: Vec<_> =
        (0..connections).map(|_| local.spawn_local(connection(port, message.clone(), left.clone(), stream))).collect();
    let mut latencies = Vec::with_capacity(requests);
    local
        .run_until(async {
            for task in tasks {
                latencies.extend(task.await??);
            }
            anyhow::Ok(())
        })
        .await?;
    latencies.sort_unstable();
    let at = |part: usize| latencies.get(latencies.len() * part / 100).copied().unwrap_or_default().as_micros();
    println!(
        "{}",
        json!({"requests": latencies.len(), "median_us": at(50), "p99_us": at(99), "chunks": if stream { answers::CHUNKS } else { 0 }})
    );
    Ok(())
}

/// Sends requests one after the other until none is left; the time each took until its last byte.
async fn connection(port: u16, message: Rc<Vec<u8>>, left: Rc<Cell<usize>>, stream: bool) -> Result<Vec<Duration>> {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await?;
    socket.set_nodelay(true)?;
    let mut latencies = Vec::new();
    let mut buffer = Vec::with_capacity(64 << 10);
    while left.get() > 0 {
        left.set(left.get() - 1);
        let start = Instant::now();
        socket.write_all(&message).await?;
        buffer.clear();
        while !is_whole(&buffer) {
            ensure!(socket.read_buf(&mut buffer).await? > 0, "the connection closed inside an answer");
        }
        latencies.push(start.elapsed());
        ensure!(
            buffer.starts_with(b"HTTP/1.1 200"),
            "not 200: {}",
            String::from_utf8_lossy(&buffer[..buffer.len().min(400)])
        );
        ensure!(!stream || contains(&buffer, b"data: [DONE]"), "a stream without its end marker");
    }
    Ok(latencies)
}

/// Whether an answer with `content-length` or chunked framing is whole.
fn is_whole(buffer: &[u8]) -> bool {
    let Some(head) = find(buffer, b"\r\n\r\n") else { return false };
    let headers = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
    match headers.lines().find_map(|line| line.strip_prefix("content-length:")) {
        Some(length) => length.trim().parse::<usize>().is_ok_and(|length| buffer.len() >= head + 4 + length),
        None => buffer.ends_with(b"\r\n0\r\n\r\n"),
    }
}

fn contains(buffer: &[u8], needle: &[u8]) -> bool {
    find(buffer, needle).is_some()
}

fn find(buffer: &[u8], needle: &[u8]) -> Option<usize> {
    buffer.windows(needle.len()).position(|window| window == needle)
}
