//! The command line: the judge of all seeds, or one of its processes.

use std::ops::Range;

use anyhow::{Context as _, bail};
use lexopt::prelude::*;
use llm_core::Usd;

use crate::{judge, load};

/// What one process is started with.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// `a`, `b` or `c`.
    pub(crate) name: String,
    pub(crate) url: String,
    /// Names the ledger: each run has its own.
    pub(crate) org: String,
    pub(crate) requests: u64,
    pub(crate) limit: Usd,
    /// Where the process writes its journal and the vendor its bills.
    pub(crate) folder: std::path::PathBuf,
    pub(crate) what: What,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum What {
    /// Makes its calls through the layer.
    Reserve,
    /// Settles what an earlier process left in the journal.
    Replay,
    /// Checks before each call and adds after it.
    Naive,
}

/// What a process did.
#[derive(Clone, Copy, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Done {
    pub(crate) answered: u64,
    pub(crate) refused: u64,
    /// What the answers said they cost, in billionths of a dollar.
    pub(crate) billed: u64,
    pub(crate) replayed: u64,
}

pub(crate) struct Options {
    pub(crate) seeds: Range<u64>,
    pub(crate) requests: u64,
    pub(crate) limit: Usd,
}

pub(crate) fn run() -> anyhow::Result<()> {
    let mut options = Options { seeds: 1..21, requests: 1000, limit: Usd::from_micros(50_000_000) };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("worker") => {
                let plan = serde_json::from_str(&arguments.value()?.string()?)?;
                let done = load::run(&plan)?;
                println!("{}", serde_json::to_string(&done)?);
                return Ok(());
            }
            Long("pauses") => return judge::pauses(arguments.value()?.parse()?),
            Long("seed") => {
                let seed = arguments.value()?.parse()?;
                options.seeds = seed..seed + 1;
            }
            Long("seeds") => {
                let text = arguments.value()?.string()?;
                let (from, to) = text.split_once("..").context("write the seeds as A..B")?;
                options.seeds = from.parse()?..to.parse()?;
            }
            Long("requests") => options.requests = arguments.value()?.parse()?,
            Long("limit") => options.limit = arguments.value()?.string()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    let broken = judge::all(&options)?;
    if !broken.is_empty() {
        bail!("{} of {} seeds broke a promise: {broken:?}", broken.len(), options.seeds.count());
    }
    Ok(())
}
