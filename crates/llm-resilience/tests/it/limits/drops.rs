//! Whoever goes away, at whatever moment, leaves nothing behind.

use tokio::time::advance;

use super::*;

type Entering<'a> = Pin<Box<dyn Future<Output = Result<Slot, Error>> + 'a>>;

/// Many requests of several tenants and targets come, are polled, are dropped and end in random order.
async fn churn(seed: u64) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let limits = Limits::new();
    let small = || LimitPolicy::default().with_max_in_flight(3).with_queue(8, 3 * SECOND);
    limits.configure(LimitScope::EachTarget, strict(small().with_tpm(6000).with_rpm(300)));
    limits.configure(LimitScope::EachTenant, small().with_rpm(200));
    limits.configure(LimitScope::Provider("vendor".into()), small().with_adaptive());
    limits.configure(LimitScope::Process, LimitPolicy::default().with_max_in_flight(5));
    let targets = ["a", "b", "c"].map(|model| Target::new("vendor", model));
    let mut entering: Vec<Entering<'_>> = Vec::new();
    let mut held: Vec<Slot> = Vec::new();
    for _ in 0..400 {
        match rng.u32(..8) {
            0..3 => {
                let tenant = ["x", "y", "z"][rng.usize(..3)];
                let tokens = TokenEstimate::new(rng.u64(..100), Some(rng.u64(..100)));
                let priority = [Priority::Batch, Priority::Normal][rng.usize(..2)];
                let ask = LimitAsk { tenant: Some(tenant), tokens, priority, ..ask(&targets[rng.usize(..3)]) };
                entering.push(Box::pin(limits.enter(ask)));
            }
            3..5 if !entering.is_empty() => {
                let place = rng.usize(..entering.len());
                let polled = poll(entering[place].as_mut());
                if let Poll::Ready(outcome) = polled {
                    drop(entering.swap_remove(place));
                    held.extend(outcome);
                }
            }
            5 if !entering.is_empty() => drop(entering.swap_remove(rng.usize(..entering.len()))),
            6 if !held.is_empty() => {
                let mut slot = held.swap_remove(rng.usize(..held.len()));
                match rng.u32(..4) {
                    0 => slot.answered(Duration::from_millis(rng.u64(..2000)), Instant::now()),
                    1 => slot.usage(&llm_core::Usage::new(rng.u64(..200), rng.u64(..200)), Instant::now()),
                    2 => slot.failed(&Error::new(llm_core::ErrorKind::RateLimited, "x"), Instant::now()),
                    _ => {}
                }
            }
            _ => advance(Duration::from_millis(rng.u64(..400))).await,
        }
    }
    entering.clear();
    held.clear();
    for target in &targets {
        let load = limits.load(target);
        assert_eq!((load.in_flight, load.queued), (0, 0), "seed {seed}: {target} is not empty");
    }
    let load = limits.process_load();
    assert_eq!((load.in_flight, load.queued), (0, 0), "seed {seed}");
    // Nothing is stuck either: after a minute everything may be taken again.
    advance(120 * SECOND).await;
    for target in &targets {
        for left in limits.left(target, Instant::now()) {
            assert_eq!(left.left, i64::try_from(left.limit).unwrap(), "seed {seed}: {left:?}");
        }
        assert!(limits.enter(hasty(target)).await.is_ok(), "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_goes_away_leaves_nothing() {
    for seed in 0..100 {
        churn(seed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_nobody_takes_goes_to_the_next() {
    let limits = limits(LimitPolicy::default().with_max_in_flight(1));
    let held = enter(&limits).await.unwrap();
    let mut waiting: Vec<_> = (0..2).map(|_| Box::pin(enter(&limits))).collect();
    for future in &mut waiting {
        assert!(poll(future.as_mut()).is_pending());
    }
    drop(held);
    // The first was handed the place, and goes away before it looks.
    drop(waiting.remove(0));
    assert_eq!(gauges(&limits), (1, 0));
    assert!(poll(waiting[0].as_mut()).is_ready());
    drop(waiting);
    assert_eq!(gauges(&limits), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_next_one_looks_at_the_clock_when_the_first_goes_away() {
    let limits = limits(LimitPolicy::default().with_rpm(60));
    for _ in 0..60 {
        drop(enter(&limits).await.unwrap());
    }
    let mut first = Box::pin(enter(&limits));
    assert!(poll(first.as_mut()).is_pending());
    let started = Instant::now();
    let second = async {
        drop(enter(&limits).await.unwrap());
        started.elapsed()
    };
    let leave = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        drop(first);
    };
    assert_eq!(tokio::join!(second, leave).0, SECOND);
}
