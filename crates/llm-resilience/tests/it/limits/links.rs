//! Links as vendors are: how many requests at once the search finds. In the manner of the simulations of Vector's
//! adaptive concurrency: the limit is averaged over time.

use std::sync::{Arc, Mutex};

use llm_core::ErrorKind;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::*;

/// A vendor that does so many requests at once.
struct Link {
    /// How many.
    capacity: u32,
    /// With more than that it refuses; otherwise it takes longer, as a queue does.
    refuses: bool,
    /// Until the first content, when there is room.
    first: Duration,
    /// In hundredths of it, up and down.
    jitter: u64,
    busy: u32,
}

/// What was seen in one stretch of time.
#[derive(Debug, Default)]
struct Seen {
    answers: u64,
    refusals: u64,
    /// Sum and number of the limits that were looked at.
    limits: (u64, u64),
    /// When the limit first came near what was expected.
    reached: Option<Duration>,
}

impl Seen {
    fn count(&mut self, refused: bool) {
        *if refused { &mut self.refusals } else { &mut self.answers } += 1;
    }

    fn mean_limit(&self) -> u64 {
        self.limits.0 / self.limits.1.max(1)
    }

    #[track_caller]
    fn check(&self, capacity: u64) {
        let mean = self.mean_limit();
        assert!((capacity * 8..=capacity * 12).contains(&(mean * 10)), "a limit of {mean} for {capacity}");
        let all = self.answers + self.refusals;
        assert!(self.refusals * 50 <= all, "{} of {all} refused", self.refusals);
    }
}

struct Run {
    limits: Limits,
    link: Arc<Mutex<Link>>,
    seen: Arc<Mutex<Seen>>,
    clients: JoinSet<()>,
}

impl Run {
    /// Clients that ask again and again, so many at once, each on its own way.
    fn new(link: Link, clients: u64) -> Self {
        let mut policy = LimitPolicy::default().with_max_in_flight(200).with_adaptive().with_queue(1000, 60 * SECOND);
        policy.throttle = false;
        let limits = limits(policy);
        let link = Arc::new(Mutex::new(link));
        let seen = Arc::new(Mutex::new(Seen::default()));
        let mut run = Self { limits, link, seen, clients: JoinSet::new() };
        for seed in 0..clients {
            let (limits, link, seen) = (run.limits.clone(), run.link.clone(), run.seen.clone());
            run.clients.spawn(async move {
                let mut rng = fastrand::Rng::with_seed(seed);
                loop {
                    let Ok(slot) = enter(&limits).await else { continue };
                    let refused = call(slot, &link, &mut rng).await;
                    seen.lock().unwrap().count(refused);
                    // Nobody comes back at once.
                    if refused {
                        sleep(Duration::from_millis(rng.u64(100..300))).await;
                    }
                }
            });
        }
        run
    }

    /// Looks on for some time.
    async fn watch(&mut self, time: Duration, expected: u32) -> Seen {
        *self.seen.lock().unwrap() = Seen::default();
        let (start, target) = (Instant::now(), target());
        let (mut limits, mut reached) = ((0, 0), None);
        while start.elapsed() < time {
            sleep(Duration::from_millis(50)).await;
            let limit = self.limits.load(&target).limit.unwrap();
            limits = (limits.0 + u64::from(limit), limits.1 + 1);
            if limit * 10 >= expected * 8 {
                reached.get_or_insert(start.elapsed());
            }
        }
        Seen { limits, reached, ..std::mem::take(&mut *self.seen.lock().unwrap()) }
    }
}

/// One call; true when it was refused.
async fn call(mut slot: Slot, link: &Mutex<Link>, rng: &mut fastrand::Rng) -> bool {
    let first = {
        let mut link = link.lock().unwrap();
        if link.refuses && link.busy >= link.capacity {
            None
        } else {
            link.busy += 1;
            let crowded = u64::from(link.busy.max(link.capacity)) * 100 / u64::from(link.capacity);
            let jitter = 100 - link.jitter + rng.u64(..=link.jitter * 2);
            Some(link.first * u32::try_from(crowded * jitter / 100).unwrap() / 100)
        }
    };
    let Some(first) = first else {
        sleep(Duration::from_millis(20)).await;
        slot.failed(&Error::new(ErrorKind::RateLimited, "too many at once"), Instant::now());
        return true;
    };
    let started = Instant::now();
    sleep(first).await;
    slot.answered(started.elapsed(), Instant::now());
    // The length of the answer has nothing to do with the load.
    sleep(Duration::from_millis(rng.u64(..400))).await;
    link.lock().unwrap().busy -= 1;
    false
}

fn link(capacity: u32, refuses: bool, jitter: u64) -> Link {
    Link { capacity, refuses, first: Duration::from_millis(300), jitter, busy: 0 }
}

#[tokio::test(start_paused = true)]
async fn a_link_that_refuses_above_its_capacity() {
    for capacity in [8, 25, 60] {
        let mut run = Run::new(link(capacity, true, 0), u64::from(capacity) * 2);
        run.watch(60 * SECOND, capacity).await;
        run.watch(60 * SECOND, capacity).await.check(u64::from(capacity));
    }
}

#[tokio::test(start_paused = true)]
async fn a_jittery_link_that_refuses_above_its_capacity() {
    let mut run = Run::new(link(25, true, 60), 50);
    run.watch(60 * SECOND, 25).await;
    run.watch(60 * SECOND, 25).await.check(25);
}

#[tokio::test(start_paused = true)]
async fn a_link_without_a_limit_is_used_up_to_the_demand() {
    for jitter in [0, 60] {
        let mut run = Run::new(link(1000, true, jitter), 50);
        let seen = run.watch(60 * SECOND, 50).await;
        assert_eq!(seen.refusals, 0);
        let limit = run.watch(60 * SECOND, 50).await.mean_limit();
        assert!(limit >= 50, "jitter {jitter}: a limit of {limit} holds back 50 clients");
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_that_slows_down_above_its_capacity() {
    for jitter in [0, 30] {
        let mut run = Run::new(link(25, false, jitter), 100);
        run.watch(60 * SECOND, 25).await;
        run.watch(60 * SECOND, 25).await.check(25);
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_that_loses_capacity_and_gets_it_back() {
    let mut run = Run::new(link(40, true, 20), 80);
    run.watch(60 * SECOND, 40).await;
    run.watch(60 * SECOND, 40).await.check(40);
    run.link.lock().unwrap().capacity = 10;
    run.watch(60 * SECOND, 10).await;
    run.watch(60 * SECOND, 10).await.check(10);
    run.link.lock().unwrap().capacity = 40;
    let back = run.watch(60 * SECOND, 40).await.reached.expect("never recovers");
    assert!(back <= 30 * SECOND, "recovers after {back:?}");
    run.watch(60 * SECOND, 40).await.check(40);
}
