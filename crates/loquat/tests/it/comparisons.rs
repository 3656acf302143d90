//! Experiments and shadows of a configuration, and what a build that fails or follows another one leaves behind.

use std::collections::BTreeSet;
use std::sync::Arc;

use loquat::core::Provider;
use loquat::{Client, ClientBuilder, Config, Environment, ErrorKind};

fn says(id: &str) -> Arc<dyn Provider> {
    let said = id.to_owned();
    loquat::function(id, move |_| {
        let said = said.clone();
        async move { Ok(said) }
    })
}

/// A client of these providers, each of which answers with its id.
fn client(ids: &[&str], config: &str) -> ClientBuilder {
    let builder = Client::builder().config(Config::from_toml(config).unwrap()).environment(Environment::empty());
    ids.iter().fold(builder, |builder, id| builder.instance(says(id)))
}

const ROUTE: &str = r#"
    [defaults]
    model = "fast"
    [[model]]
    name = "fast"
    aliases = ["quick"]
    targets = ["a/m"]
"#;

/// The route with an experiment of whose arms it has only the first.
fn compared() -> String {
    format!(
        r#"{ROUTE}
        [[experiment]]
        name = "a-or-b"
        on_model = "fast"
        sticky_by = "request"
        arms = [{{ name = "A", target = "a/m", share = 50 }}, {{ name = "B", target = "b/m", share = 50 }}]"#
    )
}

#[tokio::test]
async fn an_arm_that_the_route_does_not_list_takes_part() {
    let client = client(&["a", "b"], &compared()).build().unwrap();
    let mut answered = BTreeSet::new();
    for _ in 0..50 {
        answered.insert(client.chat("hi").await.unwrap().to_string());
    }
    assert_eq!(answered, BTreeSet::from(["a".to_owned(), "b".to_owned()]));
}

#[tokio::test]
async fn an_experiment_can_be_taken_away_together_with_the_provider_of_its_arm() {
    let old = client(&["a", "b"], &compared()).build().unwrap();
    let new = client(&["a"], ROUTE).state(old.state()).build().unwrap();
    assert_eq!(new.chat("hi").await.unwrap().to_string(), "a");
    assert!(new.experiments().is_empty());
}

#[test]
fn what_is_said_of_no_route_or_asks_no_target_is_refused_and_changes_nothing() {
    let old = client(&["a", "b"], &compared()).build().unwrap();
    let with = |more: &str| client(&["a", "b"], &format!("{ROUTE}{more}")).state(old.state()).build();
    for (more, hint) in [
        ("[[shadow]]\non_model = \"slow\"\ntarget = \"b/m\"\nshare = 0.5", "no route has the name \"slow\""),
        ("[[shadow]]\non_model = \"quick\"\ntarget = \"b/m\"\nshare = 0.5", "no route has the name \"quick\""),
        ("[[shadow]]\non_model = \"fast\"\ntarget = \"fast\"\nshare = 0.5", "\"fast\" is a route"),
        ("[[shadow]]\non_model = \"fast\"\ntarget = \"b/m\"\nshare = 7", "share 7"),
        ("[[route]]\nwhen = { task = \"x\" }\nmodel = \"nobody\"", "rule 1"),
    ] {
        let error = with(more).map(|_| ()).unwrap_err();
        assert!(error.kind() == ErrorKind::Config && error.message().contains(hint), "{error}");
        assert_eq!(old.experiments().len(), 1, "{more}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_a_provider_goes_with_its_configuration() {
    let limited = "[defaults]\nmodel = \"local/echo\"\n[[provider]]\nid = \"local\"\nrpm = 1";
    let old = client(&[], limited).build().unwrap();
    let started = tokio::time::Instant::now();
    old.chat("hi").await.unwrap();
    let new = client(&[], "[defaults]\nmodel = \"local/echo\"").state(old.state()).build().unwrap();
    for _ in 0..3 {
        new.chat("hi").await.unwrap();
    }
    assert!(started.elapsed() < std::time::Duration::from_secs(1), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_breaker_of_a_provider_goes_with_its_configuration() {
    let config = |breaker: &str| {
        let provider = "id = \"local\"\nscript = [{ error = { status = 500 } }]";
        let text =
            format!("[defaults]\nmodel = \"local/script\"\nretry = \"none\"\n[[provider]]\n{provider}\n{breaker}");
        Client::builder().config(Config::from_toml(&text).unwrap()).environment(Environment::empty())
    };
    let old = config("breaker = { failures = 1 }").build().unwrap();
    let new = config("").state(old.state()).build().unwrap();
    for _ in 0..4 {
        assert!(new.chat("hi").await.unwrap_err().kind().policy().breaker);
    }
    assert_eq!(new.targets()[0].gate.as_ref().unwrap().breaker.as_str(), "closed");
}
