//! `loquat call`: the JSON contract and the exit codes.

use llm_testkit::emulator::Emulator;
use serde_json::{Value, json};

use crate::run::run;

const HELLO: &str = r#"{"messages": [{"role": "user", "content": "hello there"}]}"#;

async fn call(provider: &str, url: &str, more: &[&str], request: &str) -> (Value, Option<i32>) {
    let mut arguments = vec!["call", "--provider", provider, "--base-url", url, "--request", "-"];
    arguments.extend(more);
    // A server of one's own may want a key; the vendors' need none on this machine. And nobody waits for a limit here.
    let environment = [("OPENAI_COMPATIBLE_API_KEY", "k-emulator"), ("LLM_MAX_RETRIES", "0")];
    let run = run(&arguments, &environment, request).await;
    let answer =
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {} {}", run.stdout, run.stderr));
    (answer, run.code)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_provider_gives_the_same_normal_form() {
    let emulator = Emulator::start().await.unwrap();
    for (provider, url) in [
        ("openai", emulator.openai_url()),
        ("openai-compatible", emulator.openai_url()),
        ("anthropic", emulator.base_url()),
        ("gemini", emulator.base_url()),
        ("ollama", emulator.base_url()),
    ] {
        for stream in [&[][..], &["--stream"]] {
            let more = [&["--model", "echo"][..], stream].concat();
            let (answer, code) = call(provider, &url, &more, HELLO).await;
            assert_eq!(code, Some(0), "{provider}: {answer}");
            assert_eq!(answer["text"], "echo: hello there", "{provider} {stream:?}");
            assert_eq!(
                (&answer["finish_reason"], &answer["provider"], &answer["attempts"]),
                (&json!("stop"), &json!(provider), &json!(1))
            );
            assert_eq!((&answer["tool_calls"], &answer["reasoning"]), (&json!([]), &Value::Null), "{provider}");
            assert!(
                answer["usage"]["input_tokens"].is_u64() && answer["usage"]["output_tokens"].is_u64(),
                "{provider}: {answer}"
            );
            let mut fields: Vec<&String> = answer.as_object().unwrap().keys().collect();
            fields.sort();
            assert_eq!(
                fields,
                ["attempts", "finish_reason", "id", "model", "provider", "reasoning", "text", "tool_calls", "usage"]
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_may_come_in_a_vendors_form() {
    let emulator = Emulator::start().await.unwrap();
    let (openai, base) = (emulator.openai_url(), emulator.base_url());
    for (form, request) in [
        ("openai", r#"{"model": "echo", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 50}"#),
        (
            "anthropic",
            r#"{"model": "echo", "max_tokens": 50, "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]}"#,
        ),
        (
            "gemini",
            r#"{"contents": [{"role": "user", "parts": [{"text": "hi"}]}], "generationConfig": {"maxOutputTokens": 50}}"#,
        ),
    ] {
        for (provider, url) in [("openai", &openai), ("anthropic", &base), ("gemini", &base), ("ollama", &base)] {
            let (answer, code) = call(provider, url, &["--from", form, "--model", "echo"], request).await;
            assert_eq!((code, &answer["text"]), (Some(0), &json!("echo: hi")), "{form} to {provider}: {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_one_object_with_an_exit_code_for_their_class() {
    let emulator = Emulator::start().await.unwrap();
    let url = emulator.openai_url();
    for (model, class, status, exit) in [
        ("auth", "auth", json!(401), 4),
        ("quota", "quota", json!(429), 6),
        ("context-length", "context_length", json!(400), 1),
        ("unknown-model", "not_found", json!(404), 1),
        ("invalid", "invalid_request", json!(400), 1),
    ] {
        let (answer, code) = call("openai", &url, &["--model", model], HELLO).await;
        let error = &answer["error"];
        assert_eq!((&error["class"], &error["status"], code), (&json!(class), &status, Some(exit)), "{answer}");
        assert_eq!((&error["provider"], &error["attempts"]), (&json!("openai"), &json!(1)), "{answer}");
        assert!(!error["message"].as_str().unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_request_is_told_before_anything_is_sent() {
    let emulator = Emulator::start().await.unwrap();
    let url = emulator.openai_url();
    for (request, more) in [("not json", &["--model", "echo"][..]), (r#"{"messages": []}"#, &["--model", "echo"])] {
        let (answer, code) = call("openai", &url, more, request).await;
        assert_eq!((&answer["error"]["class"], code), (&json!("invalid_request"), Some(1)), "{answer}");
        assert_eq!((&answer["error"]["attempts"], &answer["error"]["status"]), (&json!(0), &Value::Null), "{answer}");
    }
    assert_eq!(emulator.count("echo"), 0);
    let (answer, code) = call("nobody", &url, &[], HELLO).await;
    assert_eq!((&answer["error"]["class"], code), (&json!("config"), Some(3)), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_an_error_is_there() {
    let emulator = Emulator::start().await.unwrap();
    let (answer, code) = call("openai", &emulator.openai_url(), &["--model", "limit-429-ra20"], HELLO).await;
    assert_eq!(code, Some(6), "{answer}");
    let error = answer["error"].as_object().unwrap();
    let mut fields: Vec<&String> = error.keys().collect();
    fields.sort();
    assert_eq!(fields, ["attempts", "class", "message", "provider", "retry_after_s", "status"]);
    assert_eq!((&error["class"], &error["retry_after_s"]), (&json!("rate_limited"), &json!(20.0)));
    let (answer, code) = call("openai", &emulator.openai_url(), &["--model", "auth"], HELLO).await;
    assert_eq!((&answer["error"]["retry_after_s"], code), (&Value::Null, Some(4)), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_is_an_error_with_what_had_come() {
    let emulator = Emulator::start().await.unwrap();
    let (answer, code) =
        call("anthropic", &emulator.base_url(), &["--model", "words-60+cut-after-3", "--stream"], HELLO).await;
    assert_eq!(code, Some(1), "{answer}");
    assert!(answer["partial"]["text"].as_str().unwrap().starts_with("word1"), "{answer}");
    assert_eq!(answer["error"]["attempts"], 1, "nothing is tried again after content: {answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn times_and_retries_are_those_of_the_environment_but_not_its_choice_of_models() {
    let emulator = Emulator::start().await.unwrap();
    let url = emulator.openai_url();
    let arguments = ["call", "--provider", "openai", "--base-url", &url, "--model", "hang", "--request", "-"];
    let environment = [
        ("LLM_TIMEOUT_SECONDS", "0.2"),
        ("LLM_MAX_RETRIES", "1"),
        ("LLM_FALLBACK_PROVIDERS", "nobody"),
        ("LOQUAT_MODEL", "nobody/nothing"),
    ];
    let run = run(&arguments, &environment, HELLO).await;
    let answer: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&answer["error"]["class"], run.code), (&json!("timeout"), Some(124)), "{answer}");
    assert_eq!((&answer["error"]["attempts"], emulator.count("hang")), (&json!(2), 2), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_wait_is_told_and_not_waited_for() {
    let emulator = Emulator::start().await.unwrap();
    let (answer, code) = call("openai", &emulator.openai_url(), &["--model", "limit-429-ra20"], HELLO).await;
    let error = &answer["error"];
    assert_eq!(
        (&error["class"], &error["retry_after_s"], code),
        (&json!("rate_limited"), &json!(20.0), Some(6)),
        "{answer}"
    );
    assert_eq!(emulator.count("limit-429-ra20"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_answer_does_not_follow_is_said_beside_it() {
    let emulator = Emulator::start().await.unwrap();
    let url = emulator.base_url();
    let openai = r#"{"messages": [{"role": "user", "content": "hi"}], "seed": 1, "frequency_penalty": 1, "logit_bias": {"5": 1}}"#;
    let own = r#"{"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}], "temprature": 1}"#;
    for (form, request, expected) in [
        (
            "openai",
            openai,
            &["warning: sampling.seed: ", "warning: sampling.frequency_penalty: ", "warning: logit_bias: "][..],
        ),
        (
            "loquat",
            own,
            &["warning: temprature: this version does not know the field; did you mean sampling.temperature?"],
        ),
    ] {
        for more in [&[][..], &["--stream"]] {
            let mut arguments = vec![
                "call",
                "--provider",
                "anthropic",
                "--base-url",
                &url,
                "--model",
                "echo",
                "--from",
                form,
                "--request",
                "-",
            ];
            arguments.extend(more);
            let run = run(&arguments, &[], request).await;
            assert_eq!(run.code, Some(0), "{}", run.stderr);
            assert!(!run.stdout.contains("warning"), "the answer is as it always is: {}", run.stdout);
            assert!(expected.iter().all(|warning| run.stderr.contains(warning)), "{form}: {}", run.stderr);
            assert_eq!(run.stderr.lines().count(), expected.len(), "{}", run.stderr);
        }
    }
}
