//! Redis: shared by replicas, never trusted, never waited for.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use llm_cache::{Cache, CachePolicy, Clock, HOUR, Lease, Loaded, RedisStore, Rejected, Store};
use llm_core::{CacheControl, CacheStatus, ChatResponse, Provider, Request};
use tokio::time::Instant;

use crate::server::Server;
use crate::stores::keeps_its_promises;
use crate::support::{Vendor, around, ask, chat, cx, keyring, ms, stream};

fn replica(address: &str, vendor: &Arc<Vendor>) -> (Cache, Arc<dyn Provider>) {
    // The tests share two cores with others; what is tested here is not the 50 ms.
    let store = RedisStore::new(address, &keyring()).unwrap().with_timeout(ms(2000));
    replica_of(store, vendor)
}

fn replica_of(store: RedisStore, vendor: &Arc<Vendor>) -> (Cache, Arc<dyn Provider>) {
    let cache = Cache::builder(store).build();
    let provider = around(&cache, vendor);
    (cache, provider)
}

/// Until a background store is done.
async fn stored(cache: &Cache, count: u64) {
    for _ in 0..500 {
        if cache.counters().stored >= count && cache.in_flight() == 0 {
            return;
        }
        tokio::time::sleep(ms(5)).await;
    }
    panic!("not stored: {:?}", cache.counters());
}

async fn get(provider: &Arc<dyn Provider>, request: Request) -> ChatResponse {
    ask(provider, &cx("a"), request).await.unwrap()
}

#[tokio::test]
async fn redis_keeps_its_promises() {
    let Some(server) = Server::start() else { return };
    let store = RedisStore::new(&server.address(), &keyring()).unwrap().with_timeout(ms(2000));
    keeps_its_promises(&store).await;
}

#[tokio::test]
async fn replicas_share_answers_streams_and_their_time() {
    let Some(server) = Server::start() else { return };
    let vendor = Arc::new(Vendor::new(ms(5)));
    let (one, first) = replica(&server.address(), &vendor);
    let (_, second) = replica(&server.address(), &vendor);
    assert_eq!(get(&first, stream("q")).await.cache, Some(CacheStatus::Miss));
    stored(&one, 1).await;
    for request in [chat("q"), stream("q")] {
        let known = get(&second, request).await;
        assert_eq!((known.text().as_str(), known.cache), ("answer 1 to q", Some(CacheStatus::Hit)));
    }
    assert_eq!(vendor.calls(), 1);
    let names = server.keys("loquat:cache:a:*").await;
    let left: i64 = server.ask(&[b"PTTL", &names[0]]).await;
    assert!((3_500_000..=3_600_000).contains(&left), "{left} ms");
    let brief = cx("a").with_cache(CacheControl::default().with_ttl(HOUR / 60));
    ask(&first, &brief, chat("brief")).await.unwrap();
    stored(&one, 2).await;
    let mut left = Vec::new();
    for name in server.keys("loquat:cache:a:*").await {
        left.push(server.ask::<i64>(&[b"PTTL", &name]).await);
    }
    assert!(left.iter().any(|left| (50_000..=60_000).contains(left)), "{left:?}");
    assert_eq!(server.keys("loquat:cache:l:*").await.len(), 0, "leases are given back");
}

#[tokio::test]
async fn a_hit_is_one_round_trip() {
    let Some(server) = Server::start() else { return };
    let vendor = Arc::new(Vendor::new(ms(1)));
    let (cache, provider) = replica(&server.address(), &vendor);
    get(&provider, chat("q")).await;
    stored(&cache, 1).await;
    let count = async || {
        let info: String = server.ask(&[b"INFO", b"commandstats"]).await;
        let calls = |line: &str| line.split_once("calls=")?.1.split(',').next()?.parse::<u64>().ok();
        let lines = info.lines().filter(|line| {
            ["_get:", "_set:", "_eval:", "_scan:", "_unlink:", "_del:"].iter().any(|name| line.contains(name))
        });
        lines.filter_map(calls).sum::<u64>()
    };
    tokio::time::sleep(ms(50)).await;
    let before = count().await;
    for _ in 0..100 {
        assert_eq!(get(&provider, chat("q")).await.cache, Some(CacheStatus::Hit));
    }
    assert_eq!(count().await - before, 100);
}

