//! What a vendor's headers say is left, until they say otherwise or the window ends.

use std::time::Duration;

use tokio::time::Instant;

use super::bucket::{Bucket, Rate, Short};

/// How long a word without a reset is believed.
const UNDATED: Duration = Duration::from_secs(60);
/// The periods that vendors limit by.
const PERIODS: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(60), Duration::from_secs(3600), Duration::from_secs(86_400)];

/// One window as a vendor reported it beside an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What the window allows.
    pub limit: Option<u64>,
    /// What is left of it.
    pub remaining: Option<u64>,
    /// When it is full again.
    pub reset: Option<Duration>,
}

impl Report {
    /// The rate of a bucket that fills all the time; `None` for a window that fills at its end, or when it cannot be told.
    ///
    /// A bucket needs for what is missing the same part of its period as of its limit: `OpenAI` and Groq report so.
    /// A fixed window comes near that only by accident, because its reset is the same for all.
    fn rate(&self) -> Option<Rate> {
        let (limit, remaining, reset) = (self.limit?, self.remaining?, self.reset?);
        let missing = limit.checked_sub(remaining)?;
        // A smaller part says too little: resets are rounded. And there is enough left to go on without.
        if missing == 0 || missing < limit / 50 {
            return None;
        }
        let period = reset.as_nanos() * u128::from(limit) / u128::from(missing);
        let near = |known: &Duration| period.abs_diff(known.as_nanos()) <= known.as_nanos() / 20;
        PERIODS.iter().find(|known| near(known)).map(|period| Rate::new(limit, *period))
    }
}

/// What is left of one dimension by the vendor's own count, less what was reserved since.
#[derive(Clone, Debug)]
pub struct Learned {
    bucket: Bucket,
    until: Instant,
    /// The number of the request whose answer said it.
    source: u64,
}

impl Learned {
    /// Takes a report into account that came with the answer to request `source`.
    ///
    /// `others` is reserved by other requests that the vendor may not have counted, `own` by this one, which it has. A
    /// later request knows more than an earlier one, so its word stands; an earlier one may only lower what is left.
    pub fn learn(slot: &mut Option<Self>, report: Report, source: u64, others: u64, own: u64, now: Instant) {
        let Some(remaining) = report.remaining else { return };
        let left = remaining.saturating_sub(others);
        if let Some(known) = slot
            && known.source > source
            && now < known.until
        {
            // What it reserved was taken off before, and what it does not use comes back.
            known.bucket.lower_to(left.saturating_sub(own), now);
            return;
        }
        let until = now.checked_add(report.reset.unwrap_or(UNDATED)).unwrap_or(now);
        let limit = report.limit.unwrap_or(u64::MAX).max(remaining);
        let bucket = match report.rate() {
            Some(rate) => {
                let mut bucket = Bucket::new(rate, now);
                bucket.lower_to(left, now);
                bucket
            }
            None => Bucket::still(limit, left, now),
        };
        *slot = Some(Self { bucket, until, source });
    }

    /// Whether the word still stands.
    pub fn stands(&self, now: Instant) -> bool {
        now < self.until
    }

    /// When `units` fit. More than the whole window waits for a full one: an estimate of ours is no proof that the vendor
    /// would refuse.
    pub fn check(&mut self, units: u64, now: Instant) -> Result<(), Short> {
        match self.bucket.check(units.min(self.bucket.limit()), now) {
            Err(Short::Until(wait)) => Err(Short::Until(wait.min(self.until.saturating_duration_since(now)))),
            other => other,
        }
    }

    /// The number of the request whose answer said it: what that one reserved was not taken off, because the vendor had
    /// counted it already.
    pub fn source(&self) -> u64 {
        self.source
    }

