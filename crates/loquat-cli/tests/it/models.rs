//! `models`.

use llm_testkit::emulator::Emulator;
use serde_json::Value;

use crate::run::{file, run};

async fn listed(arguments: &[&str], environment: &[(&str, &str)]) -> Vec<Value> {
    let run = run(&[&["models", "--json"], arguments].concat(), environment, "").await;
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

fn named<'a>(rows: &'a [Value], id: &str) -> &'a Value {
    rows.iter().find(|row| row["id"] == id).unwrap_or_else(|| panic!("no {id}"))
}

#[tokio::test]
async fn models_of_linked_providers_with_what_they_can_do_and_cost() {
    let key = [("ANTHROPIC_API_KEY", "sk-ant-canary-0123456789")];
    let rows = listed(&[], &key).await;
    let gpt = named(&rows, "openai/gpt-4o");
    assert_eq!((&gpt["input_per_mtok"], &gpt["output_per_mtok"]), (&"2.5".into(), &"10".into()));
    assert_eq!((&gpt["context_window"], &gpt["max_output"]), (&128_000.into(), &16384.into()));
    assert_eq!((gpt["state"].as_str(), gpt["price_source"].as_str()), (Some("not configured"), Some("embedded")));
    assert_eq!(gpt["price_list"]["source"], "genai-prices");
    assert_eq!(gpt["price_list"]["date"].as_str().map(str::len), Some("2026-11-20".len()));
    let can: Vec<&str> = gpt["can"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(["chat", "tools", "schema", "vision"].iter().all(|word| can.contains(word)), "{can:?}");
    assert_eq!(named(&rows, "anthropic/claude-haiku-4-5")["state"], "configured");
    assert_eq!(named(&rows, "local/echo")["state"], "no LLM");
    assert!(!named(&rows, "openai/text-embedding-3-small")["can"].as_array().unwrap().contains(&"chat".into()));
}

#[tokio::test]
async fn words_and_a_provider_choose_among_them() {
    let key = [("ANTHROPIC_API_KEY", "sk-ant-canary-0123456789")];
    let rows = listed(&["haiku", "--provider", "claude"], &key).await;
    assert!(!rows.is_empty());
    assert!(rows.iter().all(|row| row["provider"] == "anthropic" && row["model"].as_str().unwrap().contains("haiku")));
    assert_eq!(listed(&["Openai/GPT-4o", "MINI 2024"], &[]).await[0]["provider"], "openai");

    let table = run(&["models", "claude-haiku-4-5", "-p", "anthropic"], &key, "").await;
    let lines: Vec<&str> = table.stdout.lines().collect();
    assert!(lines[0].starts_with("model ") && lines[0].ends_with("can"), "{}", table.stdout);
    assert!(lines[1].starts_with("anthropic/claude-haiku-4-5 ") && lines[1].contains("  configured  "), "{}", lines[1]);
    assert!(lines[1].contains("tools") && lines[1].contains("vision"), "{}", lines[1]);
    assert!(table.stderr.contains("dollars for a million tokens") && table.stderr.contains("genai-prices"));
    assert!(!table.stdout.contains("canary") && !table.stderr.contains("canary"));

    let nothing = run(&["models", "no-such-model"], &[], "").await;
    assert_eq!((nothing.code, nothing.stdout.as_str()), (Some(0), ""), "{}", nothing.stderr);
    assert!(nothing.stderr.contains("--live"), "{}", nothing.stderr);
    let wrong = run(&["models", "-p", "opnai"], &[], "").await;
    assert_eq!((wrong.code, wrong.stdout.as_str()), (Some(3), ""), "{}", wrong.stderr);
    assert!(wrong.stderr.contains("did you mean"), "{}", wrong.stderr);
}

const INSTANCES: &str = r#"
state_dir = "/nowhere/that/could/be/made"
[shared]
url = "redis://127.0.0.1:1"
[cache]
store = "disk"
[[budget]]
name = "day"
limit = "1"
window = "1d"
[[provider]]
id = "eu"
kind = "openai"
api_key = "env:EU_KEY"
[[provider]]
id = "us"
kind = "openai"
api_key = "sk-canary-0123456789"
[[prices.model]]
provider = "eu"
model = "gpt-4o"
price = { input = "3" }
"#;

#[tokio::test]
async fn accounts_of_the_configuration_are_listed_and_no_gateway_is_disturbed() {
    let path = file("models.toml", INSTANCES);
    let rows = listed(&["gpt-4o", "-c", &path], &[]).await;
    let (eu, us) = (named(&rows, "eu/gpt-4o"), named(&rows, "us/gpt-4o"));
    assert_eq!((eu["state"].as_str(), us["state"].as_str()), (Some("not configured"), Some("configured")));
    assert_eq!((eu["input_per_mtok"].as_str(), us["input_per_mtok"].as_str()), (Some("3"), Some("2.5")));
    assert_eq!((eu["price_source"].as_str(), eu["price_list"].is_null()), (Some("user"), true));
    let rows = listed(&["gpt-4o", "-p", "eu"], &[("LOQUAT_CONFIG", &path), ("EU_KEY", "x")]).await;
    assert!(rows.iter().all(|row| row["provider"] == "eu" && row["state"] == "configured"), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn live_asks_the_configured_providers_and_adds_the_routes() {
    let emulator = Emulator::start().await.unwrap();
    let path = file("models-live.toml", "[[model]]\nname = \"smart\"\ntargets = [\"openai/echo\"]\n");
    let (key, url) = (("OPENAI_API_KEY", "sk-canary-0123456789"), emulator.openai_url());
    let rows = listed(&["--live", "-c", &path], &[key, ("OPENAI_BASE_URL", &url)]).await;
    assert_eq!(named(&rows, "smart")["targets"][0], "openai/echo");
    assert!(rows.len() > 1 && named(&rows, "openai/echo")["state"] == "configured", "{rows:?}");

    let nobody = run(&["models", "--live"], &[], "").await;
    assert_eq!((nobody.code, nobody.stdout.as_str()), (Some(5), ""), "{}", nobody.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn live_says_who_does_not_answer_and_fails_where_nobody_does() {
    let nobody = ("OPENAI_BASE_URL", "http://127.0.0.1:1/v1");
    let key = ("OPENAI_API_KEY", "sk-canary-0123456789");
    for arguments in [&["models", "--live"][..], &["models", "--live", "--json"]] {
        let failed = run(arguments, &[key, nobody], "").await;
        assert_eq!(failed.code, Some(1), "{}", failed.stderr);
        assert!(failed.stderr.lines().any(|line| line.starts_with("openai: ")), "{}", failed.stderr);
        assert!(!failed.stderr.contains("no model is known"), "{}", failed.stderr);
    }
    let emulator = Emulator::start().await.unwrap();
    let (groq, url) = (("GROQ_API_KEY", "canary"), emulator.openai_url());
    let half = run(&["models", "--live"], &[key, nobody, groq, ("GROQ_BASE_URL", &url)], "").await;
    assert_eq!(half.code, Some(0), "{}", half.stderr);
    assert!(half.stdout.contains("groq/echo") && half.stderr.contains("openai: "), "{}{}", half.stdout, half.stderr);
    let only = run(&["models", "--live", "-p", "openai"], &[key, nobody, groq, ("GROQ_BASE_URL", &url)], "").await;
    assert_eq!((only.code, only.stdout.as_str()), (Some(1), ""), "{}", only.stderr);
}
