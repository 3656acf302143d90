//! Keys that change while the process runs.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use llm_core::{ErrorKind, Progress, Provider};
use llm_resilience::{FixedKey, KeyPools, KeySource};
use tokio::time::advance;

use super::{Changing, Vendor, around, ask, revoked};
use crate::support::cx;

const SECOND: Duration = Duration::from_secs(1);

fn follows(vendor: &Arc<Vendor>, source: &Arc<Changing>) -> Arc<dyn Provider> {
    let source: Arc<dyn KeySource> = source.clone();
    around(vendor, [source], &KeyPools::new()).0
}

#[tokio::test(start_paused = true)]
async fn a_key_that_changes_is_used_within_a_look_and_looks_are_apart() {
    let vendor = Vendor::new();
    let source = Changing::new("old", SECOND);
    let provider = follows(&vendor, &source);
    for _ in 0..50 {
        assert_eq!(ask(&provider, &cx()).await.unwrap(), "old");
    }
    assert_eq!(source.reads(), 1, "half a second is no reason for another look");
    source.set(Some("new"));
    advance(SECOND).await;
    let answers = join_all((0..20).map(|_| async { ask(&provider, &cx()).await })).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(source.reads(), 2, "one looks for all");
    assert_eq!(ask(&provider, &cx()).await.unwrap(), "new");
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_is_looked_at_again_at_once_by_one_for_all() {
    let vendor = Vendor::new();
    let source = Changing::new("old", None);
    let provider = follows(&vendor, &source);
    assert_eq!(ask(&provider, &cx()).await.unwrap(), "old");
    vendor.refuse("old", revoked());
    source.set(Some("new"));
    let answers = join_all((0..100).map(|_| async { ask(&provider, &cx()).await.unwrap() })).await;
    assert!(answers.iter().all(|key| key == "new"), "nobody noticed");
    let reads = source.reads.lock().unwrap().clone();
    assert_eq!(reads.iter().map(|(_, refused)| *refused).collect::<Vec<_>>(), [false, true]);
    assert_eq!(vendor.count("old"), 101, "those that were under way");
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_that_stays_the_same_is_not_looked_at_for_every_call() {
    let vendor = Vendor::new();
    let source = Changing::new("old", None);
    let provider = follows(&vendor, &source);
    vendor.refuse("old", revoked());
    for _ in 0..20 {
        assert_eq!(ask(&provider, &cx()).await.unwrap_err().kind(), ErrorKind::Auth);
    }
    assert_eq!((source.reads(), vendor.count("old")), (2, 1), "at the start, and after the refusal");
}

#[tokio::test(start_paused = true)]
async fn a_mended_key_ends_the_wait_of_a_wrong_one() {
    let vendor = Vendor::new();
    let source = Changing::new("old", SECOND);
    let provider = follows(&vendor, &source);
    vendor.refuse("old", revoked());
    ask(&provider, &cx()).await.unwrap_err();
    assert_ne!(provider.availability(), llm_core::Availability::Ready);
    source.set(Some("new"));
    advance(SECOND).await;
    assert_eq!(provider.availability(), llm_core::Availability::Ready, "a look is due");
    assert_eq!(ask(&provider, &cx()).await.unwrap(), "new");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_keeps_the_old_key_and_one_without_a_key_says_why() {
    let vendor = Vendor::new();
    let source = Changing::new("old", SECOND);
    let provider = follows(&vendor, &source);
    assert_eq!(ask(&provider, &cx()).await.unwrap(), "old");
    source.set(None);
    advance(SECOND).await;
    assert_eq!(ask(&provider, &cx()).await.unwrap(), "old");

    let missing = Changing::new("", SECOND);
    missing.set(None);
    let provider = follows(&vendor, &missing);
    for _ in 0..5 {
        let error = ask(&provider, &cx()).await.unwrap_err();
        assert_eq!((error.kind(), error.progress()), (ErrorKind::Auth, Progress::NotSent));
        assert!(error.message().contains("write the key into it"), "{error}");
    }
    assert_eq!(missing.reads(), 1, "it is not asked for every call");
    missing.set(Some("found"));
    advance(SECOND).await;
    assert_eq!(ask(&provider, &cx()).await.unwrap(), "found");
}

#[tokio::test(start_paused = true)]
async fn a_pool_goes_on_without_a_source_that_fails() {
    let vendor = Vendor::new();
    let missing = Changing::new("", None);
    missing.set(None);
    let fixed: Arc<dyn KeySource> = Arc::new(FixedKey::new("env:KEY", "a".into()));
    let (provider, keys) = around(&vendor, [missing as Arc<dyn KeySource>, fixed], &KeyPools::new());
    for _ in 0..3 {
        assert_eq!(ask(&provider, &cx()).await.unwrap(), "a");
    }
    let statuses = keys.statuses();
    assert!(!statuses[0].ready && statuses[0].error.is_some() && statuses[1].ready, "{statuses:?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_learned_outlives_the_pool() {
    let (vendor, pools) = (Vendor::new(), KeyPools::new());
    let source = || -> [Arc<dyn KeySource>; 2] {
        ["a", "b"].map(|key| -> Arc<dyn KeySource> { Arc::new(FixedKey::new(key, key.into())) })
    };
    vendor.refuse("a", revoked());
    let (provider, _) = around(&vendor, source(), &pools);
    assert_eq!(ask(&provider, &cx()).await.unwrap(), "b");
    let (provider, _) = around(&vendor, source(), &pools);
    vendor.keys();
    for _ in 0..3 {
        assert_eq!(ask(&provider, &cx()).await.unwrap(), "b");
    }
    assert_eq!(vendor.keys(), "b b b");
    pools.forget_refused();
    assert_eq!(ask(&provider, &cx()).await.unwrap(), "b");
    assert!(vendor.keys().contains('a'), "an operator may have mended it");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_holds_nobody_up_while_another_has_a_key() {
    /// Never says anything.
    struct Hangs;

    #[llm_core::async_trait]
    impl KeySource for Hangs {
        fn name(&self) -> &'static str {
            "cmd:hangs"
        }

        async fn read(&self, _refused: bool) -> Result<llm_core::Secret, llm_core::Error> {
            std::future::pending().await
        }
    }

    let vendor = Vendor::new();
    let fixed: Arc<dyn KeySource> = Arc::new(FixedKey::new("env:KEY", "a".into()));
    let (provider, _) = around(&vendor, [Arc::new(Hangs) as Arc<dyn KeySource>, fixed], &KeyPools::new());
    let start = tokio::time::Instant::now();
    let answers = join_all((0..20).map(|_| async { ask(&provider, &cx()).await.unwrap() })).await;
    assert!(answers.iter().all(|key| key == "a"));
    assert!(start.elapsed() < SECOND);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_ends_no_look_for_the_others() {
    let vendor = Vendor::new();
    let source = Changing::new("a", None);
    let provider = follows(&vendor, &source);
    let gave_up = tokio::time::timeout(Duration::from_millis(1), ask(&provider, &cx())).await;
    assert!(gave_up.is_err());
    assert_eq!(ask(&provider, &cx()).await.unwrap(), "a");
    assert_eq!(source.reads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_of_several_is_looked_at_beside_the_call() {
    let vendor = Vendor::new();
    let source = Changing::new("old", None);
    let fixed: Arc<dyn KeySource> = Arc::new(FixedKey::new("env:KEY", "a".into()));
    let (provider, _) = around(&vendor, [source.clone() as Arc<dyn KeySource>, fixed], &KeyPools::new());
    for _ in 0..2 {
        ask(&provider, &cx()).await.unwrap();
    }
    vendor.refuse("old", revoked());
    source.set(Some("new"));
    vendor.keys();
    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.push(ask(&provider, &cx()).await.unwrap());
    }
    assert!(answers.contains(&"a".to_owned()) && answers.contains(&"new".to_owned()), "{answers:?}");
    assert_eq!((vendor.count("old"), source.reads()), (1, 2));
}