    /// The count itself.
    pub fn bucket(&mut self) -> &mut Bucket {
        &mut self.bucket
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn report(limit: u64, remaining: u64, reset: u64) -> Report {
        Report { limit: Some(limit), remaining: Some(remaining), reset: Some(Duration::from_secs(reset)) }
    }

    fn learned(report: Report, in_flight: u64) -> (Learned, Instant) {
        let now = Instant::now();
        let mut slot = None;
        Learned::learn(&mut slot, report, 1, in_flight, 0, now);
        (slot.unwrap(), now)
    }

    #[test]
    fn a_fixed_window_gives_what_is_left_until_its_end() {
        let (mut window, now) = learned(report(100, 95, 20), 5);
        assert_eq!(window.check(90, now), Ok(()));
        assert_eq!(window.check(91, now), Err(Short::Until(20 * SECOND)));
        assert_eq!(window.check(91, now + 19 * SECOND), Err(Short::Until(SECOND)));
        assert!(window.stands(now + 19 * SECOND) && !window.stands(now + 20 * SECOND));
    }

    #[test]
    fn a_filling_bucket_is_told_by_its_reset() {
        // Half of a minute's limit is missing and takes half a minute: it fills all the time.
        let (mut minute, now) = learned(report(600, 300, 30), 300);
        assert_eq!(minute.check(10, now), Err(Short::Until(SECOND)));
        // Groq counts requests by the day in the same header.
        let (mut day, now) = learned(report(14_400, 7200, 43_200), 7200);
        assert_eq!(day.check(1, now), Err(Short::Until(6 * SECOND)));
        // And a fixed window is not such a bucket.
        assert_eq!(report(600, 300, 50).rate(), None);
        assert_eq!(report(600, 600, 0).rate(), None);
        assert_eq!(report(600, 589, 1).rate(), None);
        assert_eq!(report(600, 588, 1).rate(), None);
        assert_eq!(report(600, 540, 6).rate(), Some(Rate::new(600, Duration::from_secs(60))));
    }

    #[test]
    fn a_later_request_knows_more_and_an_earlier_one_only_lowers() {
        let now = Instant::now();
        let mut slot = None;
        Learned::learn(&mut slot, report(100, 50, 17), 5, 0, 0, now);
        Learned::learn(&mut slot, report(100, 70, 17), 4, 0, 0, now);
        assert_eq!(slot.as_mut().unwrap().bucket().left(now), 50);
        Learned::learn(&mut slot, report(100, 40, 17), 3, 0, 0, now);
        assert_eq!(slot.as_mut().unwrap().bucket().left(now), 40);
        Learned::learn(&mut slot, report(100, 40, 17), 2, 3, 7, now);
        assert_eq!(slot.as_mut().unwrap().bucket().left(now), 30, "less what it reserved itself");
        Learned::learn(&mut slot, report(100, 70, 17), 5, 0, 7, now);
        assert_eq!(slot.as_mut().unwrap().bucket().left(now), 70);
        // Behind the end of the window, anything is news.
        let later = now + 17 * SECOND;
        Learned::learn(&mut slot, report(100, 90, 17), 1, 10, 0, later);
        assert_eq!(slot.as_mut().unwrap().bucket().left(later), 80);
    }

    #[test]
    fn without_a_count_nothing_is_learned_and_without_a_reset_for_a_minute() {
        let now = Instant::now();
        let mut slot = None;
        Learned::learn(&mut slot, Report { limit: Some(5), ..Report::default() }, 1, 0, 0, now);
        assert!(slot.is_none());
        Learned::learn(&mut slot, Report { remaining: Some(5), ..Report::default() }, 1, 0, 0, now);
        let mut window = slot.unwrap();
        assert_eq!(window.check(5, now), Ok(()));
        window.bucket().take(5, now);
        assert_eq!(window.check(1, now + SECOND), Err(Short::Until(59 * SECOND)));
        assert!(window.stands(now + 59 * SECOND) && !window.stands(now + 60 * SECOND));
    }

    #[test]
    fn more_than_the_window_waits_for_a_full_one() {
        let (mut window, now) = learned(report(100, 100, 10), 0);
        assert_eq!(window.check(5000, now), Ok(()));
        window.bucket().take(1, now);
        assert_eq!(window.check(5000, now), Err(Short::Until(10 * SECOND)));
    }
}
