//! What every ledger must do: each store runs all of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use llm_budget::{Account, Balance, Charge, Crossing, Ledger, LedgerError, Outcome, Reservation};
use proptest::prelude::*;

/// A ledger and how its time passes.
#[async_trait]
pub(crate) trait Stand: Send + Sync {
    fn ledger(&self) -> Arc<dyn Ledger>;
    async fn pass(&self, time: Duration);
}

/// Short enough to wait for, long enough for a slow machine to keep.
pub(crate) const LEASE: Duration = Duration::from_millis(400);

pub(crate) fn account(key: &str) -> Account {
    Account { key: key.into(), ends: None }
}

pub(crate) fn charge(key: &str, limit: u64, amount: u64) -> Charge {
    Charge { account: account(key), amount, limit: Some(limit), hard: true, alerts: Arc::default() }
}

pub(crate) fn reservation(id: impl std::fmt::Display, charges: &[Charge]) -> Reservation {
    Reservation { id: id.to_string().into(), lease: Duration::from_secs(60), charges: charges.to_vec() }
}

pub(crate) async fn balance(ledger: &dyn Ledger, key: &str) -> Balance {
    ledger.read(&[account(key)]).await.unwrap()[0]
}

fn sums(spent: i64, reserved: i64, orphaned: i64) -> Balance {
    Balance { spent, reserved, orphaned }
}

/// Runs everything on one stand; the parts use accounts of their own.
pub(crate) async fn run(stand: &dyn Stand) {
    let ledger = &*stand.ledger();
    all_accounts_or_none(ledger).await;
    every_operation_may_be_repeated(ledger).await;
    settling_is_always_done(ledger).await;
    soft_limits_count_what_is_spent(ledger).await;
    alerts_are_told_once(ledger).await;
    recomputing_puts_right(ledger).await;
    large_amounts_are_exact(ledger).await;
    ids_and_keys_may_be_any_text(ledger).await;
    a_burst_never_overspends(stand.ledger()).await;
    leases_run_out(stand).await;
}

async fn all_accounts_or_none(ledger: &dyn Ledger) {
    let both = |amount| [charge("all-a", 100, amount), charge("all-b", 50, amount)];
    assert_eq!(ledger.reserve(&reservation("all-1", &both(30))).await.unwrap().outcome, Outcome::Applied);
    let denied = ledger.reserve(&reservation("all-2", &both(30))).await.unwrap();
    assert_eq!(denied.outcome, Outcome::Denied { charge: 1, remaining: 20, reserved: 30 });
    assert_eq!(balance(ledger, "all-a").await, sums(0, 30, 0), "nothing of the second is set aside");
    assert_eq!(denied.balances, [sums(0, 30, 0), sums(0, 30, 0)]);
    // What was denied may be asked for again.
    assert_eq!(ledger.reserve(&reservation("all-2", &both(20))).await.unwrap().outcome, Outcome::Applied);
}

async fn every_operation_may_be_repeated(ledger: &dyn Ledger) {
    let one = reservation("twice", &[charge("twice", 100, 30)]);
    assert_eq!(ledger.reserve(&one).await.unwrap().outcome, Outcome::Applied);
    assert_eq!(ledger.reserve(&one).await.unwrap().outcome, Outcome::Repeated);
    assert_eq!(balance(ledger, "twice").await, sums(0, 30, 0));
    for observed in [5, 5, 3] {
        assert_eq!(ledger.heartbeat(&one, observed).await.unwrap().outcome, Outcome::Applied);
    }
    assert_eq!(ledger.settle(&one, 12).await.unwrap().outcome, Outcome::Applied);
    assert_eq!(ledger.settle(&one, 12).await.unwrap().outcome, Outcome::Repeated);
    assert_eq!(ledger.settle(&one, 99).await.unwrap().outcome, Outcome::Repeated);
    assert_eq!(ledger.release(&one).await.unwrap().outcome, Outcome::Repeated);
    assert_eq!(ledger.heartbeat(&one, 50).await.unwrap().outcome, Outcome::Closed);
    assert_eq!(ledger.reserve(&one).await.unwrap().outcome, Outcome::Closed);
    assert_eq!(balance(ledger, "twice").await, sums(12, 0, 0));
    // A release that overtakes its reservation wins.
    let late = reservation("late", &[charge("twice", 100, 30)]);
    assert_eq!(ledger.release(&late).await.unwrap().outcome, Outcome::Applied);
    assert_eq!(ledger.reserve(&late).await.unwrap().outcome, Outcome::Closed);
    assert_eq!(balance(ledger, "twice").await, sums(12, 0, 0));
}

