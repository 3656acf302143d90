//! `cargo xtask conformance`: replays a corpus of recorded vendor traffic through the real plugins.
//!
//! The runner lives in the tests package, which may depend on everything; this keeps xtask quick to build.

use anyhow::Result;
use lexopt::prelude::*;

use crate::cargo;

/// `--corpus DIR [--provider P] [--json OUT] [--requests]`, handed on to the runner.
pub(crate) fn run(arguments: &mut lexopt::Parser) -> Result<()> {
    let mut passed: Vec<std::ffi::OsString> = Vec::new();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long(name @ ("corpus" | "provider" | "json")) => {
                passed.push(format!("--{name}").into());
                passed.push(arguments.value()?);
            }
            Long("requests") => passed.push("--requests".into()),
            other => return Err(other.unexpected().into()),
        }
    }
    // From the caller's folder, so that relative paths mean what the caller means.
    let here = std::env::current_dir()?;
    let runner = ["run", "--quiet", "--package", "workspace-tests", "--bin", "conformance", "--"];
    cargo::run(cargo::cargo(runner).args(passed).current_dir(here))
}
