//! What single steps of the engine cost, measured by criterion where they are.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::judge;
use crate::cargo;

/// A benchmark and what it may cost.
struct Step {
    package: &'static str,
    bench: &'static str,
    /// The name that criterion knows it by.
    id: &'static str,
    what: &'static str,
    limit_ns: f64,
}

const STEPS: [Step; 6] = [
    Step {
        package: "llm-resilience",
        bench: "gates",
        id: "breaker/answered",
        what: "a breaker's permit and its record",
        limit_ns: 150.0,
    },
    Step {
        package: "llm-resilience",
        bench: "gates",
        id: "breaker/failed",
        what: "a breaker's permit and the record of a failure",
        limit_ns: 150.0,
    },
    Step {
        package: "llm-resilience",
        bench: "gates",
        id: "gate/attempt",
        what: "all that a gate does for an attempt",
        limit_ns: 3000.0,
    },
    Step {
        package: "llm-resilience",
        bench: "streams",
        id: "stream/first_output",
        what: "a thousand events of a stream, made and driven",
        limit_ns: 1_000_000.0,
    },
    Step {
        package: "llm-resilience",
        bench: "driver",
        id: "driver/call",
        what: "a call through the driver with everything on",
        limit_ns: 20_000.0,
    },
    Step {
        package: "llm-resilience",
        bench: "driver",
        id: "driver/stream_of_1000",
        what: "a stream of 1,000 events through the driver",
        limit_ns: 1_020_000.0,
    },
];

/// Runs the benchmarks and judges their medians.
pub(super) fn run() -> Result<bool> {
    let mut benches: Vec<_> = STEPS.iter().map(|step| (step.package, step.bench)).collect();
    benches.dedup();
    for (package, bench) in benches {
        cargo::run(&mut cargo::cargo(["bench", "--package", package, "--bench", bench]))?;
    }
    println!();
    let mut met = true;
    for step in &STEPS {
        met &= judge(step.what, median_ns(step.id)?, step.limit_ns, "ns");
    }
    Ok(met)
}

/// What criterion found in its last run.
fn median_ns(id: &str) -> Result<f64> {
    let path = cargo::target().join("criterion").join(id).join("new/estimates.json");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let estimates: Value = serde_json::from_str(&text)?;
    estimates["median"]["point_estimate"].as_f64().with_context(|| format!("no median in {}", path.display()))
}
