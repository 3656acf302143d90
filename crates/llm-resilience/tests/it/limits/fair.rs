//! A crowd: one tenant cannot take the turns of others, and overload costs next to nothing.

use std::collections::HashMap;

use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until};

use super::*;

/// How long the vendor takes.
const WORK: Duration = Duration::from_millis(100);

/// Requests of one tenant at even distances; how many were answered before their deadline.
async fn crowd(limits: &Limits, tenants: &[(&'static str, u64)], time: Duration) -> HashMap<&'static str, u64> {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for (tenant, per_second) in tenants.iter().copied() {
        let limits = limits.clone();
        tasks.spawn(async move {
            let mut requests = JoinSet::new();
            for number in 0..per_second * time.as_secs() {
                sleep_until(start + SECOND * u32::try_from(number).unwrap() / u32::try_from(per_second).unwrap()).await;
                let limits = limits.clone();
                requests.spawn(async move {
                    let target = target();
                    let deadline = Instant::now() + SECOND;
                    let ask = LimitAsk { tenant: Some(tenant), deadline, draw: number, ..ask(&target) };
                    let Ok(mut slot) = limits.enter(ask).await else { return 0 };
                    let sent = Instant::now();
                    sleep(WORK).await;
                    slot.answered(sent.elapsed(), Instant::now());
                    u64::from(Instant::now() <= deadline)
                });
            }
            (tenant, requests.join_all().await.into_iter().sum::<u64>())
        });
    }
    tasks.join_all().await.into_iter().collect()
}

#[tokio::test(start_paused = true)]
async fn a_loud_tenant_does_not_drown_the_others() {
    // Room for 200 requests a second; the loud one wants 1,000, nine others 10 each.
    let limits = limits(LimitPolicy::default().with_max_in_flight(20));
    let small = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    let mut tenants = vec![("loud", 1000)];
    tenants.extend(small.map(|tenant| (tenant, 10)));
    let answered = crowd(&limits, &tenants, 15 * SECOND).await;
    for tenant in small {
        // Alone, each gets all of its 150.
        assert!(answered[tenant] * 100 >= 150 * 95, "{tenant}: {}", answered[tenant]);
    }
    let all: u64 = answered.values().sum();
    assert!(all * 100 >= 200 * 15 * 95, "{all} of 3000");
    assert_eq!(gauges(&limits), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn ten_times_too_much_still_gets_what_there_is() {
    let limits = limits(LimitPolicy::default().with_max_in_flight(20));
    let answered = crowd(&limits, &[("all", 2000)], 10 * SECOND).await["all"];
    assert!(answered * 100 >= 200 * 10 * 95, "{answered} of 2000");
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_too_long_does_not_make_all_answers_late() {
    // 100 s worth of work may wait, while callers give up after a second.
    let mut policy = LimitPolicy::default().with_max_in_flight(20).with_queue(20_000, 600 * SECOND);
    policy.queue_target = WORK;
    let limits = limits(policy);
    let answered = crowd(&limits, &[("all", 2000)], 10 * SECOND).await["all"];
    assert!(answered * 100 >= 200 * 10 * 90, "{answered} of 2000");
}
