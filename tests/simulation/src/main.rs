//! Runs seeds of the simulation on several threads; `cargo xtask soak sim` starts it.
//!
//! `simulation [--seeds A..B | --seed N] [--minutes M] [--rate R] [--threads T]`
#![allow(clippy::print_stdout, reason = "a command line program talks through its terminal")]
#![allow(clippy::disallowed_methods, reason = "a run of simulated time is itself bounded in real time")]

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use lexopt::prelude::*;
use workspace_simulation::{Plan, Report, run};

struct Options {
    seeds: Range<u64>,
    minutes: u64,
    rate: u32,
    threads: usize,
}

fn main() -> anyhow::Result<()> {
    let options = options()?;
    let started = Instant::now();
    let next = AtomicU64::new(options.seeds.start);
    let done: Mutex<Vec<(u64, anyhow::Result<Report>)>> = Mutex::default();
    let watch: Arc<Mutex<BTreeMap<u64, Instant>>> = Arc::default();
    std::thread::spawn({
        let (watch, minutes) = (watch.clone(), options.minutes);
        move || watch_over(&watch, minutes)
    });
    std::thread::scope(|scope| {
        for _ in 0..options.threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= options.seeds.end {
                        return;
                    }
                    let length = Duration::from_secs(60 * options.minutes);
                    watch.lock().unwrap_or_else(PoisonError::into_inner).insert(seed, Instant::now());
                    let report = run(Plan { seed, length, rate: options.rate });
                    watch.lock().unwrap_or_else(PoisonError::into_inner).remove(&seed);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((seed, report));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(seed, _)| *seed);
    conclude(&options, done, started.elapsed())
}

/// Ends the process when a seed turns in a circle: no simulated time passes then, so nothing else would end it.
fn watch_over(watch: &Mutex<BTreeMap<u64, Instant>>, minutes: u64) {
    let most = Duration::from_secs(60 + 12 * minutes);
    loop {
        std::thread::sleep(Duration::from_secs(1));
        let watch = watch.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((seed, _)) = watch.iter().find(|(_, since)| since.elapsed() > most) {
            println!("seed {seed} does not end");
            println!("  again with: cargo xtask soak sim --seed {seed} --minutes {minutes}");
            std::process::exit(1);
        }
    }
}

fn options() -> anyhow::Result<Options> {
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let mut options = Options { seeds: 0..200, minutes: 10, rate: 20, threads };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("seeds") => {
                let text = arguments.value()?.string()?;
                let (from, until) = text.split_once("..").context("--seeds wants A..B")?;
                options.seeds = from.parse()?..until.parse()?;
            }
            Long("seed") => {
                let seed: u64 = arguments.value()?.parse()?;
                options.seeds = seed..seed + 1;
            }
            Long("minutes") => options.minutes = arguments.value()?.parse()?,
            Long("rate") => options.rate = arguments.value()?.parse()?,
            Long("threads") => options.threads = arguments.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(options)
}

/// One line for all seeds that kept every promise; for each other seed its problems and the line that repeats it.
fn conclude(options: &Options, done: Vec<(u64, anyhow::Result<Report>)>, took: Duration) -> anyhow::Result<()> {
    let mut total = Report::default();
    let mut broken = 0;
    let alone = done.len() == 1;
    for (seed, report) in done {
        let report = report?;
        total.requests += report.requests;
        total.calls += report.calls;
        total.waits += report.waits;
        total.deadlines += report.deadlines;
        for (end, count) in &report.ends {
            *total.ends.entry(end).or_default() += count;
        }
        total.recovered.0 += report.recovered.0;
        total.recovered.1 += report.recovered.1;
        if alone {
            println!("{}\ndigest {:016x}", report.world, report.digest);
        }
        if !report.problems.is_empty() {
            broken += 1;
            println!("seed {seed} broke promises:");
            for problem in &report.problems {
                println!("  {problem}");
            }
            println!("  again with: cargo xtask soak sim --seed {seed} --minutes {}", options.minutes);
        }
    }
    let (served, after) = total.recovered;
    let ends: Vec<_> = total.ends.iter().map(|(end, count)| format!("{end} {count}")).collect();
    println!(
        "{} seeds of {} simulated minutes in {:.1} s: {} requests ({} with deadlines), {} calls ({} told to \
         wait); {}; after the faults {served} of {after}",
        options.seeds.end - options.seeds.start,
        options.minutes,
        took.as_secs_f64(),
        total.requests,
        total.deadlines,
        total.calls,
        total.waits,
        ends.join(", "),
    );
    if broken > 0 {
        bail!("{broken} seeds broke promises");
    }
    Ok(())
}
