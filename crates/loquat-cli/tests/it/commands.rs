//! `ask`, `providers`, `demo`.

use serde_json::Value;

use crate::run::run;

#[tokio::test]
async fn ask_answers_without_any_key_and_says_that_it_is_no_llm() {
    let run = run(&["ask", "name", "a", "pelican"], &[], "").await;
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "name a pelican\n"), "{}", run.stderr);
    assert!(run.stderr.contains("not an LLM") && run.stderr.contains("OPENAI_API_KEY"), "{}", run.stderr);
}

#[tokio::test]
async fn ask_reads_standard_input_and_waits_when_told_to() {
    let run = run(&["ask", "--no-stream", "--usage", "-m", "local/echo", "summarise"], &[], "the text\n").await;
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "summarise\n\nthe text\n\n"), "{}", run.stderr);
    assert!(run.stderr.contains("local/echo"), "{}", run.stderr);
}

#[tokio::test]
async fn ask_with_a_wrong_model_says_what_there_is() {
    let run = run(&["ask", "-m", "opnai/gpt-4.1", "hi"], &[], "").await;
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("error: ") && run.stderr.contains("did you mean \"openai\""), "{}", run.stderr);
    assert!(run.stdout.is_empty());
}

#[tokio::test]
async fn a_missing_key_is_exit_4_and_names_the_variable() {
    let run = run(&["ask", "-m", "openai/gpt-4.1", "hi"], &[], "").await;
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    assert!(run.stderr.contains("OPENAI_API_KEY"), "{}", run.stderr);
}

#[tokio::test]
async fn providers_lists_what_is_linked_and_shows_no_key() {
    let environment = [("ANTHROPIC_API_KEY", "sk-ant-canary-0123456789")];
    let table = run(&["providers"], &environment, "").await;
    let line = |id: &str| table.stdout.lines().find(|line| line.starts_with(id)).unwrap().to_owned();
    assert!(
        line("anthropic").contains("configured") && !line("anthropic").contains("not configured"),
        "{}",
        table.stdout
    );
    assert!(
        line("openai ").contains("not configured") && line("openai ").contains("OPENAI_API_KEY"),
        "{}",
        table.stdout
    );
    assert!(line("local").contains("no LLM"), "{}", table.stdout);
    let json = run(&["providers", "--json"], &environment, "").await;
    let rows: Vec<Value> = serde_json::from_str(&json.stdout).unwrap();
    let ids: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["anthropic", "gemini", "local", "ollama", "openai", "openai-compatible"]);
    assert!(!table.stdout.contains("canary") && !json.stdout.contains("canary"));
}

#[tokio::test]
async fn demo_shows_five_scenes_and_ends_well() {
    let run = run(&["demo"], &[], "").await;
    assert_eq!(run.code, Some(0), "{}\n{}", run.stdout, run.stderr);
    for scene in 1..=5 {
        assert!(run.stdout.contains(&format!("[{scene}/5]")), "{}", run.stdout);
    }
    for words in ["anthropic/echo ok", "attempt 3", "pieces", "quota", "overloaded", "auth"] {
        assert!(run.stdout.contains(words), "no {words:?} in {}", run.stdout);
    }
    assert!(run.stdout.lines().count() <= 45, "one screen: {}", run.stdout);
}

#[tokio::test]
async fn wrong_usage_is_exit_2() {
    assert_eq!(run(&["serve", "--no-such-flag"], &[], "").await.code, Some(2));
    assert_eq!(run(&["call"], &[], "").await.code, Some(2));
}
