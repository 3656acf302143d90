//! The fastest first, as far as speeds are known.

use std::borrow::Cow;

use super::{Measure, Reads, Score, Strategy};
use crate::contest::Contest;

/// By the time to the first content, within tiers, times the calls at work there. Targets of which nothing was seen come
/// after the others: use [`Latency`](super::Latency) where every target should have its turn.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fastest;

impl Strategy for Fastest {
    fn name(&self) -> &'static str {
        "fastest"
    }

    fn reads(&self) -> Reads {
        Reads::STATS.and(Reads::LOAD)
    }

    fn rank(&self, contest: &Contest<'_>, order: &mut Vec<usize>) -> Cow<'static, str> {
        sort(contest, order);
        Cow::Borrowed(match order.iter().filter(|&&place| time(contest, place).is_none()).count() {
            0 => "the fastest first",
            unknown if unknown == order.len() => "no speed is known: by tier and as listed",
            _ => "the fastest first, unknown speeds last",
        })
    }

    fn scores(&self, contest: &Contest<'_>, place: usize) -> Vec<Score> {
        scores(contest, place)
    }
}

/// The fastest first, unknown speeds last.
pub(super) fn sort(contest: &Contest<'_>, order: &mut [usize]) {
    order.sort_by_cached_key(|&place| {
        let time = time(contest, place).map(|time| time.saturating_mul(load(contest, place)));
        (contest.place(place).priority, time.is_none(), time)
    });
}

/// Microseconds to the first content, as it was seen: the peak, else the mean.
pub(super) fn time(contest: &Contest<'_>, place: usize) -> Option<u64> {
    let pulse = &contest.now(place).pulse;
    let time = pulse.first_token_peak.or(pulse.first_token)?;
    Some(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

/// Calls there with this one.
pub(super) fn load(contest: &Contest<'_>, place: usize) -> u64 {
    u64::from(contest.now(place).calls()) + 1
}

/// Both parts of the score.
pub(super) fn scores(contest: &Contest<'_>, place: usize) -> Vec<Score> {
    vec![
        Score::new("first_content", time(contest, place).map_or(Measure::Unknown, Measure::Micros)),
        Score::new("calls", Measure::Count(contest.now(place).calls().into())),
    ]
}
