//! `loquat serve`: the banner, answers without any key, signals.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use llm_testkit::emulator::Emulator;
use serde_json::Value;

use crate::run::command;

struct Server {
    child: Child,
    stderr: BufReader<ChildStderr>,
    banner: String,
    address: String,
}

impl Server {
    fn start(environment: &[(&str, &str)]) -> Self {
        Self::with(&[], environment)
    }

    fn with(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
        let mut child = command(&arguments, environment).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut banner = String::new();
        while !banner.contains("\n  try ") {
            assert!(stderr.read_line(&mut banner).unwrap() > 0, "{banner}");
        }
        let address = banner.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
        Self { child, stderr, banner, address }
    }

    fn post(&self, body: &str) -> String {
        let mut socket = self.send(body);
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    }

    fn send(&self, body: &str) -> TcpStream {
        let mut socket = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        // Who refuses a body early does not take all of it.
        let _ = write!(
            socket,
            "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-request-id: mine-1\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        socket
    }

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Ends it with a signal; its exit code and what it said.
    fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        self.signal(signal);
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

#[test]
fn hostile_bodies_do_not_hurt_it() {
    let server = Server::start(&[]);
    for (body, status) in [
        ("[".repeat(200_000), 400),
        (format!(r#"{{"messages":[{{"role":"user","content":{}"#, "[{\"a\":".repeat(100_000)), 400),
        (r#"{"model":"local/echo","model":"x","messages":[]}"#.to_owned(), 400),
        (" ".repeat(33 << 20), 413),
        (r#"{"messages":[{"role":"user","content":"still there"}]}"#.to_owned(), 200),
    ] {
        let answer = server.post(&body);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{}: {answer}", &body[..body.len().min(60)]);
    }
    assert_eq!(server.stop("-TERM").0, Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let scripts = r#"
        [[provider]]
        id = "local"
        scripts = { endless = [{ text = "first" }, "stall"] }
    "#;
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("endless.toml");
    std::fs::write(&file, scripts).unwrap();
    let mut server = Server::with(&["--config", file.to_str().unwrap()], &[]);
    let request = r#"{"model":"local/endless","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let mut socket = server.send(request);
    let mut some = [0; 64];
    assert!(socket.read(&mut some).unwrap() > 0);
    server.signal("-TERM");
    let mut said = String::new();
    while !said.contains("stopping") {
        assert!(server.stderr.read_line(&mut said).unwrap() > 0, "{said}");
    }
    // It says so a moment before it does so.
    let refused = (0..10_000).any(|_| TcpStream::connect(&server.address).is_err());
    assert!(refused, "new connections are taken while it stops");
    // The stream would have the 30 s of grace.
    assert_eq!(server.stop("-TERM").0, Some(130));
}

#[test]
fn a_wrong_configuration_is_exit_3_and_names_its_place() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wrong.toml");
    std::fs::write(&file, "[server]\nlisten = \"localhost\"\n").unwrap();
    let file = file.to_str().unwrap();
    for (arguments, environment, words) in [
        (&["--config", file][..], &[][..], &["[server]", "listen", "localhost"][..]),
        (&[], &[("LOQUAT_CONFIG", file)], &["[server]", "listen"]),
        (&["--config", "no-such.toml"], &[], &["no-such.toml"]),
        (&[], &[("LOQUAT_LISTEN", "everywhere")], &["LOQUAT_LISTEN", "everywhere"]),
        (&[], &[("LOQUAT_LOG", "a=b=c")], &["LOQUAT_LOG"]),
        (&[], &[("LOQUAT_MODEL", "opnai/x")], &["did you mean \"openai\""]),
        (&[], &[("LLM_FALLBACK_PROVIDERS", "openai")], &["no primary", "LOQUAT_MODEL"]),
        (&[], &[("LLM_MAX_RETRIES", "many")], &["LLM_MAX_RETRIES"]),
    ] {
        let output = command(&[&["serve"], arguments].concat(), environment).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{said}");
        for word in words {
            assert!(said.contains(word), "{said:?} lacks {word:?}");
        }
    }
}

#[test]
fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = command(&["serve"], &[("LOQUAT_LISTEN", &address)]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&address) && said.contains("--listen"), "{said}");
}

#[test]
fn without_any_provider_it_starts_and_says_what_to_set() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("nobody.toml");
    std::fs::write(&file, "[server]\nmax_body = \"1 MiB\"\n").unwrap();
    let server = Server::with(&["--config", file.to_str().unwrap()], &[]);
    assert!(server.banner.contains("no provider is configured"), "{}", server.banner);
    let answer = server.post(r#"{"messages":[{"role":"user","content":"hi"}]}"#);
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("OPENAI_API_KEY"), "{answer}");
    server.stop("-TERM");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_tells_who_answers_who_failed_and_no_prompt_and_no_key() {
    let emulator = Emulator::start().await.unwrap();
    let (openai, base) = (emulator.openai_url(), emulator.base_url());
    let environment = [
        ("OPENAI_API_KEY", "sk-canary-0123456789"),
        ("OPENAI_BASE_URL", &*openai),
        ("ANTHROPIC_API_KEY", "sk-ant-canary-0123456789"),
        ("ANTHROPIC_BASE_URL", &*base),
        ("LOQUAT_MODEL", "openai/quota"),
        ("LLM_FALLBACK_PROVIDERS", "anthropic/overloaded-x1"),
        ("LLM_MAX_RETRIES", "0"),
    ];
    let server = Server::start(&environment);
    let ask = |stream| {
        server.post(&format!(r#"{{"stream":{stream},"messages":[{{"role":"user","content":"zebra stripes"}}]}}"#))
    };
    let failed = ask(false);
    assert!(failed.starts_with("HTTP/1.1 429") && failed.contains("all_targets_failed"), "{failed}");
    assert!(ask(false).contains("zebra stripes") && ask(true).contains("[DONE]"));
    let (_, said) = server.stop("-TERM");
    let lines: Vec<Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let level_of = |words: &str| {
        let line =
            lines.iter().find(|line| line["fields"]["message"].as_str().is_some_and(|said| said.contains(words)));
        let line = line.unwrap_or_else(|| panic!("no {words:?} in {said}"));
        (line["level"].as_str().unwrap().to_owned(), line["span"]["id"].as_str().map(str::to_owned))
    };
    let within = |level: &str| (level.to_owned(), Some("mine-1".to_owned()));
    assert_eq!(level_of("openai/quota failed (quota), switching to anthropic/overloaded-x1"), within("WARN"));
    assert_eq!(level_of("chat failed: [openai/quota: quota, anthropic/overloaded-x1: overloaded]"), within("ERROR"));
    assert_eq!(level_of("using anthropic/overloaded-x1 for chat"), within("INFO"));
    assert_eq!(level_of("using anthropic/overloaded-x1 for chat_stream"), within("INFO"));
    for secret in ["canary", "zebra"] {
        assert!(!said.contains(secret), "{said}");
    }
}

#[test]
fn the_log_begins_with_the_primary_and_its_fallbacks() {
    let environment =
        [("OPENAI_API_KEY", "k"), ("LLM_PRIMARY_PROVIDER", "openai"), ("LLM_FALLBACK_PROVIDERS", "local/echo")];
    let server = Server::start(&environment);
    let first: Value = serde_json::from_str(server.banner.lines().next().unwrap()).unwrap();
    let said = first["fields"]["message"].as_str().unwrap();
    assert!(said.starts_with("primary openai/") && said.ends_with("fallbacks [local/echo]"), "{said}");
    server.stop("-TERM");
}
