//! A leader or a follower dropped at any poll leaves nothing behind, and harms nobody.

use std::sync::Arc;

use llm_testkit::drops::{Trial, at_every_poll};

use crate::support::{Form, PAIRS, Vendor, around, ask, builder, chat, cx, ms, stream};

#[tokio::test(start_paused = true)]
async fn a_lone_request_dropped_at_every_poll_leaves_nothing() {
    for request in [chat as Form, stream] {
        let polls = at_every_poll(|| {
            let vendor = Arc::new(Vendor::new(ms(1)));
            let cache = builder().build();
            let provider = around(&cache, &vendor);
            let live = vendor.clone();
            Trial::new(async move { ask(&provider, &cx("a"), request("q")).await.unwrap() })
                .gauge("calls in flight", move || live.live())
                .gauge("flights", move || cache.in_flight() as u64)
        })
        .await;
        assert!(polls.clone().is_ok_and(|polls| polls >= 2), "{polls:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_dropped_at_any_poll_the_other_gets_the_answer() {
    for (dropped, staying) in PAIRS {
        for dropped_leads in [true, false] {
            let polls = at_every_poll(|| {
                let vendor = Arc::new(Vendor::new(ms(5)));
                let cache = builder().build();
                let provider = around(&cache, &vendor);
                let other = provider.clone();
                let stays = async move {
                    if dropped_leads {
                        tokio::time::sleep(ms(1)).await;
                    }
                    let answer = ask(&other, &cx("a"), staying("q")).await.unwrap();
                    assert_eq!(&answer.text()[8..], " to q");
                };
                let stays = tokio::spawn(stays);
                let (live, failed) = (vendor.clone(), Arc::new(stays));
                let (waited, alive) = (failed.clone(), cache.clone());
                Trial::new(async move {
                    if !dropped_leads {
                        tokio::time::sleep(ms(1)).await;
                    }
                    let answer = ask(&provider, &cx("a"), dropped("q")).await.unwrap();
                    while !waited.is_finished() {
                        tokio::time::sleep(ms(1)).await;
                    }
                    answer
                })
                // The harness looks a millisecond after the drop, when the other may still be reading.
                .gauge("calls beyond one", move || live.live().saturating_sub(1))
                .gauge("upstream calls beyond two", move || vendor.calls().saturating_sub(2))
                .gauge("flights beyond one", move || (alive.in_flight() as u64).saturating_sub(1))
            })
            .await;
            assert!(polls.clone().is_ok_and(|polls| polls >= 2), "{polls:?}");
        }
    }
}

/// The same by hand, waiting for the one that stays.
#[tokio::test(start_paused = true)]
async fn the_one_that_stays_is_answered_by_one_call() {
    for (leaves, stays) in PAIRS {
        for time in 0..40 {
            for leader_leaves in [true, false] {
                let vendor = Arc::new(Vendor::new(ms(5)));
                let cache = builder().build();
                let provider = around(&cache, &vendor);
                let begin = |request: fn(&str) -> llm_core::Request, wait: u64| {
                    let provider = provider.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(ms(wait)).await;
                        ask(&provider, &cx("a"), request("q")).await.unwrap()
                    })
                };
                let (left, stayed) = if leader_leaves {
                    (begin(leaves, 0), begin(stays, 1))
                } else {
                    (begin(leaves, 1), begin(stays, 0))
                };
                tokio::time::sleep(ms(time)).await;
                left.abort();
                let answer = stayed.await.unwrap();
                // Who left before the other came took its call along; the other then made its own.
                let calls = if leader_leaves && time <= 1 { 2 } else { 1 };
                assert!(vendor.calls() <= calls, "{} calls at {time} ms", vendor.calls());
                assert_eq!(answer.text(), format!("answer {} to q", vendor.calls()));
                tokio::time::sleep(ms(1)).await;
                assert_eq!((vendor.live(), cache.in_flight()), (0, 0), "at {time} ms");
            }
        }
    }
}
