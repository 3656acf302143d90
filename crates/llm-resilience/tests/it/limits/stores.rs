//! What every store of rates and places must do. One suite for all stores; each part has accounts of its own.

use std::sync::Arc;

use async_trait::async_trait;
use llm_resilience::limit::{
    Dimension, MemoryRates, RateAccount, RateAnswer, RateBeat, RateCharge, RateRequest, RateSettlement, RateStore,
    Short, Units,
};
use tokio::time::advance;

use super::*;

/// A store and how its time passes.
#[async_trait]
pub(crate) trait Stand: Send + Sync {
    fn store(&self) -> Arc<dyn RateStore>;
    async fn pass(&self, time: Duration);
    /// By how much a wait may be shorter than it would be if no time passed by itself.
    fn slack(&self) -> Duration;
}

struct InMemory(Arc<MemoryRates>);

#[async_trait]
impl Stand for InMemory {
    fn store(&self) -> Arc<dyn RateStore> {
        self.0.clone()
    }

    async fn pass(&self, time: Duration) {
        advance(time).await;
    }

    fn slack(&self) -> Duration {
        Duration::ZERO
    }
}

pub(crate) fn account(name: &str, policy: &LimitPolicy) -> Arc<RateAccount> {
    Arc::new(RateAccount::new(name, policy))
}

/// A request with input tokens only.
pub(crate) fn request(id: &str, accounts: &[&Arc<RateAccount>], input: u64) -> Arc<RateRequest> {
    let charges = accounts.iter().map(|account| RateCharge::new((*account).clone(), input, 0)).collect();
    Arc::new(RateRequest { id: id.into(), charges, lease: 30 * SECOND })
}

/// So many input tokens were used in the end.
pub(crate) fn settlement(request: &Arc<RateRequest>, input: u64, asked: bool) -> RateSettlement {
    let used = |charge: &RateCharge| RateCharge::new(charge.account.clone(), input, 0).units;
    let used = request.charges.iter().map(used).collect();
    RateSettlement { request: request.clone(), used, asked }
}

/// Nothing was used, not even the request.
pub(crate) fn unused(request: &Arc<RateRequest>) -> RateSettlement {
    let used: Vec<Units> = vec![[0; 5]; request.charges.len()];
    RateSettlement { request: request.clone(), used, asked: true }
}

/// Runs everything on one stand; replicas first, because other parts have some too.
pub(crate) async fn run(stand: &dyn Stand) {
    replicas_are_counted(stand).await;
    all_accounts_or_none(stand).await;
    what_was_used_takes_the_place_of_what_was_reserved(stand).await;
    every_operation_may_be_repeated_and_overtaken(stand).await;
    each_dimension_counts_its_own(stand).await;
    bursts_are_earned_again(stand).await;
    places_end_with_their_requests_or_their_leases(stand).await;
    what_was_used_apart_is_counted(stand).await;
    other_limits_keep_what_is_used(stand).await;
    names_may_be_any_text(stand).await;
}

fn tpm(limit: u64) -> LimitPolicy {
    LimitPolicy::default().with_tpm(limit)
}

async fn reserve(stand: &dyn Stand, request: &Arc<RateRequest>) -> RateAnswer {
    stand.store().reserve(request).await.unwrap()
}

async fn settle(stand: &dyn Stand, settlement: RateSettlement) {
    stand.store().settle(&[settlement]).await.unwrap();
}

/// Asserts that it is short of tokens for so long, or somewhat less where time passes by itself.
fn assert_short(stand: &dyn Stand, answer: RateAnswer, charge: usize, wait: Duration) {
    let RateAnswer::Short { charge: found, dimension, short: Short::Until(found_wait) } = answer else {
        panic!("it is not short: {answer:?}");
    };
    assert_eq!((found, dimension), (charge, Dimension::Tokens));
    assert!(found_wait <= wait && found_wait + stand.slack() >= wait, "{found_wait:?} instead of {wait:?}");
}