async fn settling_is_always_done(ledger: &dyn Ledger) {
    let one = reservation("debt", &[charge("debt", 100, 80)]);
    ledger.reserve(&one).await.unwrap();
    ledger.settle(&one, 130).await.unwrap();
    assert_eq!(balance(ledger, "debt").await, sums(130, 0, 0), "more than was set aside, more than the limit");
    let next = ledger.reserve(&reservation("debt-2", &[charge("debt", 100, 1)])).await.unwrap();
    assert_eq!(next.outcome, Outcome::Denied { charge: 0, remaining: 0, reserved: 0 });
    // One that the ledger never heard of is not lost either.
    ledger.settle(&reservation("debt-3", &[charge("debt", 100, 5)]), 7).await.unwrap();
    assert_eq!(balance(ledger, "debt").await, sums(137, 0, 0));
}

async fn soft_limits_count_what_is_spent(ledger: &dyn Ledger) {
    let soft =
        |id: &str, amount| reservation(format!("soft-{id}"), &[Charge { hard: false, ..charge("soft", 100, amount) }]);
    for id in ["a", "b"] {
        assert_eq!(ledger.reserve(&soft(id, 90)).await.unwrap().outcome, Outcome::Applied, "nothing is spent yet");
    }
    ledger.settle(&soft("a", 90), 99).await.unwrap();
    assert_eq!(ledger.reserve(&soft("c", 90)).await.unwrap().outcome, Outcome::Applied);
    ledger.settle(&soft("b", 90), 1).await.unwrap();
    assert!(matches!(ledger.reserve(&soft("d", 1)).await.unwrap().outcome, Outcome::Denied { remaining: 0, .. }));
    let free = reservation("soft-e", &[Charge { limit: None, ..charge("soft", 0, 1000) }]);
    assert_eq!(ledger.reserve(&free).await.unwrap().outcome, Outcome::Applied, "no limit");
}

async fn alerts_are_told_once(ledger: &dyn Ledger) {
    let told = |id: u32| {
        let alerts: Arc<[u64]> = [80, 95].into();
        reservation(format!("told-{id}"), &[charge("untold", 1000, 20), Charge { alerts, ..charge("told", 100, 20) }])
    };
    let mut crossed = Vec::new();
    for id in 0..5 {
        crossed.extend(ledger.reserve(&told(id)).await.unwrap().crossed);
        crossed.extend(ledger.heartbeat(&told(id), 15).await.unwrap().crossed);
        crossed.extend(ledger.settle(&told(id), 20).await.unwrap().crossed);
        crossed.extend(ledger.settle(&told(id), 20).await.unwrap().crossed);
    }
    assert_eq!(crossed, [Crossing { charge: 1, amount: 80 }, Crossing { charge: 1, amount: 95 }]);
}

async fn recomputing_puts_right(ledger: &dyn Ledger) {
    let (one, two) =
        (reservation("right", &[charge("right", 100, 40)]), reservation("left", &[charge("right", 100, 9)]));
    ledger.reserve(&one).await.unwrap();
    ledger.reserve(&two).await.unwrap();
    ledger.settle(&one, 40).await.unwrap();
    assert_eq!(ledger.recompute(&account("right"), 25).await.unwrap(), sums(25, 9, 0));
    ledger.settle(&two, 5).await.unwrap();
    assert_eq!(balance(ledger, "right").await, sums(30, 0, 0));
}

async fn large_amounts_are_exact(ledger: &dyn Ledger) {
    const LIMIT: u64 = 1 << 53;
    let large = |id: u32, amount| reservation(format!("large-{id}"), &[charge("large", LIMIT, amount)]);
    ledger.reserve(&large(1, LIMIT - 1)).await.unwrap();
    let denied = ledger.reserve(&large(2, 2)).await.unwrap().outcome;
    assert_eq!(denied, Outcome::Denied { charge: 0, remaining: 1, reserved: LIMIT - 1 });
    assert_eq!(ledger.reserve(&large(3, 1)).await.unwrap().outcome, Outcome::Applied);
    ledger.settle(&large(1, LIMIT - 1), LIMIT - 3).await.unwrap();
    assert_eq!(balance(ledger, "large").await, sums((1 << 53) - 3, 1, 0));
    let over = reservation("large-4", &[charge("larger", LIMIT + 1, 1)]);
    assert_eq!(ledger.reserve(&over).await.unwrap_err(), LedgerError::TooLarge(LIMIT + 1));
}

