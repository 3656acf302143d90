//! One process: a thousand requests at a time.

use std::fs::OpenOptions;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use llm_budget::{Budget, BudgetLayer, Budgets, JournalFile, RedisLedger, RedisOptions, Window};
use llm_core::{ChatRequest, Error, Layer as _, Provider, Request, Response, Usd};
use llm_testkit::ScriptedTransport;

use crate::program::{Done, Plan, What};
use crate::vendor::{Prices, Vendor};

/// Short, so that a seed takes seconds.
pub(crate) const LEASE: Duration = Duration::from_secs(5);

pub(crate) fn run(plan: &Plan) -> anyhow::Result<Done> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match plan.what {
            What::Reserve => reserve(plan).await,
            What::Replay => {
                let replayed = u64::try_from(ledger(plan)?.replay().await?)?;
                Ok(Done { replayed, ..Done::default() })
            }
            What::Naive => naive(plan).await,
        }
    })
}

/// Patient: what is measured here is exactness, on a machine that may be busy.
pub(crate) fn options() -> RedisOptions {
    let mut options = RedisOptions::default();
    options.timeout = Duration::from_secs(60);
    options
}

fn ledger(plan: &Plan) -> anyhow::Result<RedisLedger> {
    let journal = JournalFile::new(plan.folder.join(format!("journal-{}", plan.name)));
    Ok(RedisLedger::new(&plan.url, &plan.org, options())?.with_journal(now, journal)?)
}

#[expect(clippy::disallowed_methods, reason = "an application reads the clock and gives it to the library")]
fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

fn vendor(plan: &Plan) -> anyhow::Result<Vendor> {
    let path = plan.folder.join(format!("bills-{}", plan.name));
    let seed = plan.seed * 31 + plan.name.bytes().map(u64::from).sum::<u64>();
    Ok(Vendor::new(OpenOptions::new().create(true).append(true).open(path)?, seed))
}

/// The requests of a process, each with what it says about its longest answer and when it comes.
fn requests(plan: &Plan) -> Vec<(Request, Duration)> {
    let mut random = fastrand::Rng::with_seed(plan.seed ^ plan.name.bytes().map(u64::from).sum::<u64>() << 32);
    let mut request = || {
        let mut chat = ChatRequest::new("m").with_user("hello");
        chat.sampling.max_output_tokens = random.bool().then(|| random.u32(30..180));
        let chat = Arc::new(chat);
        let request = if random.bool() { Request::Chat(chat) } else { Request::ChatStream(chat) };
        (request, Duration::from_millis(random.u64(0..500)))
    };
    (0..plan.requests).map(|_| request()).collect()
}

async fn reserve(plan: &Plan) -> anyhow::Result<Done> {
    let budgets = [
        Budget::new("all", plan.limit, Window::Total),
        Budget::new("team", plan.limit.saturating_mul(2), Window::Total)
            .with_scope(serde_json::from_str(r#"{"team": "a"}"#)?),
    ];
    let budgets = Arc::new(Budgets::new(budgets, Arc::new(ledger(plan)?), now)?.with_lease(LEASE));
    let layer = BudgetLayer::new(budgets.clone(), Arc::new(Prices), Arc::new(Prices));
    let provider = layer.layer(Arc::new(vendor(plan)?));
    let mut cx = ScriptedTransport::new([]).cx();
    cx.tags = Some(Arc::new([("team".to_owned(), "a".to_owned())].into()));
    let calls: Vec<_> = requests(plan)
        .into_iter()
        .map(|(request, wait)| {
            let (provider, cx) = (provider.clone(), cx.clone());
            tokio::spawn(async move {
                tokio::time::sleep(wait).await;
                let response = match provider.call(&cx, request).await? {
                    Response::Chat(response) => *response,
                    Response::ChatStream(stream) => stream.collect().await?,
                    _ => return Ok(Usd::ZERO),
                };
                Ok::<_, Error>(response.cost.map(|cost| cost.total).unwrap_or_default())
            })
        })
        .collect();
    let mut done = Done::default();
    for call in calls {
        match call.await? {
            Ok(cost) => {
                done.answered += 1;
                done.billed += cost.nanos();
            }
            Err(error) if error.code() == Some(llm_budget::CODE_EXCEEDED) => done.refused += 1,
            Err(error) => return Err(error).context("a call failed for another reason than the budget"),
        }
    }
    budgets.flush().await?;
    Ok(done)
}

/// What a budget without reservations does: is there money left, the call, what it cost.
async fn naive(plan: &Plan) -> anyhow::Result<Done> {
    // As patient as the ledger.
    let config = redis::AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
    let redis = redis::Client::open(&*plan.url)?.get_multiplexed_async_connection_with_config(&config).await?;
    let vendor = Arc::new(vendor(plan)?);
    let (key, limit, cx) = (format!("{}:naive", plan.org), plan.limit.nanos(), ScriptedTransport::new([]).cx());
    let calls: Vec<_> = requests(plan)
        .into_iter()
        .map(|(request, wait)| {
            let (mut redis, vendor, key, cx) = (redis.clone(), vendor.clone(), key.clone(), cx.clone());
            tokio::spawn(async move {
                tokio::time::sleep(wait).await;
                let spent: Option<u64> = redis::cmd("GET").arg(&key).query_async(&mut redis).await?;
                if spent.unwrap_or(0) >= limit {
                    return Ok(None);
                }
                let usage = match vendor.call(&cx, request).await? {
                    Response::Chat(response) => response.usage,
                    Response::ChatStream(stream) => stream.collect().await?.usage,
                    _ => return Ok(None),
                };
                let cost = llm_budget::Pricing::cost(&Prices, "vendor", "m", &usage, None).context("no cost")?;
                let cost = cost.total.nanos();
                let _: i64 = redis::cmd("INCRBY").arg(&key).arg(cost).query_async(&mut redis).await?;
                anyhow::Ok(Some(cost))
            })
        })
        .collect();
    let mut done = Done::default();
    for call in calls {
        match call.await?? {
            Some(cost) => {
                done.answered += 1;
                done.billed += cost;
            }
            None => done.refused += 1,
        }
    }
    Ok(done)
}
