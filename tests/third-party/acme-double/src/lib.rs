//! A server on this machine that answers as Acme would, with the plugin's fixtures. It knows one key: `acme-key-1`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::{io, thread};

/// The key that is taken.
pub const KEY: &str = "acme-key-1";

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../llm-provider-acme/tests/fixtures/", $name))
    };
}

/// Starts a server that lives as long as the program, and returns its address.
pub fn start() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(&stream));
        }
    });
    Ok(format!("http://{address}"))
}

/// Answers one request and closes the connection.
fn answer(mut stream: &TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mut key, mut length) = (String::new(), 0);
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        match &*name.to_ascii_lowercase() {
            "x-acme-key" => value.clone_into(&mut key),
            "content-length" => length = value.parse().unwrap_or(0),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let (status, body) = match &*path {
        _ if key != KEY => {
            ("401 Unauthorized", r#"{"problem": {"code": "unknown_key", "says": "This key is not known"}}"#)
        }
        "/v1/generate" if String::from_utf8_lossy(&body).contains(r#""stream":true"#) => {
            ("200 OK", fixture!("chat_stream.txt"))
        }
        "/v1/generate" => ("200 OK", fixture!("chat.json")),
        "/v1/vectors" => ("200 OK", fixture!("embed.json")),
        "/v1/models" => ("200 OK", fixture!("models.json")),
        _ => ("404 Not Found", r#"{"problem": {"code": "no_such_path", "says": "There is nothing here"}}"#),
    };
    let length = body.len();
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}