#[tokio::test]
async fn what_somebody_else_wrote_is_not_believed() {
    let Some(server) = Server::start() else { return };
    let vendor = Arc::new(Vendor::new(ms(1)));
    let (cache, provider) = replica(&server.address(), &vendor);
    get(&provider, chat("q")).await;
    ask(&provider, &cx("b"), chat("q")).await.unwrap();
    stored(&cache, 2).await;
    let names = server.keys("loquat:cache:a:*").await;
    let mut values: Vec<Vec<u8>> = Vec::new();
    for name in &names {
        values.push(server.ask(&[b"GET", name]).await);
    }
    let mut flipped = values[0].clone();
    let last = flipped.len() - 10;
    flipped[last] ^= 1;
    for (number, value) in [&values[1], &flipped, &b"hello".to_vec(), &Vec::new()].into_iter().enumerate() {
        for name in &names {
            // One tenant's answer under the key of the other, and other mischief.
            let own = if *name == names[0] { value } else { &values[0] };
            let _: () = server.ask(&[b"SET", name, own]).await;
        }
        for tenant in ["a", "b"] {
            let response = ask(&provider, &cx(tenant), chat("q")).await.unwrap();
            assert_eq!(response.cache, Some(CacheStatus::Miss), "mischief {number}");
        }
        stored(&cache, 4 + 2 * number as u64).await;
        assert_eq!(cache.counters().poisoned, 2 + 2 * number as u64);
    }
    let store = RedisStore::new(&server.address(), &llm_cache::Keyring::new(b"another secret of 16").unwrap()).unwrap();
    let key = llm_cache::CacheKey::from_bytes([1; 32]);
    let name = format!("loquat:cache:a:{}", "01".repeat(32));
    let _: () = server.ask(&[b"SET", name.as_bytes(), &values[0]]).await;
    assert_eq!(store.with_timeout(ms(2000)).load(&key, 0).await, Loaded::Rejected(Rejected::WrongKey));
}

#[tokio::test]
async fn one_replica_asks_and_the_others_wait_for_it() {
    let Some(server) = Server::start() else { return };
    let vendor = Arc::new(Vendor::new(ms(300)));
    let replicas: Vec<_> = (0..3).map(|_| replica(&server.address(), &vendor)).collect();
    let all = (0..300).map(|number| {
        let provider = replicas[number % 3].1.clone();
        let request = if number % 2 == 0 { chat("q") } else { stream("q") };
        tokio::spawn(async move { get(&provider, request).await.text() })
    });
    for text in join_all(all).await {
        assert_eq!(text.unwrap(), "answer 1 to q");
    }
    assert_eq!(vendor.calls(), 1);
}

#[tokio::test]
async fn a_replica_that_died_holds_nobody_up_for_long() {
    let Some(server) = Server::start() else { return };
    let vendor = Arc::new(Vendor::new(ms(1)));
    let (cache, provider) = replica(&server.address(), &vendor);
    for number in 0..8 {
        get(&provider, chat(&format!("warm {number}"))).await;
    }
    stored(&cache, 8).await;
    let store = RedisStore::new(&server.address(), &keyring()).unwrap().with_timeout(ms(2000));
    let key = keyring().key(&crate::support::tenant("a"), &cx("a"), "m", &chat("q")).unwrap();
    let Lease::Granted(token) = store.lease(&key, Duration::from_secs(60)).await else { panic!("no lease") };
    assert_eq!(store.lease(&key, ms(1000)).await, Lease::Held);
    store.release(&key, "not mine").await;
    assert_eq!(store.lease(&key, ms(1000)).await, Lease::Held);
    let begun = Instant::now();
    assert_eq!(get(&provider, chat("q")).await.cache, Some(CacheStatus::Miss));
    let waited = begun.elapsed();
    assert!(waited >= ms(500) && waited < ms(5000), "{waited:?}");
    store.release(&key, &token).await;
    assert!(matches!(store.lease(&key, ms(1000)).await, Lease::Granted(_)));
}

