//! When which probe is due: a pure schedule. Probes are spread over the interval and never come in step.

use std::time::{Duration, Instant};

/// The next time of each of several probes.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    interval: Duration,
    jitter: f64,
    next: Vec<Instant>,
}

/// A part of the whole below 1, of 64 random bits.
#[allow(clippy::cast_precision_loss)] // 53 bits are exact
fn part(draw: u64) -> f64 {
    (draw >> 11) as f64 / (1u64 << 53) as f64
}

impl Schedule {
    /// So many probes, the first ones spread over one interval by `draw`, which is asked once for each.
    pub(super) fn new(
        probes: usize,
        interval: Duration,
        jitter: f64,
        now: Instant,
        mut draw: impl FnMut() -> u64,
    ) -> Self {
        // Two probes of an interval of nothing would never let anything else run.
        let interval = interval.max(Duration::from_millis(100));
        let next = (0..probes).map(|_| now + interval.mul_f64(part(draw()))).collect();
        Self { interval, jitter: jitter.clamp(0.0, 1.0), next }
    }

    /// When the next probe is due; `None` without probes.
    pub(super) fn next_at(&self) -> Option<Instant> {
        self.next.iter().min().copied()
    }

    /// The probes that are due, each of which is due again an interval later, up to `jitter` of it sooner or later.
    pub(super) fn take_due(&mut self, now: Instant, mut draw: impl FnMut() -> u64) -> Vec<usize> {
        let mut due = Vec::new();
        for (place, next) in self.next.iter_mut().enumerate() {
            if *next <= now {
                due.push(place);
                *next = now + self.interval.mul_f64(1.0 + self.jitter * (2.0 * part(draw()) - 1.0));
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn probes_are_spread_and_keep_their_interval_on_average() {
        let start = tokio::time::Instant::now().into_std();
        let interval = Duration::from_secs(30);
        let mut state = 1u64;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state
        };
        let mut schedule = Schedule::new(4, interval, 0.2, start, &mut draw);
        let mut times = vec![Vec::new(); 4];
        while let Some(next) = schedule.next_at().filter(|next| *next < start + 100 * interval) {
            for place in schedule.take_due(next, &mut draw) {
                times[place].push(next);
            }
        }
        for times in &times {
            assert!((95..=105).contains(&times.len()), "{}", times.len());
            assert!(times[0] < start + interval);
            for pair in times.windows(2) {
                let gap = pair[1] - pair[0];
                assert!(gap >= Duration::from_secs(24) && gap <= Duration::from_secs(36), "{gap:?}");
            }
        }
        assert_eq!(Schedule::new(0, interval, 0.2, start, draw).next_at(), None);
    }
}
