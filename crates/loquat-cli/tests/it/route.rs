//! `route explain`.

use serde_json::Value;

use crate::run::run;

/// The folder and the server are a gateway's own, and not there.
const CONFIG: &str = r#"
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
kind = "openai-compatible"
base_url = "http://127.0.0.1:1/v1"
region = "eu"
[[provider]]
id = "us"
kind = "openai-compatible"
base_url = "http://127.0.0.1:1/v1"
region = "us"
[[model]]
name = "smart"
strategy = "cost"
[[model.target]]
id = "us/small"
input_per_mtok = "0.20"
output_per_mtok = "1.00"
[[model.target]]
id = "eu/large"
input_per_mtok = "2.00"
output_per_mtok = "8.00"
"#;

/// The arguments of an explanation with the configuration in a file of its own.
async fn explain(name: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let path = format!("{}/route-{name}.toml", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&path, CONFIG).unwrap();
    let mut arguments = vec!["route", "explain", "-c", &path, "-m", "smart"];
    arguments.extend(more);
    let run = run(&arguments, &[], "").await;
    (run.code, run.stdout, run.stderr)
}

#[tokio::test]
async fn a_decision_is_told_in_words_with_who_is_left_out_and_why() {
    let (code, table, stderr) = explain("words", &["write", "a", "poem"]).await;
    assert_eq!(code, Some(0), "{stderr}");
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].contains("\"smart\"") && lines[0].contains("strategy cost: the cheapest first"), "{table}");
    assert!(lines[1].contains("1.  us/small") && lines[1].contains('$'), "{table}");
    assert!(lines[2].contains("2.  eu/large"), "{table}");

    let (_, table, _) = explain("region", &["--region", "eu", "hi"]).await;
    assert!(table.lines().nth(1).unwrap().contains("1.  eu/large"), "{table}");
    assert!(table.contains("–  us/small"), "{table}");
}

#[tokio::test]
async fn what_if_a_provider_is_down_and_the_whole_decision_as_json() {
    let (code, json, stderr) = explain("down", &["--down", "us", "--json", "hi"]).await;
    assert_eq!(code, Some(0), "{stderr}");
    let decision: Value = serde_json::from_str(&json).unwrap();
    let ranks: Vec<(&str, Option<u64>)> = decision["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|candidate| (candidate["target"].as_str().unwrap(), candidate["rank"].as_u64()))
        .collect();
    assert_eq!(ranks, [("us/small", None), ("eu/large", Some(1))]);

    let (code, _, stderr) = explain("nobody", &["--down", "mars", "hi"]).await;
    assert_eq!(code, Some(2));
    assert!(stderr.contains("--down mars"), "{stderr}");
}
