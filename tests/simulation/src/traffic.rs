//! Who comes when: clients in the order of a Poisson process, each with habits of its own.

use std::sync::Arc;
use std::time::Duration;

use llm_core::Secret;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::client::{self, Habit, Operation, Seen};
use crate::world::World;

/// Sends all requests and waits until the last one is over.
///
/// A request that never ends is no end of the run: what is not over an hour after the last arrival is lost, and missing
/// from what is returned.
pub(crate) async fn run(world: &World) -> Vec<Seen> {
    let mut random = fastrand::Rng::with_seed(world.plan.seed ^ 0x7261_6666_6963);
    let start = Instant::now();
    let (mut at, mut number) = (start, 0_usize);
    let mut tasks = JoinSet::new();
    let mut all = Vec::new();
    loop {
        at += apart(&mut random, world.plan.rate);
        if at.duration_since(start) >= world.plan.length {
            break;
        }
        sleep_until(at).await;
        let route = random.usize(..world.routes.len());
        let habit = habit(&mut random);
        let id: Arc<str> = number.to_string().into();
        number += 1;
        let name = (route, world.routes[route].name.clone());
        tasks.spawn(client::ask(world.driver.clone(), world.cx.clone(), name, id, habit));
        while let Some(done) = tasks.try_join_next() {
            all.extend(done.ok());
        }
    }
    let rest = async {
        while let Some(done) = tasks.join_next().await {
            all.extend(done.ok());
        }
    };
    // Nothing may take longer than the ten minutes that the driver gives a request, and a slow reader's pauses.
    drop(tokio::time::timeout(Duration::from_secs(3600), rest).await);
    world.sent.set(number);
    tasks.shutdown().await;
    all.sort_unstable_by_key(|seen| seen.started);
    all
}

/// The time between two arrivals.
fn apart(random: &mut fastrand::Rng, rate: u32) -> Duration {
    let share = 1.0 - random.f64();
    Duration::from_secs_f64(-share.ln() / f64::from(rate.max(1)))
}

fn habit(random: &mut fastrand::Rng) -> Habit {
    let one_in = |random: &mut fastrand::Rng, count: u32| random.u32(..count) == 0;
    let operation = match random.u32(..100) {
        0..45 => Operation::Chat,
        45..97 => Operation::Stream,
        _ => Operation::Embed,
    };
    let between = |random: &mut fastrand::Rng, least: u64, most: u64| Duration::from_millis(random.u64(least..=most));
    Habit {
        operation,
        deadline: one_in(random, 5).then(|| between(random, 10, 60_000)),
        patience: one_in(random, 10).then(|| between(random, 0, 8000)),
        polite: one_in(random, 2),
        slow: one_in(random, 25).then(|| between(random, 10, 5000)),
        tenant: match random.u32(..5) {
            0 => None,
            number => Some(["", "red", "green", "blue", "grey"][number as usize].into()),
        },
        credential: match random.u32(..20) {
            0 => Some(Secret::new("key of a caller")),
            1 => Some(Secret::new("key of another caller")),
            _ => None,
        },
        max_retries: one_in(random, 20).then(|| random.u32(..3)),
    }
}