#[tokio::test]
async fn a_server_that_answers_nothing_costs_little_and_comes_back_by_itself() {
    let Some(server) = Server::start() else { return };
    let vendor = Arc::new(Vendor::new(ms(0)));
    let (cache, provider) = replica_of(RedisStore::new(&server.address(), &keyring()).unwrap(), &vendor);
    for _ in 0..500 {
        if cache.counters().stored > 0 {
            break;
        }
        get(&provider, chat("q")).await;
        tokio::time::sleep(ms(10)).await;
    }
    server.pause();
    let mut times = Vec::new();
    for number in 0..400 {
        let begun = Instant::now();
        let response = get(&provider, chat(&format!("q{number}"))).await;
        times.push(begun.elapsed());
        assert_eq!(response.cache, Some(CacheStatus::Bypass));
    }
    times.sort();
    let (median, p99) = (times[200], times[395]);
    eprintln!("redis paused: added in the median {median:?}, at p99 {p99:?}, at most {:?}", times[399]);
    assert!(median < ms(10) && p99 < ms(150), "median {median:?}, p99 {p99:?}");
    assert!(cache.counters().store_failures >= 400);
    server.go_on();
    let begun = Instant::now();
    while get(&provider, chat("q")).await.cache != Some(CacheStatus::Hit) {
        assert!(begun.elapsed() < Duration::from_secs(5), "it does not come back");
        tokio::time::sleep(ms(20)).await;
    }
    eprintln!("redis back after {:?}", begun.elapsed());
}

#[tokio::test]
async fn a_server_that_is_not_there_yet_is_found_when_it_comes() {
    let Some(mut server) = Server::start() else { return };
    server.kill();
    let vendor = Arc::new(Vendor::new(ms(0)));
    let (cache, provider) = replica_of(RedisStore::new(&server.address(), &keyring()).unwrap(), &vendor);
    for number in 0..20 {
        assert_eq!(get(&provider, chat(&format!("q{number}"))).await.cache, Some(CacheStatus::Bypass));
    }
    assert!(cache.clear().await.is_err());
    server.restart();
    let begun = Instant::now();
    while get(&provider, chat("q")).await.cache != Some(CacheStatus::Hit) {
        assert!(begun.elapsed() < Duration::from_secs(5), "it is not found");
        tokio::time::sleep(ms(20)).await;
    }
}

#[tokio::test]
async fn clearing_takes_its_own_keys_only() {
    let Some(server) = Server::start() else { return };
    let _: () = server.ask(&[b"SET", b"somebody:else", b"1"]).await;
    let vendor = Arc::new(Vendor::new(ms(0)));
    let (cache, provider) = replica(&server.address(), &vendor);
    let other = RedisStore::new(&server.address(), &keyring()).unwrap().with_prefix("o*[x]:").with_timeout(ms(2000));
    let (other, beside) = replica_of(other, &vendor);
    for number in 0..30 {
        get(&provider, chat(&format!("q{number}"))).await;
        get(&beside, chat(&format!("q{number}"))).await;
    }
    stored(&cache, 30).await;
    stored(&other, 30).await;
    assert_eq!(server.keys("*:a:*").await.len(), 60);
    other.clear().await.unwrap();
    assert_eq!(server.keys("*:a:*").await.len(), 30);
    cache.clear().await.unwrap();
    assert_eq!(server.keys("*").await, [b"somebody:else".to_vec()]);
}

#[test]
fn an_address_that_cannot_be_read_is_an_error_that_does_not_repeat_it() {
    let error = RedisStore::new("hunter2@nowhere", &keyring()).err().unwrap();
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    let _ = (CachePolicy::default(), Clock::system());
}
