//! `cargo xtask third-parties`: the workspace of strangers in `tests/third-party`, and crates that `new-provider` writes.
//!
//! They are built with this workspace's target directory, so that what both depend on is built once.

use std::process::Command;

use anyhow::Context as _;

use crate::cargo::{cargo, root, run as run_cargo, target};
use crate::new_provider;

/// Where the workspace is.
pub(crate) const FOLDER: &str = "tests/third-party";

pub(crate) fn run(arguments: &mut lexopt::Parser) -> anyhow::Result<()> {
    if let Some(argument) = arguments.next()? {
        return Err(argument.unexpected().into());
    }
    println!("{}", check()?);
    Ok(())
}

/// Formats, tests, and writes one crate of each form and tests it where it lies.
pub(crate) fn check() -> anyhow::Result<String> {
    let strangers = root().join(FOLDER);
    run_cargo(cargo(["fmt", "--check"]).current_dir(&strangers))?;
    run_cargo(foreign(&mut cargo(["test", "--quiet", "--workspace"])).current_dir(&strangers))?;
    let crates = target().join("new-providers");
    if crates.exists() {
        std::fs::remove_dir_all(&crates).with_context(|| format!("removing {}", crates.display()))?;
    }
    for (name, form) in [("zebra-ai", new_provider::Form::Own), ("yak-ai", new_provider::Form::OpenAi)] {
        let folder = new_provider::write_outside(name, form, None, &crates)?;
        // The versions that are here already: a crate of its own would look for newer ones.
        std::fs::copy(strangers.join("Cargo.lock"), folder.join("Cargo.lock")).context("copying Cargo.lock")?;
        run_cargo(cargo(["fmt", "--check"]).current_dir(&folder))?;
        run_cargo(foreign(&mut cargo(["test", "--quiet"])).current_dir(&folder))?;
    }
    Ok("tests/third-party, and a new provider of each form".to_owned())
}

/// Flags of our own build must not leak into a foreign workspace.
fn foreign(command: &mut Command) -> &mut Command {
    command.env_remove("RUSTFLAGS").env("CARGO_TARGET_DIR", target())
}
