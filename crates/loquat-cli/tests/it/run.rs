//! Runs the command with an environment of its own.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// How a run ended.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The command without any variable of this machine, in an empty folder.
pub(crate) fn command(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loquat"));
    command.args(arguments).env_clear().envs(environment.iter().copied()).current_dir(env!("CARGO_TARGET_TMPDIR"));
    command
}

/// Runs it to its end with this text on standard input.
pub(crate) async fn run(arguments: &[&str], environment: &[(&str, &str)], input: &str) -> Run {
    let mut command = command(arguments, environment);
    let input = input.to_owned();
    // The emulator runs on this runtime's threads: waiting must not hold them.
    tokio::task::spawn_blocking(move || {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that reads no input may be gone already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    })
    .await
    .unwrap()
}

/// The path of a file of this test with this text.
pub(crate) fn file(name: &str, text: &str) -> String {
    let path = format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&path, text).unwrap();
    path
}
