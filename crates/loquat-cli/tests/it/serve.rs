//! `loquat serve`: the banner, answers without any key, signals.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, Stdio};

use crate::run::command;

struct Server {
    child: Child,
    stderr: BufReader<ChildStderr>,
    banner: String,
    address: String,
}

impl Server {
    fn start(environment: &[(&str, &str)]) -> Self {
        let mut child =
            command(&["serve", "--listen", "127.0.0.1:0"], environment).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut banner = String::new();
        while !banner.contains("\n  try ") {
            assert!(stderr.read_line(&mut banner).unwrap() > 0, "{banner}");
        }
        let address = banner.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
        Self { child, stderr, banner, address }
    }

    fn post(&self, body: &str) -> String {
        let mut socket = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(socket, "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Ends it with a signal; its exit code and what it said.
    fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
        let code = self.child.wait().unwrap().code();
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        (code, said)
    }
}

#[test]
fn without_a_key_it_answers_through_local_and_says_so() {
    let server = Server::start(&[]);
    assert!(server.banner.contains("demo mode") && server.banner.contains("no LLM"), "{}", server.banner);
    let answer = server.post(r#"{"model":"local/echo","messages":[{"role":"user","content":"hi there"}]}"#);
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("hi there") && answer.contains("x-llm-demo: true"),
        "{answer}"
    );
    let (code, said) = server.stop("-TERM");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("stopped"), "{said}");
}

#[test]
fn with_keys_it_is_live_and_shows_primary_and_fallbacks_but_no_key() {
    let environment = [
        ("OPENAI_API_KEY", "sk-canary-0123456789"),
        ("ANTHROPIC_API_KEY", "sk-ant-canary-0123456789"),
        ("LLM_PRIMARY_PROVIDER", "anthropic"),
        ("LLM_FALLBACK_PROVIDERS", "openai"),
    ];
    let server = Server::start(&environment);
    assert!(server.banner.contains("live"), "{}", server.banner);
    assert!(
        server.banner.contains("primary     anthropic/") && server.banner.contains("fallback    openai/"),
        "{}",
        server.banner
    );
    let banner = server.banner.clone();
    let (code, said) = server.stop("-INT");
    assert_eq!(code, Some(0), "{said}");
    assert!(!banner.contains("canary") && !said.contains("canary"));
}
