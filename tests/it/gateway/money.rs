//! Money and memory at the gateway: what an answer cost, what is refused, what is answered from the cache, what replicas
//! share, and what a restart finds again.

use std::time::Duration;

use llm_gateway::ServerConfig;
use llm_testkit::redis::{RedisServer, is_required};
use loquat::{Client, Config, Environment};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Running;
use crate::http::{Answer, get, post_with};

/// A gateway of `local/echo` for a cent a word.
async fn gateway(config: &str) -> Running {
    let prices = "
        [[provider]]
        id = \"local\"
        [[prices.model]]
        provider = \"local\"
        model = \"*\"
        price = { input = 10000, output = 10000 }
    ";
    let config = Config::from_toml(&format!("{config}\n{prices}")).unwrap();
    let builder = Client::builder().config(config).environment(Environment::empty());
    Running::with(builder, ServerConfig::default()).await
}

fn body(text: &str, stream: bool) -> Value {
    json!({"model": "local/echo", "stream": stream, "temperature": 0, "max_tokens": 3,
           "messages": [{"role": "user", "content": text}]})
}

impl Running {
    async fn say(&self, text: &str, headers: &[(&'static str, &'static str)]) -> Answer {
        let url = format!("{}/v1/chat/completions", self.url);
        post_with(&url, headers, body(text, false).to_string()).await
    }

    /// Stops in order, and waits until it is over.
    async fn end(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        self.server.await.unwrap().unwrap();
    }

    async fn status(&self) -> Value {
        get(&format!("{}/llm/status", self.url)).await.json()
    }
}

/// A server of this test alone; none where the machine has no such program and none is demanded.
fn redis() -> Option<RedisServer> {
    #[allow(clippy::disallowed_methods, reason = "how CI says that the server must be there")]
    let services = std::env::var("LOQUAT_REQUIRE_SERVICES").ok();
    RedisServer::start(is_required(services.as_deref()))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_says_what_it_cost_and_whether_it_was_known() {
    let gateway = gateway("[cache]").await;
    let first = gateway.say("one two three", &[]).await;
    assert_eq!((first.header("x-llm-cost-usd"), first.header("x-llm-cache")), ("0.06", "miss"));
    let again = gateway.say("one two three", &[]).await;
    assert_eq!((again.header("x-llm-cost-usd"), again.header("x-llm-cache")), ("0", "hit"));
    assert_eq!(again.json()["choices"], first.json()["choices"]);
    let other = gateway.say("one two three", &[("x-llm-cache", "off")]).await;
    assert_eq!((other.header("x-llm-cost-usd"), other.header("x-llm-cache")), ("0.06", "bypass"));

    let url = format!("{}/v1/chat/completions", gateway.url);
    let stream = post_with(&url, &[], body("one two three", true).to_string()).await;
    assert_eq!(stream.header("x-llm-cache"), "hit");
    assert!(stream.body.contains(": x-llm-cost-usd: 0\n"), "{}", stream.body);
    let stream = post_with(&url, &[], body("four five six", true).to_string()).await;
    assert_eq!(stream.header("x-llm-cache"), "miss");
    assert!(stream.body.contains(": x-llm-cost-usd: 0.06\n"), "{}", stream.body);

    let status = gateway.status().await;
    assert_eq!((&status["cache"]["hits"], &status["spending"]["local"]["cost"]), (&json!(2), &json!("0.18")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_refuses_with_an_error_that_clients_do_not_ask_again_after() {
    let gateway =
        gateway("budget = [{ name = \"team\", limit = \"0.2\", window = \"1mo\", scope = { team = \"a\" } }]").await;
    let team = [("x-llm-tags", "team=a")];
    assert_eq!(gateway.say("one two three", &team).await.status, 200);
    let refused = gateway.say("one two three", &team).await;
    assert_eq!((refused.status, refused.header("x-should-retry")), (429, "false"));
    let error = &refused.json()["error"];
    assert_eq!((&error["type"], &error["code"]), (&json!("insufficient_quota"), &json!("budget_exceeded")));
    assert!(!refused.header("retry-after").is_empty(), "it renews next month");
    assert_eq!(gateway.say("one two three", &[]).await.status, 200, "others have money");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_finds_the_money_again() {
    let folder = std::env::temp_dir().join(format!("loquat-money-{}", std::process::id()));
    let config = format!("state_dir = {folder:?}\nbudget = [{{ name = \"all\", limit = \"1\" }}]");
    let first = gateway(&config).await;
    assert_eq!(first.say("one two three", &[]).await.status, 200);
    first.end().await;
    let second = gateway(&config).await;
    assert_eq!(second.status().await["budgets"][0]["spent"], json!("0.06"));
    second.end().await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_share_money_limits_and_answers_and_a_redis_that_is_silent_is_left_alone() {
    let Some(redis) = redis() else { return };
    let config = format!(
        "shared = {{ url = {:?} }}
         limits.tenant = {{ rpm = 1000 }}
         cache = {{ store = \"redis\", secret = \"sixteen bytes or more\" }}
         budget = [{{ name = \"all\", limit = \"0.5\" }}]",
        redis.url()
    );
    let (a, b) = (gateway(&config).await, gateway(&config).await);
    assert_eq!(a.say("one two three", &[]).await.header("x-llm-cache"), "miss");
    // An answer is stored in the background: at the latest after the flight is over it is found.
    let until = Instant::now() + Duration::from_secs(10);
    while b.say("one two three", &[]).await.header("x-llm-cache") != "hit" {
        assert!(Instant::now() < until, "another replica's answer is never found");
    }
    assert_eq!(b.say("four five six", &[("x-llm-cache", "off")]).await.status, 200);
    let spent = a.status().await["budgets"][0]["spent"].as_str().unwrap().parse::<f64>().unwrap();
    assert!((0.12..0.5).contains(&spent), "both are counted: {spent}");

    redis.pause();
    let mut slowest = Duration::ZERO;
    for number in 0..20 {
        let since = Instant::now();
        let answer = a.say(&format!("seven eight {number}"), &[]).await;
        slowest = slowest.max(since.elapsed());
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (503, &json!("budget_unavailable")));
        assert_eq!(answer.header("x-should-retry"), "", "in a few seconds it may be let in");
    }
    // Cache, limits and budget take 50 ms each at most; a machine under load takes its own time.
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    redis.resume();
    let until = Instant::now() + Duration::from_secs(20);
    while a.say("nine", &[]).await.status != 200 {
        assert!(Instant::now() < until, "a Redis that is back is never asked again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
