//! Calls cargo, always the one that runs us, always from the workspace root.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    // `cargo run` and `cargo test` both say where this package is; its parent is the root.
    let package =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    package.parent().map_or_else(|| package.clone(), Path::to_path_buf)
}

/// Where this build puts its files.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A cargo call, not started yet.
pub(crate) fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(arguments);
    command
}

/// Prints the call, runs it with our terminal, and fails when it fails.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    println!("$ {}", shown(command));
    let status = command.status().with_context(|| format!("starting {}", shown(command)))?;
    if !status.success() {
        bail!("`{}` ended with {status}", shown(command));
    }
    Ok(())
}

/// Like [`run`], and hands each line of standard output to `see` after printing it unchanged.
pub(crate) fn run_watched(command: &mut Command, mut see: impl FnMut(&str)) -> anyhow::Result<()> {
    println!("$ {}", shown(command));
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("starting {}", shown(command)))?;
    if let Some(output) = child.stdout.take() {
        let mut ours = std::io::stdout().lock();
        let mut reader = BufReader::new(output);
        let mut line = Vec::new();
        // Bytes, not str: a test may print anything, and what it prints must arrive unchanged.
        while reader.read_until(b'\n', &mut line)? > 0 {
            ours.write_all(&line)?;
            see(String::from_utf8_lossy(&line).trim_end());
            line.clear();
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("`{}` ended with {status}", shown(command));
    }
    Ok(())
}

/// Runs the call in silence and returns what it wrote to standard output.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("starting {}", shown(command)))?;
    if !output.status.success() {
        bail!("`{}` ended with {}\n{}", shown(command), output.status, String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8(output.stdout).with_context(|| format!("reading the output of {}", shown(command)))
}

/// The call as a person would type it.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or_default();
    let mut words = vec![program.to_string_lossy()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy()));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watched_output_is_seen_line_by_line() {
        let mut lines = Vec::new();
        run_watched(&mut cargo(["--version"]), |line| lines.push(line.to_owned())).unwrap();
        assert!(lines.len() == 1 && lines[0].starts_with("cargo "), "{lines:?}");
    }

    #[test]
    fn a_failing_call_is_an_error_that_names_it() {
        let error = output(&mut cargo(["no-such-command"])).unwrap_err().to_string();
        assert!(error.starts_with("`cargo no-such-command` ended with"), "{error}");
    }
}
