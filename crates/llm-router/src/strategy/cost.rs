//! The cheapest first.

use std::borrow::Cow;

use super::{Measure, Reads, Score, Strategy};
use crate::contest::Contest;

/// By the estimated cost of the request, within tiers. Targets without a known price come after the others.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost;

impl Strategy for Cost {
    fn name(&self) -> &'static str {
        "cost"
    }

    fn reads(&self) -> Reads {
        Reads::PRICES
    }

    fn rank(&self, contest: &Contest<'_>, order: &mut Vec<usize>) -> Cow<'static, str> {
        sort(contest, order);
        Cow::Borrowed(match order.iter().filter(|&&place| contest.cost(place).is_none()).count() {
            0 => "the cheapest first",
            unknown if unknown == order.len() => "no price is known: by tier and as listed",
            _ => "the cheapest first, unknown prices last",
        })
    }

    fn scores(&self, contest: &Contest<'_>, place: usize) -> Vec<Score> {
        vec![Score::new("cost", contest.cost(place).map_or(Measure::Unknown, Measure::Usd))]
    }
}

/// The cheapest first, unknown prices last.
pub(super) fn sort(contest: &Contest<'_>, order: &mut [usize]) {
    order.sort_by_cached_key(|&place| {
        let cost = contest.cost(place);
        (contest.place(place).priority, cost.is_none(), cost)
    });
}

/// Whatever the strategy would say: the cheapest of all, steps and fallbacks included.
pub(crate) fn cheapest(contest: &Contest<'_>, order: &mut [usize]) -> Cow<'static, str> {
    order.sort_by_cached_key(|&place| {
        let cost = contest.cost(place);
        (cost.is_none(), cost)
    });
    Cow::Borrowed("a budget is spent: the cheapest first")
}
