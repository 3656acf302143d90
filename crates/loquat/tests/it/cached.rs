//! The response cache of a client: what is answered twice, for whom, and what a rebuild and a new configuration keep.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use loquat::core::{CacheControl, CacheStatus, CostSource, Usd};
use loquat::{CacheConfig, ChatRequest, Client, ClientBuilder, Config, Environment, ErrorKind};

/// A client whose provider answers with the number of its calls.
fn counting(config: &str) -> (ClientBuilder, Arc<AtomicU32>) {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let provider = loquat::function("count", move |_| {
        let call = counted.fetch_add(1, Ordering::Relaxed) + 1;
        async move { Ok(format!("answer {call}")) }
    });
    let config = Config::from_toml(config).unwrap();
    (Client::builder().instance(provider).config(config).environment(Environment::empty()), calls)
}

fn cold(model: &str, text: &str) -> ChatRequest {
    let mut request = ChatRequest::new(model).with_user(text);
    request.sampling.temperature = Some(0.0);
    request
}

async fn answer(client: &Client, request: ChatRequest) -> (String, Option<CacheStatus>) {
    let reply = client.request(request).await.unwrap();
    (reply.text(), reply.cache)
}

#[tokio::test]
async fn the_same_question_is_answered_once_and_costs_nothing_again() {
    let (builder, _) = counting("");
    let client = builder.cache(CacheConfig::memory()).build().unwrap();
    assert_eq!(answer(&client, cold("count/m", "hi")).await, ("answer 1".into(), Some(CacheStatus::Miss)));
    let reply = client.request(cold("count/m", "hi")).await.unwrap();
    assert_eq!((reply.text(), reply.cache, reply.attempts().len()), ("answer 1".into(), Some(CacheStatus::Hit), 0));
    let cost = reply.cost().unwrap();
    assert_eq!((cost.total, cost.source), (Usd::ZERO, CostSource::Cache));
    assert_eq!(answer(&client, cold("count/m", "other")).await.0, "answer 2");
    let warm = ChatRequest::new("count/m").with_user("hi");
    assert_eq!(
        answer(&client, warm).await,
        ("answer 3".into(), Some(CacheStatus::Bypass)),
        "no temperature is about 1"
    );
    let counters = client.cache().unwrap().counters();
    assert_eq!((counters.hits, counters.misses, counters.bypasses()), (1, 2, 1));

    let mut stream = client.request(cold("count/m", "hi")).stream().await.unwrap();
    let mut pieces = 0;
    while let Some(piece) = stream.next().await {
        piece.unwrap();
        pieces += 1;
    }
    assert!(pieces >= 2, "the words and the end");
    assert_eq!(client.cache().unwrap().counters().hits, 2);
}

#[tokio::test]
async fn tenants_share_nothing_and_a_caller_can_go_by_the_cache() {
    let (builder, calls) = counting("[cache]\nttl = \"24h\"");
    let client = builder.build().unwrap();
    let ask = async |tenant: Option<&str>, control: Option<CacheControl>| {
        let mut cx = client.cx(None);
        cx.tenant = tenant.map(Into::into);
        cx.cache = control.map(Arc::new);
        client.send(&cx, cold("count/m", "hi")).await.unwrap().text()
    };
    assert_eq!(ask(Some("a"), None).await, "answer 1");
    assert_eq!(ask(Some("b"), None).await, "answer 2");
    assert_eq!(ask(None, None).await, "answer 3");
    assert_eq!(ask(Some("a"), None).await, "answer 1");
    assert_eq!(ask(None, None).await, "answer 3");
    assert_eq!(ask(Some("a"), Some(CacheControl::off())).await, "answer 4");
    assert_eq!(ask(Some("a"), Some(CacheControl::refresh())).await, "answer 5");
    assert_eq!(ask(Some("a"), None).await, "answer 5");
    assert_eq!(calls.load(Ordering::Relaxed), 5);
}

