//! `cargo xtask conformance`: replays a corpus of recorded vendor traffic through the real plugins.
//!
//! The runner lives in the tests package, which may depend on everything; this keeps xtask quick to build.

use std::process::Command;

use anyhow::{Result, ensure};
use lexopt::prelude::*;

/// `--corpus DIR [--provider P] [--json OUT]`, handed on to the runner.
pub(crate) fn run(arguments: &mut lexopt::Parser) -> Result<()> {
    let mut passed = Vec::new();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long(name @ ("corpus" | "provider" | "json")) => {
                passed.push(format!("--{name}").into());
                passed.push(arguments.value()?);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["run", "--quiet", "--package", "workspace-tests", "--bin", "conformance", "--"])
        .args(passed)
        .status()?;
    ensure!(status.success(), "the conformance runner failed: {status}");
    Ok(())
}
