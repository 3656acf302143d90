//! The allowance: what replicas may spend while the ledger does not answer, and that it is never too much.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use llm_budget::{
    Account, Allowance, Balance, Budget, Budgets, CODE_EXCEEDED, CODE_UNAVAILABLE, Ledger, LedgerError, MemoryLedger,
    Reply, Reservation, Window,
};
use llm_core::{ChatRequest, Usd};
use proptest::prelude::*;
use tokio::sync::watch;

use crate::fake::{Act, Bench, price, tokio_clock};

/// How the way to the ledger is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Open,
    /// Nobody is asked.
    Down,
    /// What is asked is lost.
    Lost,
    /// The answers are lost.
    Deaf,
    /// What is asked arrives when the way is open again, and nobody hears the answer.
    Late,
}

const WAYS: [Way; 5] = [Way::Open, Way::Down, Way::Lost, Way::Deaf, Way::Late];

/// One replica's way to the ledger of all.
#[derive(Clone)]
struct Far {
    ledger: Arc<MemoryLedger>,
    way: Arc<watch::Sender<Way>>,
}

impl Far {
    fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    async fn ask<T, F, Fut>(&self, what: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: FnOnce(Arc<MemoryLedger>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, LedgerError>> + Send,
    {
        // A moment on the way, during which others are served.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let lost = || Err(LedgerError::Unavailable("no answer".to_owned()));
        let way = *self.way.borrow();
        match way {
            Way::Open => what(self.ledger.clone()).await,
            Way::Down => Err(LedgerError::Down),
            Way::Lost => lost(),
            Way::Deaf => {
                let _ = what(self.ledger.clone()).await;
                lost()
            }
            Way::Late => {
                let (ledger, mut way) = (self.ledger.clone(), self.way.subscribe());
                tokio::spawn(async move {
                    let _ = way.wait_for(|way| *way != Way::Late).await;
                    let _ = what(ledger).await;
                });
                lost()
            }
        }
    }
}

#[async_trait]
impl Ledger for Far {
    async fn reserve(&self, reservation: &Reservation) -> Result<Reply, LedgerError> {
        let one = reservation.clone();
        self.ask(move |ledger| async move { ledger.reserve(&one).await }).await
    }

    async fn heartbeat(&self, reservation: &Reservation, observed: u64) -> Result<Reply, LedgerError> {
        let one = reservation.clone();
        self.ask(move |ledger| async move { ledger.heartbeat(&one, observed).await }).await
    }

    async fn settle(&self, reservation: &Reservation, actual: u64) -> Result<Reply, LedgerError> {
        let one = reservation.clone();
        self.ask(move |ledger| async move { ledger.settle(&one, actual).await }).await
    }

    async fn read(&self, accounts: &[Account]) -> Result<Vec<Balance>, LedgerError> {
        self.ledger.read(accounts).await
    }

    async fn recompute(&self, account: &Account, spent: u64) -> Result<Balance, LedgerError> {
        self.ledger.recompute(account, spent).await
    }
}

struct Replica {
    far: Far,
    bench: Arc<Bench>,
}

fn replicas(count: u32, limit: Usd, part: f64, acts: impl Fn() -> Vec<Act>) -> Vec<Replica> {
    let ledger = Arc::new(MemoryLedger::new(tokio_clock()));
    let one = |_| {
        let far = Far { ledger: ledger.clone(), way: Arc::new(watch::Sender::new(Way::Open)) };
        let budgets = Budgets::new([Budget::new("all", limit, Window::Total)], Arc::new(far.clone()), tokio_clock());
        // Leases that run out while nobody can keep them are another matter.
        let budgets = budgets.unwrap().with_lease(Duration::from_secs(36_000));
        let budgets = budgets.with_allowance(Allowance::new(part, count)).unwrap();
        let bench = Bench::of(ledger.clone(), budgets, acts(), |layer| layer.with_reserve_wait(Duration::ZERO));
        Replica { far, bench: Arc::new(bench) }
    };
    (0..count).map(one).collect()
}

fn asking(tokens: u32) -> ChatRequest {
    let mut chat = ChatRequest::new("m").with_user("hello");
    chat.sampling.max_output_tokens = Some(tokens);
    chat
}

#[tokio::test(start_paused = true)]
async fn a_replica_spends_its_share_and_no_more_and_has_it_again_later() {
    let acts = || (0..100).map(|_| Act::Answer(40, Duration::ZERO)).collect();
    let [one, other] = &replicas(2, price(1000), 0.4, acts)[..] else { panic!() };
    // Without having been let through once, there is nothing to spend.
    one.far.set(Way::Down);
    assert_eq!(one.bench.ask(asking(40)).await.unwrap_err().code(), Some(CODE_UNAVAILABLE));
    one.far.set(Way::Open);
    one.bench.ask(asking(40)).await.unwrap();
    for round in 1..=2 {
        one.bench.budgets.flush().await.unwrap();
        one.far.set(Way::Lost);
        // A fifth of the limit, which is four calls of fifty.
        for _ in 0..4 {
            one.bench.ask(asking(40)).await.unwrap();
        }
        let error = one.bench.ask(asking(40)).await.unwrap_err();
        assert_eq!(error.code(), Some(CODE_UNAVAILABLE));
        assert!(error.message().contains("and $0 is left to spend without it"), "{error}");
        assert_eq!(one.bench.tokens("all@total").await, (50 + (round - 1) * 250, 0), "not known yet");
        one.far.set(Way::Open);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(one.bench.tokens("all@total").await, (250 + (round - 1) * 250, 0));
        one.bench.ask(asking(40)).await.unwrap();
    }
    // Who can ask gets six tenths of the limit, of which one call is left.
    other.bench.ask(asking(40)).await.unwrap();
    let error = other.bench.ask(asking(40)).await.unwrap_err();
    assert_eq!(error.code(), Some(CODE_EXCEEDED));
}

#[tokio::test(start_paused = true)]
async fn without_an_allowance_everything_is_closed() {
    let [one] = &replicas(1, price(1000), 0.5, Vec::new)[..] else { panic!() };
    one.bench.ask(asking(40)).await.unwrap();
    let same = one.bench.budgets.replaced([Budget::new("all", price(1000), Window::Total)]).unwrap();
    let closed = Bench::of(one.bench.ledger.clone(), same.with_allowance(None).unwrap(), [], |layer| layer);
    one.far.set(Way::Down);
    one.bench.ask(asking(40)).await.unwrap();
    let error = closed.ask(asking(40)).await.unwrap_err();
    assert_eq!(error.code(), Some(CODE_UNAVAILABLE));
    assert!(!error.message().contains("left to spend"), "{error}");
    assert!(Allowance::new(1.0, 2).check().is_err() && Allowance::new(0.1, 0).check().is_err());
    let read: Allowance = toml::from_str("part = 0.1\nreplicas = 3").unwrap();
    assert_eq!(read, Allowance::new(0.1, 3));
}

#[derive(Clone, Debug)]
enum Step {
    /// So many calls at once that may take so many tokens each, take that part of them in quarters, and that long.
    Calls {
        count: usize,
        tokens: u32,
        quarters: u64,
        millis: u64,
    },
    Way(Way),
    Pass(u64),
}

fn steps(replicas: usize) -> impl Strategy<Value = Vec<(usize, Step)>> {
    let quarters = prop_oneof![3 => Just(4), 1 => 0..4_u64];
    let calls = (1..10_usize, 1..60_u32, quarters, prop_oneof![Just(0), 0..3000_u64])
        .prop_map(|(count, tokens, quarters, millis)| Step::Calls { count, tokens, quarters, millis });
    let way = prop_oneof![Just(Way::Open), prop::sample::select(WAYS.to_vec())];
    let step = prop_oneof![
        4 => calls,
        2 => way.prop_map(Step::Way),
        2 => prop_oneof![0..20_u64, 0..4000_u64].prop_map(Step::Pass),
    ];
    prop::collection::vec((0..replicas, step), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whoever loses the ledger, and however: what all replicas spend together is never over the limit, and the ledger
    /// has all of it in the end.
    #[test]
    fn replicas_never_overspend_together(
        (count, steps) in (1..4_usize).prop_flat_map(|count| (Just(count), steps(count))),
        part in 0.05..0.9_f64,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let limit = price(600);
            let replicas = replicas(u32::try_from(count).unwrap(), limit, part, Vec::new);
            let (billed, mut calls) = (Arc::new(AtomicU64::new(0)), Vec::new());
            for (replica, step) in steps {
                let Replica { far, bench } = &replicas[replica];
                match step {
                    Step::Calls { count, tokens, quarters, millis } => {
                        for _ in 0..count {
                            let takes = u64::from(tokens) * quarters / 4;
                            bench.fake.will(Act::Answer(takes, Duration::from_millis(millis)));
                            let (bench, billed) = (bench.clone(), billed.clone());
                            calls.push(tokio::spawn(async move {
                                if let Ok(response) = bench.ask(asking(tokens)).await {
                                    billed.fetch_add(response.cost.unwrap().total.nanos(), Ordering::Relaxed);
                                }
                            }));
                        }
                        tokio::task::yield_now().await;
                    }
                    Step::Way(way) => far.set(way),
                    Step::Pass(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
                }
            }
            for call in calls {
                call.await.unwrap();
            }
            for replica in &replicas {
                replica.far.set(Way::Open);
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
            for replica in &replicas {
                prop_assert_eq!(replica.bench.budgets.flush().await, Ok(()));
            }
            let billed = billed.load(Ordering::Relaxed);
            prop_assert!(billed <= limit.nanos(), "{} of {}", billed, limit.nanos());
            let (spent, reserved) = replicas[0].bench.tokens("all@total").await;
            prop_assert_eq!((spent, reserved), (i64::try_from(billed / 1_000_000).unwrap(), 0));
            Ok(())
        })?;
    }
}
