//! What the benchmark programs share: the fixed answers of the upstream, and reading their arguments.
//!
//! The method: the measured process runs alone on one core, upstream and load generator on the other; contenders take
//! turns within one run, and only ratios within a run are reported, because the machine itself is never quiet.

pub mod answers;

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use lexopt::prelude::*;

/// `--name value` pairs.
pub fn arguments() -> Result<Vec<(String, String)>> {
    let mut parser = lexopt::Parser::from_env();
    let mut pairs = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            Long(name) => {
                let name = name.to_owned();
                pairs.push((name, parser.value()?.string()?));
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(pairs)
}

/// The value of one argument.
pub fn value<'a>(arguments: &'a [(String, String)], name: &str) -> Result<&'a str> {
    let found = arguments.iter().find(|(given, _)| given == name);
    found.map(|(_, value)| value.as_str()).with_context(|| format!("--{name} is missing"))
}

/// Listens on a free port of this machine, or on the given one, and prints it on a line of its own.
pub async fn listen(arguments: &[(String, String)]) -> Result<tokio::net::TcpListener> {
    let port = value(arguments, "port").unwrap_or("0").parse()?;
    let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    #[expect(clippy::print_stdout, reason = "the driver reads the port from standard output")]
    {
        println!("{}", listener.local_addr()?.port());
    }
    Ok(listener)
}
