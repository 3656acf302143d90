//! The part of the book that is about a common store: who must ask it, and what becomes of a request that it refuses or
//! that it does not answer.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::amounts::Amounts;
use super::book::{Ask, Book, Held, Refused, Turn, Wakers};
use super::bucket::Short;
use super::refusal::Why;
use super::sharing::Sharing;
use super::store::{RateAnswer, RateCharge, RateRequest};
use crate::shed::jittered;

/// When a place may be free that another process holds: nobody says when it is.
const PLACE: Duration = Duration::from_millis(25);
/// When it is worth asking again for units: what was reserved elsewhere and not used comes back.
const AGAIN: Duration = Duration::from_millis(250);

impl Book {
    /// Keeps accounts together with other processes from now on, or with none; what the last store said is forgotten.
    pub(crate) fn join(
        &mut self,
        sharing: Option<(Arc<Sharing>, u32)>,
        now: Instant,
    ) -> (Option<Arc<Sharing>>, Wakers) {
        (self.alone, self.apart) = (false, false);
        self.accounts.share(None, now);
        let (sharing, replicas) = sharing.unzip();
        let old = std::mem::replace(&mut self.sharing, sharing);
        (old, self.share(replicas, now))
    }

    /// Another number of processes.
    pub(crate) fn share(&mut self, replicas: Option<u32>, now: Instant) -> Wakers {
        self.accounts.share(replicas, now);
        self.serve_everybody(now)
    }

    /// What a request takes of accounts that others keep too.
    pub(crate) fn charges(&self, held: &Held) -> Vec<RateCharge> {
        let common = held.path.iter().filter_map(|at| self.accounts[at].common.as_ref());
        common
            .map(|common| RateCharge { account: common.terms.clone(), units: common.terms.units(&held.amounts) })
            .collect()
    }

    /// Whether the store knows nothing of a request, and learns of it with all that was used in the same spell.
    pub(crate) fn is_apart(&self, held: &Held) -> bool {
        self.alone && held.alone == Some(self.spells)
    }

    /// The store let a request through.
    pub(crate) fn passed(&mut self, held: &Held, now: Instant) -> Wakers {
        let mut wakers = Wakers::default();
        for at in held.path.iter() {
            if let Some(common) = &mut self.accounts[at].common {
                common.passed(held.number);
            }
        }
        self.serve_all(&held.path, now, &mut wakers);
        wakers
    }

    /// The store did not let a request through: it gives back what it has and waits, or is refused.
    pub(crate) fn refused(
        &mut self,
        ask: &Ask<'_>,
        mut held: Held,
        number: u64,
        (request, answer): (&RateRequest, RateAnswer),
    ) -> (Turn, Wakers) {
        let now = ask.now;
        let (charge, why, wait) = match answer {
            RateAnswer::Short { charge, dimension, short: Short::Until(wait) } => {
                (charge, Why::Rate(dimension), Some(wait))
            }
            RateAnswer::Short { charge, dimension, short: Short::Never } => {
                let rate = request.charges.get(charge).and_then(|charge| charge.account.rates[dimension as usize]);
                (charge, Why::TooLarge(dimension, rate.map_or(0, |rate| rate.limit)), None)
            }
            RateAnswer::Busy { charge } => (charge, Why::InFlight, None),
            RateAnswer::Reserved | RateAnswer::Closed => return self.unanswered(ask, held, number),
        };
        let account = request.charges.get(charge).map(|charge| &charge.account.name);
        let named = |at: &u32| self.accounts[*at].common.as_ref().map(|common| &common.terms.name) == account;
        let at = held.path.iter().find(named).unwrap_or_else(|| held.path.target());
        self.hand_back(&mut held, now);
        if let Some(common) = &mut self.accounts[at].common {
            // Those who wait look at different times.
            let look = wait.map_or_else(|| jittered(PLACE, ask.draw), |wait| wait.min(jittered(AGAIN, ask.draw)));
            let [until, look] = [wait.unwrap_or(look), look].map(|time| now.checked_add(time).unwrap_or(now));
            if !matches!(why, Why::TooLarge(..)) {
                common.shut((until, look), why, &held.taken);
            }
        }
        self.put_back(ask, &held, number, Refused { at, why, wait })
    }

    /// The store did not answer: the request fits into this process's share, or waits, or is refused.
    pub(crate) fn unanswered(&mut self, ask: &Ask<'_>, mut held: Held, number: u64) -> (Turn, Wakers) {
        self.hand_back(&mut held, ask.now);
        let alone = std::mem::replace(&mut self.alone, true);
        let fits = self.try_take(&held.path, &held.taken, false, ask.now);
        let taken = fits.map(|()| self.take(held.path, held.taken, ask.now));
        self.alone = alone;
        match taken {
            Ok(held) => {
                let mut wakers = Wakers::default();
                self.serve_all(&held.path, ask.now, &mut wakers);
                (Turn::Now(held), wakers)
            }
            Err(refused) => self.put_back(ask, &held, number, refused),
        }
    }

    fn hand_back(&mut self, held: &mut Held, now: Instant) {
        self.give_back(held, Amounts::default(), now);
        let target = &mut self.accounts[held.path.target()];
        if target.policy.throttle {
            target.throttle.not_started(now);
        }
    }

    fn put_back(&mut self, ask: &Ask<'_>, held: &Held, number: u64, refused: Refused) -> (Turn, Wakers) {
        let mut wakers = Wakers::default();
        let turn = self
            .wait_or_refuse(ask, held.path, held.taken, refused, Some(number), &mut wakers)
            .unwrap_or_else(Turn::Never);
        self.serve_all(&held.path, ask.now, &mut wakers);
        (turn, wakers)
    }

    /// From now on requests keep to this process's share.
    pub(crate) fn part(&mut self, now: Instant) -> Wakers {
        self.alone = true;
        self.spells = self.spells.wrapping_add(1);
        for at in self.accounts.all() {
            if let Some(common) = &mut self.accounts[at].common {
                common.open();
            }
        }
        self.serve_everybody(now)
    }

    /// What was used apart, for the store to be told.
    pub(crate) fn tell_apart(&mut self, now: Instant) -> Vec<(RateCharge, [u64; 5])> {
        let mut told = Vec::new();
        if !std::mem::take(&mut self.apart) {
            return told;
        }
        for at in self.accounts.all() {
            if let Some(common) = &mut self.accounts[at].common
                && let Some(used) = common.tell_apart(now)
            {
                told.push((RateCharge { account: common.terms.clone(), units: [0; 5] }, used));
            }
        }
        told
    }

    /// From now on requests ask the store again.
    pub(crate) fn rejoin(&mut self, now: Instant) -> Wakers {
        self.alone = false;
        self.serve_everybody(now)
    }

    pub(super) fn serve_everybody(&mut self, now: Instant) -> Wakers {
        let mut wakers = Wakers::default();
        for account in self.accounts.all() {
            self.serve(account, now, &mut wakers);
        }
        wakers
    }
}
