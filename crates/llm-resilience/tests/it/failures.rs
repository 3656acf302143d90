//! The one error of a request that failed, and the answer that may stand in for it.

use llm_core::{ErrorKind, FinishReason, Progress, Request, Warning};
use llm_resilience::{ALL_TARGETS_FAILED, CANNED, RetryPolicy};

use crate::support::{Act, Memory, Scripted, chat, cx, driver, error, fail, ms, open};

#[tokio::test(start_paused = true)]
async fn all_failed_is_one_error_with_every_attempt() {
    let limited = error(ErrorKind::RateLimited).with_status(429).with_retry_after(ms(20_000));
    let a = Scripted::new("a", [Act::Fail(0, limited.with_code("rate_limit_exceeded"))]);
    let b = Scripted::new("b", [Act::Fail(0, error(ErrorKind::Server).with_status(500))]);
    let error = chat(&driver(&[&a, &b]).retry(RetryPolicy::none()).build(), &cx()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "all 2 targets failed (a/m: rate_limited, b/m: server): scripted rate_limited (status 429)"
    );
    assert_eq!((error.kind(), error.code()), (ErrorKind::RateLimited, Some(ALL_TARGETS_FAILED)));
    assert_eq!((error.status(), error.retry_after()), (Some(429), Some(ms(20_000))));
    let log: Vec<String> = error.attempts().iter().map(ToString::to_string).collect();
    assert_eq!(
        log,
        ["a/m 429 rate_limited: scripted rate_limited (retry after 20s)", "b/m 500 server: scripted server"]
    );
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "a: scripted rate_limited (status 429)");
}

#[tokio::test(start_paused = true)]
async fn the_most_informative_error_is_told() {
    use ErrorKind as K;
    let hint = |seconds: u64| error(K::RateLimited).with_retry_after(ms(seconds * 1000));
    for (first, second, told) in [
        (error(K::Auth), error(K::Server), K::Server),
        (error(K::Server), error(K::Unsupported), K::Server),
        (error(K::Server), error(K::Network), K::Server),
        (error(K::Overloaded), hint(1), K::RateLimited),
        (hint(5), error(K::Overloaded).with_retry_after(ms(90_000)), K::Overloaded),
        (error(K::RateLimited), error(K::InvalidRequest), K::InvalidRequest),
        (error(K::NotFound), error(K::CircuitOpen), K::NotFound),
    ] {
        let (a, b) = (Scripted::new("a", [Act::Fail(0, first)]), Scripted::new("b", [Act::Fail(0, second)]));
        let error = chat(&driver(&[&a, &b]).retry(RetryPolicy::none()).build(), &cx()).await.unwrap_err();
        assert_eq!(error.kind(), told, "{error}");
        assert_eq!(error.attempts().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn targets_that_were_not_tried_are_not_counted_as_failed() {
    let broken = |id| Scripted::new(id, [fail(ErrorKind::Auth)]);
    let (a, b, c, d) = (broken("a"), broken("b"), broken("c"), broken("d"));
    let error = chat(&driver(&[&a, &b, &c, &d]).build(), &cx()).await.unwrap_err();
    assert!(error.message().starts_with("3 of 4 targets failed (a/m: auth, b/m: auth, c/m: auth): "), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_canned_answer_stands_in_for_failed_vendors_only() {
    for kind in crate::decisions::KINDS {
        use ErrorKind as K;
        let a = Scripted::new("a", [fail(kind)]);
        let driver = driver(&[&a]).canned_answer("come back later").build();
        let (memory, cx) = Memory::cx();
        let told = matches!(
            kind,
            K::InvalidRequest
                | K::PayloadTooLarge
                | K::ContextLength
                | K::ContentFilter
                | K::BudgetExceeded
                | K::Cancelled
                | K::Config
                | K::Internal
        );
        assert_eq!(chat(&driver, &cx).await.is_err(), told, "{kind:?}");
        let last = memory.lines().pop().unwrap();
        assert_eq!(last, format!("completed nobody {kind} (? in, ? out)"), "the observer hears of the failure");
    }
}

#[tokio::test(start_paused = true)]
async fn a_canned_answer_says_what_it_is() {
    let (a, b) = (Scripted::new("a", [fail(ErrorKind::Auth)]), Scripted::new("b", [fail(ErrorKind::NotFound)]));
    let driver = driver(&[&a, &b]).canned_answer("come back later").build();
    let whole = chat(&driver, &cx()).await.unwrap();
    let streamed = open(&driver, &cx()).await.unwrap().collect().await.unwrap();
    for response in [whole, streamed] {
        assert_eq!(response.text(), "come back later");
        assert_eq!((&*response.origin.provider, response.finish.reason), (CANNED, FinishReason::Stop));
        assert_eq!(response.attempts.len(), 2);
        let [Warning::Other { message }] = &response.warnings[..] else { panic!("{:?}", response.warnings) };
        assert!(message.contains("all 2 targets failed (a/m: auth, b/m: not_found)"), "{message}");
        assert!(response.usage.is_unknown());
    }
    assert!(driver.call(&cx(), Request::Models).await.is_err(), "there are no canned models");
}

#[tokio::test(start_paused = true)]
async fn errors_name_their_target_once() {
    let a = Scripted::new("a", [Act::Fail(0, error(ErrorKind::Auth).with_provider("inner"))]);
    let error = chat(&driver(&[&a]).build(), &cx()).await.unwrap_err();
    assert_eq!((error.provider(), error.model()), (Some("inner"), Some("m")));
    assert_eq!(error.progress(), Progress::Sent);
}
