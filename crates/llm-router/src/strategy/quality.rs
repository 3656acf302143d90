//! The best first.

use std::borrow::Cow;
use std::cmp::Reverse;

use super::{Measure, Reads, Score, Strategy};
use crate::contest::Contest;

/// By quality, within tiers. Targets of unknown quality come after the others; among equals the one listed first.
#[derive(Clone, Copy, Debug, Default)]
pub struct BestQuality;

impl Strategy for BestQuality {
    fn name(&self) -> &'static str {
        "quality"
    }

    fn reads(&self) -> Reads {
        Reads::STATS
    }

    fn rank(&self, contest: &Contest<'_>, order: &mut Vec<usize>) -> Cow<'static, str> {
        sort(contest, order);
        Cow::Borrowed(match order.iter().filter(|&&place| contest.quality(place).is_none()).count() {
            0 => "the best first",
            unknown if unknown == order.len() => "no quality is known: by tier and as listed",
            _ => "the best first, unknown quality last",
        })
    }

    fn scores(&self, contest: &Contest<'_>, place: usize) -> Vec<Score> {
        vec![Score::new("quality", contest.quality(place).map_or(Measure::Unknown, Measure::Share))]
    }
}

/// The best first, unknown quality last.
pub(super) fn sort(contest: &Contest<'_>, order: &mut [usize]) {
    order.sort_by_cached_key(|&place| {
        // The bits of floats that are not negative have the order of the floats, and `None` comes last in reverse.
        (contest.place(place).priority, Reverse(contest.quality(place).map(|quality| quality.max(0.0).to_bits())))
    });
}