async fn ids_and_keys_may_be_any_text(ledger: &dyn Ledger) {
    for (number, text) in ["a|b|c", "{x}", "ü §", "%d\\n", "a b", "-0"].into_iter().enumerate() {
        let one = reservation(format!("{text}|{number}"), &[charge(text, 100, 7)]);
        ledger.reserve(&one).await.unwrap();
        assert_eq!(balance(ledger, text).await, sums(0, 7, 0), "{text}");
        ledger.settle(&one, 3).await.unwrap();
        assert_eq!(balance(ledger, text).await, sums(3, 0, 0), "{text}");
    }
}

/// 1,000 at once against one limit: who is let in stays within it, and what they cost is what the ledger says.
async fn a_burst_never_overspends(ledger: Arc<dyn Ledger>) {
    const LIMIT: u64 = 50_000;
    let tasks: Vec<_> = (0..1000_u64)
        .map(|number| {
            let ledger = ledger.clone();
            tokio::spawn(async move {
                let (estimate, actual) = (50 + number % 150, 1 + number % 50);
                let both = [charge("burst", LIMIT, estimate), charge("burst-team", 2 * LIMIT, estimate)];
                let one = reservation(format!("burst-{number}"), &both);
                match ledger.reserve(&one).await.unwrap().outcome {
                    Outcome::Applied => {}
                    _ => return 0,
                }
                ledger.heartbeat(&one, actual / 2).await.unwrap();
                ledger.settle(&one, actual).await.unwrap();
                actual
            })
        })
        .collect();
    let mut billed = 0;
    for task in tasks {
        billed += task.await.unwrap();
    }
    assert!(billed > 0 && billed <= LIMIT, "{billed}");
    let exact = sums(i64::try_from(billed).unwrap(), 0, 0);
    assert_eq!(balance(&*ledger, "burst").await, exact);
    assert_eq!(balance(&*ledger, "burst-team").await, exact);
}

async fn leases_run_out(stand: &dyn Stand) {
    let ledger = &*stand.ledger();
    let short = |id: &str| Reservation { lease: LEASE, ..reservation(id, &[charge("lease", 100, 40)]) };
    let (lost, late, kept) = (short("lost"), short("lease-late"), short("kept"));
    ledger.reserve(&lost).await.unwrap();
    ledger.heartbeat(&lost, 11).await.unwrap();
    ledger.reserve(&late).await.unwrap();
    ledger.heartbeat(&late, 5).await.unwrap();
    stand.pass(LEASE + Duration::from_millis(50)).await;
    assert_eq!(balance(ledger, "lease").await, sums(16, 0, 16), "charged as observed, the rest is free");
    ledger.settle(&late, 33).await.unwrap();
    assert_eq!(balance(ledger, "lease").await, sums(44, 0, 11), "put right by its settlement");
    assert_eq!(ledger.settle(&late, 33).await.unwrap().outcome, Outcome::Repeated);

    ledger.reserve(&kept).await.unwrap();
    for _ in 0..3 {
        stand.pass(LEASE / 2).await;
        ledger.heartbeat(&kept, 2).await.unwrap();
    }
    assert_eq!(balance(ledger, "lease").await, sums(44, 40, 11), "heartbeats keep it");
    stand.pass(LEASE + Duration::from_millis(50)).await;
    assert_eq!(balance(ledger, "lease").await, sums(46, 0, 13));
    ledger.heartbeat(&kept, 4).await.unwrap();
    assert_eq!(balance(ledger, "lease").await, sums(44, 40, 11), "taken back: its call is at work");
    ledger.settle(&kept, 6).await.unwrap();
    assert_eq!(balance(ledger, "lease").await, sums(50, 0, 11));
}

/// One step of a random history. Times are in milliseconds.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Reserve { id: u8, amount: u16 },
    Heartbeat { id: u8, observed: u16 },
    Settle { id: u8, actual: u16 },
    Pass(u16),
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..12_u8, 0..400_u16).prop_map(|(id, amount)| Step::Reserve { id, amount }),
        3 => (0..12_u8, 0..400_u16).prop_map(|(id, observed)| Step::Heartbeat { id, observed }),
        3 => (0..12_u8, 0..600_u16).prop_map(|(id, actual)| Step::Settle { id, actual }),
        1 => (0..500_u16).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 1..60)
}

/// The same history by the simplest bookkeeping there is: what each reservation costs, one by one.
#[derive(Default)]
pub(crate) struct Model {
    held: HashMap<u8, (u64, u64, u64)>,
    expired: HashMap<u8, (u64, u64)>,
    done: HashMap<u8, u64>,
    now: u64,
}

