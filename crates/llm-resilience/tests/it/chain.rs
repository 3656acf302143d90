//! Retry and fallback along a chain: who is called, how often, when.

use std::sync::Arc;

use llm_core::{ErrorKind, Layer as _, Plan, PlanTarget, Planner, Progress, Provider, Request, Response, TimeoutStage};
use llm_resilience::{ALL_TARGETS_FAILED, FallbackPolicy, Resilient, RetryLayer, RetryPolicy};

use crate::decisions::KINDS;
use crate::support::{Act, Memory, Scripted, chat, cx, driver, error, fail, ms, open};

#[tokio::test(start_paused = true)]
async fn every_class_in_a_chain_of_two() {
    use ErrorKind as K;
    for kind in KINDS {
        let (first, second) = (Scripted::new("a", [fail(kind)]), Scripted::new("b", [Act::Answer(0)]));
        let result = chat(&driver(&[&first, &second]).build(), &cx()).await;
        let (calls, answered) = match kind {
            // Retried here, with one of the four attempts kept for the second.
            K::Overloaded | K::Server | K::Network | K::Truncated | K::Timeout(TimeoutStage::Connect) => (3, true),
            K::ModelOutput | K::Malformed => (2, true),
            K::Timeout(TimeoutStage::Total) => (1, false),
            K::InvalidRequest | K::PayloadTooLarge | K::ContextLength | K::ContentFilter => (1, false),
            K::BudgetExceeded | K::NoTarget | K::Cancelled | K::Internal => (1, false),
            _ => (1, true),
        };
        assert_eq!(first.count(), calls, "{kind:?}");
        assert_eq!(second.count(), usize::from(answered), "{kind:?}");
        let attempts = match &result {
            Ok(response) => &response.attempts,
            Err(error) => {
                assert_eq!(error.kind(), kind);
                error.attempts()
            }
        };
        assert_eq!(result.is_ok(), answered, "{kind:?}");
        assert_eq!(attempts.len(), calls + usize::from(answered), "{kind:?}: one log of all attempts");
        assert!(attempts.iter().map(|attempt| attempt.number).eq(1..=u32::try_from(attempts.len()).unwrap()));
    }
}

