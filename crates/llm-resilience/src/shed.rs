//! Load shedding: what is refused first when there is more than can be done, and holding back from a vendor that says it
//! is overloaded.
//!
//! Pure: the load, the time and the draws are arguments.

use std::time::Duration;

use llm_core::{Priority, duration_text};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::share::Share;

/// How much is refused. Each level includes those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShedLevel {
    /// Nothing.
    #[default]
    None,
    /// Batch requests, and second attempts beside the first (hedges).
    Extras,
    /// Requests of low priority, the more the nearer the next level is.
    Low,
    /// Everything new.
    All,
}

/// How busy the process is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShedLoad {
    /// Requests at work.
    pub in_flight: u32,
    /// The most that may be at work, where that is limited.
    pub limit: Option<u32>,
    /// How long the oldest waiting request has waited.
    pub queue_delay: Duration,
    /// Used share of what may be used of another resource (memory, file handles), where somebody measures it.
    pub gauge: Option<Share>,
}

/// Where the levels of shedding begin: at a share of the places or of a gauge, or at a wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ShedPolicy {
    /// Share of the requests that may be at work from which extras are refused. Default 0.9.
    pub busy: Share,
    /// Wait from which extras are refused; low priority follows at twice, everything at eight times as long. Default 1 s.
    #[serde(with = "duration_text")]
    pub queue_delay: Duration,
    /// Share of the gauge from which extras are refused. Low priority follows half way to all of it, everything at all of
    /// it. Default 0.8.
    pub gauge: Share,
}

impl Default for ShedPolicy {
    fn default() -> Self {
        Self { busy: Share::percent(90), queue_delay: Duration::from_secs(1), gauge: Share::percent(80) }
    }
}

impl ShedPolicy {
    /// The level of a load.
    pub fn level(&self, load: &ShedLoad) -> ShedLevel {
        self.severity(load).0
    }

    /// Whether a request is refused. `draw` is 64 random bits.
    pub fn refuses(&self, load: &ShedLoad, priority: Priority, draw: u64) -> bool {
        let (level, part) = self.severity(load);
        match (level, priority) {
            (ShedLevel::None, _) => false,
            (ShedLevel::All, _) | (_, Priority::Batch) => true,
            (ShedLevel::Low, Priority::Low) => ((draw >> 32) * 1000) >> 32 < u64::from(part),
            _ => false,
        }
    }

    /// The level, and how far on the way to the next one it is, in thousandths.
    fn severity(&self, load: &ShedLoad) -> (ShedLevel, u32) {
        let full = Share::percent(100);
        // A queue is there to be used: full places alone refuse nothing but extras.
        let busy = match load.limit {
            Some(limit) if limit > 0 && self.busy.is_reached(load.in_flight, limit) => (ShedLevel::Extras, 0),
            _ => (ShedLevel::None, 0),
        };
        let one = self.queue_delay.as_nanos().max(1);
        let waited = match load.queue_delay.as_nanos() * 1000 / one {
            waited @ 8000.. => (ShedLevel::All, thousandths(waited - 8000)),
            waited @ 2000.. => (ShedLevel::Low, thousandths((waited - 2000) / 6)),
            1000.. => (ShedLevel::Extras, 0),
            _ => (ShedLevel::None, 0),
        };
        let gauged = load.gauge.map_or((ShedLevel::None, 0), |gauge| {
            let parts = |share: Share| share.of(1_000_000);
            let (from, used, all) = (parts(self.gauge), parts(gauge), parts(full));
            let middle = from + (all - from) / 2;
            if used >= all {
                (ShedLevel::All, 0)
            } else if used >= middle {
                (ShedLevel::Low, thousandths((used - middle) * 1000 / (all - middle).max(1)))
            } else if used >= from {
                (ShedLevel::Extras, 0)
            } else {
                (ShedLevel::None, 0)
            }
        });
        busy.max(waited).max(gauged)
    }
}

fn thousandths(number: u128) -> u32 {
    u32::try_from(number.min(1000)).unwrap_or(1000)
}

/// Slots of the window.
const SLOTS: usize = 12;
/// How long one is; together two minutes.
const SLOT: Duration = Duration::from_secs(10);
/// Requests per accepted one that a vendor is still sent.
const PER_ACCEPTED: u64 = 2;
/// Requests in the window that are sent whatever became of those before: so few overload nobody, and a target that is
/// asked once in a while must be seen to be back when it is. What holds back is the breaker then.
const FEW: u64 = 60;
/// The most that are refused, in tenths: some always try, or nobody would see that the vendor is back.
const MOST_REFUSED: u128 = 9;

/// Holds requests back from a target that refuses them as overloaded, so that it can recover: with more than twice as many
/// requests as it accepts, the surplus is refused here (Google's SRE book, "Handling overload", client-side throttling).
///
/// Requests count when they start, and as accepted until the vendor says that it is overloaded.
#[derive(Clone, Debug, Default)]
pub struct Throttle {
    slots: [Counts; SLOTS],
    current: usize,
    since: Option<Instant>,
    sum: Counts,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    requests: u64,
    refused: u64,
}

impl Throttle {
    /// Whether a request may start. If it may not, that is counted. `draw` is 64 random bits.
    pub fn admits(&mut self, draw: u64, now: Instant) -> bool {
        self.turn(now);
        let accepted = self.sum.requests.saturating_sub(self.sum.refused);
        let surplus = self.sum.requests.saturating_sub(accepted.saturating_mul(PER_ACCEPTED).max(FEW));
        if surplus == 0 {
            return true;
        }
        let whole = u128::from(self.sum.requests + 1);
        let share = (u128::from(surplus) << 64).min((whole << 64) / 10 * MOST_REFUSED);
        let refuse = u128::from(draw) * whole < share;
        if refuse {
            self.count(|counts| {
                counts.requests += 1;
                counts.refused += 1;
            });
        }
        !refuse
    }

    /// Counts a request that starts.
    pub fn started(&mut self, now: Instant) {
        self.turn(now);
        self.count(|counts| counts.requests += 1);
    }

    /// Takes back that a request started.
    pub(crate) fn not_started(&mut self, now: Instant) {
        self.turn(now);
        // In whatever slot: a request more in one and less in the next is none in two minutes.
        self.count(|counts| counts.requests = counts.requests.saturating_sub(1));
    }

    /// Counts that the vendor refused a request as overloaded.
    pub fn overloaded(&mut self, now: Instant) {
        self.turn(now);
        self.count(|counts| counts.refused += 1);
    }

    fn count(&mut self, add: impl Fn(&mut Counts)) {
        add(&mut self.slots[self.current]);
        add(&mut self.sum);
    }

    fn turn(&mut self, now: Instant) {
        let mut since = *self.since.get_or_insert(now);
        let mut turns = 0;
        while now.saturating_duration_since(since) >= SLOT {
            since += SLOT;
            turns += 1;
            if turns > SLOTS {
                since = now;
                break;
            }
            self.current = (self.current + 1) % SLOTS;
            let old = std::mem::take(&mut self.slots[self.current]);
            self.sum.requests = self.sum.requests.saturating_sub(old.requests);
            self.sum.refused = self.sum.refused.saturating_sub(old.refused);
        }
        self.since = Some(since);
    }
}

/// A time between `wait` and twice of it: who is told to come back should not come with all the others.
pub(crate) fn jittered(wait: Duration, draw: u64) -> Duration {
    let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX / 4).max(1);
    wait.saturating_add(Duration::from_millis(draw % millis))
}

#[cfg(test)]
#[path = "shed_tests.rs"]
mod tests;
