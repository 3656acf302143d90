//! The drop harness finds what is left behind, and where.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use llm_testkit::drops::{Trial, at_every_poll};
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn a_future_that_cleans_up_passes_with_all_its_polls() {
    let polls = at_every_poll(|| {
        Trial::new(async {
            for _ in 0..5 {
                sleep(Duration::from_secs(1)).await;
            }
        })
    });
    assert_eq!(polls.await, Ok(6));
}

#[tokio::test(start_paused = true)]
async fn what_is_left_behind_is_found_with_its_poll() {
    let leaky = || {
        let open = Arc::new(AtomicU64::new(0));
        let count = open.clone();
        Trial::new(async move {
            sleep(Duration::from_secs(1)).await;
            count.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_secs(1)).await;
            count.fetch_sub(1, Ordering::Relaxed);
        })
        .gauge("open", move || open.load(Ordering::Relaxed))
    };
    assert_eq!(at_every_poll(leaky).await, Err("dropped at poll 2: open: 1 left".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_cleans_up_later_has_its_time() {
    let slow = || {
        let open = Arc::new(AtomicU64::new(1));
        let (count, task) = (open.clone(), async || {
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
        });
        Trial::new(async move {
            tokio::spawn(async move {
                task().await;
                count.store(0, Ordering::Relaxed);
            });
            tokio::task::yield_now().await;
        })
        .gauge("open", move || open.load(Ordering::Relaxed))
    };
    assert_eq!(at_every_poll(slow).await, Ok(2));
}
