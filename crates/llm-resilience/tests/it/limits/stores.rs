//! What every store of rates must do. One suite for all stores.

use llm_core::Usage;
use llm_resilience::limit::{Dimension, MemoryRates, RateAnswer, RateRequest, RateStore, Short};
use tokio::time::advance;

use super::*;

fn request<'a>(id: &'a str, accounts: &'a [(&'a str, &'a LimitPolicy)], input: u64) -> RateRequest<'a> {
    RateRequest { id, accounts, input, output: 0 }
}

/// The rules, for any store; `prefix` keeps its accounts apart from those of others.
async fn suite(store: &dyn RateStore, prefix: &str) {
    let (narrow, wide) = (LimitPolicy::default().with_tpm(600), LimitPolicy::default().with_rpm(100).with_tpm(60_000));
    let (one, two) = (format!("{prefix}:one"), format!("{prefix}:two"));
    let both = [(one.as_str(), &wide), (two.as_str(), &narrow)];
    let id = |number: u32| format!("{prefix}:{number}");
    let short = |wait| RateAnswer::Short { account: 1, dimension: Dimension::Tokens, short: Short::Until(wait) };

    assert_eq!(store.reserve(&request(&id(1), &both, 500)).await.unwrap(), RateAnswer::Reserved);
    // A reply may be lost: asking again reserves nothing more.
    assert_eq!(store.reserve(&request(&id(1), &both, 500)).await.unwrap(), RateAnswer::Reserved);
    assert_eq!(store.reserve(&request(&id(2), &both, 110)).await.unwrap(), short(SECOND));
    let never = RateAnswer::Short { account: 1, dimension: Dimension::Tokens, short: Short::Never };
    assert_eq!(store.reserve(&request(&id(2), &both, 601)).await.unwrap(), never);
    // What was refused took nothing anywhere.
    let alone = [(one.as_str(), &wide)];
    assert_eq!(store.reserve(&request(&id(3), &alone, 59_500)).await.unwrap(), RateAnswer::Reserved);
    store.settle(&id(3), None).await.unwrap();
    // What was not used comes back, once.
    for _ in 0..2 {
        store.settle(&id(1), Some(&Usage::new(100, 0))).await.unwrap();
    }
    assert_eq!(store.reserve(&request(&id(4), &both, 510)).await.unwrap(), short(SECOND));
    assert_eq!(store.reserve(&request(&id(4), &both, 500)).await.unwrap(), RateAnswer::Reserved);
    // What was used beyond it is paid first.
    store.settle(&id(4), Some(&Usage::new(600, 0))).await.unwrap();
    assert_eq!(store.reserve(&request(&id(5), &both, 10)).await.unwrap(), short(11 * SECOND));
    store.settle("unknown", None).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_store_in_memory() {
    let store = MemoryRates::default();
    suite(&store, "a").await;
    suite(&store, "b").await;
}

#[tokio::test(start_paused = true)]
async fn what_is_committed_is_what_was_used() {
    for seed in 0..20 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let store = MemoryRates::default();
        let policy = LimitPolicy::default().with_tpm(1_000_000).with_rpm(10_000);
        let names = ["process", "tenant", "target"];
        let accounts = names.map(|name| (name, &policy));
        let (mut used, mut requests, mut open) = (0_i64, 0_i64, Vec::new());
        for number in 0..500 {
            let id = number.to_string();
            let bound = &accounts[..rng.usize(1..=3)];
            assert_eq!(store.reserve(&request(&id, bound, rng.u64(..1000))).await.unwrap(), RateAnswer::Reserved);
            open.push((id, bound.len() == 3));
            if rng.bool() {
                let (id, counted) = open.swap_remove(rng.usize(..open.len()));
                let actual = rng.bool().then(|| rng.u64(..1500));
                let usage = actual.map(|actual| Usage::new(actual, 0));
                store.settle(&id, usage.as_ref()).await.unwrap();
                if let Some(actual) = actual.filter(|_| counted) {
                    (used, requests) = (used + i64::try_from(actual).unwrap(), requests + 1);
                }
            }
        }
        for (id, _) in open {
            store.settle(&id, None).await.unwrap();
        }
        let left = store.left("target");
        let expected = [(Dimension::Requests, 10_000 - requests), (Dimension::Tokens, 1_000_000 - used)];
        assert_eq!(left, expected, "seed {seed}");
        advance(120 * SECOND).await;
        assert_eq!(store.left("target")[1].1, 1_000_000);
    }
}
