//! `estimate`.

use serde_json::{Value, json};

use crate::run::{Run, file, run};

const CONFIG: &str = r#"
[[provider]]
id = "eu"
kind = "openai-compatible"
base_url = "http://127.0.0.1:1/v1"
region = "eu"
[[provider]]
id = "us"
kind = "openai-compatible"
base_url = "http://127.0.0.1:1/v1"
[[model]]
name = "smart"
targets = ["us/small", "eu/large"]
[[prices.model]]
provider = "us"
model = "small"
price = { input = "1", output = "10" }
[[prices.model]]
provider = "eu"
model = "large"
price = { input = "2", output = "20" }
"#;

fn forecasts(run: &Run) -> Vec<Value> {
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

#[tokio::test]
async fn every_target_in_the_order_of_the_plan_with_what_it_would_cost() {
    let path = file("estimate.toml", CONFIG);
    let arguments = ["estimate", "-c", &path, "-m", "smart", "--max-tokens", "1000"];
    let json = run(&[&arguments[..], &["--json", "Write", "a", "poem"]].concat(), &[], "").await;
    let rows = forecasts(&json);
    let targets: Vec<(&str, u64)> =
        rows.iter().map(|row| (row["target"].as_str().unwrap(), row["rank"].as_u64().unwrap())).collect();
    assert_eq!(targets, [("us/small", 1), ("eu/large", 2)]);
    for (row, input, output) in [(&rows[0], 1, 10), (&rows[1], 2, 20)] {
        let tokens = row["input"].as_u64().unwrap();
        assert!((3..40).contains(&tokens), "{row}");
        assert_eq!((&row["output"], &row["longest"]), (&512.into(), &1000.into()));
        let cost = |answer: u64| llm_core::Usd::from_micros(tokens * input + answer * output).to_string();
        assert_eq!((row["usual"].as_str(), row["most"].as_str()), (Some(&*cost(512)), Some(&*cost(1000))));
    }

    let table = run(&[&arguments[..], &["-"]].concat(), &[], "Write a poem").await;
    let lines: Vec<&str> = table.stdout.lines().collect();
    assert!(lines[0].contains("tokens in") && lines[0].ends_with("at most"), "{}", table.stdout);
    assert!(lines[1].starts_with("1.  us/small ") && lines[2].starts_with("2.  eu/large "), "{}", table.stdout);
    assert!(lines[1].contains(&format!("${}", rows[0]["most"].as_str().unwrap())), "{}", table.stdout);
}

#[tokio::test]
async fn a_file_is_a_request_or_a_text() {
    let body = json!({
        "model": "openai/gpt-4o", "max_tokens": 100,
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is the capital of France?"}],
    });
    let request = file("estimate.json", &body.to_string());
    let from_file = forecasts(&run(&["estimate", "--json", "-f", &request], &[], "").await);
    assert_eq!((&from_file[0]["target"], &from_file[0]["longest"]), (&"openai/gpt-4o".into(), &100.into()));
    let piped = forecasts(&run(&["estimate", "--json", "-f", "-"], &[], &body.to_string()).await);
    assert_eq!(piped, from_file);
    let shorter = ["estimate", "--json", "-f", &request, "--max-tokens", "7", "-m", "anthropic/claude-haiku-4-5"];
    let shorter = forecasts(&run(&shorter, &[], "").await);
    assert_eq!((&shorter[0]["target"], &shorter[0]["longest"]), (&"anthropic/claude-haiku-4-5".into(), &7.into()));

    let text = file("estimate.txt", "What is the capital of France?");
    let plain = forecasts(&run(&["estimate", "--json", "-m", "openai/gpt-4o", "-f", &text], &[], "").await);
    assert_eq!(plain[0]["input"], 14, "as the catalogue counts it");
    assert_eq!(plain[0]["longest"], 16384, "what the model can");

    let wrong = file("estimate-wrong.json", r#"{"messages": [{"role": 7}]}"#);
    let missing = format!("{wrong}.gone");
    for (path, code) in [(&wrong, 2), (&missing, 1)] {
        let run = run(&["estimate", "-m", "openai/gpt-4o", "-f", path], &[], "").await;
        assert_eq!((run.code, run.stdout.as_str()), (Some(code), ""), "{}", run.stderr);
        assert!(run.stderr.contains("estimate-wrong.json"), "{}", run.stderr);
    }
}

#[tokio::test]
async fn a_price_needs_no_key_and_a_plan_needs_a_model() {
    let table = run(&["estimate", "-m", "openai/gpt-4o", "hi"], &[], "").await;
    assert_eq!(table.code, Some(0), "{}", table.stderr);
    assert!(table.stdout.contains('$') && table.stderr.contains("openai has no key here"), "{}", table.stderr);
    let path = file(
        "estimate-keys.toml",
        "[[provider]]\nid = \"eu\"\nkind = \"openai\"\napi_key = \"env:EU_KEY\"\n[[provider]]\nid = \"openai\"\napi_key = \"file:/nowhere\"\n",
    );
    let arguments = ["estimate", "-c", &path, "-m", "eu/gpt-4o", "hi"];
    let lacking = run(&arguments, &[("EU_KEY", "sk-canary")], "").await;
    assert_eq!(lacking.code, Some(0), "{}", lacking.stderr);
    assert!(lacking.stderr.contains("openai has no key") && !lacking.stderr.contains("eu has"), "{}", lacking.stderr);
    assert!(run(&arguments, &[], "").await.stderr.contains("eu has no key"));
    let free = forecasts(&run(&["estimate", "--json", "-m", "local/echo", "hi"], &[], "").await);
    assert_eq!(free[0]["usual"], "0");
    let unknown =
        run(&["estimate", "-m", "openai/gpt-of-tomorrow", "hi"], &[("OPENAI_API_KEY", "sk-canary")], "").await;
    assert_eq!(unknown.code, Some(0), "{}", unknown.stderr);
    assert!(!unknown.stdout.contains('$') && unknown.stderr.contains("[[prices.model]]"), "{}", unknown.stdout);

    let nobody = run(&["estimate", "hi"], &[], "").await;
    assert_eq!((nobody.code, nobody.stdout.as_str()), (Some(5), ""), "{}", nobody.stderr);
    let empty = run(&["estimate", " "], &[], "").await;
    assert_eq!(empty.code, Some(2), "{}", empty.stderr);
}
