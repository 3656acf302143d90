//! What goes wrong gets its class, at every vendor.

use std::time::Duration;

use llm_core::{ErrorKind, FinishReason, Message, Progress, TimeoutStage};

use super::{Bench, PROVIDERS, question};

/// The class of the emulator's error inside a 200: an overload, for which OpenAI has no word beside the status.
fn trouble(id: &str) -> ErrorKind {
    if id.starts_with("openai") { ErrorKind::Server } else { ErrorKind::Overloaded }
}

#[tokio::test]
async fn error_answers_get_their_class() {
    for (model, kind) in [
        ("limit-429-ra20", ErrorKind::RateLimited),
        ("quota", ErrorKind::QuotaExhausted),
        ("auth", ErrorKind::Auth),
        ("permission", ErrorKind::Permission),
        ("unknown-model", ErrorKind::NotFound),
        ("invalid", ErrorKind::InvalidRequest),
        ("too-large", ErrorKind::PayloadTooLarge),
        ("context-length", ErrorKind::ContextLength),
        ("window-2", ErrorKind::ContextLength),
        ("overloaded", ErrorKind::Overloaded),
        ("fail-500", ErrorKind::Server),
        ("fail-502", ErrorKind::Server),
        ("fail-503", ErrorKind::Overloaded),
        ("fail-529", ErrorKind::Overloaded),
    ] {
        for id in PROVIDERS {
            let bench = Bench::new(id).await;
            for streamed in [false, true] {
                let error = bench.ask(&question(model), streamed).await.expect_err(id);
                assert_eq!(error.kind(), kind, "{id} {model} {streamed}: {error}");
                let wait = (model == "limit-429-ra20").then_some(Duration::from_secs(20));
                assert_eq!(error.retry_after(), wait, "{id} {model}");
                assert_eq!(error.provider(), Some(id));
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_key_is_an_auth_error_that_does_not_show_it() {
    for id in PROVIDERS {
        let bench = Bench::with_key(id, "wrong").await;
        for streamed in [false, true] {
            let error = bench.ask(&question("echo"), streamed).await.expect_err(id);
            assert_eq!(error.kind(), ErrorKind::Auth, "{id}");
        }
    }
}

#[tokio::test]
async fn a_blocked_prompt_is_the_filters_doing() {
    // Ollama has no filter.
    for id in ["openai", "anthropic", "gemini"] {
        let bench = Bench::new(id).await;
        for streamed in [false, true] {
            match bench.ask(&question("content-filter"), streamed).await {
                Ok(answer) => {
                    let reason = answer.finish.reason;
                    assert!(matches!(reason, FinishReason::ContentFilter | FinishReason::Refusal), "{id}: {reason:?}");
                    assert_eq!(answer.message.text(), "", "{id}");
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::ContentFilter, "{id}: {error}"),
            }
        }
    }
}

#[tokio::test]
async fn broken_connections_are_errors_and_never_short_answers() {
    for (model, kinds) in [
        ("reset", &[ErrorKind::Network][..]),
        ("reset-after-2", &[ErrorKind::Network]),
        ("cut-after-2", &[ErrorKind::Network, ErrorKind::Truncated]),
        ("html-200", &[ErrorKind::Malformed, ErrorKind::Truncated]),
        ("empty-200", &[ErrorKind::Malformed, ErrorKind::Truncated]),
    ] {
        for id in PROVIDERS {
            let bench = Bench::new(id).await;
            for streamed in [false, true] {
                let error = bench.ask(&question(model), streamed).await.expect_err(id);
                assert!(kinds.contains(&error.kind()), "{id} {model} {streamed}: {error:?}");
            }
        }
    }
}

#[tokio::test]
async fn silence_runs_into_its_timer() {
    for id in PROVIDERS {
        let bench = Bench::new(id).await.impatient();
        for streamed in [false, true] {
            let error = bench.ask(&question("hang"), streamed).await.expect_err(id);
            assert_eq!(error.kind(), ErrorKind::Timeout(TimeoutStage::FirstByte), "{id} {streamed}: {error:?}");
            // The first byte may be late on a busy machine; that is not what is tested here.
            let stalls = async || loop {
                let error = bench.ask(&question("stall-after-2"), streamed).await.expect_err(id);
                if error.kind() != ErrorKind::Timeout(TimeoutStage::FirstByte) {
                    break error;
                }
            };
            let error = stalls().await;
            assert_eq!(error.kind(), ErrorKind::Timeout(TimeoutStage::Idle), "{id} {streamed}: {error:?}");
        }
    }
}

#[tokio::test]
async fn broken_streams_are_errors_that_carry_what_had_come() {
    for (model, kind) in [
        ("no-finish", ErrorKind::Truncated),
        ("cut-after-3", ErrorKind::Network),
        ("error-after-3", ErrorKind::Overloaded),
    ] {
        for id in PROVIDERS {
            let bench = Bench::new(id).await;
            let error = bench.stream(&question(model)).await.expect_err(id);
            let kind = if kind == ErrorKind::Overloaded { trouble(id) } else { kind };
            let same = error.kind() == kind || (kind == ErrorKind::Network && error.kind() == ErrorKind::Truncated);
            assert!(same, "{id} {model}: {error:?}");
            assert_eq!(error.progress(), Progress::Committed, "{id} {model}");
            let partial = error.partial().expect(model).text();
            let expected = if model == "no-finish" { "echo: one two three four" } else { "echo: one two" };
            assert_eq!(partial, expected, "{id} {model}");
        }
    }
}

#[tokio::test]
async fn a_lone_chunk_of_broken_json_is_passed_over() {
    for id in PROVIDERS {
        let bench = Bench::new(id).await;
        let answer = bench.stream(&question("bad-chunk-after-3")).await.expect(id);
        assert_eq!((answer.text(), answer.finish.reason), ("echo: one two three four".to_owned(), FinishReason::Stop));
        let error = bench.stream(&question("bad-chunk-after-0")).await.expect_err(id);
        assert_eq!(error.kind(), ErrorKind::Malformed, "{id}: {error:?}");
        assert!(error.progress() < Progress::Committed, "{id}: another target may still answer");
        let error = bench.chat(&question("bad-chunk")).await.expect_err(id);
        assert!(matches!(error.kind(), ErrorKind::Malformed | ErrorKind::Truncated), "{id}: {error:?}");
    }
}

#[tokio::test]
async fn the_beginning_of_an_answer_is_gone_on_with_or_refused() {
    for id in ["openai", "openai-compatible", "anthropic", "ollama"] {
        let bench = Bench::new(id).await;
        let begun = |model: &str| question(model).with_message(Message::assistant("word1 word2"));
        for streamed in [false, true] {
            let answer = bench.ask(&begun("words-4"), streamed).await.expect(id);
            assert_eq!(answer.text(), " word3 word4", "{id} {streamed}");
            let error = bench.ask(&begun("words-4+no-prefill"), streamed).await.expect_err(id);
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{id}: {error:?}");
        }
    }
}

#[tokio::test]
async fn an_error_before_any_content_may_still_fall_over() {
    for id in PROVIDERS {
        let bench = Bench::new(id).await;
        for model in ["error-at-0", "error-after-0"] {
            let error = bench.stream(&question(model)).await.expect_err(id);
            assert_eq!(error.kind(), trouble(id), "{id} {model}: {error:?}");
            assert!(error.progress() < Progress::Committed, "{id} {model}");
            let error = bench.chat(&question(model)).await.expect_err(id);
            assert_eq!(error.kind(), trouble(id), "{id} {model}: {error:?}");
        }
    }
}

#[tokio::test]
async fn a_missing_end_mark_is_a_truncation() {
    for id in PROVIDERS {
        let bench = Bench::new(id).await;
        let answer = bench.stream(&question("no-end")).await;
        if id == "openai-compatible" {
            // Many servers of this kind leave `[DONE]` out; the finish reason is their end.
            assert_eq!(answer.unwrap().text(), "echo: one two three four");
            continue;
        }
        let error = answer.expect_err(id);
        assert_eq!(error.kind(), ErrorKind::Truncated, "{id}: {error:?}");
        assert_eq!(error.partial().unwrap().text(), "echo: one two three four", "{id}");
    }
}

#[tokio::test]
async fn a_plugin_never_tries_again_by_itself() {
    for id in PROVIDERS {
        let bench = Bench::new(id).await;
        for model in ["fail-503-x1", "limit-429-x1", "reset-x1"] {
            bench.chat(&question(model)).await.expect_err(id);
            assert_eq!(bench.emulator.count(model), 1, "{id} {model}");
        }
    }
}
