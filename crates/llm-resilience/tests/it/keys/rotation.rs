//! Which key a call goes out with, and what follows when the vendor refuses it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use llm_core::{Cx, ErrorKind, Hints, Progress, Provider};
use llm_resilience::COOLED_DOWN;
use tokio::time::{Instant, advance};

use super::{Does, Vendor, ask, limited, pool, remaining, revoked};
use crate::support::{chat, cx, error, open};

const MINUTE: Duration = Duration::from_secs(60);

async fn answers(provider: &Arc<dyn Provider>, calls: usize) {
    for _ in 0..calls {
        ask(provider, &cx()).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn keys_take_turns_and_a_refused_one_is_left_out_until_its_time() {
    let vendor = Vendor::new();
    let (provider, keys) = pool(&vendor, &["a", "b"]);
    answers(&provider, 4).await;
    assert_eq!(vendor.keys(), "a b a b");

    for (refusal, wait) in [
        (revoked(), 5 * MINUTE),
        (error(ErrorKind::QuotaExhausted).with_status(402), 15 * MINUTE),
        (limited(30), MINUTE / 2),
    ] {
        let kind = refusal.kind();
        vendor.refuse("a", refusal);
        answers(&provider, 4).await;
        assert_eq!(vendor.keys().matches('a').count(), 1, "{kind}: once, and the same call went on with the other");
        let cooling = &keys.statuses()[0].cooling;
        assert!(cooling[0].reason == kind && cooling[0].retry_in > wait * 9 / 10, "{cooling:?}");
        vendor.take("a");
        advance(wait).await;
        answers(&provider, 2).await;
        assert!(vendor.keys().contains('a'), "{kind}: it is used again");
        assert!(keys.statuses().iter().all(|key| key.ready && key.cooling.is_empty()), "{:?}", keys.statuses());
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_key_may_not_do_at_one_model_it_may_do_at_others() {
    let vendor = Vendor::new();
    let (provider, keys) = pool(&vendor, &["a", "b"]);
    vendor.refuse("a", error(ErrorKind::Permission).with_status(403));
    answers(&provider, 3).await;
    assert_eq!(vendor.keys(), "a b b b");
    vendor.take("a");
    assert_eq!(keys.statuses()[0].cooling[0].model.as_deref(), Some("public"));
    assert!(keys.statuses()[0].ready);
    let other = llm_core::ChatRequest::new("other").with_user("hello");
    for _ in 0..2 {
        provider.call(&cx(), llm_core::Request::Chat(other.clone().into())).await.unwrap();
    }
    assert!(vendor.keys().contains('a'));
}

#[tokio::test(start_paused = true)]
async fn faults_of_the_request_and_of_the_vendor_are_no_faults_of_a_key() {
    for kind in [ErrorKind::InvalidRequest, ErrorKind::Server, ErrorKind::Overloaded, ErrorKind::ContentFilter] {
        let vendor = Vendor::new();
        let (provider, keys) = pool(&vendor, &["a", "b"]);
        vendor.refuse("a", error(kind).with_retry_after(MINUTE));
        assert_eq!(ask(&provider, &cx()).await.unwrap_err().kind(), kind);
        assert_eq!(vendor.keys(), "a");
        assert!(keys.statuses()[0].cooling.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_callers_own_key_goes_before_the_pool_and_never_into_it() {
    let vendor = Vendor::new();
    let (provider, keys) = pool(&vendor, &["a", "b"]);
    vendor.refuse("own", revoked());
    vendor.refuse("a", revoked());
    let mut own = cx();
    (own.credential, own.endpoint) = (Some("own".into()), Some("https://caller.test".into()));
    for _ in 0..3 {
        let error = ask(&provider, &own).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Auth, Some("invalid_api_key")));
    }
    // Even where it is one of the pool.
    own.credential = Some("a".into());
    ask(&provider, &own).await.unwrap_err();
    assert_eq!(vendor.calls()[0].endpoint.as_deref(), Some("https://caller.test"));
    assert_eq!(vendor.keys(), "own own own a", "no key of the pool steps in for it");
    assert!(keys.statuses().iter().all(|key| key.cooling.is_empty()));

    // An address without a key gets no key of ours.
    let mut address = cx();
    address.endpoint = Some("https://caller.test".into());
    ask(&provider, &address).await.unwrap();
    assert!(vendor.calls().iter().all(|call| call.endpoint.is_none()), "{:?}", vendor.calls());
}

#[tokio::test(start_paused = true)]
async fn when_all_keys_are_left_alone_the_soonest_is_told() {
    let vendor = Vendor::new();
    let (provider, _) = pool(&vendor, &["a", "b", "c"]);
    vendor.refuse("a", limited(90));
    vendor.refuse("b", revoked());
    vendor.refuse("c", limited(40));
    let first = ask(&provider, &cx()).await.unwrap_err();
    assert_eq!((first.kind(), first.progress()), (ErrorKind::RateLimited, Progress::Sent));
    assert_eq!(first.retry_after(), Some(Duration::from_secs(40)));
    assert_eq!(vendor.keys(), "a b c");
    advance(Duration::from_secs(10)).await;
    let again = ask(&provider, &cx()).await.unwrap_err();
    assert_eq!((again.kind(), again.code()), (ErrorKind::RateLimited, Some(COOLED_DOWN)));
    assert_eq!((again.progress(), again.retry_after()), (Progress::NotSent, Some(Duration::from_secs(30))));
    assert_eq!(vendor.keys(), "", "nobody was asked");
    vendor.take("c");
    advance(Duration::from_secs(30)).await;
    answers(&provider, 1).await;
    assert_eq!(vendor.keys(), "c");
}

#[tokio::test(start_paused = true)]
async fn a_single_key_says_what_the_vendor_says() {
    let vendor = Vendor::new();
    let (provider, _) = pool(&vendor, &["a"]);
    vendor.refuse("a", revoked());
    let error = ask(&provider, &cx()).await.unwrap_err();
    assert_eq!((error.status(), error.code()), (Some(401), Some("invalid_api_key")));
    assert_eq!(error.message(), "scripted auth");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_refused_before_its_first_words_is_another_keys_unseen() {
    let vendor = Vendor::new();
    let (provider, keys) = pool(&vendor, &["a", "b"]);
    vendor.set("a", Does { refuses: Some(limited(60)), in_stream: Some(false), ..Does::default() });
    let response = open(&provider, &cx()).await.unwrap().collect().await.unwrap();
    assert_eq!((response.text().as_str(), vendor.keys().as_str()), ("b", "a b"));
    assert_eq!(keys.statuses()[0].cooling[0].reason, ErrorKind::RateLimited);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_refused_behind_its_first_words_ends_and_its_key_is_left_alone() {
    let vendor = Vendor::new();
    let (provider, keys) = pool(&vendor, &["a", "b"]);
    vendor.set("a", Does { refuses: Some(limited(60)), in_stream: Some(true), ..Does::default() });
    let error = open(&provider, &cx()).await.unwrap().collect().await.unwrap_err();
    assert_eq!((error.kind(), vendor.keys().as_str()), (ErrorKind::RateLimited, "a"));
    assert_eq!(keys.statuses()[0].cooling[0].reason, ErrorKind::RateLimited);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_when_the_time_is_over() {
    let vendor = Vendor::new();
    let (provider, _) = pool(&vendor, &["a", "b"]);
    vendor.refuse("a", limited(60));
    let late = cx().with_deadline((Instant::now() + Duration::from_millis(55)).into_std());
    assert_eq!(ask(&provider, &late).await.unwrap_err().kind(), ErrorKind::RateLimited);
    assert_eq!(vendor.keys(), "a");
}

#[tokio::test(start_paused = true)]
async fn a_session_stays_with_its_key() {
    let vendor = Vendor::new();
    let (provider, _) = pool(&vendor, &["a", "b", "c"]);
    let mut hints = Hints::default();
    hints.session = Some("s1".into());
    let session = cx().with_hints(hints);
    let key = ask(&provider, &session).await.unwrap();
    for _ in 0..5 {
        answers(&provider, 1).await;
        assert_eq!(ask(&provider, &session).await.unwrap(), key);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_vendor_says_of_one_key_of_several_is_not_said_of_the_target() {
    let vendor = Vendor::new();
    vendor.set("a", Does { limits: Some(remaining(0)), ..Does::default() });
    vendor.set("b", Does { limits: Some(remaining(80)), ..Does::default() });
    let (provider, _) = pool(&vendor, &["a", "b"]);
    assert_eq!(chat(&provider, &cx()).await.unwrap().rate_limits, None);
    let mut stream = open(&provider, &cx()).await.unwrap();
    while let Some(event) = stream.next().await {
        if let llm_core::Event::Start(start) = event.unwrap() {
            assert_eq!(start.rate_limits, None);
        }
    }
    vendor.keys();
    answers(&provider, 50).await;
    assert!(vendor.count("a") <= 1, "{}: the one with something left is used", vendor.keys());
    let (alone, _) = pool(&vendor, &["b"]);
    assert_eq!(chat(&alone, &cx()).await.unwrap().rate_limits, Some(remaining(80)));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_calls_hit_a_limited_key_only_while_they_are_under_way() {
    let vendor = Vendor::new();
    let (provider, _) = pool(&vendor, &["a", "b"]);
    // A thousand begin within a second; each takes 10 ms, and the key is limited from the middle on.
    let tasks: Vec<_> = (0..1000)
        .map(|call| {
            let provider = provider.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(call)).await;
                ask(&provider, &cx()).await
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let under_way = 10;
    vendor.refuse("a", limited(3600));
    let hit = vendor.count("a");
    for answer in join_all(tasks).await {
        answer.unwrap().unwrap();
    }
    let again = vendor.count("a") - hit;
    assert!((1..=under_way).contains(&again), "{again} calls came after the limit began");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_gives_its_turn_back() {
    let vendor = Vendor::new();
    let (provider, _) = pool(&vendor, &["a"]);
    vendor.refuse("a", revoked());
    ask(&provider, &cx()).await.unwrap_err();
    vendor.take("a");
    advance(5 * MINUTE).await;
    let gave_up = tokio::time::timeout(Duration::from_millis(1), ask(&provider, &Cx::clone(&cx()))).await;
    assert!(gave_up.is_err());
    assert_eq!(ask(&provider, &cx()).await.unwrap(), "a");
}
