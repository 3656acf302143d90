//! Requests divided by shares.

use std::borrow::Cow;

use super::{Measure, Reads, Score, Strategy};
use crate::contest::Contest;

/// Drawn by weight, within tiers. Who was not drawn follows, drawn again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weighted;

impl Strategy for Weighted {
    fn name(&self) -> &'static str {
        "weighted"
    }

    fn reads(&self) -> Reads {
        Reads::NONE
    }

    fn rank(&self, contest: &Contest<'_>, order: &mut Vec<usize>) -> Cow<'static, str> {
        order.sort_by_cached_key(|&place| (contest.place(place).priority, contest.turn(place)));
        Cow::Borrowed(if contest.is_session() { "drawn by weight for the session" } else { "drawn by weight" })
    }

    fn scores(&self, contest: &Contest<'_>, place: usize) -> Vec<Score> {
        vec![Score::new("weight", Measure::Count(contest.place(place).share().into()))]
    }
}
