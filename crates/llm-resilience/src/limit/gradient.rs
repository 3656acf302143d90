//! Congestion as the time to the first token tells it: longer than it used to be with fewer requests at once.
//!
//! Never the total time: that is the length of the answer. What is compared are medians of rounds, so that single slow
//! prompts say nothing.

use super::recent::Recent;

/// Measurements in a round, at least; and as many as requests at once, so that a round sees what the one before did.
const ROUND: u64 = 16;
/// A rise of the baseline takes this many times its distance in rounds.
const RISE: u64 = 64;
/// Congested rounds on end, each with fewer requests than the one before, that must show in the times.
const PATIENCE: u32 = 6;

/// Compares the times of each round with the best that was usual.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gradient {
    round: Recent,
    count: u64,
    /// Usual time when not congested, in microseconds times [`RISE`], so that slow rises are not lost.
    baseline: Option<u64>,
    /// Usual distance of a round's median from that of the round before: noise, but not a slow rise.
    spread: u64,
    last: u64,
    /// Congested rounds on end, and the median of the first one.
    congested: Option<(u32, u64)>,
}

impl Gradient {
    /// Adds a time in microseconds; true when it ends a round that was congested.
    pub(crate) fn add(&mut self, micros: u64, at_once: u64) -> bool {
        self.round.add(micros);
        self.count += 1;
        if self.count < ROUND.max(at_once) {
            return false;
        }
        self.count = 0;
        let median = std::mem::take(&mut self.round).median().unwrap_or(micros);
        self.end_round(median)
    }

    fn end_round(&mut self, median: u64) -> bool {
        let Some(scaled) = self.baseline else {
            self.baseline = Some(median * RISE);
            (self.spread, self.last) = (median / 16, median);
            return false;
        };
        let baseline = scaled / RISE;
        let tolerance = (baseline / 10).max(self.spread * 2);
        let distance = median.abs_diff(self.last).min(baseline / 2);
        (self.spread, self.last) = ((self.spread * 15 + distance).div_ceil(16), median);
        if median > baseline + tolerance {
            let (rounds, first) = self.congested.unwrap_or((0, median));
            if rounds >= PATIENCE && median.saturating_add(first / 10) >= first {
                // Fewer requests did not help: it is not a queue, the target (or the kind of prompt) is slower now.
                (self.baseline, self.congested) = (Some(median * RISE), None);
                return false;
            }
            self.congested = Some((rounds + 1, first));
            // One round may be an accident.
            return rounds > 0;
        }
        self.congested = None;
        self.baseline =
            Some(if median < baseline { (baseline * 7 + median) / 8 * RISE } else { scaled + (median - baseline) });
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Congested rounds among `rounds` of this median.
    fn rounds(gradient: &mut Gradient, median: u64, rounds: usize) -> usize {
        (0..rounds).filter(|_| gradient.end_round(median)).count()
    }

    #[test]
    fn a_rise_beyond_a_tenth_is_congestion() {
        let mut gradient = Gradient::default();
        assert_eq!(rounds(&mut gradient, 1000, 40), 0);
        assert_eq!(rounds(&mut gradient.clone(), 1100, 1), 0);
        assert_eq!(rounds(&mut gradient, 1101, 3), 2);
    }

    #[test]
    fn noise_widens_the_tolerance() {
        let mut gradient = Gradient::default();
        for _ in 0..100 {
            rounds(&mut gradient, 900, 1);
            rounds(&mut gradient, 1200, 1);
        }
        assert_eq!(rounds(&mut gradient, 1250, 1), 0);
    }

    #[test]
    fn a_target_that_is_slower_for_good_is_believed() {
        let mut gradient = Gradient::default();
        rounds(&mut gradient, 1000, 10);
        assert_eq!(rounds(&mut gradient, 3000, 50), 5);
        assert_eq!(rounds(&mut gradient, 3000, 50), 0);
        // And one that gets better with fewer requests goes on being a queue.
        let mut gradient = Gradient::default();
        rounds(&mut gradient, 1000, 10);
        let falling = (0..6).map(|step| 3000 - step * 200);
        assert_eq!(falling.filter(|median| gradient.end_round(*median)).count(), 5);
    }

    #[test]
    fn one_slow_prompt_in_a_round_is_nothing() {
        let mut gradient = Gradient::default();
        for number in 0..1600_u64 {
            let micros = if number % 7 == 0 { 60_000_000 } else { 1_000_000 };
            assert!(!gradient.add(micros, 20));
        }
    }
}
