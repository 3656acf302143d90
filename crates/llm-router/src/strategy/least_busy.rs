//! The one with the fewest calls at work and waiting.

use std::borrow::Cow;

use super::{Measure, Reads, Score, Strategy};
use crate::contest::Contest;

/// By calls at work and waiting, divided by the weight, within tiers. Equals are drawn by weight.
///
/// A request of a session goes where the session is drawn to, whatever its load.
#[derive(Clone, Copy, Debug, Default)]
pub struct LeastBusy;

/// Calls are compared per weight: with so many binary digits after the point.
const DIGITS: u32 = 16;

impl Strategy for LeastBusy {
    fn name(&self) -> &'static str {
        "least_busy"
    }

    fn reads(&self) -> Reads {
        Reads::STATS.and(Reads::LOAD)
    }

    fn rank(&self, contest: &Contest<'_>, order: &mut Vec<usize>) -> Cow<'static, str> {
        let session = contest.is_session();
        order.sort_by_cached_key(|&place| {
            let of = contest.place(place);
            let load = (u64::from(contest.now(place).calls()) << DIGITS) / u64::from(of.share().max(1));
            (of.priority, if session { 0 } else { load }, contest.turn(place))
        });
        Cow::Borrowed(if session { "drawn by weight for the session" } else { "the least busy first" })
    }

    fn scores(&self, contest: &Contest<'_>, place: usize) -> Vec<Score> {
        let load = contest.now(place).load;
        vec![
            Score::new("calls", Measure::Count(contest.now(place).calls().into())),
            Score::new("waiting", Measure::Count(load.queued.into())),
        ]
    }
}