#[tokio::test(start_paused = true)]
async fn every_class_in_every_operation_and_alone() {
    for kind in KINDS {
        let alone = Scripted::new("a", [fail(kind)]);
        let driver = driver(&[&alone]).build();
        let mut calls = Vec::new();
        let embed = Arc::new(llm_core::EmbedRequest::new("public", ["hello"]));
        let chat = crate::support::request();
        for request in [Request::Chat(chat.clone()), Request::ChatStream(chat), Request::Embed(embed), Request::Models]
        {
            let error = driver.call(&cx(), request).await.unwrap_err();
            assert_eq!((error.kind(), error.provider(), error.model()), (kind, Some("a"), Some("m")));
            assert_ne!(error.code(), Some(ALL_TARGETS_FAILED), "a single target's error stays as it is");
            calls.push(error.attempts().len());
        }
        assert!(calls.iter().all(|&count| count == calls[0] && count <= 4), "{kind:?}: {calls:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_limited_primary_is_not_called_again() {
    let limited = error(ErrorKind::RateLimited).with_status(429).with_retry_after(ms(1000));
    let (first, second) = (Scripted::new("a", [Act::Fail(0, limited)]), Scripted::new("b", [Act::Answer(0)]));
    let started = tokio::time::Instant::now();
    let response = chat(&driver(&[&first, &second]).build(), &cx()).await.unwrap();
    assert_eq!((first.count(), second.count()), (1, 1));
    assert_eq!(started.elapsed(), ms(0), "the switch is immediate");
    assert_eq!(response.text(), "b");
    let log: Vec<String> = response.attempts.iter().map(ToString::to_string).collect();
    assert_eq!(log, ["a/m 429 rate_limited: scripted rate_limited (retry after 1s)", "b/m ok"]);
}

#[tokio::test(start_paused = true)]
async fn a_rate_limited_single_target_is_waited_for() {
    let limited = error(ErrorKind::RateLimited).with_retry_after(ms(2000));
    let only = Scripted::new("a", [Act::Fail(100, limited), Act::Answer(0)]);
    let response = chat(&driver(&[&only]).build(), &cx()).await.unwrap();
    let (calls, waited) = (only.calls(), response.attempts[1].waited);
    assert_eq!(calls[1].at - calls[0].at, ms(100) + waited);
    assert!((ms(2000)..=ms(2200)).contains(&waited), "{waited:?}");
    assert_eq!(response.attempts[0].duration, ms(100));
    assert_eq!(response.timing.total, Some(ms(100) + waited));
}

#[tokio::test(start_paused = true)]
async fn an_invalid_request_reaches_exactly_one_provider() {
    for kind in [ErrorKind::InvalidRequest, ErrorKind::ContentFilter, ErrorKind::ContextLength] {
        let first = Scripted::new("a", [Act::Fail(0, error(kind).with_status(400).with_param("messages"))]);
        let others = [Scripted::new("b", [Act::Answer(0)]), Scripted::new("c", [Act::Answer(0)])];
        let error = chat(&driver(&[&first, &others[0], &others[1]]).build(), &cx()).await.unwrap_err();
        assert_eq!((first.count(), others[0].count() + others[1].count()), (1, 0));
        assert_eq!((error.status(), error.param(), error.provider()), (Some(400), Some("messages"), Some("a")));
    }
}

#[tokio::test(start_paused = true)]
async fn retries_never_use_up_the_fallback() {
    let broken = |id| Scripted::new(id, [fail(ErrorKind::Server)]);
    let (a, b, c, d) = (broken("a"), broken("b"), broken("c"), broken("d"));
    let error = chat(&driver(&[&a, &b, &c, &d]).build(), &cx()).await.unwrap_err();
    assert_eq!([a.count(), b.count(), c.count(), d.count()], [2, 1, 1, 0], "four attempts, three targets");
    assert_eq!(error.code(), Some(ALL_TARGETS_FAILED));
    let (a, b) = (broken("a"), broken("b"));
    chat(&driver(&[&a, &b]).retry(RetryPolicy::classic()).build(), &cx()).await.unwrap_err();
    assert_eq!([a.count(), b.count()], [6, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_request_makes_at_most_four_attempts() {
    let only = Scripted::new("a", [fail(ErrorKind::Overloaded)]);
    let driver = driver(&[&only]).retry(RetryPolicy::default().with_max_attempts(4)).build();
    assert_eq!(chat(&driver, &cx()).await.unwrap_err().attempts().len(), 4);
    assert_eq!(only.calls().iter().map(|call| call.attempt).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn attempts_count_over_all_targets() {
    let broken = |id| Scripted::new(id, [fail(ErrorKind::Auth)]);
    let (a, b, c) = (broken("a"), broken("b"), broken("c"));
    let two = RetryPolicy::default().with_max_attempts(2);
    let error = chat(&driver(&[&a, &b, &c]).retry(two).build(), &cx()).await.unwrap_err();
    assert_eq!([a.count(), b.count(), c.count()], [1, 1, 0]);
    assert!(error.message().starts_with("2 of 3 targets failed"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_classic_preset_waits_as_the_classic_scripts_did() {
    let only = Scripted::new("a", [fail(ErrorKind::Server)]);
    let error = chat(&driver(&[&only]).retry(RetryPolicy::classic()).build(), &cx()).await.unwrap_err();
    let waits: Vec<u64> = error.attempts().iter().map(|attempt| attempt.waited.as_secs()).collect();
    assert_eq!(waits, [0, 5, 10, 20, 40, 60]);
    let calls = only.calls();
    let gaps: Vec<u64> = calls.windows(2).map(|pair| (pair[1].at - pair[0].at).as_secs()).collect();
    assert_eq!(gaps, [5, 10, 20, 40, 60]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_before_sending_is_tried_again_free_of_charge() {
    let unsent = Act::Fail(0, error(ErrorKind::Network).with_progress(Progress::NotSent));
    let only = Scripted::new("a", [unsent.clone(), Act::Answer(0)]);
    let started = tokio::time::Instant::now();
    let none_counted = RetryPolicy::default().with_max_attempts(1);
    assert!(chat(&driver(&[&only]).retry(none_counted).build(), &cx()).await.is_ok());
    assert_eq!(started.elapsed(), ms(0));
    let dead = Scripted::new("a", [unsent]);
    chat(&driver(&[&dead]).build(), &cx()).await.unwrap_err();
    assert_eq!(dead.count(), 5, "four attempts and the free one");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_is_not_tried_at_another_model_of_the_same_provider() {
    let a: Arc<Scripted> = Scripted::new("a", [fail(ErrorKind::Auth)]);
    let b = Scripted::new("b", [Act::Answer(0)]);
    let driver = Resilient::builder().target(a.clone(), "one").target(a.clone(), "two").target(b.clone(), "three");
    assert_eq!(chat(&driver.build(), &cx()).await.unwrap().text(), "b");
    assert_eq!((a.count(), b.calls()[0].model.as_str()), (1, "three"));
}

#[tokio::test(start_paused = true)]
async fn too_long_a_prompt_goes_only_to_a_larger_window() {
    let too_long = fail(ErrorKind::ContextLength);
    let small = Scripted::with_window("small", 8000, [too_long.clone()]);
    let same = Scripted::with_window("same", 8000, [Act::Answer(0)]);
    let unknown = Scripted::new("unknown", [Act::Answer(0)]);
    let large = Scripted::with_window("large", 128_000, [Act::Answer(0)]);
    let response = chat(&driver(&[&small, &same, &unknown, &large]).build(), &cx()).await.unwrap();
    assert_eq!(response.text(), "large");
    assert_eq!([small.count(), same.count(), unknown.count()], [1, 0, 0]);
    let unsure = Scripted::new("unsure", [too_long.clone(), too_long]);
    let error = chat(&driver(&[&unsure, &large]).build(), &cx()).await.unwrap_err();
    assert_eq!((error.kind(), large.count()), (ErrorKind::ContextLength, 1), "an unknown window proves nothing");
    // What the operator says of a target goes before what its provider says.
    let place = |of: &Arc<Scripted>, window: u64| PlanTarget::new(of.clone(), "m").with_context_window(window);
    let told = Resilient::builder().plan_target(place(&unsure, 8000)).plan_target(place(&large, 4000));
    assert!(chat(&told.plan_target(place(&unknown, 16_000)).build(), &cx()).await.is_ok());
    assert_eq!((large.count(), unknown.count()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_refused_prompt_moves_on_only_where_the_operator_says_so() {
    let (first, second) = (Scripted::new("a", [fail(ErrorKind::ContentFilter)]), Scripted::new("b", [Act::Answer(0)]));
    let builder = || driver(&[&first, &second]);
    assert!(chat(&builder().build(), &cx()).await.is_err());
    let opted_in = builder().fallback(FallbackPolicy::default().with_content_filter(true));
    assert_eq!(chat(&opted_in.build(), &cx()).await.unwrap().text(), "b");
}

#[tokio::test(start_paused = true)]
async fn a_call_may_lower_or_raise_its_retries_and_forbid_fallback() {
    let broken = || (Scripted::new("a", [fail(ErrorKind::Server)]), Scripted::new("b", [Act::Answer(0)]));
    let (a, b) = broken();
    let mut call = cx();
    call.max_targets = Some(1);
    assert!(chat(&driver(&[&a, &b]).build(), &call).await.is_err());
    assert_eq!((a.count(), b.count()), (4, 0));
    let (a, b) = broken();
    let mut call = cx();
    call.max_retries = Some(0);
    assert!(chat(&driver(&[&a, &b]).build(), &call).await.is_ok());
    assert_eq!((a.count(), b.count()), (1, 1));
    let (a, _) = broken();
    call.max_retries = Some(9);
    assert!(chat(&driver(&[&a]).build(), &call).await.is_err());
    assert_eq!(a.count(), 10);
}

#[tokio::test(start_paused = true)]
async fn who_may_only_ask_for_fewer_retries_gets_no_more() {
    for (policy, most, attempts) in [
        (RetryPolicy::none(), 5, 1),
        (RetryPolicy::default(), 1, 2),
        (RetryPolicy::default(), 5, 4),
        (RetryPolicy::default().with_max_attempts(2), 2, 2),
    ] {
        let only = Scripted::new("a", [fail(ErrorKind::Server)]);
        let mut call = cx();
        call.most_retries = Some(most);
        assert!(chat(&driver(&[&only]).retry(policy).build(), &call).await.is_err());
        assert_eq!(only.count(), attempts, "at most {most}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_refuses_before_sending_takes_no_attempt_away() {
    let shut = |id| Scripted::new(id, [fail(ErrorKind::CircuitOpen)]);
    let (a, b, c) = (shut("a"), shut("b"), Scripted::new("c", [fail(ErrorKind::Server), Act::Answer(0)]));
    let one = RetryPolicy::default().with_max_attempts(2);
    assert_eq!(chat(&driver(&[&a, &b, &c]).retry(one).build(), &cx()).await.unwrap().text(), "c");
}

#[tokio::test(start_paused = true)]
async fn models_are_asked_of_the_first_target_only() {
    let (first, second) = (Scripted::new("a", [fail(ErrorKind::NotFound)]), Scripted::new("b", [Act::Answer(0)]));
    let chain = driver(&[&first, &second]).build();
    assert_eq!(chain.call(&cx(), Request::Models).await.unwrap_err().kind(), ErrorKind::NotFound);
    let Ok(Response::Models(models)) = driver(&[&second, &first]).build().call(&cx(), Request::Models).await else {
        panic!("no models");
    };
    assert_eq!((models[0].id.as_str(), first.count()), ("b", 1));
}

#[tokio::test(start_paused = true)]
async fn each_target_is_asked_for_its_own_model_without_a_copy_of_the_request() {
    let (first, second) = (Scripted::new("a", [fail(ErrorKind::Auth)]), Scripted::new("b", [Act::Answer(0)]));
    let driver = Resilient::builder().target(first.clone(), "x").target(second.clone(), "y").build();
    let request = llm_core::ChatRequest::new("public").with_user("hello");
    let Ok(Response::Chat(response)) = driver.call(&cx(), Request::Chat(Arc::new(request))).await else {
        panic!("no answer");
    };
    assert_eq!((first.calls()[0].model.as_str(), second.calls()[0].model.as_str()), ("x", "y"));
    assert_eq!(response.origin.model, "y");
}

#[tokio::test(start_paused = true)]
async fn a_layer_retries_around_one_provider() {
    let inner = Scripted::new("a", [fail(ErrorKind::Server), Act::Answer(0)]);
    let layered = RetryLayer::new(RetryPolicy::default()).with_seed(1).layer(inner.clone());
    assert_eq!(layered.id(), "a");
    assert_eq!(layered.capabilities("m"), inner.capabilities("m"));
    let response = chat(&layered, &cx()).await.unwrap();
    assert_eq!(response.attempts.len(), 2);
    assert_eq!(inner.calls()[1].model, "public", "the layer leaves the model alone");
}

#[tokio::test(start_paused = true)]
async fn the_observer_hears_every_attempt_and_one_end() {
    let (first, second) = (Scripted::new("a", [fail(ErrorKind::RateLimited)]), Scripted::new("b", [Act::Answer(0)]));
    let (memory, cx) = Memory::cx();
    chat(&driver(&[&first, &second]).build(), &cx).await.unwrap();
    let expected = [
        "1 a/m starts",
        "1 a/m rate_limited: scripted rate_limited",
        "2 b/m starts",
        "2 b/m ok",
        "completed b/m ok (3 in, 5 out)",
    ];
    assert_eq!(memory.lines(), expected);

    let (memory, cx) = Memory::cx();
    let events = open(&driver(&[&first, &second]).build(), &cx).await.unwrap();
    assert_eq!(memory.lines(), expected[..4], "a stream is not over when it is handed out");
    events.collect().await.unwrap();
    assert_eq!(memory.lines(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_planner_may_refuse_and_an_empty_plan_is_an_error() {
    struct Refuses;
    impl Planner for Refuses {
        fn plan(&self, _cx: &llm_core::Cx, _request: &Request) -> Result<Plan, llm_core::Error> {
            Err(error(ErrorKind::NotFound))
        }
    }
    for (driver, kind) in [
        (Resilient::builder().build(), ErrorKind::NoTarget),
        (Resilient::builder().planner(Arc::new(Refuses)).build(), ErrorKind::NotFound),
    ] {
        let (memory, cx) = Memory::cx();
        let error = chat(&driver, &cx).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts().len()), (kind, 0));
        assert_eq!(memory.lines(), [format!("completed nobody {kind} (? in, ? out)")]);
    }
}