async fn all_accounts_or_none(stand: &dyn Stand) {
    let wide = account("all:wide", &tpm(60_000).with_rpm(100));
    let narrow = account("all:narrow", &tpm(600));
    let both = [&wide, &narrow];
    assert_eq!(reserve(stand, &request("all:1", &both, 500)).await, RateAnswer::Reserved);
    assert_short(stand, reserve(stand, &request("all:2", &both, 110)).await, 1, SECOND);
    let never = RateAnswer::Short { charge: 1, dimension: Dimension::Tokens, short: Short::Never };
    assert_eq!(reserve(stand, &request("all:2", &both, 601)).await, never);
    // What was refused took nothing anywhere, and may be asked for again.
    assert_eq!(reserve(stand, &request("all:3", &[&wide], 59_500)).await, RateAnswer::Reserved);
    assert_eq!(reserve(stand, &request("all:2", &[&narrow], 100)).await, RateAnswer::Reserved);
}

async fn what_was_used_takes_the_place_of_what_was_reserved(stand: &dyn Stand) {
    let account = account("used", &tpm(600));
    let of = |id: &str, input| request(&format!("used:{id}"), &[&account], input);
    let first = of("1", 500);
    assert_eq!(reserve(stand, &first).await, RateAnswer::Reserved);
    settle(stand, settlement(&first, 100, true)).await;
    assert_short(stand, reserve(stand, &of("2", 510)).await, 0, SECOND);
    let second = of("2", 500);
    assert_eq!(reserve(stand, &second).await, RateAnswer::Reserved);
    // More than was thought is a debt, and paid first.
    settle(stand, settlement(&second, 600, true)).await;
    assert_short(stand, reserve(stand, &of("3", 10)).await, 0, 11 * SECOND);
    // It ends at the limit, whatever it was.
    settle(stand, settlement(&of("4", 0), 1_000_000, false)).await;
    assert_short(stand, reserve(stand, &of("5", 10)).await, 0, 61 * SECOND);
}

async fn every_operation_may_be_repeated_and_overtaken(stand: &dyn Stand) {
    let account = account("twice", &tpm(600).with_max_in_flight(5));
    let of = |id: &str, input| request(&format!("twice:{id}"), &[&account], input);
    let one = of("1", 300);
    // A reply may be lost: asking again reserves nothing more.
    for _ in 0..3 {
        assert_eq!(reserve(stand, &one).await, RateAnswer::Reserved);
    }
    for _ in 0..3 {
        settle(stand, settlement(&one, 200, true)).await;
    }
    assert_eq!(reserve(stand, &one).await, RateAnswer::Closed);
    // Nothing comes back of what the store never reserved, and a late reservation of it is refused.
    let late = of("2", 300);
    settle(stand, unused(&late)).await;
    assert_eq!(reserve(stand, &late).await, RateAnswer::Closed);
    stand.store().beat(RateBeat { replica: "twice", alive: SECOND, at_work: &[late] }).await.unwrap();
    assert_short(stand, reserve(stand, &of("3", 410)).await, 0, SECOND);
    assert_eq!(reserve(stand, &of("3", 400)).await, RateAnswer::Reserved);
    settle(stand, unused(&of("3", 400))).await;
    assert_eq!(reserve(stand, &of("4", 400)).await, RateAnswer::Reserved, "all of it came back");
}

async fn each_dimension_counts_its_own(stand: &dyn Stand) {
    let mut policy = LimitPolicy::default();
    (policy.rpm, policy.rpd, policy.itpm, policy.otpm) = (Some(600), Some(2), Some(60_000), Some(1000));
    let account = account("each", &policy);
    let of = |id: u32, input, output| {
        let charges = vec![RateCharge::new(account.clone(), input, output)];
        Arc::new(RateRequest { id: format!("each:{id}").into(), charges, lease: SECOND })
    };
    let store = stand.store();
    let short_of = |answer: RateAnswer| match answer {
        RateAnswer::Short { dimension, .. } => dimension,
        other => panic!("{other:?}"),
    };
    assert_eq!(store.reserve(&of(1, 100, 900)).await.unwrap(), RateAnswer::Reserved);
    assert_eq!(short_of(store.reserve(&of(2, 100, 200)).await.unwrap()), Dimension::OutputTokens);
    assert_eq!(short_of(store.reserve(&of(2, 60_001, 0)).await.unwrap()), Dimension::InputTokens);
    assert_eq!(store.reserve(&of(2, 59_900, 100)).await.unwrap(), RateAnswer::Reserved);
    assert_eq!(short_of(store.reserve(&of(3, 0, 0)).await.unwrap()), Dimension::RequestsPerDay);
}

