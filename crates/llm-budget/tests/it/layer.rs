//! The layer: what is set aside before a call, what is settled after it, and what a caller is told.

use std::sync::Arc;
use std::time::Duration;

use llm_budget::{Budget, CODE_EXCEEDED, CODE_PRICE_UNKNOWN, Kind, OnExceed, Scope, Window};
use llm_core::{
    ChatRequest, Cost, CostSource, Error, ErrorKind, Hints, ImageRequest, Progress, Reasoning, Request, RerankRequest,
    Response, Usd, Warning,
};
use llm_testkit::drops::{Trial, at_every_poll};
use proptest::prelude::*;

use crate::fake::{Act, Bench, End, INPUT, MOST, price};

const NOW: Duration = Duration::ZERO;

fn total(tokens: u64) -> Budget {
    Budget::new("all", price(tokens), Window::Total)
}

fn scope(text: &str) -> Scope {
    toml::from_str(text).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_call_sets_aside_the_most_and_settles_what_it_cost() {
    let bench = Bench::new([total(5000)], [Act::Answer(7, Duration::from_secs(1))]);
    let (response, during) = tokio::join!(bench.chat(), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        bench.tokens("all@total").await
    });
    assert_eq!(during, (0, i64::try_from(INPUT + MOST).unwrap()));
    assert_eq!(response.unwrap().cost, Some(Cost::new(price(17), CostSource::User)));
    assert_eq!(bench.tokens("all@total").await, (17, 0));
    let spending = &bench.budgets.spending()["fake"];
    assert_eq!((spending.requests, spending.succeeded, spending.cost), (1, 1, price(17)));
    assert_eq!(spending.per_success(), Some(price(17)));
    let used = &bench.budgets.utilisation().await.unwrap()[0];
    assert_eq!((&*used.budget, used.spent, used.limit), ("all", price(17), price(5000)));
    assert!((used.part() - 0.0034).abs() < 1e-9);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_which_budget_what_is_left_and_when_it_renews() {
    let day =
        Budget::new("day", price(100), Window::Day).with_timezone(llm_budget::Zone::named("Europe/Berlin").unwrap());
    let bench = Bench::new([day], [Act::Answer(80, NOW)]);
    bench.chat().await.unwrap();
    let error = bench.chat().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code(), error.progress()),
        (ErrorKind::BudgetExceeded, Some(CODE_EXCEEDED), Progress::NotSent)
    );
    // The clock began at noon UTC, one o'clock in Berlin; the renewal is eleven hours away.
    let wait = error.retry_after().unwrap();
    assert!(wait <= Duration::from_secs(11 * 3600) && wait > Duration::from_secs(11 * 3600 - 60), "{wait:?}");
    let says = "budget \"day\" has $0.01 left of $0.1, this request may cost $1.01: it renews at 2026-11-21 00:00 CET";
    assert_eq!(error.message(), says);
    assert_eq!(bench.fake.asked.lock().unwrap().len(), 1, "nothing was sent");
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_shortened_to_what_is_left_when_the_caller_left_it_open() {
    let bench = Bench::new([total(100)], [Act::Answer(30, NOW), Act::Answer(20, NOW)]);
    bench.chat().await.unwrap();
    assert_eq!(bench.fake.asked.lock().unwrap()[0], Some(90));
    let told = bench.chat().await.unwrap().warnings;
    assert_eq!(bench.fake.asked.lock().unwrap()[1], Some(50));
    let details = "the answer has at most 50 tokens: budget \"all\" has $0.06 left".to_owned();
    assert_eq!(told, [Warning::Adapted { field: "sampling.max_output_tokens".to_owned(), details }]);
    let mut asked = ChatRequest::new("m").with_user("hello");
    asked.sampling.max_output_tokens = Some(40);
    assert_eq!(bench.ask(asked).await.unwrap_err().kind(), ErrorKind::BudgetExceeded, "the caller's own bound stands");
    let mut thinks = ChatRequest::new("m").with_user("hello");
    thinks.reasoning = Some(Reasoning::Budget(40));
    assert_eq!(bench.ask(thinks).await.unwrap_err().kind(), ErrorKind::BudgetExceeded, "ten tokens after its thoughts");
    bench.chat().await.unwrap();
    assert_eq!(bench.chat().await.unwrap_err().kind(), ErrorKind::BudgetExceeded, "15 tokens are no answer");
    assert_eq!(bench.tokens("all@total").await, (85, 0));
}

