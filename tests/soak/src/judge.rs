//! Starts the processes of each seed, kills one, and holds the ledger to what was billed.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use llm_budget::{Account, Balance, Entry, Ledger as _, RedisLedger, read_entries};
use llm_core::Usd;
use llm_testkit::redis::RedisServer;
use tokio::time::Instant;

use crate::program::{Done, Options, Plan, What};
use crate::{load, paused};

/// The processes.
const NAMES: [&str; 3] = ["a", "b", "c"];

/// Runs all seeds; those that broke a promise.
pub(crate) fn all(options: &Options) -> anyhow::Result<Vec<u64>> {
    let server = RedisServer::start(true).context("no redis-server")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut broken = Vec::new();
    let (mut most, mut seeds, mut naive_over) = (0.0_f64, 0, Vec::new());
    for seed in options.seeds.clone() {
        let folder = std::env::temp_dir().join(format!("loquat-soak-{}-{seed}", std::process::id()));
        let result = runtime.block_on(one(options, &server, &folder, seed));
        std::fs::remove_dir_all(&folder).ok();
        match result {
            Ok(figures) => {
                seeds += 1;
                most = most.max(figures.used);
                naive_over.push(figures.naive_over);
            }
            Err(error) => {
                println!("seed {seed}: {error:#}\n  again with: cargo xtask soak budget --seed {seed}");
                broken.push(seed);
            }
        }
    }
    runtime.block_on(paused::run(&server, 0))?;
    naive_over.sort_by(f64::total_cmp);
    let over = |part: Option<&f64>| part.map_or_else(|| "?".to_owned(), |part| format!("{:+.0} %", 100.0 * part));
    println!(
        "{seeds} seeds exact, with and without a kill: overspend 0, reserved 0; at most {:.1} % of the limit used; \
         check-then-add went over by {} to {}",
        100.0 * most,
        over(naive_over.first()),
        over(naive_over.last()),
    );
    Ok(broken)
}

/// Pauses the server so many times.
pub(crate) fn pauses(rounds: u64) -> anyhow::Result<()> {
    let server = RedisServer::start(true).context("no redis-server")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    (0..rounds).try_for_each(|round| runtime.block_on(paused::run(&server, round)))
}

/// What is worth printing of a seed.
struct Figures {
    used: f64,
    naive_over: f64,
}

async fn one(options: &Options, server: &RedisServer, folder: &Path, seed: u64) -> anyhow::Result<Figures> {
    let plan = |run: &str, name: &str, what| -> anyhow::Result<Plan> {
        let folder = folder.join(run);
        std::fs::create_dir_all(&folder)?;
        Ok(Plan {
            seed,
            name: name.to_owned(),
            url: server.url(),
            org: format!("{run}-{seed}"),
            requests: options.requests,
            limit: options.limit,
            folder,
            what,
        })
    };
    let whole = undisturbed(options, &plan).await.context("without a kill")?;
    let killed = with_a_kill(options, &plan, seed).await.context("with a kill")?;

    let naive = NAMES.map(|name| start(&plan("naive", name, What::Naive)?));
    let mut spent = 0;
    for child in naive {
        spent += finish(child?)?.billed;
    }
    let limit = options.limit.as_f64();
    let naive_over = Usd::from_nanos(spent).as_f64() / limit - 1.0;
    println!("seed {seed}: {whole}; {killed}; check-then-add {:+.0} %", 100.0 * naive_over);
    Ok(Figures { used: (whole.spent.max(killed.spent)) / limit, naive_over })
}

type Plans<'a> = dyn Fn(&str, &str, What) -> anyhow::Result<Plan> + 'a;

/// A run in words.
struct Ran {
    spent: f64,
    words: String,
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.words)
    }
}

async fn undisturbed(options: &Options, plan: &Plans<'_>) -> anyhow::Result<Ran> {
    let children = NAMES.map(|name| start(&plan("whole", name, What::Reserve)?));
    let mut sum = Done::default();
    for child in children {
        let done = finish(child?)?;
        (sum.answered, sum.refused, sum.billed) =
            (sum.answered + done.answered, sum.refused + done.refused, sum.billed + done.billed);
    }
    let plan = plan("whole", "a", What::Replay)?;
    let balance = check_balance(options, &plan, sum.billed).await?;
    let bills: u64 = NAMES.iter().map(|name| bills(&plan.folder, name)).sum::<anyhow::Result<u64>>()?;
    ensure!(bills == sum.billed, "the vendor billed {bills}, the answers said {}", sum.billed);
    let spent = dollars(balance.spent);
    let words = format!("{} answered, {} refused, ${spent:.4} spent", sum.answered, sum.refused);
    Ok(Ran { spent, words })
}