async fn bursts_are_earned_again(stand: &dyn Stand) {
    // A hundred a second, a second's worth of them at once.
    let mut policy = tpm(6000);
    policy.burst = SECOND;
    let account = account("burst", &policy);
    let of = |id: &str, input| request(&format!("burst:{id}"), &[&account], input);
    assert_eq!(reserve(stand, &of("1", 100)).await, RateAnswer::Reserved);
    assert!(matches!(reserve(stand, &of("2", 100)).await, RateAnswer::Short { .. }));
    stand.pass(SECOND).await;
    assert_eq!(reserve(stand, &of("2", 100)).await, RateAnswer::Reserved);
    // More than a burst passes when everything is there, into debt.
    assert!(matches!(reserve(stand, &of("3", 250)).await, RateAnswer::Short { .. }));
    stand.pass(SECOND).await;
    assert_eq!(reserve(stand, &of("3", 250)).await, RateAnswer::Reserved);
    assert_short(stand, reserve(stand, &of("4", 10)).await, 0, Duration::from_millis(1600));
}

async fn places_end_with_their_requests_or_their_leases(stand: &dyn Stand) {
    let account = account("places", &LimitPolicy::default().with_max_in_flight(2));
    let lease = 2 * SECOND;
    let of = |id: u32| {
        let charges = vec![RateCharge::new(account.clone(), 1, 1)];
        Arc::new(RateRequest { id: format!("places:{id}").into(), charges, lease })
    };
    let busy = RateAnswer::Busy { charge: 0 };
    assert_eq!(reserve(stand, &of(1)).await, RateAnswer::Reserved);
    assert_eq!(reserve(stand, &of(2)).await, RateAnswer::Reserved);
    assert_eq!(reserve(stand, &of(3)).await, busy);
    settle(stand, settlement(&of(1), 1, true)).await;
    assert_eq!(reserve(stand, &of(3)).await, RateAnswer::Reserved);
    // Who says that it is at work keeps its place, and whoever is not heard of loses it.
    stand.pass(lease / 2).await;
    stand.store().beat(RateBeat { replica: "places", alive: SECOND, at_work: &[of(2), of(1)] }).await.unwrap();
    assert_eq!(reserve(stand, &of(4)).await, busy, "what is over gets no place again");
    stand.pass(lease * 3 / 4).await;
    assert_eq!(reserve(stand, &of(4)).await, RateAnswer::Reserved);
    assert_eq!(reserve(stand, &of(5)).await, busy);
    // A place that ran out while its request was at work comes back with the next word, even beyond the limit.
    stand.store().beat(RateBeat { replica: "places", alive: SECOND, at_work: &[of(3)] }).await.unwrap();
    settle(stand, settlement(&of(2), 1, true)).await;
    assert_eq!(reserve(stand, &of(5)).await, busy);
}

async fn what_was_used_apart_is_counted(stand: &dyn Stand) {
    let account = account("apart", &tpm(600).with_max_in_flight(1));
    let apart = request("apart:1", &[&account], 100);
    stand
        .store()
        .beat(RateBeat { replica: "apart", alive: SECOND, at_work: std::slice::from_ref(&apart) })
        .await
        .unwrap();
    let next = request("apart:2", &[&account], 0);
    assert_eq!(reserve(stand, &next).await, RateAnswer::Busy { charge: 0 });
    // It took 300 instead of the 100 that were told otherwise.
    for _ in 0..2 {
        settle(stand, settlement(&apart, 300, false)).await;
    }
    assert_short(stand, reserve(stand, &request("apart:3", &[&account], 410)).await, 0, SECOND);
    assert_eq!(reserve(stand, &request("apart:3", &[&account], 400)).await, RateAnswer::Reserved);
}

