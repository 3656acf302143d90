//! What a client learns, what outlives a rebuild, and what an operator does to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use loquat::core::{Error, Target};
use loquat::{Client, ClientBuilder, Environment, ErrorKind, Feedback, RetryPolicy};

/// A client of one provider that fails until told otherwise, and the number of its calls.
fn failing(calls: &Arc<AtomicU32>, healthy_from: u32) -> ClientBuilder {
    let calls = calls.clone();
    let provider = loquat::function("flaky", move |_| {
        let call = calls.fetch_add(1, Ordering::Relaxed);
        async move {
            if call < healthy_from { Err(Error::new(ErrorKind::Server, "out of order")) } else { Ok("well".to_owned()) }
        }
    });
    Client::builder().instance(provider).model("flaky/m").environment(Environment::empty()).retry(RetryPolicy::none())
}

#[tokio::test(start_paused = true)]
async fn breakers_and_statistics_outlive_a_rebuild_and_are_reset_by_hand() {
    let calls = Arc::new(AtomicU32::new(0));
    let old = failing(&calls, 5).build().unwrap();
    for _ in 0..5 {
        assert_eq!(old.chat("hi").await.unwrap_err().kind(), ErrorKind::Server);
    }
    let new = failing(&calls, 5).state(old.state()).build().unwrap();
    // Once a second the last target of a route may be asked; this is the one of this second.
    let target: Target = "flaky/m".parse().unwrap();
    let report = &new.targets()[0];
    assert_eq!(report.target, target);
    assert_eq!(report.gate.as_ref().unwrap().breaker.as_str(), "open");
    assert_eq!(report.stats.as_ref().unwrap().failures, 5);
    new.isolate(&target);
    let error = new.chat("hi").await.unwrap_err();
    assert_eq!((error.kind(), calls.load(Ordering::Relaxed)), (ErrorKind::CircuitOpen, 5));

    new.reset_breaker(&target);
    assert_eq!(new.chat("hi").await.unwrap().text(), "well");
    let json = serde_json::to_value(new.targets()).unwrap();
    assert_eq!(json[0]["gate"]["breaker"], "closed", "{json}");
    assert_eq!(json[0]["stats"]["calls"], 6, "{json}");
}

#[tokio::test]
async fn feedback_finds_who_answered() {
    let client = failing(&Arc::default(), 0).build().unwrap();
    let reply = client.chat("hi").await.unwrap();
    client.feedback(&Feedback::new(reply.call_id(), 0.5)).unwrap();
    let quality = client.targets()[0].stats.as_ref().unwrap().quality.clone().unwrap();
    assert_eq!(quality.count, 1);
    let other = client.chat("hi").await.unwrap();
    assert_ne!(other.call_id(), reply.call_id());
    let error = client.feedback(&Feedback::new("nobody", 1.0)).unwrap_err();
    assert_eq!((error.kind(), error.param()), (ErrorKind::NotFound, Some("request_id")));
}

#[tokio::test]
async fn the_active_model_and_the_chain_change_while_requests_are_under_way() {
    let says = |id: &str| {
        let said = id.to_owned();
        loquat::function(id, move |_| {
            let said = said.clone();
            async move { Ok(said) }
        })
    };
    let broken = loquat::function("broken", |_| async { Err(Error::new(ErrorKind::QuotaExhausted, "no credit")) });
    let builder = Client::builder().environment(Environment::empty()).retry(RetryPolicy::none());
    let builder = builder.instance(says("a")).instance(says("b")).instance(says("c")).instance(broken);
    let client = builder.route("pair", ["b/m", "a/m"]).model("a/m").build().unwrap();
    assert_eq!(client.chat("hi").await.unwrap().target(), "a/m");
    client.set_model("pair").unwrap();
    assert_eq!(client.chat("hi").await.unwrap().target(), "b/m");
    client.set_fallback(["c/m"]).unwrap();
    let status = client.status();
    assert_eq!(status.primary.unwrap().to_string(), "b/m");
    assert_eq!(status.fallbacks.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a/m", "c/m"]);
    client.set_model("broken/m").unwrap();
    let reply = client.chat("hi").await.unwrap();
    assert_eq!((reply.target().as_str(), reply.attempts().len()), ("c/m", 2));
    let error = client.set_model("nobody/m").unwrap_err();
    assert!(error.message().contains("nobody/m"), "{error}");
    client.set_fallback(Vec::<String>::new()).unwrap();
    assert_eq!(client.chat("hi").await.unwrap_err().kind(), ErrorKind::QuotaExhausted);
}

#[tokio::test]
async fn a_function_becomes_a_model_while_the_client_runs() {
    let builder = Client::builder().environment(Environment::empty());
    let client = builder.instance(loquat::function("old", |_| async { Ok("old".to_owned()) })).build().unwrap();
    assert_eq!(client.chat("hi").model("new/m").await.unwrap_err().kind(), ErrorKind::NotFound);
    let answers = |text: &'static str| loquat::function("new", move |_| async move { Ok(text.to_owned()) });
    client.register(answers("one")).unwrap();
    client.set_model("new/m").unwrap();
    assert_eq!(client.chat("hi").await.unwrap().text(), "one");
    client.register(answers("two")).unwrap();
    assert_eq!(client.chat("hi").await.unwrap().text(), "two");
    assert_eq!(client.status().providers, ["old", "new"]);
}
