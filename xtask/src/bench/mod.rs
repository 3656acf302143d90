//! `cargo xtask bench`: what Loquat costs, always against a baseline in the same run.
//!
//! Four parts: the framing benchmark of `llm-wire`, single steps of the engine, a chat call and a stream through the
//! library against bare reqwest, and the gateway against a relay that reads nothing. The measured process has a core of
//! its own; contenders take turns. A fifth, asked for by name, compiles: all providers against one.

mod compiling;
mod process;
mod steps;

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use lexopt::prelude::*;
use serde_json::Value;

use crate::cargo;
use process::Running;

/// `[--only wire|steps|library|gateway|compiling] [--rounds N]`
pub(crate) fn run(arguments: &mut lexopt::Parser) -> Result<()> {
    let (mut only, mut rounds) = (None, 5);
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("only") => only = Some(arguments.value()?.string()?),
            Long("rounds") => rounds = arguments.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    let wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);
    if wanted("wire") {
        cargo::run(&mut cargo::cargo(["bench", "--package", "llm-wire"]))?;
    }
    let mut met = true;
    if only.as_deref() == Some("compiling") {
        met &= compiling::run()?;
    }
    if wanted("steps") {
        met &= steps::run()?;
    }
    if wanted("library") || wanted("gateway") {
        for package in ["workspace-bench", "loquat-cli"] {
            cargo::run(&mut cargo::cargo(["build", "--profile", process::PROFILE, "--package", package, "--bins"]))?;
        }
    }
    if wanted("library") {
        met &= library(rounds)?;
    }
    if wanted("gateway") {
        met &= gateway(rounds)?;
    }
    ensure!(met, "a limit is exceeded, see the table");
    Ok(())
}

/// One figure and its limit.
fn judge(what: &str, figure: f64, limit: f64, unit: &str) -> bool {
    let met = figure <= limit;
    println!("{:<58} {figure:>8.2} {unit:<4} limit {limit:>6.2} {}", what, if met { "ok" } else { "EXCEEDED" });
    met
}

/// A call and a chunk through the library against bare reqwest; the stack against the bare plugin without sockets.
fn library(rounds: u32) -> Result<bool> {
    let upstream = Running::start(process::OTHER_CORE, &process::program("upstream")?, &[])?;
    let port = upstream.port.to_string();
    let mut figures: BTreeMap<(&str, String), Vec<f64>> = BTreeMap::new();
    for _ in 0..rounds {
        for contender in ["raw", "loquat", "plugin", "stack"] {
            let arguments = ["--port", &port, "--contender", contender, "--calls", "4000", "--streams", "150"];
            for (figure, value) in process::measure(process::OWN_CORE, &process::program("caller")?, &arguments)? {
                figures.entry((contender, figure)).or_default().push(value);
            }
        }
    }
    let median = |contender: &str, figure: &str| {
        figures
            .iter()
            .find(|((c, f), _)| *c == contender && f == figure)
            .map_or(f64::NAN, |(_, values)| process::median(values))
    };
    println!("\n{:<10} {:>12} {:>12} {:>14} {:>14}", "contender", "call µs", "call allocs", "chunk µs", "chunk allocs");
    for contender in ["raw", "loquat", "plugin", "stack"] {
        let [a, b, c, d] = ["call_cpu_us", "call_allocations", "chunk_cpu_us", "chunk_allocations"]
            .map(|figure| median(contender, figure));
        println!("{contender:<10} {a:>12.2} {b:>12.1} {c:>14.3} {d:>14.2}");
    }
    println!();
    Ok([
        judge(
            "chat call, CPU against bare reqwest",
            median("loquat", "call_cpu_us") / median("raw", "call_cpu_us"),
            1.25,
            "×",
        ),
        judge("chat call, allocations", median("loquat", "call_allocations"), 85.0, ""),
        judge("stream chunk, CPU", median("loquat", "chunk_cpu_us"), 2.5, "µs"),
        judge("stream chunk, allocations", median("loquat", "chunk_allocations"), 4.0, ""),
        judge(
            "the stack above the bare plugin, no sockets",
            median("stack", "call_cpu_us") - median("plugin", "call_cpu_us"),
            15.0,
            "µs",
        ),
    ]
    .iter()
    .all(|met| *met))
}

