//! How many requests may be at work at once: a fixed number, or one that is found out.
//!
//! Found out by additive increase and multiplicative decrease: one more per round of good verdicts while the limit is
//! used, a tenth less when the vendor has no capacity, at most once per round trip.

use std::time::Duration;

use tokio::time::Instant;

use super::gradient::Gradient;
use super::policy::LimitPolicy;
use super::recent::Recent;

/// Thousandths in a request.
const MILLI: u64 = 1000;
/// Where the search begins.
const FIRST: u64 = 20;
/// Good verdicts before a limit at which the vendor refused is tried again: one refusal per so many answers at most.
const AGAIN: u64 = 100;
/// A refusal is lately when it is not older than this: the vendor may have been short for other reasons than this number,
/// and few requests at once take long to be so many good ones.
const LATELY: Duration = Duration::from_secs(20);

/// What a verdict says about the number of requests at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// An answer, with the time to its first content.
    Answered(Duration),
    /// A whole answer, with the time that it took. That is its length, so it is no sign of congestion.
    Whole(Duration),
    /// The vendor refused for want of capacity or for too many requests.
    Refused,
}

/// The places of one scope.
#[derive(Clone, Debug)]
pub(crate) struct Concurrency {
    in_flight: u32,
    most: Option<u32>,
    search: Option<Search>,
    /// Times to the first content, in microseconds.
    times: Recent,
}

/// The search for a good limit.
#[derive(Clone, Debug)]
struct Search {
    /// In thousandths.
    limit: u64,
    /// Good verdicts since the limit last changed.
    good: u64,
    lowered: Option<Instant>,
    /// The lowest limit, in requests, that was lately too high.
    ceiling: Option<u64>,
    gradient: Gradient,
}

impl Concurrency {
    pub(crate) fn new(policy: &LimitPolicy) -> Self {
        let mut places = Self { in_flight: 0, most: None, search: None, times: Recent::default() };
        places.change(policy);
        places
    }

    /// Another policy. What was found out is kept, within the new bounds.
    pub(crate) fn change(&mut self, policy: &LimitPolicy) {
        self.most = policy.most_in_flight();
        let most = u64::from(self.most.unwrap_or(u32::MAX)).max(1) * MILLI;
        self.search = policy.adaptive.then(|| {
            let mut search = self.search.take().unwrap_or_else(|| Search {
                limit: FIRST * MILLI,
                good: 0,
                lowered: None,
                ceiling: None,
                gradient: Gradient::default(),
            });
            search.limit = search.limit.min(most);
            search
        });
    }

    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Requests that may be at work at once now.
    pub(crate) fn limit(&self) -> Option<u32> {
        match &self.search {
            Some(search) => Some(u32::try_from(search.limit / MILLI).unwrap_or(u32::MAX)),
            None => self.most,
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.limit().is_some_and(|limit| self.in_flight >= limit)
    }

    pub(crate) fn take(&mut self) {
        self.in_flight += 1;
    }

    pub(crate) fn give(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// The usual time to the first content.
    pub(crate) fn usual(&self) -> Option<Duration> {
        self.times.median().map(Duration::from_micros)
    }

    /// Takes a verdict into account; the request still has its place.
    pub(crate) fn sign(&mut self, sign: Sign, now: Instant) {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX / 1024).min(u64::MAX / 1024);
        if let Sign::Answered(time) | Sign::Whole(time) = sign {
            self.times.add(micros(time));
        }
        let (in_flight, usual, most) = (u64::from(self.in_flight), self.usual().unwrap_or_default(), self.most);
        let Some(search) = &mut self.search else { return };
        let most = u64::from(most.unwrap_or(u32::MAX)) * MILLI;
        match sign {
            Sign::Answered(time) => {
                if search.gradient.add(micros(time), in_flight) {
                    search.lower(false, usual, now);
                } else {
                    search.raise(in_flight, most, now);
                }
            }
            Sign::Whole(_) => search.raise(in_flight, most, now),
            Sign::Refused => search.lower(true, usual, now),
        }
    }
}

impl Search {
    fn raise(&mut self, in_flight: u64, most: u64, now: Instant) {
        let limit = self.limit / MILLI;
        // A limit that nobody uses proves nothing about a higher one.
        if in_flight < limit.div_ceil(2) {
            return;
        }
        self.good += 1;
        let next = limit + 1;
        if self.lowered.is_none_or(|lowered| now.saturating_duration_since(lowered) >= LATELY) {
            self.ceiling = None;
        }
        let refused_there = self.ceiling.is_some_and(|ceiling| next >= ceiling);
        let needed = if refused_there { limit.max(AGAIN) } else { limit };
        if self.good < needed {
            return;
        }
        self.good = 0;
        // A whole round above what was too high: it is not any more.
        self.ceiling.take_if(|ceiling| limit >= *ceiling);
        self.limit = (self.limit + MILLI).min(most);
    }

