//! The smallest HTTP/1.1 client: it sees every byte, and how the connection ended.

use std::io;
use std::net::SocketAddr;

use llm_testkit::emulator::Emulator;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An open connection, a request sent on it.
pub(super) struct Exchange {
    pub(super) stream: TcpStream,
    pub(super) read: Vec<u8>,
}

/// An answer as far as it came.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    /// The body came whole, by its length or its last chunk.
    pub(super) whole: bool,
    /// How the connection ended.
    pub(super) end: Result<(), io::ErrorKind>,
}

/// Sends a request and reads until the connection ends.
pub(super) async fn send(
    emulator: &Emulator,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    Exchange::open(emulator.addr(), method, path, headers, body).await.answer().await
}

/// A POST of JSON.
pub(super) async fn post(emulator: &Emulator, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    send(emulator, "POST", path, headers, &body.to_string()).await
}

impl Exchange {
    /// Sends a request.
    pub(super) async fn open(addr: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let headers: String = headers.iter().flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: emulator\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n{headers}\r\n",
            body.len(),
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        Self { stream, read: Vec::new() }
    }

    /// Reads until these words have come.
    pub(super) async fn until(&mut self, words: &str) {
        while !String::from_utf8_lossy(&self.read).contains(words) {
            let more = self.stream.read_buf(&mut self.read).await.unwrap();
            assert_ne!(more, 0, "the connection ended before {words:?}: {}", String::from_utf8_lossy(&self.read));
        }
    }

    /// Reads until the connection ends.
    pub(super) async fn answer(mut self) -> Answer {
        let end = loop {
            match self.stream.read_buf(&mut self.read).await {
                Ok(0) => break Ok(()),
                Ok(_) => {}
                Err(error) => break Err(error.kind()),
            }
        };
        parse(&self.read, end)
    }
}

fn parse(bytes: &[u8], end: Result<(), io::ErrorKind>) -> Answer {
    let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Answer { status: 0, headers: Vec::new(), body: String::new(), whole: false, end };
    };
    let head = std::str::from_utf8(&bytes[..at]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<_> = lines.map(|line| line.split_once(": ").unwrap()).collect();
    let headers: Vec<_> = headers.into_iter().map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let header = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let rest = &bytes[at + 4..];
    let (body, whole) = match header("content-length") {
        Some(length) => (rest.to_vec(), rest.len() == length.parse::<usize>().unwrap()),
        None => unchunked(rest),
    };
    Answer { status, body: String::from_utf8(body).unwrap(), whole, end, headers }
}

/// The bytes of chunked coding, and whether the last chunk came.
fn unchunked(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(at) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..at]).unwrap(), 16).unwrap();
        if size == 0 {
            return (body, true);
        }
        rest = &rest[at + 2..];
        body.extend_from_slice(&rest[..size.min(rest.len())]);
        rest = rest.get(size + 2..).unwrap_or_default();
    }
    (body, false)
}

impl Answer {
    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The data of all server-sent events, each of which must be JSON or `[DONE]`.
    pub(super) fn events(&self) -> Vec<Value> {
        let data = self.body.lines().filter_map(|line| line.strip_prefix("data: "));
        data.map(|data| serde_json::from_str(data).unwrap_or_else(|_| Value::String(data.to_owned()))).collect()
    }

    /// The lines of NDJSON.
    pub(super) fn lines(&self) -> Vec<Value> {
        self.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// All strings at this place of all values, put together.
pub(super) fn joined(values: &[Value], pointer: &str) -> String {
    values.iter().filter_map(|value| value.pointer(pointer)?.as_str()).collect()
}
