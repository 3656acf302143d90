//! `loquat batch`: both formats, partial failure, and going on after every kind of end.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use llm_testkit::emulator::Emulator;
use serde_json::{Value, json};

use crate::run::{Run, command, run};

/// An input, an output, and who answers.
struct Batch {
    input: PathBuf,
    output: PathBuf,
    emulator: Emulator,
    url: String,
}

impl Batch {
    async fn new(name: &str, lines: &[Value]) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("batch").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let emulator = Emulator::start().await.unwrap();
        let url = emulator.openai_url();
        let batch = Self { input: folder.join("in.jsonl"), output: folder.join("out.jsonl"), emulator, url };
        batch.write(lines);
        batch
    }

    fn write(&self, lines: &[Value]) {
        let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
        fs::write(&self.input, lines.join("\n")).unwrap();
    }

    fn arguments<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let mut arguments = vec!["batch", self.input.to_str().unwrap(), self.output.to_str().unwrap()];
        arguments.extend(more);
        arguments
    }

    fn environment(&self) -> [(&str, &str); 4] {
        let url = &*self.url;
        [("OPENAI_API_KEY", "k"), ("OPENAI_BASE_URL", url), ("LOQUAT_MODEL", "openai/echo"), ("LLM_MAX_RETRIES", "0")]
    }

    async fn run(&self, more: &[&str]) -> Run {
        run(&self.arguments(more), &self.environment(), "").await
    }

    fn answers(&self) -> Vec<Value> {
        fs::read_to_string(&self.output).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn answer(&self, id: &str) -> Value {
        let answers = self.answers();
        let mut of_id = answers.into_iter().filter(|answer| answer["custom_id"] == id);
        let answer = of_id.next().unwrap_or_else(|| panic!("{id} is not answered"));
        assert!(of_id.next().is_none(), "{id} is answered twice");
        answer
    }
}

fn request(id: &str, model: &str, text: &str) -> Value {
    let body = json!({"model": model, "messages": [{"role": "user", "content": text}]});
    json!({"custom_id": id, "method": "POST", "url": "/v1/chat/completions", "body": body})
}

