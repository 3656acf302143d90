//! Hits, misses, what a caller may ask, and who may share.

use std::sync::Arc;

use llm_cache::{CachePolicy, TenantScope};
use llm_core::{
    Availability, CacheControl, CacheStatus, CostSource, ErrorKind, FinishReason, Request, Response, Usage, Usd,
};

use crate::support::{Vendor, answer, around, ask, builder, chat, cx, embed, ms, question, stream};

async fn settled() {
    tokio::time::sleep(ms(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_known_answer_is_given_at_once_costs_nothing_and_keeps_its_usage() {
    let vendor = Arc::new(Vendor::new(ms(800)));
    let cache = builder().build();
    let provider = around(&cache, &vendor);
    let first = ask(&provider, &cx("a"), chat("q")).await.unwrap();
    assert_eq!((first.cache, first.cost.as_ref().unwrap().source), (Some(CacheStatus::Miss), CostSource::Embedded));
    settled().await;
    let begun = tokio::time::Instant::now();
    let second = ask(&provider, &cx("a"), chat("q")).await.unwrap();
    assert_eq!(begun.elapsed(), ms(0));
    assert_eq!((second.text(), second.cache), (first.text(), Some(CacheStatus::Hit)));
    assert_eq!(second.usage, Usage::new(7, 3));
    let cost = second.cost.unwrap();
    assert_eq!((cost.total, cost.source), (Usd::ZERO, CostSource::Cache));
    assert_eq!((second.attempts.len(), second.id.as_deref()), (0, Some("made-by-vendor")));
    assert_eq!(vendor.calls(), 1);

    let counters = cache.counters();
    assert_eq!((counters.hits, counters.misses, counters.stored), (1, 1, 1));
    assert_eq!((counters.saved_time, counters.saved_cost), (ms(800), Usd::from_micros(40)));
    assert_eq!((counters.saved_input_tokens, counters.saved_output_tokens), (7, 3));
    assert_eq!(counters.hit_ratio(), Some(0.5));
}

#[tokio::test(start_paused = true)]
async fn tenants_never_share_unless_a_shared_scope_is_declared() {
    let vendor = Arc::new(Vendor::new(ms(1)));
    let cache = builder().build();
    let provider = around(&cache, &vendor);
    for (name, calls) in [("a", 1), ("b", 2), ("a", 2), ("b", 2), ("", 3)] {
        let answer = ask(&provider, &cx(name), chat("q")).await.unwrap();
        settled().await;
        assert_eq!(vendor.calls(), calls, "{name}: {answer}");
    }
    let mut nobody = cx("a");
    nobody.tenant = None;
    for _ in 0..2 {
        let response = ask(&provider, &nobody, chat("q")).await.unwrap();
        assert_eq!(response.cache, Some(CacheStatus::Bypass));
    }
    assert_eq!((vendor.calls(), cache.counters().bypassed), (5, vec![("no_tenant", 2)]));

    let shared = builder().scope(TenantScope::shared()).build();
    let provider = around(&shared, &vendor);
    ask(&provider, &nobody, chat("q")).await.unwrap();
    settled().await;
    assert_eq!(ask(&provider, &cx("b"), chat("q")).await.unwrap().cache, Some(CacheStatus::Hit));
    assert_eq!(vendor.calls(), 6);
}

#[tokio::test(start_paused = true)]
async fn answers_grow_old() {
    let vendor = Arc::new(Vendor::new(ms(1)));
    let cache = builder().policy(CachePolicy::default().with_ttl(ms(10_000))).build();
    let provider = around(&cache, &vendor);
    ask(&provider, &cx("a"), chat("q")).await.unwrap();
    tokio::time::sleep(ms(9_900)).await;
    assert_eq!(ask(&provider, &cx("a"), chat("q")).await.unwrap().cache, Some(CacheStatus::Hit));
    tokio::time::sleep(ms(200)).await;
    assert_eq!(ask(&provider, &cx("a"), chat("q")).await.unwrap().cache, Some(CacheStatus::Miss));
    assert_eq!(vendor.calls(), 2);
    settled().await;
    let brief = cx("a").with_cache(CacheControl::default().with_ttl(ms(100)));
    ask(&provider, &brief, chat("other")).await.unwrap();
    tokio::time::sleep(ms(101)).await;
    assert_eq!(ask(&provider, &cx("a"), chat("other")).await.unwrap().cache, Some(CacheStatus::Miss));
}

#[tokio::test(start_paused = true)]
async fn a_caller_refreshes_reads_only_and_keeps_apart() {
    let vendor = Arc::new(Vendor::new(ms(1)));
    let cache = builder().build();
    let provider = around(&cache, &vendor);
    let with = |control: CacheControl| cx("a").with_cache(control);
    let texts = [
        (with(CacheControl::default().without_store()), "answer 1 to q", CacheStatus::Miss),
        (cx("a"), "answer 2 to q", CacheStatus::Miss),
        (with(CacheControl::default().without_store()), "answer 2 to q", CacheStatus::Hit),
        (with(CacheControl::refresh()), "answer 3 to q", CacheStatus::Miss),
        (cx("a"), "answer 3 to q", CacheStatus::Hit),
        (with(CacheControl::off()), "answer 4 to q", CacheStatus::Bypass),
        (with(CacheControl::default().with_namespace("n")), "answer 5 to q", CacheStatus::Miss),
        (cx("a"), "answer 3 to q", CacheStatus::Hit),
    ];
    for (number, (cx, text, status)) in texts.into_iter().enumerate() {
        for request in [chat("q")] {
            let response = ask(&provider, &cx, request).await.unwrap();
            assert_eq!((response.text().as_str(), response.cache), (text, Some(status)), "request {number}");
        }
        settled().await;
    }
    assert!(cache.forget(&cx("a"), &chat("q")).await.unwrap());
    assert_eq!(ask(&provider, &cx("a"), chat("q")).await.unwrap().text(), "answer 6 to q");
    settled().await;
    assert_eq!(cache.size().await.unwrap().unwrap().entries, 2);
    cache.clear().await.unwrap();
    assert_eq!(cache.size().await.unwrap().unwrap().entries, 0);
    assert_eq!(ask(&provider, &cx("a"), chat("q")).await.unwrap().cache, Some(CacheStatus::Miss));
}

#[tokio::test(start_paused = true)]
async fn streams_and_whole_answers_share_and_models_pass() {
    let vendor = Arc::new(Vendor::new(ms(1)));
    let cache = builder().build();
    let provider = around(&cache, &vendor);
    let streamed = ask(&provider, &cx("a"), stream("q")).await.unwrap();
    assert_eq!((streamed.cache, vendor.calls()), (Some(CacheStatus::Miss), 1));
    settled().await;
    for request in [chat("q"), stream("q")] {
        let response = ask(&provider, &cx("a"), request).await.unwrap();
        assert_eq!((response.text(), response.cache), (streamed.text(), Some(CacheStatus::Hit)));
        assert_eq!(response.cost.unwrap().source, CostSource::Cache);
    }
    assert_eq!(vendor.calls(), 1);
    let high = |stream: bool| {
        let mut request = question("q");
        request.sampling.temperature = Some(1.0);
        if stream { Request::ChatStream(Arc::new(request)) } else { Request::Chat(Arc::new(request)) }
    };
    for request in [high(false), high(true)] {
        let response = ask(&provider, &cx("a"), request).await.unwrap();
        assert_eq!(response.cache, Some(CacheStatus::Bypass));
        assert_eq!(response.cost.unwrap().source, CostSource::Embedded);
    }
    assert_eq!(provider.call(&cx("a"), Request::Models).await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!((provider.id(), provider.api(), provider.availability()), ("vendor", "script", Availability::Ready));
    assert_eq!(cache.counters().bypassed, vec![("temperature", 2)]);
}

#[tokio::test(start_paused = true)]
async fn vectors_are_kept_too() {
    let vendor = Arc::new(Vendor::new(ms(1)));
    let cache = builder().build();
    let provider = around(&cache, &vendor);
    let call = async |text: &str, user: &str| match provider.call(&cx(user), embed(text)).await.unwrap() {
        Response::Embed(response) => *response,
        other => panic!("not vectors: {other:?}"),
    };
    let first = call("abc", "a").await;
    settled().await;
    let second = call("abc", "a").await;
    assert_eq!((first.vectors.clone(), first.cache), (vec![vec![3.0, 1.0]], Some(CacheStatus::Miss)));
    assert_eq!((second.vectors, second.cache), (first.vectors, Some(CacheStatus::Hit)));
    assert_eq!(second.usage.input, Some(5));
    call("abc", "b").await;
    assert_eq!(vendor.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn errors_and_cut_answers_are_not_kept() {
    let vendor = Arc::new(Vendor::saying(ms(1), |call, _| match call {
        1 => Err(llm_core::Error::new(ErrorKind::Server, "broken")),
        2 => {
            let mut response = answer("cut");
            response.finish.reason = FinishReason::Length;
            Ok(response)
        }
        3 => Ok(answer(&"long ".repeat(100))),
        _ => Ok(answer("good")),
    }));
    let cache = builder().policy(CachePolicy::default().with_max_bytes(500)).build();
    let provider = around(&cache, &vendor);
    assert_eq!(ask(&provider, &cx("a"), chat("q")).await.unwrap_err().kind(), ErrorKind::Server);
    for text in ["cut", &"long ".repeat(100), "good", "good"] {
        assert_eq!(ask(&provider, &cx("a"), chat("q")).await.unwrap().text(), text);
        settled().await;
    }
    let counters = cache.counters();
    assert_eq!((vendor.calls(), counters.hits, counters.stored), (4, 1, 1));
    assert_eq!(counters.not_stored, vec![("finish", 1), ("size", 1)]);
}

#[tokio::test(start_paused = true)]
async fn two_names_of_one_thing_share_and_a_changed_route_forgets() {
    let vendor = Arc::new(Vendor::new(ms(1)));
    let route = Arc::new(std::sync::Mutex::new("fast=a/m,b/m"));
    let now = route.clone();
    let cache = builder()
        .resolve_by(move |name| matches!(name, "fast" | "gpt-4o").then(|| (*now.lock().unwrap()).into()))
        .build();
    let provider = around(&cache, &vendor);
    let named = |model: &str| chat("q").with_model(model);
    ask(&provider, &cx("a"), named("fast")).await.unwrap();
    settled().await;
    assert_eq!(ask(&provider, &cx("a"), named("gpt-4o")).await.unwrap().cache, Some(CacheStatus::Hit));
    assert_eq!(ask(&provider, &cx("a"), named("other")).await.unwrap().cache, Some(CacheStatus::Miss));
    *route.lock().unwrap() = "fast=c/m";
    assert_eq!(ask(&provider, &cx("a"), named("gpt-4o")).await.unwrap().cache, Some(CacheStatus::Miss));
}
