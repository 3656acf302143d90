//! Congestion as the time to the first token tells it: longer than it used to be with fewer requests at once.
//!
//! Never the total time: that is the length of the answer. What is compared are medians of rounds, so that single slow
//! prompts say nothing.

use super::recent::Recent;

/// Measurements in a round.
const ROUND: u32 = 16;
/// A rise of the baseline takes this many times its distance in rounds.
const RISE: u64 = 128;
/// Decreases on end that must show in the times.
const PATIENCE: u32 = 4;

/// Compares the times of each round with the best that was usual.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gradient {
    round: Recent,
    count: u32,
    /// Usual time when not congested, in microseconds times [`RISE`], so that slow rises are not lost.
    baseline: Option<u64>,
    /// Usual distance of a round's median from the baseline.
    spread: u64,
    /// Congested rounds on end, and the median of the first one.
    congested: Option<(u32, u64)>,
}

impl Gradient {
    /// Adds a time in microseconds; true when it ends a round that was congested.
    pub(crate) fn add(&mut self, micros: u64) -> bool {
        self.round.add(micros);
        self.count += 1;
        if self.count < ROUND {
            return false;
        }
        self.count = 0;
        let median = std::mem::take(&mut self.round).median().unwrap_or(micros);
        self.end_round(median)
    }

    fn end_round(&mut self, median: u64) -> bool {
        let Some(scaled) = self.baseline else {
            self.baseline = Some(median * RISE);
            self.spread = median / 16;
            return false;
        };
        let baseline = scaled / RISE;
        let tolerance = (baseline / 8).max(self.spread * 3);
        let distance = median.abs_diff(baseline).min(baseline / 2);
        self.spread = (self.spread * 15 + distance).div_ceil(16);
        if median > baseline + tolerance {
            let (rounds, first) = self.congested.unwrap_or((0, median));
            if rounds >= PATIENCE && median.saturating_add(first / 10) >= first {
                // Fewer requests did not help: it is not a queue, the target (or the kind of prompt) is slower now.
                (self.baseline, self.congested) = (Some(median * RISE), None);
                return false;
            }
            self.congested = Some((rounds + 1, first));
            return true;
        }
        self.congested = None;
        self.baseline =
            Some(if median < baseline { (baseline * 3 + median) / 4 * RISE } else { scaled + (median - baseline) });
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
    fn a_rise_beyond_an_eighth_is_congestion() {
        let mut gradient = Gradient::default();
        assert_eq!(rounds(&mut gradient, 1000, 40), 0);
        assert_eq!(rounds(&mut gradient.clone(), 1124, 1), 0);
        assert_eq!(rounds(&mut gradient, 1130, 1), 1);
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
        assert_eq!(rounds(&mut gradient, 3000, 50), 4);
        assert_eq!(rounds(&mut gradient, 3000, 50), 0);
        // And one that gets better with fewer requests goes on being a queue.
        let mut gradient = Gradient::default();
        rounds(&mut gradient, 1000, 10);
        let falling = (0..6).map(|step| 3000 - step * 200);
        assert_eq!(falling.filter(|median| gradient.end_round(*median)).count(), 6);
    }

    #[test]
    fn one_slow_prompt_in_a_round_is_nothing() {
        let mut gradient = Gradient::default();
        for number in 0..1600_u64 {
            let micros = if number % 7 == 0 { 60_000_000 } else { 1_000_000 };
            assert!(!gradient.add(micros));
        }
    }
}