fn requests(count: usize, model: &str) -> Vec<Value> {
    (0..count).map(|number| request(&format!("r-{number}"), model, &format!("text {number}"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_formats_are_answered_and_errors_stay_their_own() {
    let mut lines = vec![
        request("a", "openai/echo", "one"),
        json!({"messages": [{"role": "user", "content": "two"}], "stream": true}),
        request("limited", "openai/limit-429-ra20", "three"),
        json!({"custom_id": "other", "url": "/v1/embeddings", "body": {"input": "x"}}),
        json!("no request"),
    ];
    let batch = Batch::new("formats", &lines).await;
    let ended = batch.run(&["--concurrency", "2"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stdout.is_empty() && ended.stderr.contains("2 answered, 3 failed of 5"), "{}", ended.stderr);
    assert!(ended.stderr.contains("3 of 5 requests failed"), "{}", ended.stderr);
    for (id, text) in [("a", "echo: one"), ("line-2", "echo: two")] {
        let answer = batch.answer(id);
        let body = &answer["response"]["body"];
        assert_eq!((&answer["response"]["status_code"], &answer["error"]), (&json!(200), &Value::Null));
        assert_eq!(
            (&body["object"], &body["choices"][0]["message"]["content"]),
            (&json!("chat.completion"), &json!(text))
        );
        assert!(answer["id"].as_str().unwrap().starts_with("batch_req_") && body["created"].is_u64(), "{answer}");
    }
    for (id, status) in [("limited", 429), ("other", 400), ("line-5", 400)] {
        let answer = batch.answer(id);
        assert_eq!(answer["response"]["status_code"], status, "{answer}");
        assert!(answer["response"]["body"]["error"]["message"].is_string(), "{answer}");
    }
    // Nothing is asked again, unless it failed and that is wanted.
    let again = batch.run(&[]).await;
    assert_eq!((again.code, batch.answers().len()), (Some(1), 5), "{}", again.stderr);
    assert!(again.stderr.contains("5 of 5 requests are answered"), "{}", again.stderr);
    let retried = batch.run(&["--retry-failed"]).await;
    assert_eq!((retried.code, batch.answers().len()), (Some(1), 5), "{}", retried.stderr);
    assert!(retried.stderr.contains("0 answered, 3 failed of 3"), "{}", retried.stderr);
    // A changed input is another one; more lines are not.
    lines.push(request("b", "openai/echo", "more"));
    batch.write(&lines);
    assert!(batch.run(&[]).await.stderr.contains("1 answered, 0 failed of 1"));
    lines[0] = request("a", "openai/echo", "changed");
    batch.write(&lines);
    let refused = batch.run(&[]).await;
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("\"a\" has another body"), "{}", refused.stderr);
    batch.write(&lines[1..]);
    let refused = batch.run(&[]).await;
    assert!(refused.code == Some(2) && refused.stderr.contains("another input"), "{}", refused.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_it_goes_on_where_it_was() {
    const COUNT: usize = 60;
    let batch = Batch::new("kill", &requests(COUNT, "openai/slow-100ms")).await;
    let mut child = command(&batch.arguments(&["--concurrency", "4"]), &batch.environment())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = || fs::read_to_string(&batch.output).map_or(0, |text| text.lines().count());
    while lines() < 8 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let before = fs::read_to_string(&batch.output).unwrap();
    let there = before.lines().count();
    assert!((8..COUNT).contains(&there), "{there}");
    // As if it had been killed inside of a write.
    let torn = before.lines().last().unwrap();
    fs::write(&batch.output, format!("{before}{}", &torn[..torn.len() / 2])).unwrap();
    let asked = batch.emulator.count("slow-100ms");
    let ended = batch.run(&["--concurrency", "16"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("was cut") && ended.stderr.contains(&format!("{there} of {COUNT}")),
        "{}",
        ended.stderr
    );
    assert!(fs::read_to_string(&batch.output).unwrap().starts_with(&before), "what was there is as it was");
    let ids: Vec<String> =
        batch.answers().iter().map(|answer| answer["custom_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!((ids.len(), ids.iter().collect::<BTreeSet<_>>().len()), (COUNT, COUNT));
    assert_eq!(batch.emulator.count("slow-100ms") - asked, COUNT - there, "nothing is asked twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_awaits_what_is_under_way() {
    let batch = Batch::new("interrupt", &requests(200, "openai/slow-100ms")).await;
    let child = command(&batch.arguments(&["--concurrency", "4"]), &batch.environment())
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while fs::read_to_string(&batch.output).map_or(0, |text| text.lines().count()) < 4 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ended = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert!(said.contains("awaited") && said.contains("run the same command again"), "{said}");
    assert_eq!(batch.answers().len(), batch.emulator.count("slow-100ms"), "every call has its answer");
    assert!(batch.answers().len() < 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_key_ends_it_and_leaves_nothing_to_undo() {
    let batch = Batch::new("key", &requests(20, "openai/echo")).await;
    let ended = run(&batch.arguments(&[]), &[("LOQUAT_MODEL", "openai/echo")], "").await;
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("OPENAI_API_KEY") && ended.stderr.contains("every request would fail"),
        "{}",
        ended.stderr
    );
    assert!(batch.answers().is_empty());
    assert_eq!(batch.run(&[]).await.code, Some(0));
    assert_eq!(batch.answers().len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_files_and_names_are_refused_before_anything_is_sent() {
    let twice = [request("a", "openai/echo", "one"), request("a", "openai/echo", "two")];
    let batch = Batch::new("refused", &twice).await;
    let ended = batch.run(&[]).await;
    assert!(ended.code == Some(2) && ended.stderr.contains("lines 1 and 2"), "{}", ended.stderr);
    batch.write(&twice[..1]);
    fs::write(&batch.output, "{\"mine\": 1}\n").unwrap();
    let ended = batch.run(&[]).await;
    assert!(ended.code == Some(2) && ended.stderr.contains("line 1 of"), "{}", ended.stderr);
    assert_eq!(fs::read_to_string(&batch.output).unwrap(), "{\"mine\": 1}\n", "it is not touched");
    assert_eq!(batch.emulator.count("echo"), 0);
    fs::remove_file(&batch.output).unwrap();
    fs::remove_file(&batch.input).unwrap();
    assert_eq!(batch.run(&[]).await.code, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_model_may_take_the_place_of_all() {
    let batch = Batch::new("model", &requests(3, "gpt-that-nobody-has")).await;
    let ended = batch.run(&["--model", "local/echo"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(batch.answer("r-2")["response"]["body"]["choices"][0]["message"]["content"], "text 2");
}
