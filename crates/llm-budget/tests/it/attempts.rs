//! Budgets of each request: all its attempts together, and nobody else's.

use std::sync::Arc;
use std::time::Duration;

use llm_budget::{Budget, CODE_EXCEEDED, Kind, OnExceed, Scope, Window};
use llm_core::{Error, ErrorKind, Progress, Warning};

use crate::fake::{Act, Bench, price};

const NOW: Duration = Duration::ZERO;

fn one(tokens: u64) -> Budget {
    Budget::new("one", price(tokens), Window::Request)
}

fn broken() -> Act {
    Act::Fail(Error::new(ErrorKind::Network, "no").with_progress(Progress::Sent))
}

#[tokio::test(start_paused = true)]
async fn attempts_of_a_request_share_its_budget() {
    let unsent = Act::Fail(Error::new(ErrorKind::Network, "no").with_progress(Progress::NotSent));
    let bench = Bench::new([one(60)], [broken(), unsent, Act::Answer(40, NOW)]);
    // A failure that was billed costs its input of ten; one that was not sent costs nothing.
    bench.attempt("a", 1).await.unwrap_err();
    bench.attempt("a", 2).await.unwrap_err();
    bench.attempt("a", 3).await.unwrap();
    assert_eq!(*bench.fake.asked.lock().unwrap(), [Some(50), Some(40), Some(40)]);
    let error = bench.attempt("a", 4).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::BudgetExceeded, Some(CODE_EXCEEDED)));
    let says = "budget \"one\" allows $0.06 a request and has $0 left after its other attempts, this one may cost \
                $1.01: allow a shorter answer";
    assert_eq!(error.message(), says);
    // Others of the same name: another tenant's, and a later request, which begins with a first attempt.
    let mut theirs = bench.replaced([one(60)]);
    theirs.cx.tenant = Some("them".into());
    theirs.attempt("a", 2).await.unwrap();
    bench.attempt("a", 1).await.unwrap();
    bench.attempt("b", 2).await.unwrap();
    assert_eq!(bench.fake.asked.lock().unwrap()[3..], [Some(50), Some(50), Some(50)]);
}

#[tokio::test(start_paused = true)]
async fn attempts_beside_each_other_count_both() {
    let slow = || Act::Answer(20, Duration::from_secs(1));
    for (kind, second) in [(Kind::Hard, 30), (Kind::Soft, 90)] {
        let bench = Arc::new(Bench::new([one(100).with_kind(kind)], [slow(), slow(), slow()]));
        let first = tokio::spawn({
            let bench = bench.clone();
            async move {
                // Its own bound: forty of a hundred, and ten of input.
                let mut chat = llm_core::ChatRequest::new("m").with_user("hello");
                chat.sampling.max_output_tokens = Some(50);
                let mut cx = bench.cx.clone();
                (cx.request_id, cx.attempt) = (Some("h".into()), 1);
                bench.provider.call(&cx, llm_core::Request::Chat(Arc::new(chat))).await.map(drop)
            }
        });
        tokio::time::sleep(Duration::from_millis(500)).await;
        bench.attempt("h", 2).await.unwrap();
        first.await.unwrap().unwrap();
        assert_eq!(bench.fake.asked.lock().unwrap()[1], Some(second), "{kind:?}");
        bench.attempt("h", 3).await.unwrap();
        assert_eq!(bench.fake.asked.lock().unwrap()[2], Some(30), "{kind:?}: two have cost thirty each");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_given_up_is_given_back() {
    let bench = Bench::new([one(60)], [Act::Answer(40, Duration::from_secs(60)), Act::Answer(40, NOW)]);
    let patience = Duration::from_secs(1);
    tokio::time::timeout(patience, bench.attempt("a", 1)).await.unwrap_err();
    bench.attempt("a", 2).await.unwrap();
    assert_eq!(bench.fake.asked.lock().unwrap()[1], Some(40), "only its input is spent");
}

#[tokio::test(start_paused = true)]
async fn a_request_over_the_limit_may_go_with_a_warning() {
    let bench = Bench::new([one(60).with_on_exceed(OnExceed::Warn)], []);
    let told = bench.attempt("a", 1).await.unwrap().warnings;
    let says = "budget \"one\" allows $0.06 a request, this one may cost $1.01: allow a shorter answer";
    assert_eq!(told, [Warning::Other { message: says.to_owned() }]);
    assert_eq!(bench.fake.asked.lock().unwrap()[0], None, "not shortened");
}

#[tokio::test(start_paused = true)]
async fn a_target_over_its_part_of_a_request_is_passed_over() {
    let scope: Scope = toml::from_str("provider = \"fake\"").unwrap();
    let bench = Bench::new([one(20).with_scope(scope).with_on_exceed(OnExceed::Fallback)], []);
    assert_eq!(bench.attempt("a", 1).await.unwrap_err().kind(), ErrorKind::Limited);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_over_is_forgotten() {
    let bench = Bench::new([one(60)], []);
    bench.attempt("a", 1).await.unwrap();
    bench.attempt("b", 1).await.unwrap();
    assert_eq!(bench.budgets.requests(), 2);
    let mut cx = bench.cx.clone();
    cx.request_id = Some("a".into());
    bench.budgets.request_ended(&cx);
    assert_eq!(bench.budgets.requests(), 1);
    bench.attempt("a", 2).await.unwrap();
    assert_eq!(bench.fake.asked.lock().unwrap().last(), Some(&Some(50)));
}