async fn other_limits_keep_what_is_used(stand: &dyn Stand) {
    let [small, large] = [tpm(600), tpm(6000)].map(|policy| account("other", &policy));
    assert_eq!(reserve(stand, &request("other:1", &[&large], 1200)).await, RateAnswer::Reserved);
    assert_short(stand, reserve(stand, &request("other:2", &[&small], 10)).await, 0, 61 * SECOND);
    assert_eq!(reserve(stand, &request("other:3", &[&large], 4000)).await, RateAnswer::Reserved);
}

async fn replicas_are_counted(stand: &dyn Stand) {
    let beat = async |replica, alive| {
        let store = stand.store();
        store.beat(RateBeat { replica, alive, at_work: &[] }).await.unwrap()
    };
    assert_eq!(beat("a", 60 * SECOND).await, 1);
    assert_eq!((beat("b", SECOND / 2).await, beat("c", 60 * SECOND).await), (2, 3));
    assert_eq!(beat("a", 60 * SECOND).await, 3, "once each");
    stand.pass(SECOND).await;
    assert_eq!(beat("a", 60 * SECOND).await, 2, "b is not heard of any more");
    assert_eq!((beat("c", Duration::ZERO).await, beat("a", Duration::ZERO).await), (1, 0));
}

async fn names_may_be_any_text(stand: &dyn Stand) {
    for (number, name) in ["", "a b", "{x}", "}{", "ü\n\0", "*"].into_iter().enumerate() {
        let account = account(name, &tpm(600));
        let one = request(&format!("name {number} {name}"), &[&account], 600);
        assert_eq!(reserve(stand, &one).await, RateAnswer::Reserved, "{name:?}");
        settle(stand, unused(&one)).await;
        assert_eq!(reserve(stand, &request(&format!("again{number}"), &[&account], 600)).await, RateAnswer::Reserved);
    }
}

#[tokio::test(start_paused = true)]
async fn the_store_in_memory() {
    run(&InMemory(Arc::default())).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_committed_is_what_was_used() {
    for seed in 0..20 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let store = MemoryRates::default();
        let policy = LimitPolicy::default().with_tpm(1_000_000).with_rpm(10_000).with_max_in_flight(1000);
        let accounts = ["process", "tenant", "target"].map(|name| account(name, &policy));
        let accounts: Vec<_> = accounts.iter().collect();
        let (mut used, mut requests, mut open) = (0_i64, 0_i64, Vec::new());
        for number in 0..500 {
            let bound = &accounts[..rng.usize(1..=3)];
            let one = request(&number.to_string(), bound, rng.u64(..1000));
            assert_eq!(store.reserve(&one).await.unwrap(), RateAnswer::Reserved);
            open.push(one);
            if rng.bool() {
                let one = open.swap_remove(rng.usize(..open.len()));
                let counted = one.charges.len() == 3;
                let actual = rng.bool().then(|| rng.u64(..1500));
                let said = actual.map_or_else(|| unused(&one), |actual| settlement(&one, actual, true));
                store.settle(&[said]).await.unwrap();
                if let Some(actual) = actual.filter(|_| counted) {
                    (used, requests) = (used + i64::try_from(actual).unwrap(), requests + 1);
                }
            }
        }
        let said: Vec<_> = open.iter().map(unused).collect();
        store.settle(&said).await.unwrap();
        let expected = [(Dimension::Requests, 10_000 - requests), (Dimension::Tokens, 1_000_000 - used)];
        assert_eq!(store.left("target"), expected, "seed {seed}");
        assert_eq!(store.at_work("target"), 0);
        advance(120 * SECOND).await;
        assert_eq!(store.left("target")[1].1, 1_000_000);
    }
}
