//! `cargo xtask wall`: sixteen ways in which a vendor fails, run through `loquat serve` over real HTTP.
//!
//! The scenarios live in the tests package, which shares them with its own tests; here the gateway is built and named.

use anyhow::Result;
use lexopt::prelude::*;

use crate::cargo;

/// `[--only S01,S08] [--print-config]`, handed on to the runner.
pub(crate) fn run(arguments: &mut lexopt::Parser) -> Result<()> {
    let mut passed: Vec<std::ffi::OsString> = Vec::new();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("only") => passed.extend(["--only".into(), arguments.value()?]),
            Long("print-config") => passed.push("--print-config".into()),
            other => return Err(other.unexpected().into()),
        }
    }
    cargo::run(&mut cargo::cargo(["build", "--quiet", "--package", "loquat-cli", "--bin", "loquat"]))?;
    let loquat = cargo::target().join("debug").join(format!("loquat{}", std::env::consts::EXE_SUFFIX));
    let runner = ["run", "--quiet", "--package", "workspace-tests", "--bin", "wall", "--"];
    cargo::run(cargo::cargo(runner).arg("--loquat").arg(loquat).args(passed))
}