pub(crate) const MODEL_LEASE: u64 = 300;
pub(crate) const MODEL_LIMIT: u64 = 1000;

impl Model {
    /// What the account must have, and whether the step must be let in.
    pub(crate) fn step(&mut self, step: &Step) -> (Balance, bool) {
        let now = self.now;
        let out: Vec<u8> = self.held.iter().filter(|(_, (.., due))| *due <= now).map(|(id, _)| *id).collect();
        for id in out {
            let (amount, observed, _) = self.held.remove(&id).unwrap();
            self.expired.insert(id, (amount, observed));
        }
        let mut fits = true;
        match *step {
            Step::Reserve { id, amount } => {
                let known =
                    self.held.contains_key(&id) || self.expired.contains_key(&id) || self.done.contains_key(&id);
                let used: u64 = self.sum();
                fits = known || used + u64::from(amount) <= MODEL_LIMIT;
                if !known && fits {
                    self.held.insert(id, (amount.into(), 0, now + MODEL_LEASE));
                }
            }
            Step::Heartbeat { id, observed } => {
                let observed = u64::from(observed);
                if let Some((amount, before)) = self.expired.remove(&id) {
                    self.held.insert(id, (amount, before.max(observed), now + MODEL_LEASE));
                } else if let Some((_, before, due)) = self.held.get_mut(&id) {
                    (*before, *due) = ((*before).max(observed), now + MODEL_LEASE);
                } else if !self.done.contains_key(&id) {
                    self.held.insert(id, (0, observed, now + MODEL_LEASE));
                }
            }
            Step::Settle { id, actual } => {
                self.held.remove(&id);
                self.expired.remove(&id);
                self.done.entry(id).or_insert(actual.into());
            }
            Step::Pass(time) => self.now += u64::from(time),
        }
        (self.balance(), fits)
    }

    fn sum(&self) -> u64 {
        let balance = self.balance();
        u64::try_from(balance.spent + balance.reserved).unwrap()
    }

    fn balance(&self) -> Balance {
        let sum = |amounts: &mut dyn Iterator<Item = u64>| i64::try_from(amounts.sum::<u64>()).unwrap();
        let orphaned = sum(&mut self.expired.values().map(|(_, observed)| *observed));
        Balance {
            spent: sum(&mut self.done.values().copied()) + orphaned,
            reserved: sum(&mut self.held.values().map(|(amount, ..)| *amount)),
            orphaned,
        }
    }
}

/// Runs a history on a ledger and on the model, and compares them after every step that shows a balance.
pub(crate) async fn compare(stand: &dyn Stand, key: &str, steps: &[Step]) -> Result<(), TestCaseError> {
    compare_with_lease(stand, key, steps, Duration::from_millis(MODEL_LEASE)).await
}

/// The same with another lease on the ledger than in the model.
pub(crate) async fn compare_with_lease(
    stand: &dyn Stand,
    key: &str,
    steps: &[Step],
    lease: Duration,
) -> Result<(), TestCaseError> {
    let (ledger, mut model, mut amounts) = (stand.ledger(), Model::default(), HashMap::<u8, u64>::new());
    for step in steps {
        let (expected, fits) = model.step(step);
        let of = |id: u8, amount: u64| Reservation {
            lease,
            ..reservation(format!("{key}-{id}"), &[charge(key, MODEL_LIMIT, amount)])
        };
        let reply = match *step {
            Step::Reserve { id, amount } => {
                let reply = ledger.reserve(&of(id, amount.into())).await.unwrap();
                if reply.outcome == Outcome::Applied {
                    amounts.insert(id, amount.into());
                }
                reply
            }
            Step::Heartbeat { id, observed } => {
                let amount = amounts.get(&id).copied().unwrap_or(0);
                ledger.heartbeat(&of(id, amount), observed.into()).await.unwrap()
            }
            Step::Settle { id, actual } => {
                let amount = amounts.get(&id).copied().unwrap_or(0);
                ledger.settle(&of(id, amount), actual.into()).await.unwrap()
            }
            Step::Pass(time) => {
                stand.pass(Duration::from_millis(time.into())).await;
                continue;
            }
        };
        prop_assert_eq!(reply.balances.first().copied(), Some(expected), "{:?}", step);
        prop_assert_eq!(matches!(reply.outcome, Outcome::Denied { .. }), !fits, "{:?}", step);
    }
    Ok(())
}
