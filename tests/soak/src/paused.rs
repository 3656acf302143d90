//! What a Redis that takes commands and answers none costs, and how soon it is found again.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use llm_budget::{
    Account, Budget, BudgetLayer, Budgets, CODE_UNAVAILABLE, Ledger as _, RedisLedger, RedisOptions, Window,
};
use llm_core::{ChatRequest, ErrorKind, Layer as _, Provider, Request, Response, Usd};
use llm_testkit::ScriptedTransport;
use llm_testkit::redis::RedisServer;
use tokio::time::Instant;

use crate::vendor::{Prices, Vendor};

/// Callers at a time.
const CALLERS: usize = 50;
/// How long each part takes.
const PART: Duration = Duration::from_secs(6);

/// Calls before, while and after the server is paused, with the time limits that an operator has; in words.
pub(crate) async fn run(server: &RedisServer, limit: Usd) -> anyhow::Result<String> {
    let ledger = Arc::new(RedisLedger::new(&server.url(), "paused", RedisOptions::default())?);
    let budget = Budget::new("all", limit, Window::Total);
    let budgets = Arc::new(Budgets::new([budget], ledger.clone(), || 0)?);
    let layer = BudgetLayer::new(budgets.clone(), Arc::new(Prices), Arc::new(Prices)).with_reserve_wait(Duration::ZERO);
    let provider = layer.layer(Arc::new(Vendor::at_once(1)?));

    let before = calls(&provider, PART / 3).await?;
    server.pause();
    let paused = calls(&provider, PART).await?;
    server.resume();
    let resumed = Instant::now();
    while !call(&provider).await?.0 {
        ensure!(resumed.elapsed() < PART, "not found again within {PART:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let found = resumed.elapsed();
    let after = calls(&provider, PART / 3).await?;
    while budgets.flush().await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let accounts = [Account { key: "all@total".into(), ends: None }];
    let balance = ledger.read(&accounts).await?[0];
    let billed = before.billed + paused.billed + after.billed + found_cost(&budgets, &before, &paused, &after);
    ensure!(balance.reserved == 0, "{} still reserved", balance.reserved);
    ensure!(u64::try_from(balance.spent)? == billed, "the ledger has {}, the calls cost {billed}", balance.spent);
    ensure!(billed <= limit.nanos(), "overspent: {billed}");
    ensure!(paused.answered == 0 || paused.billed <= limit.nanos(), "answered without its budget");
    ensure!(found <= Duration::from_secs(5), "found again after {found:?}");
    let (usual, worst) = (before.p99(), paused.p99());
    let added = worst.saturating_sub(usual);
    ensure!(added <= Duration::from_millis(60), "a paused Redis adds {added:?} to p99");
    Ok(format!(
        "Redis paused: p99 {usual:.1?} before, {worst:.1?} meanwhile ({} calls refused, the slowest \
         after {:.1?}); found again after {found:.1?}; \
         ledger exact, hard budget not exceeded",
        paused.times.len(),
        paused.times.iter().max().copied().unwrap_or_default(),
    ))
}

/// What the calls cost that looked whether the server is back.
fn found_cost(budgets: &Budgets, before: &Part, paused: &Part, after: &Part) -> u64 {
    let all = budgets.spending().values().map(|spending| spending.cost.nanos()).sum::<u64>();
    all - before.billed - paused.billed - after.billed
}

#[derive(Default)]
struct Part {
    times: Vec<Duration>,
    answered: u64,
    billed: u64,
}

impl Part {
    fn p99(&self) -> Duration {
        let mut times = self.times.clone();
        times.sort_unstable();
        times.get(times.len() * 99 / 100).copied().unwrap_or_default()
    }
}

async fn calls(provider: &Arc<dyn Provider>, length: Duration) -> anyhow::Result<Part> {
    let end = Instant::now() + length;
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let provider = provider.clone();
            tokio::spawn(async move {
                let mut part = Part::default();
                while Instant::now() < end {
                    let start = Instant::now();
                    let (answered, cost) = call(&provider).await?;
                    part.times.push(start.elapsed());
                    part.answered += u64::from(answered);
                    part.billed += cost;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                anyhow::Ok(part)
            })
        })
        .collect();
    let mut all = Part::default();
    for caller in callers {
        let part = caller.await??;
        all.times.extend(part.times);
        all.answered += part.answered;
        all.billed += part.billed;
    }
    Ok(all)
}

/// Whether a call was answered, and what it cost.
async fn call(provider: &Arc<dyn Provider>) -> anyhow::Result<(bool, u64)> {
    let mut chat = ChatRequest::new("m").with_user("hello");
    chat.sampling.max_output_tokens = Some(5);
    let cx = ScriptedTransport::new([]).cx();
    match provider.call(&cx, Request::Chat(Arc::new(chat))).await {
        Ok(Response::Chat(response)) => Ok((true, response.cost.context("no cost")?.total.nanos())),
        Ok(_) => Ok((false, 0)),
        Err(error) => {
            let refused = error.kind() == ErrorKind::BudgetExceeded && error.code() == Some(CODE_UNAVAILABLE);
            ensure!(refused, "refused for another reason: {error}");
            Ok((false, 0))
        }
    }
}