async fn with_a_kill(options: &Options, plan: &Plans<'_>, seed: u64) -> anyhow::Result<Ran> {
    let mut children: HashMap<&str, Child> = HashMap::new();
    for name in NAMES {
        children.insert(name, start(&plan("kill", name, What::Reserve)?)?);
    }
    let victim = plan("kill", "b", What::Replay)?;
    let mut child = children.remove("b").context("no b")?;
    // At a moment that the seed chooses: so many of its calls have ended, and many are at work.
    let ended = usize::try_from(fastrand::Rng::with_seed(seed).u64(5..60))?;
    let deadline = Instant::now() + Duration::from_secs(60);
    while std::fs::read(victim.folder.join("bills-b")).map_or(0, |bills| lines(&bills)) < ended {
        ensure!(Instant::now() < deadline, "the process to kill does not get anywhere");
        if child.try_wait()?.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    // On Unix that is signal 9: nothing of the process runs after it.
    child.kill()?;
    child.wait()?;
    let killed = Instant::now();
    let entries = read_entries(&std::fs::read(victim.folder.join("journal-b"))?)?;
    let (known, at_work) = seen(&entries);
    let mut billed = 0;
    for (_, child) in children {
        billed += finish(child)?.billed;
    }
    // The lease of what it had reserved runs out, whoever looks.
    tokio::time::sleep((load::LEASE + Duration::from_secs(1)).saturating_sub(killed.elapsed())).await;
    let before = read(&victim).await?;
    ensure!(before.reserved == 0, "{} still reserved after the lease", before.reserved);
    ensure!(before.spent <= signed(options.limit.nanos()), "overspent: {}", before.spent);
    let replayed = finish(start(&victim)?)?.replayed;
    let balance = check_balance(options, &victim, billed + known).await?;
    ensure!(balance.orphaned == 0, "{} still orphaned after the journal is replayed", balance.orphaned);
    let again = finish(start(&victim)?)?.replayed;
    ensure!(again == 0, "{again} replayed twice");
    let by_vendor = bills(&victim.folder, "b")?;
    let (spent, lost) = (dollars(balance.spent), signed(by_vendor) - signed(known));
    let words = format!(
        "killed with {at_work} open in its journal, {replayed} replayed, ${spent:.4} spent, billed to it and not seen ${:.4}",
        dollars(lost.max(0))
    );
    Ok(Ran { spent, words })
}

/// The ledger has exactly this, nothing is reserved, and nothing is over the limit.
async fn check_balance(options: &Options, plan: &Plan, expected: u64) -> anyhow::Result<Balance> {
    let balance = read(plan).await?;
    ensure!(balance.reserved == 0, "{} still reserved", balance.reserved);
    ensure!(balance.spent == signed(expected), "the ledger has {}, the calls cost {expected}", balance.spent);
    ensure!(expected <= options.limit.nanos(), "overspent: {expected} of {}", options.limit.nanos());
    Ok(balance)
}

async fn read(plan: &Plan) -> anyhow::Result<Balance> {
    let ledger = RedisLedger::new(&plan.url, &plan.org, load::options())?;
    let accounts = ["all@total", "team@total"].map(|key| Account { key: key.into(), ends: None });
    let balances = ledger.read(&accounts).await?;
    ensure!(balances.first() == balances.last(), "two budgets with the same calls differ: {balances:?}");
    balances.first().copied().context("no balance")
}

/// What a process knew of its calls when it died, and how many were open: settled with what they cost, or observed.
fn seen(entries: &[Entry]) -> (u64, usize) {
    let (mut observed, mut actual, mut done) = (HashMap::new(), HashMap::new(), 0);
    for entry in entries {
        match entry {
            Entry::Reserve { reservation, .. } => {
                observed.entry(reservation.id.clone()).or_insert(0);
            }
            Entry::Heartbeat { id, observed: so_far, .. } => {
                let most = observed.entry(id.clone()).or_insert(0);
                *most = (*most).max(*so_far);
            }
            Entry::Settle { id, actual: cost, .. } => {
                actual.insert(id.clone(), *cost);
            }
            Entry::Done { .. } => done += 1,
            _ => {}
        }
    }
    let sum = observed.iter().map(|(id, observed)| actual.get(id).copied().unwrap_or(*observed)).sum();
    (sum, observed.len() - done)
}

fn start(plan: &Plan) -> anyhow::Result<Child> {
    Command::new(std::env::current_exe()?)
        .args(["--worker", &serde_json::to_string(plan)?])
        .stdout(Stdio::piped())
        .spawn()
        .context("a process does not start")
}

fn finish(child: Child) -> anyhow::Result<Done> {
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "a process failed");
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn bills(folder: &Path, name: &str) -> anyhow::Result<u64> {
    let text = std::fs::read_to_string(folder.join(format!("bills-{name}")))?;
    text.lines().map(|line| Ok(line.parse::<u64>()?)).sum()
}

fn lines(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').count() - 1
}

fn signed(nanos: u64) -> i64 {
    i64::try_from(nanos).unwrap_or(i64::MAX)
}

/// For figures only.
#[allow(clippy::cast_precision_loss, reason = "figures are rounded anyway")]
fn dollars(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}
