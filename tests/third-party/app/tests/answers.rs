//! The application as its user runs it.
#![allow(clippy::unwrap_used, reason = "tests say what they expect")]

use std::process::Command;

fn run(key: &str) -> String {
    let mut app = Command::new(env!("CARGO_BIN_EXE_app"));
    app.env_clear().env("ACME_API_KEY", key).env("ACME_BASE_URL", acme_double::start().unwrap());
    let output = app.current_dir(env!("CARGO_TARGET_TMPDIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_third_party_answers() {
    assert_eq!(run(acme_double::KEY), "acme/acme-1: Grüezi – ☀ 🌦?\n");
}

#[test]
fn another_provider_steps_in_when_the_third_party_refuses() {
    let said = run("wrong");
    assert!(said.starts_with("local/echo: ") && said.contains("Good morning"), "{said}");
}
