//! `cargo xtask fuzz`: every decoder against made-up bytes, under libFuzzer.
//!
//! The targets are a workspace of their own in `tests/fuzz`, because libFuzzer needs cargo-fuzz and a C++ compiler; what they
//! hold is in `tests/fuzz/properties`, whose tests replay the seeds everywhere.

use std::ffi::OsString;
use std::fmt;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use lexopt::prelude::*;

use crate::cargo::{cargo, root, target};
use crate::tool;

/// The manifest of the targets' workspace.
pub(crate) const MANIFEST: &str = "tests/fuzz/Cargo.toml";
/// A slower input, a larger process and a longer input are findings, or not looked at.
const LIMITS: [&str; 4] = ["-timeout=25", "-rss_limit_mb=2048", "-max_len=8192", "-print_final_stats=1"];

/// `[--target T] [--seconds N]`: without a target all of them, one after the other.
pub(crate) fn run(arguments: &mut lexopt::Parser) -> anyhow::Result<()> {
    let (mut only, mut seconds) = (None, 600_u64);
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("target") => only = Some(arguments.value()?.string()?),
            Long("seconds") => seconds = arguments.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    ensure!(tool::FUZZ.is_installed(), "there is no cargo-fuzz: {}", tool::FUZZ.install);
    let targets = match only {
        Some(target) => vec![target],
        None => targets(&root())?,
    };
    let mut results = Vec::new();
    for target in targets {
        println!("fuzzing {target} for {seconds} s");
        results.push((fuzz(&target, seconds)?, target));
    }
    for (result, target) in &results {
        println!("{target:<20} {result}");
    }
    let found: Vec<_> =
        results.iter().filter(|(result, _)| result.finding.is_some()).map(|(_, name)| &**name).collect();
    if !found.is_empty() {
        bail!("findings in {}; put each input into tests/fuzz/seeds once its cause is mended", found.join(", "));
    }
    Ok(())
}

/// The names of the entry points.
fn targets(root: &Path) -> anyhow::Result<Vec<String>> {
    let folder = root.join("tests/fuzz/targets");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// What came of one target.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    executions: u64,
    /// Places in the code that were reached, as libFuzzer counts them.
    covered: u64,
    /// The file with the input that broke a rule.
    finding: Option<String>,
}

impl Outcome {
    /// Takes what a line of libFuzzer's says.
    fn see(&mut self, line: &str) {
        let number = |text: &str| text.split_whitespace().next().and_then(|word| word.parse().ok());
        if let Some(count) = line.strip_prefix("stat::number_of_executed_units:").and_then(number) {
            self.executions = count;
        } else if let Some(count) = line.split_once(" cov: ").and_then(|(_, rest)| number(rest)) {
            self.covered = count;
        } else if let Some((_, path)) = line.split_once("Test unit written to ") {
            self.finding = Some(path.to_owned());
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>10} executions, {:>6} places covered, ", self.executions, self.covered)?;
        match &self.finding {
            Some(path) => write!(f, "FOUND {path}"),
            None => f.write_str("no finding"),
        }
    }
}

fn fuzz(target_name: &str, seconds: u64) -> anyhow::Result<Outcome> {
    let work = target().join("fuzz");
    let corpus = folder(work.join("corpus").join(target_name))?;
    let artifacts = folder(work.join("artifacts"))?;
    let mut prefix = OsString::from("-artifact_prefix=");
    prefix.push(artifacts.join(format!("{target_name}-")));
    // Without a sanitizer it runs on stable; there is no unsafe code of ours that one could watch.
    let mut command = cargo(["fuzz", "run", "--fuzz-dir", "tests/fuzz", "--sanitizer", "none", target_name]);
    command.env("CARGO_TARGET_DIR", &work).arg(corpus).arg(format!("tests/fuzz/seeds/{target_name}")).arg("--");
    command.args(LIMITS).arg(format!("-max_total_time={seconds}")).arg(prefix);
    watched(&mut command)
}

fn folder(path: PathBuf) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
    Ok(path)
}

/// Runs the call, shows what it says, and reads its figures. It fails where there was neither a run nor a finding.
fn watched(command: &mut Command) -> anyhow::Result<Outcome> {
    let mut child = command.stderr(Stdio::piped()).spawn().context("starting cargo fuzz")?;
    let mut outcome = Outcome::default();
    for line in child.stderr.take().into_iter().flat_map(|said| BufReader::new(said).split(b'\n')) {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        outcome.see(&line);
        eprintln!("{line}");
    }
    let status = child.wait()?;
    ensure!(status.success() || outcome.finding.is_some(), "cargo fuzz ended with {status}");
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_stand_among_what_libfuzzer_says() {
        let mut outcome = Outcome::default();
        for line in [
            "#2\tINITED cov: 201 ft: 202 corp: 1/1b exec/s: 0 rss: 40Mb",
            "#4096\tpulse  cov: 1834 ft: 5021 corp: 91/14Kb lim: 128 exec/s: 2048 rss: 60Mb",
            "stat::number_of_executed_units: 81920",
            "stat::average_exec_per_sec:     2642",
        ] {
            outcome.see(line);
        }
        assert_eq!(outcome, Outcome { executions: 81_920, covered: 1834, finding: None });
        outcome.see("artifact_prefix='a/'; Test unit written to a/sse-crash-1f");
        assert_eq!(outcome.finding.as_deref(), Some("a/sse-crash-1f"));
    }

    #[test]
    fn the_targets_are_those_with_an_entry_point() {
        let targets = targets(&root()).unwrap();
        assert!(targets.len() >= 10 && targets.contains(&"sse".to_owned()), "{targets:?}");
    }
}
