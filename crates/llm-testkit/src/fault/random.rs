//! Random episodes: every kind of fault, in lengths and shares that vendors have had.

use std::time::Duration;

use llm_core::Progress;

use super::schedule::{Cut, Episode, Fault, Stall};

/// One episode that is over by `until`.
pub(super) fn episode(random: &mut fastrand::Rng, until: Duration) -> Episode {
    let whole = millis(until);
    let from = random.u64(0..whole.max(1));
    // From a burst of seconds to most of the time.
    let length = random.u64(1000..=whole.max(1001)).min(random.u64(1000..=whole.max(1001)));
    let end = from.saturating_add(length).min(whole);
    let fault = fault(random);
    let episode = Episode::new(fault, Duration::from_millis(from), Duration::from_millis(end));
    let episode = match random.u32(..3) {
        0 => episode,
        _ => episode.with_share(random.u32(20..=1000)),
    };
    match random.u32(..6) {
        0 => episode.flapping(Duration::from_millis(random.u64(2000..=30_000))),
        _ => episode,
    }
}

fn fault(random: &mut fastrand::Rng) -> Fault {
    let wait = Duration::from_millis(random.u64(100..=20_000));
    match random.u32(..20) {
        0..4 => Fault::Status([500, 502, 503, 504, 529][random.usize(..5)]),
        4..6 => Fault::Closed { status: 429, wait, hint: true },
        6 => Fault::Closed { status: 429, wait, hint: false },
        7 => Fault::Closed { status: 503, wait, hint: random.bool() },
        8 => Fault::Limited { requests: random.u32(5..=100), per: wait, hint: random.bool() },
        9 => Fault::Crowded(random.u32(1..=20)),
        10 => Fault::Quota { reset: Some(wait) },
        11 => Fault::Stall(Stall::Headers),
        12 => Fault::Stall(Stall::FirstWord),
        13 => Fault::Stall(Stall::MidStream),
        14 => Fault::Cut(if random.bool() { Cut::FirstWord } else { Cut::MidStream }),
        15 => Fault::Drip(Duration::from_millis(random.u64(500..=25_000))),
        16 => Fault::KeepAlive(Duration::from_millis(random.u64(5000..=25_000))),
        17 => Fault::Reset(Progress::NotSent),
        18 => Fault::Reset(if random.bool() { Progress::Sent } else { Progress::Committed }),
        _ => Fault::Malformed,
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