/// The gateway against a relay that reads nothing.
fn gateway(rounds: u32) -> Result<bool> {
    let upstream = Running::start(process::OTHER_CORE, &process::program("upstream")?, &[])?;
    let upstream_port = upstream.port.to_string();
    let mut figures: BTreeMap<(&str, &str), Vec<f64>> = BTreeMap::new();
    for _ in 0..rounds {
        for contender in ["relay", "loquat"] {
            let gateway = match contender {
                "relay" => {
                    Running::start(process::OWN_CORE, &process::program("relay")?, &["--upstream", &upstream_port])?
                }
                _ => Running::gateway(process::OWN_CORE, &process::program("loquat")?, upstream.port)?,
            };
            let model = if contender == "relay" { "bench-model-1" } else { "openai/bench-model-1" };
            let mut phase = |name: &'static str, connections: &str, requests: &str, stream: &str| -> Result<()> {
                let port = gateway.port.to_string();
                let arguments = [
                    "--port",
                    &port,
                    "--model",
                    model,
                    "--connections",
                    connections,
                    "--requests",
                    requests,
                    "--stream",
                    stream,
                ];
                let before = gateway.cpu_us()?;
                let load = process::measure(process::OTHER_CORE, &process::program("load")?, &arguments)?;
                let cpu = gateway.cpu_us()? - before;
                let requests: f64 = requests.parse()?;
                let (per, figure) =
                    if stream == "true" { (requests * load["chunks"], "chunk") } else { (requests, name) };
                figures.entry((contender, figure)).or_default().push(cpu / per);
                if name == "one" {
                    figures.entry((contender, "median")).or_default().push(load["median_us"]);
                }
                Ok(())
            };
            phase("warm", "16", "2000", "false")?;
            phase("many", "64", "20000", "false")?;
            phase("one", "1", "2000", "false")?;
            phase("burst", "8", "400", "true")?;
        }
    }
    // What the client sees without anything between: the relay's and the gateway's medians are measured against it.
    let direct = process::measure(
        process::OTHER_CORE,
        &process::program("load")?,
        &["--port", &upstream_port, "--model", "m", "--connections", "1", "--requests", "3000", "--stream", "false"],
    )?["median_us"];
    let median = |contender: &str, figure: &str| {
        figures.get(&(contender, figure)).map_or(f64::NAN, |values| process::median(values))
    };
    println!("\n{:<10} {:>16} {:>16} {:>16}", "contender", "CPU µs/request", "CPU µs/chunk", "added median µs");
    for contender in ["relay", "loquat"] {
        let added = median(contender, "median") - direct;
        println!(
            "{contender:<10} {:>16.2} {:>16.3} {added:>16.1}",
            median(contender, "many"),
            median(contender, "chunk")
        );
    }
    println!();
    let ratio = |figure: &str| median("loquat", figure) / median("relay", figure);
    let added = (median("loquat", "median") - direct) / (median("relay", "median") - direct);
    Ok([
        judge("gateway, CPU per request against the relay", ratio("many"), 2.0, "×"),
        judge("gateway, CPU per burst chunk against the relay", ratio("chunk"), 1.6, "×"),
        judge("gateway, added median against the relay", added, 1.7, "×"),
    ]
    .iter()
    .all(|met| *met))
}

/// A JSON object of numbers.
fn numbers(text: &str) -> Result<BTreeMap<String, f64>> {
    let object: BTreeMap<String, Value> =
        serde_json::from_str(text).with_context(|| format!("not a JSON object: {text}"))?;
    Ok(object.into_iter().filter_map(|(name, value)| Some((name, value.as_f64()?))).collect())
}

/// A command on one core, where `taskset` is there.
fn pinned(core: usize, program: &std::path::Path) -> Command {
    if std::path::Path::new("/usr/bin/taskset").exists() {
        let mut command = Command::new("taskset");
        command.arg("-c").arg(core.to_string()).arg(program);
        return command;
    }
    Command::new(program)
}
