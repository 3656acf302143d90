//! The middle and the upper end of the latest measurements.

/// Measurements that are kept.
const KEPT: usize = 64;
/// Quantiles are found anew after this many.
const STALE: u8 = 8;

/// A ring of the latest measurements with its quantiles. Small, exact and without any decay to tune.
#[derive(Clone, Debug)]
pub(crate) struct Recent {
    values: [u64; KEPT],
    len: usize,
    next: usize,
    fresh: u8,
    median: u64,
    p95: u64,
}

impl Default for Recent {
    fn default() -> Self {
        Self { values: [0; KEPT], len: 0, next: 0, fresh: 0, median: 0, p95: 0 }
    }
}

impl Recent {
    pub(crate) fn add(&mut self, value: u64) {
        self.values[self.next] = value;
        self.next = (self.next + 1) % KEPT;
        self.len = (self.len + 1).min(KEPT);
        self.fresh += 1;
        if self.fresh >= STALE || self.len <= usize::from(STALE) {
            self.fresh = 0;
            let mut sorted = self.values;
            let sorted = &mut sorted[..self.len];
            sorted.sort_unstable();
            self.median = sorted[(self.len - 1) / 2];
            self.p95 = sorted[(self.len * 95).div_ceil(100) - 1];
        }
    }

    /// The value that half of them do not exceed; `None` before the first.
    pub(crate) fn median(&self) -> Option<u64> {
        (self.len > 0).then_some(self.median)
    }

    /// The value that 95 of 100 do not exceed; `None` before the first.
    pub(crate) fn p95(&self) -> Option<u64> {
        (self.len > 0).then_some(self.p95)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_the_latest() {
        let mut recent = Recent::default();
        assert_eq!((recent.median(), recent.p95()), (None, None));
        recent.add(7);
        assert_eq!((recent.median(), recent.p95()), (Some(7), Some(7)));
        for value in 1..=100 {
            recent.add(value);
        }
        // The latest 64 as of the 97th: 34 to 97 at most, never older than eight.
        let (median, p95) = (recent.median().unwrap(), recent.p95().unwrap());
        assert!((62..=69).contains(&median) && (90..=97).contains(&p95), "{median} {p95}");
    }
}