    fn lower(&mut self, refused: bool, round_trip: Duration, now: Instant) {
        if self.lowered.is_some_and(|lowered| now.saturating_duration_since(lowered) < round_trip) {
            return;
        }
        self.lowered = Some(now);
        self.good = 0;
        if refused {
            self.ceiling = Some((self.limit / MILLI).max(2));
        }
        self.limit = (self.limit * 9 / 10).max(MILLI);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Duration = Duration::from_millis(100);

    fn adaptive(most: u32) -> (Concurrency, Instant) {
        (Concurrency::new(&LimitPolicy::default().with_max_in_flight(most).with_adaptive()), Instant::now())
    }

    fn answers(places: &mut Concurrency, in_flight: u32, count: usize, now: Instant) {
        places.in_flight = in_flight;
        for _ in 0..count {
            places.sign(Sign::Answered(TIME), now);
        }
    }

    #[test]
    fn a_fixed_limit_stays() {
        let mut places = Concurrency::new(&LimitPolicy::default().with_max_in_flight(2));
        assert_eq!((places.limit(), places.is_full()), (Some(2), false));
        places.take();
        places.take();
        assert!(places.is_full());
        places.sign(Sign::Refused, Instant::now());
        assert_eq!(places.limit(), Some(2));
        places.give();
        assert_eq!((places.in_flight(), places.is_full()), (1, false));
        let open = Concurrency::new(&LimitPolicy::default());
        assert_eq!((open.limit(), open.is_full()), (None, false));
    }

    #[test]
    fn a_round_of_answers_at_half_the_limit_makes_one_more() {
        let (mut places, now) = adaptive(50);
        answers(&mut places, 10, 19, now);
        assert_eq!(places.limit(), Some(20));
        answers(&mut places, 10, 1, now);
        assert_eq!(places.limit(), Some(21));
        answers(&mut places, 10, 200, now);
        assert_eq!(places.limit(), Some(21), "10 of 21 do not use the limit");
        answers(&mut places, 50, 10_000, now);
        assert_eq!(places.limit(), Some(50), "and never beyond the bound");
    }

    #[test]
    fn a_refusal_takes_a_tenth_once_per_round_trip() {
        let (mut places, now) = adaptive(100);
        answers(&mut places, 0, 10, now);
        for _ in 0..10 {
            places.sign(Sign::Refused, now);
        }
        assert_eq!(places.limit(), Some(18));
        places.sign(Sign::Refused, now + TIME - Duration::from_millis(1));
        assert_eq!(places.limit(), Some(18));
        places.sign(Sign::Refused, now + TIME);
        assert_eq!(places.limit(), Some(16));
        for step in 2..100 {
            places.sign(Sign::Refused, now + TIME * step);
        }
        assert_eq!(places.limit(), Some(1), "and never below one");
    }

    #[test]
    fn where_the_vendor_refused_is_tried_again_seldom() {
        let (mut places, now) = adaptive(100);
        places.sign(Sign::Refused, now);
        assert_eq!(places.limit(), Some(18));
        answers(&mut places, 20, 18, now);
        assert_eq!(places.limit(), Some(19));
        answers(&mut places, 20, 99, now);
        assert_eq!(places.limit(), Some(19), "20 were too many");
        answers(&mut places, 20, 1, now);
        assert_eq!(places.limit(), Some(20));
        answers(&mut places, 20, 99, now);
        assert_eq!(places.limit(), Some(20));
        answers(&mut places, 20, 1, now);
        assert_eq!(places.limit(), Some(21), "they are not any more, so growth is as before");
        answers(&mut places, 20, 21 + 22, now);
        assert_eq!(places.limit(), Some(23));
    }

    #[test]
    fn slower_first_tokens_take_a_tenth_and_long_answers_nothing() {
        let (mut places, now) = adaptive(20);
        answers(&mut places, 20, 320, now);
        for _ in 0..40 {
            places.sign(Sign::Answered(TIME * 2), now);
        }
        assert_eq!(places.limit(), Some(18));
    }

    #[test]
    fn long_whole_answers_are_no_congestion() {
        let (mut places, now) = adaptive(20);
        places.in_flight = 20;
        for time in [TIME; 320].into_iter().chain([TIME * 20; 320]) {
            places.sign(Sign::Whole(time), now);
        }
        assert_eq!(places.limit(), Some(20));
        assert_eq!(places.usual(), Some(TIME * 20), "but a turn takes as long");
    }

    #[test]
    fn a_change_keeps_what_was_found_within_the_bounds() {
        let (mut places, now) = adaptive(100);
        places.sign(Sign::Refused, now);
        places.change(&LimitPolicy::default().with_max_in_flight(50).with_adaptive());
        assert_eq!(places.limit(), Some(18));
        places.change(&LimitPolicy::default().with_max_in_flight(5).with_adaptive());
        assert_eq!(places.limit(), Some(5));
        places.change(&LimitPolicy::default());
        assert_eq!(places.limit(), None);
    }
}
