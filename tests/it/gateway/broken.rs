//! Streams that break behind the gateway, as a client of it sees them.

use llm_gateway::ServerConfig;
use loquat::{Client, ClientBuilder, Config, Environment};
use serde_json::Value;

use super::Running;

/// What the vendors say, and what each route promises of its streams.
const CONFIG: &str = r#"
[[provider]]
id = "local"
[provider.scripts]
cut = [{ text = ["Half ", "of "] }, "cut"]
whole = [{ text = ["Half", " of it."] }]
other = [{ text = "Something else." }]

[[model]]
name = "mended"
targets = ["local/cut", "local/whole"]
stream = { on_break = "resume" }
[[model]]
name = "torn"
targets = ["local/cut", "local/other"]
stream = { on_break = "resume" }
[[model]]
name = "held"
targets = ["local/cut", "local/other"]
stream = { commit = "complete" }
[[model]]
name = "windowed"
targets = ["local/cut", "local/other"]
stream = { commit = { window = { tokens = 100, time = "5s" } } }
"#;

fn client() -> ClientBuilder {
    let config = Config::from_toml(CONFIG).unwrap();
    Client::builder().config(config).environment(Environment::empty()).retry(loquat::RetryPolicy::none())
}

fn text(events: &[&str]) -> String {
    let chunks = events.iter().filter_map(|event| serde_json::from_str::<Value>(event).ok());
    chunks.filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn a_broken_stream_is_mended_as_its_route_says() {
    let gateway = Running::with(client(), ServerConfig::default()).await;
    for (route, words, target, attempts) in [
        ("mended", "Half of it.", "local/cut", "1"),
        ("held", "Something else.", "local/other", "2"),
        ("windowed", "Something else.", "local/other", "2"),
    ] {
        let answer = gateway.ask(route, true).await;
        assert_eq!((answer.status, answer.header("x-llm-target")), (200, target), "{route}: {}", answer.body);
        assert_eq!(answer.header("x-llm-attempts"), attempts, "{route}");
        let events = answer.events();
        assert_eq!((text(&events).as_str(), events.last()), (words, Some(&"[DONE]")), "{route}: {}", answer.body);
        assert_eq!(answer.body.contains(": x-llm-warnings: resumed: local/cut broke off"), route == "mended");
    }
}

#[tokio::test]
async fn a_stream_that_cannot_be_mended_ends_in_its_own_error() {
    let gateway = Running::with(client(), ServerConfig::default()).await;
    let answer = gateway.ask("torn", true).await;
    let events = answer.events();
    assert_eq!((answer.status, text(&events).as_str()), (200, "Half of "), "{}", answer.body);
    assert!(!events.contains(&"[DONE]"), "{}", answer.body);
    let last: Value = serde_json::from_str(events.last().unwrap()).unwrap();
    assert!(last["error"]["message"].as_str().unwrap().contains("end marker"), "{last}");
}
