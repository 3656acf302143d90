//! Low latency for everybody: the better of two.

use std::borrow::Cow;

use super::fastest::{load, scores, time};
use super::{Reads, Score, Strategy, lead};
use crate::contest::Contest;

/// Two targets are drawn by weight, and the one with the lower score is asked (power of two choices, Mitzenmacher 2001).
/// The score is the peak-sensitive mean of the time to the first content times the calls at work there, so that a slow or
/// busy target gets less without a rush to the fastest. The others follow by score. Lower tiers go first.
///
/// A target of which nothing was seen is asked at once while it is idle, and is thought to take a second while it is not.
/// A request of a session is not compared: it goes where the session is drawn to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Latency;

/// What a target is thought to take of which nothing was seen, in microseconds.
const UNSEEN: u64 = 1_000_000;

impl Strategy for Latency {
    fn name(&self) -> &'static str {
        "latency"
    }

    fn reads(&self) -> Reads {
        Reads::STATS.and(Reads::LOAD)
    }

    fn rank(&self, contest: &Contest<'_>, order: &mut Vec<usize>) -> Cow<'static, str> {
        order.sort_by_cached_key(|&place| (contest.place(place).priority, score(contest, place)));
        let Some(&best) = order.first() else { return Cow::Borrowed("nobody is left") };
        let tier = contest.place(best).priority;
        let (mut first, mut second) = (None, None);
        for &place in order.iter().take_while(|&&place| contest.place(place).priority == tier) {
            let drawn = Some((contest.turn(place), place));
            if first.is_none() || drawn < first {
                (first, second) = (drawn, first);
            } else if second.is_none() || drawn < second {
                second = drawn;
            }
        }
        let (Some((_, one)), other) = (first, second.map(|(_, place)| place)) else { return Cow::Borrowed("") };
        if contest.is_session() {
            lead(order, one);
            return Cow::Borrowed("drawn by weight for the session");
        }
        let better = other.filter(|&other| score(contest, other) < score(contest, one)).unwrap_or(one);
        lead(order, better);
        Cow::Borrowed("the faster of two that were drawn, then by score")
    }

    fn scores(&self, contest: &Contest<'_>, place: usize) -> Vec<Score> {
        scores(contest, place)
    }
}

fn score(contest: &Contest<'_>, place: usize) -> u64 {
    match time(contest, place) {
        Some(time) => time.saturating_mul(load(contest, place)),
        None => UNSEEN.saturating_mul(contest.now(place).calls().into()),
    }
}
