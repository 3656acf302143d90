//! `cargo xtask soak WHAT`: long runs that a change need not wait for. A failure prints the one line that repeats it.

use anyhow::{Context as _, bail};

use crate::cargo::{cargo, run as run_cargo};

pub(crate) fn run(arguments: &mut lexopt::Parser) -> anyhow::Result<()> {
    let Some(lexopt::Arg::Value(what)) = arguments.next()? else {
        bail!("say what to run: sim, properties, budget, redis, streams")
    };
    match what.to_str() {
        Some("properties") => properties(arguments),
        Some("sim") => {
            run_cargo(simulation().args(passed(arguments, &["seeds", "seed", "minutes", "rate", "threads"])?))
        }
        Some("redis") => redis(arguments),
        Some("streams") => run_cargo(streams().args(passed(arguments, &["corpus", "provider"])?)),
        Some("budget") => run_cargo(budget().args(passed(arguments, &["seeds", "seed", "requests", "limit"])?)),
        _ => bail!("{} is no soak: choose sim, properties, budget, redis or streams", what.display()),
    }
}

/// Every test of the workspace with other random cases in each round.
fn properties(arguments: &mut lexopt::Parser) -> anyhow::Result<()> {
    use lexopt::ValueExt as _;
    let (mut rounds, mut seed) = (10_u64, 1_u64);
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("rounds") => rounds = arguments.value()?.parse()?,
            lexopt::Arg::Long("seed") => seed = arguments.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    for seed in (seed..).take(usize::try_from(rounds)?) {
        println!("seed {seed}");
        let mut tests = cargo(["test", "--quiet", "--workspace", "--no-fail-fast", "--lib", "--tests"]);
        run_cargo(tests.env("PROPTEST_RNG_SEED", seed.to_string()))
            .with_context(|| format!("again with: PROPTEST_RNG_SEED={seed} cargo test --workspace"))?;
    }
    Ok(())
}

/// Options with a value, handed on to the program that does the work.
fn passed(arguments: &mut lexopt::Parser, known: &[&str]) -> anyhow::Result<Vec<std::ffi::OsString>> {
    let mut passed = Vec::new();
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long(name) if known.contains(&name) => {
                passed.push(format!("--{name}").into());
                passed.push(arguments.value()?);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(passed)
}

/// Every recorded stream, split and cut in every way; the recordings stand beside the repository unless told otherwise.
fn streams() -> std::process::Command {
    let mut command =
        cargo(["run", "--quiet", "--profile", "sim", "--package", "workspace-tests", "--bin", "streams", "--"]);
    command.args(["--corpus", "../shared/corpus/dev"]);
    command
}

/// Replicas that share a budget on a real Redis which stops answering, as often as asked for.
fn redis(arguments: &mut lexopt::Parser) -> anyhow::Result<()> {
    use lexopt::ValueExt as _;
    let mut rounds = 1_u64;
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("rounds") => rounds = arguments.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    run_cargo(budget().args(["--pauses", &rounds.to_string()]))
}

/// Replicas that share a budget on a real Redis, one of them killed on the way.
fn budget() -> std::process::Command {
    cargo(["run", "--quiet", "--package", "workspace-soak", "--bin", "budget", "--"])
}

/// The simulation, optimised and with its assertions. Without arguments it runs the seeds that every change must pass.
pub(crate) fn simulation() -> std::process::Command {
    cargo(["run", "--quiet", "--profile", "sim", "--package", "workspace-simulation", "--bin", "simulation", "--"])
}
