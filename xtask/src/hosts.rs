//! `cargo xtask hosts`: a release binary with one provider holds that vendor's host name and no other.
//!
//! It proves both directions of plugins by link: what is enabled is there, and what is not enabled is not.

use std::fs;

use anyhow::{Result, ensure};

use crate::cargo;

/// A provider's feature and the host that only its crate names.
const HOSTS: [(&str, &str); 4] = [
    ("openai", "api.openai.com"),
    ("anthropic", "api.anthropic.com"),
    ("gemini", "generativelanguage.googleapis.com"),
    ("ollama", "localhost:11434"),
];

pub(crate) fn run(arguments: &mut lexopt::Parser) -> Result<()> {
    if let Some(argument) = arguments.next()? {
        return Err(argument.unexpected().into());
    }
    println!("{}", check()?);
    Ok(())
}

/// Builds one small program per provider in release mode and looks into it.
pub(crate) fn check() -> Result<String> {
    for (feature, _) in HOSTS {
        let build = [
            "build",
            "--release",
            "--package",
            "loquat",
            "--example",
            "ask",
            "--no-default-features",
            "--features",
            feature,
        ];
        cargo::run(&mut cargo::cargo(build))?;
        let binary = fs::read(cargo::target().join("release/examples/ask"))?;
        let found = found(&binary);
        ensure!(found == [feature], "a binary with the provider {feature} alone names the hosts of {found:?}");
    }
    Ok(format!("{} one-provider binaries name one vendor's host each", HOSTS.len()))
}

/// The providers whose hosts stand in a binary.
fn found(binary: &[u8]) -> Vec<&'static str> {
    let names = |host: &str| binary.windows(host.len()).any(|window| window == host.as_bytes());
    HOSTS.into_iter().filter(|(_, host)| names(host)).map(|(feature, _)| feature).collect()
}

#[cfg(test)]
mod tests {
    use super::found;

    #[test]
    fn sees_every_host_that_is_there() {
        assert_eq!(found(b"\0https://api.openai.com/v1\0"), ["openai"]);
        assert_eq!(found(b"api.openai.com api.anthropic.com"), ["openai", "anthropic"]);
        assert!(found(b"nothing").is_empty());
    }
}
