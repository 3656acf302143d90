//! The processes of a benchmark: started, pinned, measured, stopped.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::{numbers, pinned};
use crate::cargo;

/// The core of the measured process.
pub(super) const OWN_CORE: usize = 1;
/// What is measured is what ships, the baselines in the same way.
pub(super) const PROFILE: &str = "dist";
/// The core of everything else.
pub(super) const OTHER_CORE: usize = 0;

/// A server that runs until this is dropped.
pub(super) struct Running {
    child: Child,
    pub(super) port: u16,
}

impl Running {
    /// Starts a server that prints its port on its first line of output.
    pub(super) fn start(core: usize, program: &Path, arguments: &[&str]) -> Result<Self> {
        let mut command = pinned(core, program);
        let mut child = command
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let port =
            line.trim().parse().with_context(|| format!("{} printed no port but {line:?}", program.display()))?;
        Ok(Self { child, port })
    }

    /// Starts the gateway in front of an upstream on this machine.
    pub(super) fn gateway(core: usize, program: &Path, upstream: u16) -> Result<Self> {
        let mut command = pinned(core, program);
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env("LOQUAT_LOG", "error")
            .env("OPENAI_API_KEY", "sk-bench")
            .env("OPENAI_BASE_URL", format!("http://127.0.0.1:{upstream}/v1"))
            .stderr(Stdio::piped())
            .spawn()
            .context("starting the gateway")?;
        let mut port = None;
        for line in BufReader::new(child.stderr.take().context("no output")?).lines() {
            let line = line?;
            if let Some((_, rest)) = line.split_once("http://127.0.0.1:") {
                port = rest.split('/').next().and_then(|port| port.parse().ok());
            }
            // The last line of the banner.
            if line.trim_start().starts_with("try") {
                break;
            }
        }
        Ok(Self { child, port: port.context("the gateway printed no address")? })
    }

    /// CPU time of all its threads so far, in microseconds.
    pub(super) fn cpu_us(&self) -> Result<f64> {
        let mut total = 0.0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let text = fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
            let nanoseconds: f64 = text.split_whitespace().next().unwrap_or("0").parse()?;
            total += nanoseconds / 1000.0;
        }
        Ok(total)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program to its end and reads the figures that it prints.
pub(super) fn measure(core: usize, program: &Path, arguments: &[&str]) -> Result<BTreeMap<String, f64>> {
    let output =
        pinned(core, program).args(arguments).output().with_context(|| format!("starting {}", program.display()))?;
    ensure!(output.status.success(), "{} failed: {}", program.display(), String::from_utf8_lossy(&output.stderr));
    numbers(&String::from_utf8_lossy(&output.stdout))
}

/// A program of the build that is measured.
pub(super) fn program(name: &str) -> Result<PathBuf> {
    let path = cargo::target().join(PROFILE).join(name);
    ensure!(path.is_file(), "{} is not built", path.display());
    Ok(path)
}

/// The middle of the values.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
