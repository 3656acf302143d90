//! `prices`.

use serde_json::Value;

use crate::run::{file, run};

#[tokio::test]
async fn every_component_of_a_price_with_its_source() {
    let table = run(&["prices", "openai/gpt-4o"], &[], "").await;
    assert_eq!(table.code, Some(0), "{}", table.stderr);
    let line = |word: &str| table.stdout.lines().find(|line| line.trim_start().starts_with(word)).unwrap();
    assert_eq!(table.stdout.lines().next(), Some("openai/gpt-4o"));
    assert!(line("input ").contains("$2.5 ") && line("input ").contains("a million tokens"), "{}", table.stdout);
    assert!(line("input ").contains("genai-prices ") && line("input ").contains(" of 20"), "{}", table.stdout);
    assert!(line("cache_read ").contains("$1.25 "), "{}", table.stdout);

    let json = run(&["prices", "gpt/gpt-4o", "--json"], &[], "").await;
    assert_eq!(json.code, Some(3), "an unknown provider: {}", json.stdout);
    let json = run(&["prices", "google/gemini-2.5-pro", "--json"], &[], "").await;
    let price: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(price["target"], "gemini/gemini-2.5-pro");
    let components = price["components"].as_array().unwrap();
    let input = components.iter().find(|line| line["component"] == "input").unwrap();
    assert_eq!((&input["usd"], &input["per"]), (&"1.25".into(), &1_000_000.into()));
    assert_eq!((&input["tiers"][0]["above_input"], &input["tiers"][0]["usd"]), (&200_000.into(), &"2.5".into()));
    assert_eq!(input["source"], "embedded");
}

const OWN: &str = r#"
[[prices.model]]
provider = "gpu-box"
model = "*"
price = { input = "0.05", output = "0.06" }
[[prices.model]]
provider = "openai"
model = "our-gpt"
base_model = "gpt-4o"
price = { output = "9" }
[[provider]]
id = "gpu-box"
kind = "openai-compatible"
base_url = "http://127.0.0.1:1/v1"
"#;

#[tokio::test]
async fn an_operators_own_entries_count_more_and_are_listed() {
    let path = file("prices.toml", OWN);
    let table = run(&["prices", "openai/our-gpt", "-c", &path], &[], "").await;
    let line = |word: &str| table.stdout.lines().find(|line| line.trim_start().starts_with(word)).unwrap();
    assert!(line("output ").contains("$9 ") && line("output ").contains("your configuration"), "{}", table.stdout);
    assert!(line("input ").contains("$2.5 ") && line("input ").contains("genai-prices"), "{}", table.stdout);
    let server = run(&["prices", "gpu-box/anything"], &[("LOQUAT_CONFIG", &path)], "").await;
    assert!(server.stdout.contains("$0.05") && server.stdout.contains("$0.06"), "{}", server.stdout);

    let table = run(&["prices", "-c", &path], &[], "").await;
    assert_eq!(table.code, Some(0), "{}", table.stderr);
    for words in ["gpu-box/*: input $0.05, output $0.06", "openai/our-gpt as gpt-4o", "LiteLLM", "genai-prices", "MIT"]
    {
        assert!(table.stdout.contains(words), "no {words:?} in {}", table.stdout);
    }
    let json = run(&["prices", "-c", &path, "--json"], &[], "").await;
    let sources: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(sources["own"][1]["base_model"], "gpt-4o");
    let lists = sources["sources"].as_array().unwrap();
    assert!(lists.iter().all(|list| list["kind"] == "embedded" && list["list"]["license"] == "MIT"), "{sources}");
}

#[tokio::test]
async fn a_list_that_was_fetched_is_named() {
    let list = [
        r#"{"schema":1,"source":"mine","version":"7","date":"2026-12-01","url":"u","license":"MIT","copyright":"c"}"#,
        r#"{"provider":"openai"}"#,
        r#"{"id":"gpt-4o","p":[{"p":{"in":2000000}}]}"#,
    ];
    let list = file("prices.jsonl", &list.join("\n"));
    let path = file("prices-file.toml", &format!("[prices]\nfile = {list:?}\n"));
    let table = run(&["prices", "openai/gpt-4o", "-c", &path], &[], "").await;
    assert!(table.stdout.contains("$2 ") && table.stdout.contains("mine 7 of 2026-12-01"), "{}", table.stdout);
    assert!(table.stdout.contains("genai-prices"), "the rest is as it was: {}", table.stdout);
    let json = run(&["prices", "-c", &path, "--json"], &[], "").await;
    let sources: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(
        (&sources["sources"][0]["kind"], &sources["sources"][1]["kind"]),
        (&"fetched".into(), &"embedded".into())
    );
}

#[tokio::test]
async fn what_has_no_price_says_why_and_what_is_like_it() {
    for (model, words) in [
        ("gpt-4o", "did you mean"),
        ("openai/gpt-4oo", "did you mean openai/gpt-4o?"),
        ("openai/no-such-model-of-all", "base_model"),
    ] {
        let run = run(&["prices", model], &[], "").await;
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{model}: {}", run.stderr);
        assert!(run.stderr.contains(words), "{model}: {}", run.stderr);
    }
}
