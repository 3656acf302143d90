//! One upstream call for all that ask the same at the same time, whoever of them gives up.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use llm_core::{CacheStatus, CancellationToken, CostSource, Error, ErrorKind, TimeoutStage, Usd};
use tokio::time::Instant;

use crate::support::{Form, PAIRS, Vendor, answer, around, ask, builder, chat, cx, ms, stream};

#[tokio::test(start_paused = true)]
async fn ten_thousand_followers_make_one_upstream_call() {
    for request in [chat as Form, stream] {
        let vendor = Arc::new(Vendor::new(ms(500)));
        let cache = builder().build();
        let provider = around(&cache, &vendor);
        let all = (0..10_001).map(|_| {
            let provider = provider.clone();
            tokio::spawn(async move { ask(&provider, &cx("a"), request("q")).await.unwrap() })
        });
        let answers = join_all(all).await;
        let joined = answers.iter().filter(|answer| answer.as_ref().unwrap().cache == Some(CacheStatus::Joined));
        assert_eq!((vendor.calls(), joined.count()), (1, 10_000));
        for answer in answers {
            let answer = answer.unwrap();
            assert_eq!(answer.text(), "answer 1 to q");
            let paid = answer.cost.unwrap().source != CostSource::Cache;
            assert_eq!(paid, answer.cache == Some(CacheStatus::Miss), "one pays");
        }
        let counters = cache.counters();
        assert_eq!((counters.misses, counters.joined, counters.stored), (1, 10_000, 1));
        assert_eq!((counters.saved_output_tokens, counters.saved_cost), (30_000, Usd::from_micros(400_000)));
        tokio::time::sleep(ms(1)).await;
        assert_eq!((cache.in_flight(), vendor.live()), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn followers_go_on_when_the_first_one_is_dropped_or_cancelled() {
    for (first, second) in PAIRS {
        for cancelled in [false, true] {
            let vendor = Arc::new(Vendor::new(ms(100)));
            let cache = builder().build();
            let provider = around(&cache, &vendor);
            let token = CancellationToken::new();
            let (leader, own) = (provider.clone(), cx("a").with_cancel(token.clone()));
            let leader = tokio::spawn(async move { ask(&leader, &own, first("q")).await });
            tokio::time::sleep(ms(50)).await;
            let follower = provider.clone();
            let follower = tokio::spawn(async move { ask(&follower, &cx("a"), second("q")).await });
            tokio::time::sleep(ms(300)).await;
            if cancelled {
                token.cancel();
                let ended = leader.await.unwrap();
                if first("q").operation() == "chat_stream" {
                    assert_eq!(ended.unwrap_err().kind(), ErrorKind::Cancelled);
                }
            } else {
                leader.abort();
            }
            assert_eq!(follower.await.unwrap().unwrap().text(), "answer 1 to q");
            assert_eq!(vendor.calls(), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_call_ends_with_the_last_one_who_waits() {
    for request in [chat as Form, stream] {
        let vendor = Arc::new(Vendor::new(ms(1000)));
        let cache = builder().build();
        let provider = around(&cache, &vendor);
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let provider = provider.clone();
                tokio::spawn(async move { ask(&provider, &cx("a"), request("q")).await })
            })
            .collect();
        tokio::time::sleep(ms(2500)).await;
        if request("q").operation() == "chat_stream" {
            for (left, task) in (0..3).rev().zip(&tasks) {
                assert_eq!(vendor.live(), 1, "{left} wait");
                task.abort();
                tokio::time::sleep(ms(1)).await;
            }
            assert_eq!((vendor.live(), cache.in_flight()), (0, 0));
            assert_eq!(ask(&provider, &cx("a"), request("q")).await.unwrap().cache, Some(CacheStatus::Miss));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_follower_keeps_its_own_deadline_and_its_own_cancellation() {
    for request in [chat as Form, stream] {
        let vendor = Arc::new(Vendor::new(ms(100)));
        let provider = around(&builder().build(), &vendor);
        let leader = provider.clone();
        let leader = tokio::spawn(async move { ask(&leader, &cx("a"), request("q")).await });
        tokio::time::sleep(ms(10)).await;
        let begun = Instant::now();
        let brief = cx("a").with_deadline((begun + ms(40)).into_std());
        let late = ask(&provider, &brief, request("q")).await.unwrap_err();
        assert_eq!((late.kind(), begun.elapsed()), (ErrorKind::Timeout(TimeoutStage::Total), ms(40)));
        let token = CancellationToken::new();
        let soon = token.clone();
        tokio::spawn(async move {
            tokio::time::sleep(ms(10)).await;
            soon.cancel();
        });
        let given_up = ask(&provider, &cx("a").with_cancel(token), request("q")).await.unwrap_err();
        assert_eq!(given_up.kind(), ErrorKind::Cancelled);
        assert_eq!(leader.await.unwrap().unwrap().text(), "answer 1 to q");
        assert_eq!(vendor.calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_not_kept_and_followers_ask_once_more_together() {
    for request in [chat as Form, stream] {
        for (kind, calls, good) in [
            (ErrorKind::Server, 2, 99),
            (ErrorKind::Timeout(TimeoutStage::Total), 2, 99),
            (ErrorKind::InvalidRequest, 1, 0),
        ] {
            let vendor = Arc::new(Vendor::saying(ms(50), move |call, _| match call {
                1 => Err(Error::new(kind, "broken")),
                _ => Ok(answer("good")),
            }));
            let provider = around(&builder().build(), &vendor);
            let all = (0..100).map(|_| {
                let provider = provider.clone();
                tokio::spawn(async move { ask(&provider, &cx("a"), request("q")).await })
            });
            let answers: Vec<_> = join_all(all).await.into_iter().map(Result::unwrap).collect();
            assert_eq!(vendor.calls(), calls, "{kind:?}");
            assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), good, "{kind:?}");
            assert!(answers.iter().filter_map(|answer| answer.as_ref().err()).all(|error| error.kind() == kind));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lasting_failure_is_asked_for_twice_and_not_more() {
    let vendor = Arc::new(Vendor::saying(ms(50), |_, _| Err(Error::new(ErrorKind::Overloaded, "full"))));
    let provider = around(&builder().build(), &vendor);
    let all = (0..100).map(|_| {
        let provider = provider.clone();
        tokio::spawn(async move { ask(&provider, &cx("a"), chat("q")).await.unwrap_err() })
    });
    assert!(join_all(all).await.into_iter().all(|error| error.unwrap().kind() == ErrorKind::Overloaded));
    assert_eq!(vendor.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn tenants_do_not_fly_together() {
    let vendor = Arc::new(Vendor::new(ms(50)));
    let provider = around(&builder().build(), &vendor);
    let all = ["a", "b", "a", "c"].map(|name| {
        let provider = provider.clone();
        tokio::spawn(async move { ask(&provider, &cx(name), chat("q")).await.unwrap() })
    });
    join_all(all).await;
    assert_eq!(vendor.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_follower_of_a_stream_reads_along() {
    let vendor = Arc::new(Vendor::new(ms(100)));
    let provider = around(&builder().build(), &vendor);
    let begun = Instant::now();
    let arrivals = |wait: Duration| {
        let provider = provider.clone();
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            let response = provider.call(&cx("a"), stream("q")).await.unwrap();
            let llm_core::Response::ChatStream(mut stream) = response else { panic!("no stream") };
            let mut seen = Vec::new();
            while let Some(event) = stream.next().await {
                if event.unwrap().is_content() {
                    seen.push(begun.elapsed().as_millis());
                }
            }
            seen
        })
    };
    // The first word comes at 500 ms, the last of four at 800 ms.
    let (first, early, late) = (arrivals(ms(0)), arrivals(ms(450)), arrivals(ms(650)));
    assert_eq!(first.await.unwrap(), [500, 600, 700, 800]);
    assert_eq!(early.await.unwrap(), [500, 600, 700, 800]);
    assert_eq!(late.await.unwrap(), [650, 700, 800], "what it missed comes at once, in one piece");
    assert_eq!(vendor.calls(), 1);
}
