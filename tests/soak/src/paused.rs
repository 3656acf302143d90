//! What a Redis that takes commands and answers none costs, how soon it is found again, and that nothing is overspent.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use llm_budget::{
    Account, Allowance, Budget, BudgetLayer, Budgets, CODE_EXCEEDED, CODE_UNAVAILABLE, Ledger as _, RedisLedger,
    RedisOptions, Window,
};
use llm_core::{ChatRequest, ErrorKind, Layer as _, Provider, Request, Response, Usd};
use llm_testkit::ScriptedTransport;
use llm_testkit::redis::RedisServer;
use tokio::time::Instant;

use crate::load;
use crate::vendor::{Prices, Vendor};

/// Replicas, each with a connection of its own.
const REPLICAS: u32 = 3;
/// Callers of each at a time.
const CALLERS: usize = 16;
/// How long the server is paused.
const PAUSED: Duration = Duration::from_secs(6);
/// How long there are calls before it, and at least after it.
const AROUND: Duration = Duration::from_secs(2);
/// What all replicas may spend: some of it is left when the server is back, and nothing at the end.
const LIMIT: Usd = Usd::from_micros(120_000_000);

/// One after the other: everything is closed meanwhile, and a tenth of the limit may be spent.
pub(crate) async fn run(server: &RedisServer, round: u64) -> anyhow::Result<()> {
    for allowance in [None, Some(Allowance::new(0.1, REPLICAS))] {
        let what = if allowance.is_some() { "with an allowance of a tenth" } else { "closed" };
        let figures = one(server, &format!("{what} {round}"), allowance).await;
        println!("Redis paused, {what}: {}", figures.with_context(|| format!("Redis paused, {what}"))?);
    }
    Ok(())
}

struct Replica {
    budgets: Arc<Budgets>,
    provider: Arc<dyn Provider>,
}

fn replica(server: &RedisServer, org: &str, allowance: Option<Allowance>, seed: u64) -> anyhow::Result<Replica> {
    // With the time limits that an operator has.
    let ledger = Arc::new(RedisLedger::new(&server.url(), org, RedisOptions::default())?);
    let budget = Budget::new("all", LIMIT, Window::Total);
    let budgets = Arc::new(Budgets::new([budget], ledger, || 0)?.with_allowance(allowance)?);
    let layer = BudgetLayer::new(budgets.clone(), Arc::new(Prices), Arc::new(Prices)).with_reserve_wait(Duration::ZERO);
    Ok(Replica { budgets, provider: layer.layer(Arc::new(Vendor::at_once(seed)?)) })
}

async fn one(server: &RedisServer, org: &str, allowance: Option<Allowance>) -> anyhow::Result<String> {
    let replicas: Vec<Replica> =
        (0..REPLICAS).map(|seed| replica(server, org, allowance, seed.into())).collect::<anyhow::Result<_>>()?;
    let before = calls(&replicas, AROUND).await?;
    ensure!(before.exceeded == 0, "the limit is too small for this machine: nothing was left before the pause");
    server.pause();
    let paused = calls(&replicas, PAUSED).await?;
    server.resume();
    let resumed = Instant::now();
    ensure!(paused.unavailable > 0, "nobody was refused");
    ensure!(
        allowance.is_some() || paused.answered <= CALLERS as u64 * u64::from(REPLICAS),
        "answered without its budget"
    );
    for replica in &replicas {
        while !matches!(call(&replica.provider).await?, Came::Answered | Came::Exceeded) {
            ensure!(resumed.elapsed() < PAUSED, "not found again within {PAUSED:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    let found = resumed.elapsed();
    let mut after = calls(&replicas, AROUND).await?;
    let patience = Instant::now() + Duration::from_secs(60);
    while after.exceeded == 0 {
        ensure!(Instant::now() < patience, "the budget is never used up");
        after = calls(&replicas, AROUND).await?;
    }
    for replica in &replicas {
        while replica.budgets.flush().await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    let reader = RedisLedger::new(&server.url(), org, load::options())?;
    let balance = reader.read(&[Account { key: "all@total".into(), ends: None }]).await?[0];
    let costs = replicas.iter().flat_map(|replica| replica.budgets.spending().into_values());
    let billed: u64 = costs.map(|spending| spending.cost.nanos()).sum();
    ensure!(balance.reserved == 0, "{} still reserved", balance.reserved);
    ensure!(u64::try_from(balance.spent)? == billed, "the ledger has {}, the calls cost {billed}", balance.spent);
    ensure!(billed <= LIMIT.nanos(), "overspent: {billed} of {}", LIMIT.nanos());
    ensure!(found <= Duration::from_secs(5), "found again after {found:?}");
    let (usual, worst) = (before.p99(), paused.p99());
    // All of it, which is more than what the pause adds.
    ensure!(worst <= Duration::from_millis(60), "a paused Redis makes calls take {worst:?}");
    Ok(format!(
        "p99 {usual:.1?} before, {worst:.1?} meanwhile ({} answered, {} refused, the slowest {:.1?}); all {REPLICAS} \
         replicas let calls through again after {found:.1?}; ${} of ${LIMIT} spent, ledger exact",
        paused.answered,
        paused.unavailable,
        paused.times.iter().max().copied().unwrap_or_default(),
        Usd::from_nanos(billed),
    ))
}

#[derive(Default)]
struct Part {
    times: Vec<Duration>,
    answered: u64,
    unavailable: u64,
    exceeded: u64,
}

impl Part {
    fn p99(&self) -> Duration {
        let mut times = self.times.clone();
        times.sort_unstable();
        times.get(times.len() * 99 / 100).copied().unwrap_or_default()
    }
}

async fn calls(replicas: &[Replica], length: Duration) -> anyhow::Result<Part> {
    let end = Instant::now() + length;
    let callers: Vec<_> = (0..CALLERS)
        .flat_map(|_| replicas)
        .map(|replica| {
            let provider = replica.provider.clone();
            tokio::spawn(async move {
                let mut part = Part::default();
                while Instant::now() < end {
                    let start = Instant::now();
                    let came = call(&provider).await?;
                    part.times.push(start.elapsed());
                    part.answered += u64::from(came == Came::Answered);
                    part.unavailable += u64::from(came == Came::Unavailable);
                    part.exceeded += u64::from(came == Came::Exceeded);
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
        all.unavailable += part.unavailable;
        all.exceeded += part.exceeded;
    }
    Ok(all)
}

/// What a call came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Came {
    Answered,
    /// Its ledger did not answer.
    Unavailable,
    /// Its budget has nothing left.
    Exceeded,
}

async fn call(provider: &Arc<dyn Provider>) -> anyhow::Result<Came> {
    let mut chat = ChatRequest::new("m").with_user("hello");
    chat.sampling.max_output_tokens = Some(5);
    let cx = ScriptedTransport::new([]).cx();
    match provider.call(&cx, Request::Chat(Arc::new(chat))).await {
        Ok(Response::Chat(response)) => {
            response.cost.context("no cost")?;
            Ok(Came::Answered)
        }
        Err(error) if error.kind() == ErrorKind::BudgetExceeded && error.code() == Some(CODE_UNAVAILABLE) => {
            Ok(Came::Unavailable)
        }
        Err(error) if error.code() == Some(CODE_EXCEEDED) => Ok(Came::Exceeded),
        other => anyhow::bail!("neither answered nor refused for its budget: {other:?}"),
    }
}
