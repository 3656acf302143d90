//! External tools: is one there, and how is it installed.

use std::process::Stdio;

use crate::cargo::cargo;

/// A cargo subcommand that may be missing.
pub(crate) struct Tool {
    /// The subcommand: `cargo NAME`.
    pub(crate) name: &'static str,
    /// What a person types to get it.
    pub(crate) install: &'static str,
    /// Whether `--strict` fails without it.
    /// Only what `.ci/run` provides may be demanded.
    pub(crate) demanded: bool,
}

pub(crate) const FMT: Tool = Tool { name: "fmt", install: "rustup component add rustfmt", demanded: true };
pub(crate) const CLIPPY: Tool = Tool { name: "clippy", install: "rustup component add clippy", demanded: true };
pub(crate) const NEXTEST: Tool =
    Tool { name: "nextest", install: "cargo install --locked cargo-nextest", demanded: false };
pub(crate) const DENY: Tool = Tool { name: "deny", install: "cargo install --locked cargo-deny", demanded: false };
pub(crate) const FUZZ: Tool = Tool { name: "fuzz", install: "cargo install --locked cargo-fuzz", demanded: false };

impl Tool {
    /// Whether the tool answers; a rustup proxy without its component does not.
    pub(crate) fn is_installed(&self) -> bool {
        cargo([self.name, "--version"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_does_not_answer_is_missing() {
        let tool = Tool { name: "surely-not-a-subcommand", install: "", demanded: false };
        assert!(!tool.is_installed());
    }
}
