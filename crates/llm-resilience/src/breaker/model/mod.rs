//! The breaker against an independent checker, in a random walk of 20 million steps, and the same checker against
//! breakers with one rule broken each: a checker that lets one of them pass is worth nothing.

mod checker;
mod interleavings;
mod mutants;
mod subject;
mod walk;

use std::thread;

use subject::Subject;
use walk::{Tally, walk};

const SEEDS: u64 = 200;
const STEPS: u32 = 100_000;

#[test]
fn twenty_million_steps_keep_to_the_rules() {
    let workers = thread::available_parallelism().map_or(1, |workers| workers.get() as u64);
    let tallies: Vec<Result<Tally, String>> = thread::scope(|scope| {
        let walks: Vec<_> = (0..workers)
            .map(|worker| {
                scope.spawn(move || {
                    let mut sum = Tally::default();
                    for seed in (0..SEEDS).filter(|seed| seed % workers == worker) {
                        sum +=
                            walk::<super::Breaker>(seed, STEPS).map_err(|broken| format!("seed {seed}: {broken}"))?;
                    }
                    Ok(sum)
                })
            })
            .collect();
        walks.into_iter().map(|walk| walk.join().unwrap()).collect()
    });
    let mut sum = Tally::default();
    for tally in tallies {
        sum += tally.unwrap();
    }
    println!("{sum:?}");
    // A walk that never comes to something says nothing about it.
    sum.assert_all_seen();
}

/// Walks until the checker objects.
fn caught<S: Subject>() -> Option<String> {
    (0..SEEDS).find_map(|seed| walk::<S>(seed, STEPS).err().map(|broken| format!("seed {seed}: {broken}")))
}

#[test]
fn every_broken_breaker_is_caught() {
    let mut missed = Vec::new();
    for (name, caught) in mutants::all() {
        match caught() {
            Some(broken) => println!("{name}: {broken}"),
            None => missed.push(name),
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:?}");
}
