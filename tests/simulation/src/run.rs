//! One run: a seed, its world, its traffic, and what is found out about it afterwards.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use llm_core::Provider;

use crate::check;
use crate::client::End;
use crate::traffic;
use crate::world::World;

/// What is to be simulated.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Decides everything else.
    pub seed: u64,
    /// How long requests arrive. Vendors fail in the first half.
    pub length: Duration,
    /// Requests a second.
    pub rate: u32,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What the seed decided, in words.
    pub world: String,
    /// Requests that were made.
    pub requests: usize,
    /// Calls that vendors got.
    pub calls: usize,
    /// Refusals that said how long to wait.
    pub waits: usize,
    /// Requests that wanted to be done within a time of their own.
    pub deadlines: usize,
    /// How the requests ended: `ok`, `dropped`, or the class of the error.
    pub ends: BTreeMap<&'static str, usize>,
    /// Requests without deadline or drop that came after the faults and the recovery time, and how many of them
    /// succeeded.
    pub recovered: (usize, usize),
    /// A number that two runs have in common only when every request went the same way.
    pub digest: u64,
    /// Promises that were broken.
    pub problems: Vec<String>,
}

/// Simulates, on this thread, and checks.
pub fn run(plan: Plan) -> anyhow::Result<Report> {
    run_around(plan, |driver| driver)
}

/// The same with something around the driver, which must keep the driver's promises, too.
pub fn run_around(plan: Plan, around: impl FnOnce(Arc<dyn Provider>) -> Arc<dyn Provider>) -> anyhow::Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    Ok(runtime.block_on(async {
        let mut world = World::new(plan);
        world.driver = around(world.driver);
        let seen = traffic::run(&world).await;
        let mut report = Report { world: world.describe(), requests: seen.len(), ..Report::default() };
        let mut digest = DefaultHasher::new();
        for seen in &seen {
            let name = match &seen.end {
                End::Answered => "ok",
                End::Dropped => "dropped",
                End::Failed(error) => error.kind().as_str(),
            };
            *report.ends.entry(name).or_default() += 1;
            (name, seen.text.len(), seen.ended.duration_since(seen.started)).hash(&mut digest);
        }
        report.digest = digest.finish();
        check::check(&world, &seen, &mut report);
        report
    }))
}
