//! Who is next: tenants in turn, within a tenant the oldest first, and the newest first while the queue is overloaded.
//!
//! Newest first (as in CoDel-like queues) answers some in time, where oldest first would answer all too late.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// A wait over the target for so long is overload.
const STANDING: Duration = Duration::from_millis(100);

/// The waiting requests of one scope, by number; numbers grow with arrival.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queue {
    /// In the order of their turns.
    lanes: VecDeque<Lane>,
    len: usize,
    over_since: Option<Instant>,
}

#[derive(Clone, Debug)]
struct Lane {
    tenant: u64,
    waiting: VecDeque<(u64, Instant)>,
}

impl Queue {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a request at the place of its number among those of its tenant.
    pub(crate) fn push(&mut self, tenant: u64, number: u64, since: Instant) {
        self.len += 1;
        match self.lanes.iter_mut().find(|lane| lane.tenant == tenant) {
            Some(lane) => {
                let place = lane.waiting.partition_point(|(other, _)| *other < number);
                lane.waiting.insert(place, (number, since));
            }
            None => self.lanes.push_back(Lane { tenant, waiting: VecDeque::from([(number, since)]) }),
        }
    }

    /// The request whose turn it is. It stays until it is removed.
    pub(crate) fn next(&mut self, target: Duration, now: Instant) -> Option<u64> {
        let newest_first = self.is_overloaded(target, now);
        let lane = &self.lanes.front()?.waiting;
        let (number, _) = if newest_first { lane.back() } else { lane.front() }?;
        Some(*number)
    }

    /// Takes a request out because its turn came: the next turn is another tenant's.
    pub(crate) fn serve(&mut self, tenant: u64, number: u64) {
        self.remove(tenant, number);
        if self.lanes.front().is_some_and(|lane| lane.tenant == tenant) {
            self.lanes.rotate_left(1);
        }
    }

    /// Takes a request out.
    pub(crate) fn remove(&mut self, tenant: u64, number: u64) {
        let Some(place) = self.lanes.iter().position(|lane| lane.tenant == tenant) else { return };
        let waiting = &mut self.lanes[place].waiting;
        if let Ok(at) = waiting.binary_search_by_key(&number, |(number, _)| *number) {
            waiting.remove(at);
            self.len -= 1;
        }
        if waiting.is_empty() {
            self.lanes.remove(place);
        }
    }

    /// The request that must go so that a full queue has room for one of `tenant`: the newest of the tenant with the
    /// most, unless `tenant` itself has about as many.
    pub(crate) fn displaced_by(&self, tenant: u64) -> Option<u64> {
        let own = self.lanes.iter().find(|lane| lane.tenant == tenant).map_or(0, |lane| lane.waiting.len());
        let longest = self.lanes.iter().max_by_key(|lane| lane.waiting.len())?;
        (longest.waiting.len() > own + 1).then(|| longest.waiting.back().map(|(number, _)| *number))?
    }

    /// How long the oldest has waited.
    pub(crate) fn delay(&self, now: Instant) -> Duration {
        let oldest = self.lanes.iter().filter_map(|lane| lane.waiting.front()).map(|(_, since)| *since).min();
        oldest.map_or(Duration::ZERO, |oldest| now.saturating_duration_since(oldest))
    }

    fn is_overloaded(&mut self, target: Duration, now: Instant) -> bool {
        if self.delay(now) <= target {
            self.over_since = None;
            return false;
        }
        let since = *self.over_since.get_or_insert(now);
        now.saturating_duration_since(since) >= STANDING
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Duration = Duration::from_secs(1);

    fn drain(queue: &mut Queue, tenants: &[u64], now: Instant) -> Vec<u64> {
        std::iter::from_fn(|| {
            let number = queue.next(TARGET, now)?;
            queue.serve(tenants[usize::try_from(number).unwrap()], number);
            Some(number)
        })
        .collect()
    }

    fn filled(tenants: &[u64]) -> (Queue, Instant) {
        let now = Instant::now();
        let mut queue = Queue::default();
        for (number, tenant) in (0..).zip(tenants) {
            queue.push(*tenant, number, now);
        }
        (queue, now)
    }

    #[test]
    fn tenants_take_turns_and_each_is_in_order() {
        let tenants = [1, 1, 1, 1, 2, 2, 3];
        let (mut queue, now) = filled(&tenants);
        assert_eq!(queue.len(), 7);
        assert_eq!(drain(&mut queue, &tenants, now), [0, 4, 6, 1, 5, 2, 3]);
        assert!(queue.is_empty() && queue.next(TARGET, now).is_none());
    }

    #[test]
    fn the_newest_goes_first_while_the_wait_stays_too_long() {
        let tenants = [1; 4];
        let (mut queue, now) = filled(&tenants);
        let late = now + TARGET + Duration::from_millis(1);
        assert_eq!(queue.next(TARGET, now + TARGET), Some(0));
        assert_eq!(queue.next(TARGET, late), Some(0), "not for 100 ms yet");
        assert_eq!(queue.next(TARGET, late + STANDING), Some(3));
        assert_eq!(queue.delay(late), late - now);
        // The old ones gave up: the wait is short again.
        for number in 0..3 {
            queue.remove(1, number);
        }
        queue.push(1, 4, late + STANDING);
        queue.remove(1, 3);
        queue.push(1, 5, late + STANDING);
        assert_eq!(queue.next(TARGET, late + STANDING * 2), Some(4));
    }

    #[test]
    fn a_request_that_moves_in_keeps_its_place() {
        let (mut queue, now) = filled(&[1, 1]);
        queue.push(1, 9, now);
        queue.push(1, 5, now);
        assert_eq!(drain(&mut queue, &[1; 10], now), [0, 1, 5, 9]);
    }

    #[test]
    fn the_greediest_makes_room() {
        let (queue, _) = filled(&[1, 1, 1, 2]);
        assert_eq!(queue.displaced_by(3), Some(2));
        assert_eq!(queue.displaced_by(2), Some(2));
        assert_eq!(queue.displaced_by(1), None);
        let (queue, _) = filled(&[1, 2]);
        assert_eq!(queue.displaced_by(3), None, "one each is fair");
        assert_eq!(Queue::default().displaced_by(3), None);
    }

    #[test]
    fn what_is_not_there_is_not_removed() {
        let (mut queue, _) = filled(&[1, 1]);
        queue.remove(1, 7);
        queue.remove(9, 0);
        assert_eq!(queue.len(), 2);
        queue.remove(1, 0);
        queue.remove(1, 1);
        assert_eq!((queue.len(), queue.lanes.len()), (0, 0));
    }
}
