//! The gateway with a private provider, as its operator runs it, over HTTP on this machine.
#![allow(clippy::unwrap_used, reason = "tests say what they expect")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

struct Gateway {
    process: Child,
    address: String,
}

impl Gateway {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
        command.args(["serve", "--listen", "127.0.0.1:0"]).env_clear().current_dir(env!("CARGO_TARGET_TMPDIR"));
        command.env("ACME_API_KEY", acme_double::KEY).env("ACME_BASE_URL", acme_double::start().unwrap());
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut banner = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
        let address = banner.find_map(|line| Some(line.split_once("http://")?.1.split_once('/')?.0.to_owned()));
        Self { process, address: address.unwrap() }
    }

    /// The answer's body.
    fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n{body}",
            self.address
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        answer
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may be gone already; then the test has failed anyway.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_private_provider_is_served_like_any_other() {
    let gateway = Gateway::start();
    let models = gateway.ask("GET", "/v1/models", "");
    assert!(models.contains("acme/acme-1"), "{models}");
    let request = |stream: bool| {
        format!(r#"{{"model":"acme/acme-1","stream":{stream},"messages":[{{"role":"user","content":"Hello"}}]}}"#)
    };
    let answer = gateway.ask("POST", "/v1/chat/completions", &request(false));
    assert!(answer.contains("Grüezi – ☀ 🌦?") && answer.contains(r#""name":"weather""#), "{answer}");
    let streamed = gateway.ask("POST", "/v1/chat/completions", &request(true));
    assert!(streamed.contains("Grüe") && streamed.contains("data: [DONE]"), "{streamed}");
}
