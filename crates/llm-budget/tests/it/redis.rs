//! The ledger in Redis: the suite on a real server, and what happens when it is slow, gone or empty.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use llm_budget::{
    Balance, Budget, CODE_UNAVAILABLE, Charge, Kind, Ledger, LedgerError, Outcome, RedisLedger, RedisOptions,
    Reservation, Window,
};
use llm_core::ErrorKind;
use llm_testkit::redis::{RedisServer, is_required};
use proptest::prelude::*;

use crate::fake::{Bench, price};
use crate::journal::Tape;
use crate::suite::{self, Stand, balance, charge, reservation};

/// A server of this test's own; `None` after saying aloud that it is skipped.
pub(crate) fn server() -> Option<RedisServer> {
    #[allow(clippy::disallowed_methods, reason = "how CI says that the server must be there")]
    let services = std::env::var("LOQUAT_REQUIRE_SERVICES").ok();
    RedisServer::start(is_required(services.as_deref()))
}

/// Patient, because other tests keep the machine busy: time limits have tests of their own.
pub(crate) fn patient() -> RedisOptions {
    let mut options = RedisOptions::default();
    options.timeout = Duration::from_secs(20);
    options
}

pub(crate) fn ledger(server: &RedisServer) -> RedisLedger {
    RedisLedger::new(&server.url(), "org", patient()).unwrap()
}

struct RedisStand(Arc<RedisLedger>);

#[async_trait]
impl Stand for RedisStand {
    fn ledger(&self) -> Arc<dyn Ledger> {
        self.0.clone()
    }

