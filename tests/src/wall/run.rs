//! Runs one scenario: asks, watches, and holds what was seen against the checks.

use std::time::Duration;

use llm_testkit::emulator::Emulator;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::answer::Outcome;
use super::client::Client;
use super::config::HEALTHY_ROUTE;
use super::facts::{self, Call, Facts};
use super::scenarios::{Load, Scenario};
use super::{Answer, Mode};

/// What came of a scenario.
#[derive(Debug)]
pub struct Verdict {
    /// Which one.
    pub scenario: &'static Scenario,
    /// How it was asked.
    pub mode: Mode,
    /// What was seen.
    pub facts: Facts,
    /// What did not hold; empty when it passed.
    pub failures: Vec<String>,
}

/// Longest time of a request that nothing happens to.
const HEALTHY: Duration = Duration::from_secs(10);
/// How long calls at vendors may outlive their request.
const LINGER: Duration = Duration::from_secs(1);

/// Runs a scenario.
pub async fn run(scenario: &'static Scenario, mode: Mode, client: &Client, emulator: &Emulator) -> Verdict {
    let route = scenario.route(mode);
    let calls = match scenario.load {
        Load::Once => vec![call(client, &route, mode, scenario.limit, emulator).await],
        Load::Every(period, count) => {
            // Each at its time, however long those before it take.
            let start = Instant::now();
            let mut running = JoinSet::new();
            let mut calls = Vec::new();
            for nth in 0..count {
                sleep_until(start + period * nth).await;
                let (client, route) = (client.clone(), route.clone());
                let (limit, sent) = (scenario.limit, emulator.elapsed());
                running.spawn(async move {
                    let start = Instant::now();
                    let answer = client.ask(&route, mode, limit).await;
                    Call { sent, took: start.elapsed(), answer }
                });
            }
            while let Some(Ok(call)) = running.join_next().await {
                calls.push(call);
            }
            calls.sort_by_key(|call| call.sent);
            calls
        }
    };
    let alive = is_whole(&client.ask(HEALTHY_ROUTE, mode, HEALTHY).await);
    let models = scenario.models(mode);
    let open = open_after(emulator, &models).await;
    let facts = Facts::gather(calls, models, emulator, open, alive);
    let failures = judge(scenario, mode, &facts);
    Verdict { scenario, mode, facts, failures }
}

async fn call(client: &Client, route: &str, mode: Mode, limit: Duration, emulator: &Emulator) -> Call {
    let (sent, start) = (emulator.elapsed(), Instant::now());
    let answer = client.ask(route, mode, limit).await;
    Call { sent, took: start.elapsed(), answer }
}

/// Calls at vendors that go on although their request is answered.
async fn open_after(emulator: &Emulator, models: &[String]) -> usize {
    let deadline = Instant::now() + LINGER;
    loop {
        let open = facts::open(emulator, models);
        if open == 0 || Instant::now() > deadline {
            return open;
        }
        sleep(Duration::from_millis(10)).await;
    }
}

fn is_whole(answer: &Answer) -> bool {
    answer.outcome == Outcome::Finished && answer.text == super::check::sixty_words() && answer.usage
}

/// What does not hold: of the scenario's own checks, and of what holds for every one.
fn judge(scenario: &Scenario, mode: Mode, facts: &Facts) -> Vec<String> {
    let of_streams = if mode == Mode::Stream { scenario.of_streams } else { &[] };
    let mut failures: Vec<String> =
        scenario.checks.iter().chain(of_streams).filter_map(|check| check.hold(facts).err()).collect();
    for call in &facts.calls {
        match call.answer.outcome {
            Outcome::Broken => failures.push("an answer ended without an end".to_owned()),
            Outcome::Finished | Outcome::Failed { .. } if !call.answer.oddities.is_empty() => {
                failures.push(call.answer.oddities.join(", "));
            }
            _ => {}
        }
    }
    if facts.open > 0 {
        failures.push(format!("{} calls go on at the vendors", facts.open));
    }
    if !facts.alive {
        failures.push("a healthy request right after it was not answered".to_owned());
    }
    failures.dedup();
    failures
}