#[tokio::test(start_paused = true)]
async fn a_budget_of_each_request_bounds_its_answer() {
    let acts = [Act::Answer(5, NOW), Act::Stream(5, End::Whole)];
    let bench = Bench::new([Budget::new("one", price(60), Window::Request)], acts);
    assert_eq!(bench.chat().await.unwrap().warnings.len(), 1);
    let streamed = bench.stream().await.unwrap().collect().await.unwrap();
    let says = "the answer has at most 50 tokens: budget \"one\" has $0.06 left";
    assert!(matches!(&streamed.warnings[..], [Warning::Adapted { details, .. }] if details == says), "{streamed:?}");
    assert_eq!(bench.fake.asked.lock().unwrap()[0], Some(50));
    let mut asked = ChatRequest::new("m").with_user("hello");
    asked.sampling.max_output_tokens = Some(51);
    let error = bench.ask(asked).await.unwrap_err();
    assert_eq!(
        error.message(),
        "budget \"one\" allows $0.06 a request, this one may cost $0.061: allow a shorter answer"
    );
}

#[tokio::test(start_paused = true)]
async fn scopes_are_about_whom_they_say() {
    let of = |name: &str, scope_text: &str| Budget::new(name, price(50), Window::Total).with_scope(scope(scope_text));
    let budgets = [
        of("user", "user = \"*\""),
        of("team-a", "team = \"a\""),
        of("eu", "tag = \"region\"\nis = \"eu\""),
        of("other-provider", "provider = \"other\""),
        of("model", "provider = \"fake\"\nmodel = \"m\""),
    ];
    let mut bench = Bench::new(budgets, []);
    bench.chat().await.unwrap();
    assert_eq!(bench.tokens("model@total").await, (15, 0));
    let tags = [("team", "a"), ("region", "us")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    bench.cx.tags = Some(Arc::new(tags.into()));
    let mut hints = Hints::default();
    hints.user = Some("u]@1".into());
    bench.cx = bench.cx.with_hints(hints);
    bench.chat().await.unwrap();
    assert_eq!(bench.tokens("user@total[user=4:u]@1]").await, (15, 0));
    assert_eq!(bench.tokens("team-a@total").await, (15, 0));
    for none in ["eu@total", "other-provider@total", "user@total"] {
        assert_eq!(bench.tokens(none).await, (0, 0), "{none}");
    }
    assert_eq!(bench.tokens("model@total").await, (30, 0));
}

#[tokio::test(start_paused = true)]
async fn what_happens_over_the_limit_is_chosen() {
    let of = |on_exceed| total(10).with_on_exceed(on_exceed).with_scope(scope("provider = \"fake\""));
    for (on_exceed, kind) in [(OnExceed::Deny, ErrorKind::BudgetExceeded), (OnExceed::Fallback, ErrorKind::Limited)] {
        let error = Bench::new([of(on_exceed)], []).chat().await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (kind, Some(CODE_EXCEEDED)), "{on_exceed:?}");
    }
    for on_exceed in [OnExceed::Warn, OnExceed::Cheapest] {
        let bench = Bench::new([of(on_exceed)], []);
        bench.chat().await.unwrap();
        bench.chat().await.unwrap();
        assert_eq!(bench.tokens("all@total").await, (30, 0));
        let reached: Vec<Usd> = bench.alerts.lock().unwrap().iter().map(|alert| alert.reached).collect();
        assert_eq!(reached, [price(8), price(10)], "each once");
        let subject = llm_budget::Subject::default().at("fake", "m");
        assert_eq!(bench.budgets.left(&subject), Some(0.0), "what a router hears");
        let wanted = bench.budgets.wants_cheapest(&subject).map(|name| &**name);
        assert_eq!(wanted, (on_exceed == OnExceed::Cheapest).then_some("all"));
        let elsewhere = llm_budget::Subject::default().at("other", "m");
        assert_eq!(bench.budgets.wants_cheapest(&elsewhere), None);
    }
}