    /// The time is the server's, so there is nothing to do but wait.
    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite() {
    let Some(server) = server() else { return };
    suite::run(&RedisStand(Arc::new(ledger(&server)))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_servers_settings_are_looked_at() {
    let Some(server) = server() else { return };
    let says = async |ledger: &RedisLedger| -> Vec<(bool, String)> {
        let findings = ledger.check().await.unwrap();
        findings.iter().map(|finding| (finding.is_error(), finding.to_string())).collect()
    };
    let ledger = ledger(&server);
    let found = says(&ledger).await;
    assert!(matches!(&found[..], [(false, one)] if one.contains("appendonly no")), "{found:?}");
    server.command(&["CONFIG", "SET", "appendonly", "yes"]);
    assert_eq!(says(&ledger).await, []);
    server.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    let found = says(&ledger).await;
    assert!(matches!(&found[..], [(true, one)] if one.contains("maxmemory-policy allkeys-lru")), "{found:?}");
    // A user of a managed server, whose name and password are in the address.
    let of = |name: &str, rights: &str| {
        server.command(&["ACL", "SETUSER", name, "on", ">s%3cr@t", "~*", "+@all", rights]);
        let path = server.socket().display().to_string();
        RedisLedger::new(&format!("redis+unix://{path}?user={name}&pass=s%253cr%40t"), "org", patient()).unwrap()
    };
    assert!(says(&of("reader", "-config")).await[0].0, "INFO is enough");
    assert!(says(&of("configurer", "-info")).await[0].0, "CONFIG is enough");
    let neither = of("neither", "-@dangerous");
    let found = says(&neither).await;
    assert!(matches!(&found[..], [(false, one)] if one.contains("cannot be read")), "{found:?}");
    neither.reserve(&reservation("one", &[charge("acl", 100, 10)])).await.unwrap();
    neither.settle(&reservation("one", &[charge("acl", 100, 10)]), 4).await.unwrap();
    assert_eq!(balance(&neither, "acl").await.spent, 4);
    let wrong = RedisLedger::new(&format!("{}?pass=wrong", server.url()), "org", patient()).unwrap();
    let error = wrong.check().await.unwrap_err().to_string();
    assert!(!error.contains("wrong?") && error.contains("does not answer"), "{error}");
    assert!(RedisLedger::new("rediss://localhost", "org", patient()).err().unwrap().to_string().contains("TLS"));
}

fn id(number: u32) -> String {
    format!("r{number}")
}

/// As an operator runs it, but for the probes: every half a second, so that tests need not wait.
fn quick() -> RedisOptions {
    let mut options = RedisOptions::default();
    options.probe_every = Duration::from_millis(500);
    options.rebuild = Duration::from_millis(300);
    options
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_share_one_limit_and_one_alert() {
    let Some(server) = server() else { return };
    let replicas: Vec<_> = (0..3).map(|_| Arc::new(ledger(&server))).collect();
    let tasks: Vec<_> = (0..900_u32)
        .map(|number| {
            let ledger = replicas[number as usize % 3].clone();
            tokio::spawn(async move {
                let alerts: Arc<[u64]> = [8000].into();
                let one = reservation(id(number), &[Charge { alerts, ..charge("shared", 10_000, 40) }]);
                let reserved = ledger.reserve(&one).await.unwrap();
                if reserved.outcome != Outcome::Applied {
                    return (0, reserved.crossed.len());
                }
                let settled = ledger.settle(&one, 31).await.unwrap();
                (31, reserved.crossed.len() + settled.crossed.len())
            })
        })
        .collect();
    let (mut billed, mut told) = (0, 0);
    for task in tasks {
        let (cost, alerts) = task.await.unwrap();
        (billed, told) = (billed + cost, told + alerts);
    }
    assert!(billed > 8000 && billed <= 10_000, "{billed}");
    assert_eq!(told, 1);
    assert_eq!(balance(&*replicas[0], "shared").await, Balance { spent: billed, reserved: 0, orphaned: 0 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_server_costs_little_time_and_is_found_again() {
    let Some(server) = server() else { return };
    let ledger = RedisLedger::new(&server.url(), "org", quick()).unwrap();
    // A busy machine may take longer for the first one than an operation may take.
    while ledger.reserve(&reservation("before", &[charge("paused", 100, 10)])).await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.pause();
    let mut times = Vec::new();
    for number in 0..200 {
        let start = tokio::time::Instant::now();
        let result = ledger.reserve(&reservation(id(number), &[charge("paused", 100, 1)])).await;
        assert!(matches!(result, Err(LedgerError::Unavailable(_) | LedgerError::Down)), "{result:?}");
        times.push(start.elapsed());
    }
    times.sort_unstable();
    // Only the first five and a probe now and then wait at all; a busy machine may wake one of them late.
    assert!(times[190] < Duration::from_millis(60), "{:?}", times[190]);
    server.resume();
    let start = tokio::time::Instant::now();
    while ledger.read(&[suite::account("paused")]).await.is_err() {
        assert!(start.elapsed() < Duration::from_secs(5), "not found again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // What the pause let through late is given back by whoever asked for it.
    for number in 0..200 {
        ledger.release(&reservation(id(number), &[charge("paused", 100, 1)])).await.unwrap();
    }
    assert_eq!(balance(&ledger, "paused").await, Balance { spent: 0, reserved: 10, orphaned: 0 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_lost_everything_is_told_again() {
    let Some(mut server) = server() else { return };
    let options = || {
        let mut options = patient();
        options.rebuild = Duration::from_millis(600);
        options
    };
    let [one, two] = [0, 1].map(|_| RedisLedger::new(&server.url(), "org", options()).unwrap());
    let held = reservation("held", &[charge("lost", 1000, 100)]);
    for (number, ledger) in [&one, &two, &one].into_iter().enumerate() {
        let spent = reservation(id(u32::try_from(number).unwrap()), &[charge("lost", 1000, 100)]);
        ledger.reserve(&spent).await.unwrap();
        ledger.settle(&spent, 50).await.unwrap();
    }
    two.reserve(&held).await.unwrap();
    for restart in [false, true] {
        if restart {
            server.restart();
            // Its connections are gone, which one operation of each finds out.
            for ledger in [&one, &two] {
                let _ = ledger.read(&[suite::account("lost")]).await;
            }
        } else {
            server.command(&["FLUSHALL"]);
        }
        let refused = one.reserve(&reservation("more", &[charge("lost", 1000, 1)])).await;
        assert_eq!(refused.unwrap_err(), LedgerError::Rebuilding, "until every replica has told");
        two.heartbeat(&held, 10).await.unwrap();
        assert_eq!(balance(&one, "lost").await, Balance { spent: 150, reserved: 100, orphaned: 0 });
        tokio::time::sleep(Duration::from_millis(700)).await;
        let full = one.reserve(&reservation("full", &[charge("lost", 1000, 751)])).await.unwrap();
        assert!(matches!(full.outcome, Outcome::Denied { remaining: 750, .. }), "{full:?}");
    }
    two.settle(&held, 60).await.unwrap();
    assert_eq!(balance(&one, "lost").await, Balance { spent: 210, reserved: 0, orphaned: 0 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_forgot_the_scripts_gets_them_again() {
    let Some(server) = server() else { return };
    let ledger = ledger(&server);
    for number in 0..3 {
        server.command(&["SCRIPT", "FLUSH", "SYNC"]);
        let one = reservation(id(number), &[charge("forgot", 100, 10)]);
        assert_eq!(ledger.reserve(&one).await.unwrap().outcome, Outcome::Applied);
        server.command(&["SCRIPT", "FLUSH", "SYNC"]);
        ledger.settle(&one, 4).await.unwrap();
    }
    assert_eq!(balance(&ledger, "forgot").await.spent, 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_crash_left_is_settled_by_its_journal() {
    let Some(server) = server() else { return };
    let tape = Tape::default();
    let open = || ledger(&server).with_journal(|| 0, tape.clone()).unwrap();
    let crashed = open();
    let calls: Vec<_> = (0..4).map(|number| reservation(id(number), &[charge("crash", 100, 20)])).collect();
    for call in &calls {
        crashed.reserve(call).await.unwrap();
    }
    crashed.settle(&calls[0], 7).await.unwrap();
    assert!(crashed.settle_now(&calls[1], 9).is_none(), "known here only when the process dies");
    crashed.heartbeat(&calls[2], 5).await.unwrap();
    drop(crashed);

    let again = open();
    assert_eq!(again.replay().await.unwrap(), 3);
    assert_eq!(balance(&again, "crash").await, Balance { spent: 7 + 9 + 5, reserved: 0, orphaned: 0 });
    drop(again);
    assert_eq!(open().replay().await.unwrap(), 0, "once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_that_nobody_could_keep_wait_for_whoever_comes_back() {
    let Some(server) = server() else { return };
    let [one, two] = [0, 1].map(|_| ledger(&server));
    let short = |name: &str| Reservation { lease: suite::LEASE, ..reservation(name, &[charge("gap", 100, 60)]) };
    let more = || reservation("more", &[charge("gap", 100, 50)]);
    let hurry = |field: &str| server.command(&["HINCRBY", "{org}:epoch:seen", field, "-20000"]).unwrap();
    one.reserve(&short("held")).await.unwrap();
    one.heartbeat(&short("held"), 7).await.unwrap();
    tokio::time::sleep(2 * suite::LEASE).await;
    // As if the server had answered nobody for twenty seconds.
    hurry("at");
    let refused = two.reserve(&more()).await.unwrap();
    assert!(matches!(refused.outcome, Outcome::Denied { remaining: 40, .. }), "{refused:?}");
    one.heartbeat(&short("held"), 9).await.unwrap();
    assert_eq!(balance(&two, "gap").await, Balance { spent: 0, reserved: 60, orphaned: 0 });
    // Who does not come back is charged as observed: after six seconds, or when nobody was served a second time.
    tokio::time::sleep(2 * suite::LEASE).await;
    assert_eq!(balance(&two, "gap").await.reserved, 60);
    for field in ["wait", "at"] {
        one.heartbeat(&short("held"), 9).await.unwrap();
        tokio::time::sleep(2 * suite::LEASE).await;
        if field == "at" {
            hurry("at");
            assert_eq!(balance(&two, "gap").await.reserved, 60);
            // Twenty seconds more for the lease, too.
            server.command(&["ZINCRBY", "{org}:z:gap", "-20000", "60|held"]).unwrap();
        }
        hurry(field);
        assert_eq!(balance(&two, "gap").await, Balance { spent: 9, reserved: 0, orphaned: 9 }, "{field}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_spent_without_the_server_outlives_the_process() {
    let Some(server) = server() else { return };
    let tape = Tape::default();
    let journaled = |options| {
        let ledger = RedisLedger::new(&server.url(), "org", options).unwrap();
        ledger.with_journal(|| 0, tape.clone()).unwrap()
    };
    // The last attempt to reserve ends before the server sees it, or the server does it late: both are settled once.
    let before = journaled(patient());
    before.reserve(&reservation("before", &[charge("alone", 100, 10)])).await.unwrap();
    before.settle(&reservation("before", &[charge("alone", 100, 10)]), 10).await.unwrap();
    drop(before);
    let alone = journaled(quick());
    server.pause();
    let calls: Vec<_> = (0..8).map(|number| reservation(id(number), &[charge("alone", 100, 10)])).collect();
    for call in &calls {
        alone.reserve(call).await.unwrap_err();
        alone.note(call).unwrap();
        assert!(alone.heartbeat_now(call, 2).is_none());
    }
    for call in &calls[..5] {
        assert!(alone.settle_now(call, 6).is_none());
    }
    drop(alone);
    server.resume();
    let again = journaled(patient());
    assert_eq!(again.replay().await.unwrap(), 8);
    assert_eq!(balance(&again, "alone").await, Balance { spent: 10 + 5 * 6 + 3 * 2, reserved: 0, orphaned: 0 });
    drop(again);
    assert_eq!(journaled(patient()).replay().await.unwrap(), 0, "once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hard_budgets_close_without_their_ledger_and_soft_ones_pass() {
    let Some(server) = server() else { return };
    let of = |kind| Budget::new("all", price(5000), Window::Total).with_kind(kind);
    let shared = || Arc::new(RedisLedger::new(&server.url(), "org", quick()).unwrap());
    let hard = Bench::on(shared(), [of(Kind::Hard)], [], |layer| layer);
    let soft = Bench::on(shared(), [of(Kind::Soft)], [], |layer| layer);
    // The first operation may be slow on a busy machine.
    while hard.ledger.read(&[]).await.is_err() || soft.ledger.read(&[]).await.is_err() {}
    hard.chat().await.unwrap();
    while hard.budgets.flush().await.is_err() {}
    server.pause();
    let error = hard.chat().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::BudgetExceeded, Some(CODE_UNAVAILABLE)));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(5)));
    soft.chat().await.unwrap();
    server.resume();
    let start = tokio::time::Instant::now();
    while hard.chat().await.is_err() {
        assert!(start.elapsed() < Duration::from_secs(5), "not found again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    while hard.budgets.flush().await.is_err() || soft.budgets.flush().await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    while hard.ledger.read(&[]).await.is_err() {}
    assert_eq!(hard.tokens("all@total").await, (45, 0), "what passed meanwhile is counted afterwards");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1))]
    /// Forty histories on one server: each case of its own would start one.
    #[test]
    fn any_history_has_the_models_balances(histories in prop::collection::vec(suite::steps(), 40)) {
        let Some(server) = server() else { return Ok(()) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let stand = RedisStand(Arc::new(ledger(&server)));
        for (number, history) in histories.iter().enumerate() {
            // Leases run out by the server's time, which the model does not have.
            let timeless: Vec<_> = history.iter().filter(|step| !matches!(step, suite::Step::Pass(_))).cloned().collect();
            runtime.block_on(suite::compare_with_lease(&stand, &format!("h{number}"), &timeless, Duration::from_secs(600)))?;
        }
    }
}