#[tokio::test]
async fn a_rebuild_keeps_the_answers_and_a_changed_route_has_none_of_its_old_ones() {
    let route = |target: &str| format!("[cache]\n[[model]]\nname = \"r\"\ntargets = [\"{target}\"]");
    let (builder, calls) = counting(&route("count/a"));
    let old = builder.build().unwrap();
    assert_eq!(answer(&old, cold("r", "hi")).await.0, "answer 1");
    let provider = old.state();
    let again = |config: String| {
        let counted = calls.clone();
        let count = loquat::function("count", move |_| {
            let call = counted.fetch_add(1, Ordering::Relaxed) + 1;
            async move { Ok(format!("answer {call}")) }
        });
        let config = Config::from_toml(&config).unwrap();
        let builder = Client::builder().instance(count).config(config).environment(Environment::empty());
        builder.state(provider.clone()).build().unwrap()
    };
    let same = again(route("count/a"));
    assert_eq!(answer(&same, cold("r", "hi")).await, ("answer 1".into(), Some(CacheStatus::Hit)));
    let other = again(route("count/b"));
    assert_eq!(answer(&other, cold("r", "hi")).await.0, "answer 2");
    let without = again("[[model]]\nname = \"r\"\ntargets = [\"count/a\"]".to_owned());
    assert_eq!(answer(&without, cold("r", "hi")).await, ("answer 3".into(), None));
    assert!(without.cache().is_none());
}

#[tokio::test]
async fn a_route_says_whether_and_for_how_long_and_an_experiment_is_not_cached() {
    let (builder, _) = counting(
        "
        [cache]
        [[model]]
        name = \"always\"
        targets = [\"count/a\"]
        cache = { enabled = true, ttl = \"10m\" }
        [[model]]
        name = \"never\"
        aliases = [\"alias\"]
        targets = [\"count/a\"]
        cache = { enabled = false }
        [[model]]
        name = \"compared\"
        targets = [\"count/a\", \"count/b\"]
        [[experiment]]
        name = \"e\"
        on_model = \"compared\"
        arms = [{ name = \"A\", target = \"count/a\", share = 50 }, { name = \"B\", target = \"count/b\", share = 50 }]
        ",
    );
    let client = builder.build().unwrap();
    let warm = |model: &str| ChatRequest::new(model).with_user("hi");
    assert_eq!(answer(&client, warm("always")).await.1, Some(CacheStatus::Miss));
    assert_eq!(answer(&client, warm("always")).await.1, Some(CacheStatus::Hit));
    for model in ["never", "alias", "compared"] {
        for _ in 0..2 {
            assert_eq!(answer(&client, cold(model, "hi")).await.1, Some(CacheStatus::Bypass), "{model}");
        }
    }
}

#[tokio::test]
async fn a_disk_keeps_answers_beyond_the_process_and_bad_settings_are_refused_by_name() {
    let folder = std::env::temp_dir().join(format!("loquat-cached-{}", std::process::id()));
    let config = format!("state_dir = {folder:?}\n[cache]\nstore = \"disk\"");
    let (builder, _) = counting(&config);
    let client = builder.build().unwrap();
    assert_eq!(answer(&client, cold("count/m", "hi")).await.0, "answer 1");
    while client.cache().unwrap().in_flight() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(client);
    let (builder, _) = counting(&config);
    let client = builder.build().unwrap();
    assert_eq!(answer(&client, cold("count/m", "hi")).await, ("answer 1".into(), Some(CacheStatus::Hit)));
    drop(client);
    std::fs::remove_dir_all(&folder).unwrap();

    for (config, hint) in [
        ("[cache]\nstore = \"disk\"", "state_dir"),
        ("[cache]\nstore = \"redis\"", "shared.url"),
        ("[cache]\nmax_entries = 1\nmax_bytes = 1", "max_entries"),
        ("[cache]\nsecret = \"env:NOT_SET\"", "NOT_SET"),
        ("[cache.semantic]\nmodel = \"count/e\"\nthreshold = 2.0", "semantic.threshold"),
    ] {
        let error = counting(config).0.build().unwrap_err();
        assert!(error.kind() == ErrorKind::Config && error.message().contains(hint), "{error}");
    }
}

#[test]
fn the_environment_switches_the_cache_on_and_off() {
    let read = |variables: &[(&str, &str)]| Config::from_environment(&variables.iter().copied().collect());
    assert_eq!(read(&[("LLM_CACHE_TTL", "60")]).unwrap().cache, None, "a time alone is no wish for a cache");
    let cache = read(&[("LLM_CACHE_ENABLED", "true"), ("LLM_CACHE_TTL", "86400")]).unwrap().cache.unwrap();
    assert_eq!((cache.enabled, cache.ttl), (Some(true), Some(Duration::from_secs(86400))));
    assert_eq!(read(&[("LLM_CACHE_ENABLED", "false")]).unwrap().cache, None);
    for (name, value) in [("LLM_CACHE_ENABLED", "maybe"), ("LLM_CACHE_TTL", "long")] {
        assert!(read(&[(name, value)]).unwrap_err().message().contains(name));
    }
}