#[tokio::test(start_paused = true)]
async fn soft_budgets_let_what_is_at_work_go_over() {
    let bench = Bench::new([total(30).with_kind(Kind::Soft)], []);
    let (one, two) = tokio::join!(bench.chat(), bench.chat());
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(bench.chat().await.unwrap_err().kind(), ErrorKind::BudgetExceeded);
    assert_eq!(bench.tokens("all@total").await, (30, 0));
}

#[tokio::test(start_paused = true)]
async fn a_price_that_is_not_known_is_refused_or_counted_as_unknown() {
    let unpriced = || ChatRequest::new("unpriced").with_user("hello");
    let bench = Bench::new([total(1000)], []);
    let error = bench.ask(unpriced()).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::BudgetExceeded, Some(CODE_PRICE_UNKNOWN)));
    let lenient = Bench::on(bench.ledger.clone(), [total(1000)], [], |layer| layer.with_strict_prices(false));
    assert_eq!(lenient.ask(unpriced()).await.unwrap().cost, None);
    assert_eq!(lenient.budgets.spending()["fake"].unknown, 1);
    let soft = Bench::new([total(1000).with_kind(Kind::Soft)], []);
    soft.ask(unpriced()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn failures_cost_what_the_vendor_may_bill() {
    let error = |kind, progress| Act::Fail(Error::new(kind, "no").with_progress(progress));
    for (act, tokens) in [
        (error(ErrorKind::RateLimited, Progress::Sent), 0),
        (error(ErrorKind::Network, Progress::NotSent), 0),
        (error(ErrorKind::Network, Progress::Sent), 10),
        (error(ErrorKind::ModelOutput, Progress::Sent), 10),
    ] {
        let bench = Bench::new([total(5000)], [act]);
        bench.chat().await.unwrap_err();
        assert_eq!(bench.tokens("all@total").await, (tokens, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn streams_are_kept_alive_and_settled_however_they_end() {
    let cut = Error::truncated();
    for (end, read, tokens) in [
        (End::Whole, 500, 110),
        (End::Cut, 500, 110),
        (End::Fails(cut), 500, 110),
        (End::Never, 42, 50),
        (End::Never, 0, 10),
    ] {
        let bench = Bench::new([total(5000)], [Act::Stream(100, end)]);
        let mut stream = bench.stream().await.unwrap();
        assert_eq!(bench.budgets.at_work(), 1);
        // 100 seconds are more than three leases.
        for _ in 0..read {
            match stream.next().await {
                Some(Ok(_)) if bench.budgets.at_work() == 1 => {
                    assert_eq!(bench.tokens("all@total").await, (0, 1010), "kept");
                }
                Some(Ok(_)) => {}
                _ => break,
            }
        }
        drop(stream);
        assert_eq!(bench.tokens("all@total").await, (tokens, 0));
        assert_eq!(bench.budgets.at_work(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_anywhere_leaves_nothing_behind() {
    for streamed in [false, true] {
        let polls = at_every_poll(|| {
            let act = if streamed { Act::Stream(5, End::Whole) } else { Act::Answer(3, Duration::from_secs(5)) };
            let bench = Arc::new(Bench::new([total(5000)], [act]));
            let (seen, calls) = (bench.clone(), bench.clone());
            let call = async move {
                if streamed {
                    bench.stream().await.unwrap().collect().await.unwrap();
                } else {
                    bench.chat().await.unwrap();
                }
            };
            let reserved = move || {
                let account = llm_budget::Account { key: "all@total".into(), ends: None };
                let balances = futures_util::FutureExt::now_or_never(async { seen.ledger.read(&[account]).await });
                let balance = balances.unwrap().unwrap()[0];
                assert!(balance.spent <= 17_000_000, "{balance:?}");
                u64::try_from(balance.reserved).unwrap()
            };
            Trial::new(call).gauge("reserved", reserved).gauge("at work", move || calls.budgets.at_work() as u64)
        })
        .await;
        assert!(polls.unwrap() > 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_budget_is_waited_for_while_its_reservations_may_come_back() {
    let bench = Bench::new([total(1100)], [Act::Answer(5, Duration::from_millis(300)), Act::Answer(5, NOW)]);
    let mut asked = ChatRequest::new("m").with_user("hello");
    asked.sampling.max_output_tokens = Some(1000);
    let (one, two) = tokio::join!(bench.ask(asked.clone()), bench.ask(asked));
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(bench.tokens("all@total").await, (30, 0));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_estimated_where_no_budget_is() {
    let elsewhere = || total(5000).with_scope(scope("provider = \"other\""));
    for budgets in [vec![], vec![elsewhere()]] {
        let acts =
            [Act::Answer(5, NOW), Act::Stream(5, End::Whole), Act::Stream(5, End::Cut), Act::Stream(5, End::Never)];
        let bench = Bench::new(budgets, acts);
        assert_eq!(bench.chat().await.unwrap().cost, Some(Cost::new(price(15), CostSource::User)));
        bench.stream().await.unwrap().collect().await.unwrap();
        assert_eq!((bench.estimates(), bench.budgets.spending()["fake"].cost), (0, price(30)));
        // What ends early is estimated from what came.
        bench.stream().await.unwrap().collect().await.unwrap_err();
        assert_eq!((bench.estimates(), bench.budgets.spending()["fake"].cost), (1, price(45)));
        let mut dropped = bench.stream().await.unwrap();
        for _ in 0..4 {
            dropped.next().await.unwrap().unwrap();
        }
        drop(dropped);
        let spending = &bench.budgets.spending()["fake"];
        assert_eq!((bench.estimates(), spending.cost, spending.estimated), (2, price(57), 2));
    }
}

#[tokio::test(start_paused = true)]
async fn another_list_of_budgets_forgets_nothing() {
    let before = Bench::new([total(100)], [Act::Answer(80, Duration::from_secs(60))]);
    assert!(!before.budgets.is_empty());
    let team = Budget::new("team", price(50), Window::Total).with_scope(scope("team = \"a\""));
    let after = before.replaced([total(120), team]);
    let (at_work, more) = tokio::join!(before.chat(), async {
        // The call of before has set 100 aside, so that 20 are left of more.
        tokio::time::sleep(Duration::from_secs(50)).await;
        assert_eq!(after.budgets.at_work(), 1);
        after.chat().await
    });
    assert_eq!(more.unwrap_err().code(), Some(CODE_EXCEEDED));
    at_work.unwrap();
    assert_eq!(after.tokens("all@total").await, (90, 0));
    after.chat().await.unwrap();
    assert_eq!(after.tokens("all@total").await, (105, 0));
    assert_eq!(after.budgets.spending()["fake"].requests, 2);
    assert_eq!(after.alerts.lock().unwrap().len(), 2, "80 of 100, and 96 of 120");
    let none = after.replaced([]);
    none.chat().await.unwrap();
    assert!(none.budgets.is_empty());
    assert_eq!((none.tokens("all@total").await, none.budgets.spending()["fake"].requests), ((105, 0), 3));
    assert!(after.budgets.replaced([total(1), total(2)]).is_err(), "two of one name");
}

/// 1,000 at once: never over the limit, nothing left set aside, every alert once, and the ledger is what was billed.
#[tokio::test(start_paused = true)]
async fn a_thousand_calls_at_once_stay_within_a_hard_limit() {
    let acts = (0..1000_u64).map(|number| Act::Answer(number % 90, Duration::from_millis(number % 700)));
    let bench = Arc::new(Bench::new([total(20_000)], acts));
    let calls: Vec<_> = (0..1000)
        .map(|number| {
            let bench = bench.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(number)).await;
                let mut asked = ChatRequest::new("m").with_user("hello");
                asked.sampling.max_output_tokens = Some(90);
                bench.ask(asked).await
            })
        })
        .collect();
    let (mut billed, mut refused) = (Usd::ZERO, 0);
    for call in calls {
        match call.await.unwrap() {
            Ok(response) => billed += response.cost.unwrap().total,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::BudgetExceeded);
                refused += 1;
            }
        }
    }
    assert!(refused > 0 && billed <= price(20_000), "{billed} {refused}");
    let (spent, reserved) = bench.tokens("all@total").await;
    assert_eq!((Usd::from_micros(1000 * u64::try_from(spent).unwrap()), reserved), (billed, 0));
    assert_eq!(bench.alerts.lock().unwrap().len(), 1);
    assert_eq!(bench.budgets.spending()["fake"].cost, billed);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Any mix of calls that answer, stream, break and are given up: the ledger is the sum of what they cost.
    #[test]
    fn what_calls_cost_is_what_the_ledger_has(calls in prop::collection::vec((0..5_u8, 0..60_u64, 0..20_u64), 1..25)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let acts = calls.iter().map(|(what, tokens, _)| match what {
                0 | 1 => Act::Answer(*tokens, Duration::from_secs(*tokens)),
                2 => Act::Stream(*tokens, End::Whole),
                3 => Act::Stream(*tokens, End::Cut),
                _ => Act::Fail(Error::new(ErrorKind::Server, "no")),
            });
            let bench = Bench::new([total(100_000_000)], acts);
            for (what, _, patience) in &calls {
                let patience = Duration::from_secs(*patience);
                if matches!(what, 2 | 3) {
                    let mut stream = bench.stream().await.unwrap();
                    let _ = tokio::time::timeout(patience, async { while stream.next().await.is_some() {} }).await;
                } else {
                    let _ = tokio::time::timeout(patience, bench.chat()).await;
                }
            }
            let (spent, reserved) = bench.tokens("all@total").await;
            let spending = &bench.budgets.spending()["fake"];
            prop_assert_eq!(spending.requests, calls.len() as u64);
            prop_assert_eq!(Usd::from_micros(1000 * u64::try_from(spent).unwrap()), spending.cost);
            prop_assert_eq!((reserved, bench.budgets.at_work()), (0, 0));
            Ok(())
        })?;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_chat_is_settled_by_its_own_usage_and_an_unknown_cost_stays_unknown() {
    let bench = Bench::new([total(5000)], []);
    let order = Request::Rerank(Arc::new(RerankRequest::new("m", "q", ["a"])));
    let Response::Rerank(order) = bench.provider.call(&bench.cx, order).await.unwrap() else { panic!("an order") };
    assert_eq!(order.cost, Some(Cost::new(price(INPUT), CostSource::User)));
    let count = Request::CountTokens(Arc::new(ChatRequest::new("m").with_user("hello")));
    let Response::CountTokens(count) = bench.provider.call(&bench.cx, count).await.unwrap() else { panic!("a count") };
    assert_eq!(count.cost, None);
    assert_eq!(bench.tokens("all@total").await.0, i64::try_from(INPUT).unwrap(), "a count is free");
    let image = Request::Image(Arc::new(ImageRequest::new("m", "a cat")));
    let Response::Image(image) = bench.provider.call(&bench.cx, image).await.unwrap() else { panic!("an image") };
    assert_eq!(image.cost, None, "the vendor said nothing: that is unknown, not free");
}
