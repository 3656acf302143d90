//! A primary and those who step in for it, in tiers.

use std::borrow::Cow;

use super::{Measure, Reads, Score, Strategy};
use crate::contest::Contest;
use crate::view::RouteView;

/// By tier, lower ones first. Within a tier as listed, or drawn by weight where a target of the tier has one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Priority;

impl Strategy for Priority {
    fn name(&self) -> &'static str {
        "priority"
    }

    fn reads(&self) -> Reads {
        Reads::NONE
    }

    fn is_fixed(&self, view: &RouteView) -> bool {
        view.places.iter().all(|place| place.weight.is_none())
    }

    fn rank(&self, contest: &Contest<'_>, order: &mut Vec<usize>) -> Cow<'static, str> {
        if self.is_fixed(contest.view) {
            order.sort_by_key(|&place| contest.place(place).priority);
            return Cow::Borrowed("by tier and as listed");
        }
        order.sort_by_cached_key(|&place| {
            let tier = contest.place(place).priority;
            (tier, if is_weighted(contest, tier) { contest.turn(place) } else { 0 })
        });
        Cow::Borrowed("by tier, drawn by weight within a tier")
    }

    fn scores(&self, contest: &Contest<'_>, place: usize) -> Vec<Score> {
        let of = contest.place(place);
        let mut scores = vec![Score::new("tier", Measure::Tier(of.priority))];
        if is_weighted(contest, of.priority) {
            scores.push(Score::new("weight", Measure::Count(of.share().into())));
        }
        scores
    }
}

fn is_weighted(contest: &Contest<'_>, tier: i32) -> bool {
    contest.view.places.iter().any(|place| place.priority == tier && place.weight.is_some())
}
