//! Which arm a key belongs to: weighted rendezvous hashing, a pure function of names and shares.

use super::hash::siphash;
use crate::draw::unit;

/// The key of all assignments. A change would move everybody: it never changes.
const KEY: (u64, u64) = (0x6c6f_7175_6174_2d61, 0x622d_7465_7374_2d31);

/// The arm of `who`, as a place in `arms` (names with their shares); `None` when all shares are 0.
///
/// Each arm draws a time by its own hash and rate, and the first to ring wins (Schindelhauer and Schomaker 2005). So the
/// shares hold, and a change of one arm's share moves only keys that this arm gains or loses.
pub(crate) fn assign<'a>(experiment: &str, who: &str, arms: impl IntoIterator<Item = (&'a str, u32)>) -> Option<usize> {
    let times = arms.into_iter().enumerate().filter(|(_, (_, share))| *share > 0).map(|(place, (name, share))| {
        let draw = unit(siphash(KEY, &[experiment, name, who]));
        (place, -draw.ln() / f64::from(share))
    });
    times.min_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(place, _)| place)
}

/// Whether `who` is in the sample of this share (0 to 1) of all.
pub(crate) fn sampled(name: &str, who: &str, share: f64) -> bool {
    unit(siphash(KEY, &[name, who])) < share
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arm(who: u32, arms: &[(&str, u32)]) -> usize {
        assign("haiku-vs-mini", &format!("user-{who}"), arms.iter().copied()).unwrap()
    }

    #[test]
    fn shares_hold_within_one_percent_of_a_hundred_thousand_users() {
        let arms = [("a", 50), ("b", 30), ("c", 20), ("d", 0)];
        let mut counts = [0u32; 4];
        (0..100_000).for_each(|who| counts[arm(who, &arms)] += 1);
        for (count, (name, share)) in counts.into_iter().zip(arms) {
            let percent = f64::from(count) / 1_000.0;
            assert!((percent - f64::from(share)).abs() < 1.0, "{name}: {percent} % instead of {share} %");
        }
    }

    #[test]
    fn an_assignment_is_the_same_in_every_process() {
        // Computed by another implementation of the same hash: a change moves the users of running experiments.
        let arms = [("a", 50), ("b", 50)];
        let found: Vec<usize> = (0..16).map(|who| arm(who, &arms)).collect();
        assert_eq!(found, FIRST_SIXTEEN);
        assert_eq!(assign("e", "who", [("a", 0), ("b", 0)]), None);
        // Another experiment divides the same users anew.
        let other = |who: u32| assign("other", &format!("user-{who}"), arms).unwrap();
        let same = (0..10_000).filter(|who| arm(*who, &arms) == other(*who)).count();
        assert!((4_700..5_300).contains(&same), "{same}");
    }

    const FIRST_SIXTEEN: [usize; 16] = [1, 1, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 1, 0, 1];

    #[test]
    fn a_changed_share_moves_only_what_it_must() {
        let before = [("a", 50), ("b", 30), ("c", 20)];
        let after = [("a", 50), ("b", 60), ("c", 20)];
        let mut moved = 0;
        for who in 0..50_000 {
            let (old, new) = (arm(who, &before), arm(who, &after));
            if old != new {
                assert_eq!(new, 1, "only to the arm that grew");
                moved += 1;
            }
        }
        // b has 30 of 100 before and 60 of 130 after: 16.15 % must move.
        let percent = f64::from(moved) / 500.0;
        assert!((percent - 16.15).abs() < 1.0, "{percent}");
        // An arm that is closed gives its users away and nobody else moves; the order of the list means nothing.
        let closed = [("c", 20), ("b", 0), ("a", 50)];
        for who in 0..10_000 {
            let (old, new) = (arm(who, &before), arm(who, &closed));
            assert!(old == 1 || before[old].0 == closed[new].0);
        }
    }

    #[test]
    fn a_sample_has_its_share() {
        let count = (0..100_000).filter(|who| sampled("shadow", &format!("r-{who}"), 0.05)).count();
        assert!((4_700..5_300).contains(&count), "{count}");
        assert!(!sampled("shadow", "r", 0.0) && sampled("shadow", "r", 1.0));
    }
}
