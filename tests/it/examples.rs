//! The facade's examples run without a key and show what they promise.

use std::process::Command;

fn run(example: &str) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--package", "loquat", "--example", example])
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| !is_setting(&name.to_string_lossy())))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{example}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A variable that would choose another model than the example's.
fn is_setting(name: &str) -> bool {
    name.starts_with("LLM_") || name.starts_with("LOQUAT_") || name.ends_with("_API_KEY")
}

#[test]
fn examples_show_what_they_promise() {
    for (example, words) in [
        ("ask", &["Why is the sky blue?", "local/echo"][..]),
        ("fallback", &["the second target answered", "primary/a 429 rate_limited", "second/b ok"]),
        ("stream", &["Write a haiku about rivers", "tokens"]),
        ("tools", &["weather({\"city\":\"\"})", "12 °C"]),
        ("json_schema", &["Triage { label: \"bug\", urgent: false }"]),
        ("config_file", &["fast             local/echo answered", "rehearsal/echo   rehearsal/echo answered"]),
    ] {
        let said = run(example);
        for word in words {
            assert!(said.contains(word), "{example} lacks {word:?}: {said}");
        }
    }
}
