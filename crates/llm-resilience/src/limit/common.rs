//! An account that several processes keep together, seen from one of them: its terms, this process's share for when the
//! store is gone, and what the store last refused.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::amounts::Amounts;
use super::bucket::Short;
use super::policy::LimitPolicy;
use super::refusal::Why;
use super::scope::Holder;
use super::set::RateSet;
use super::store::RateAccount;

/// One account of this process among those of others.
#[derive(Clone, Debug)]
pub(crate) struct Common {
    /// What the store is told.
    pub(crate) terms: Arc<RateAccount>,
    /// What this process used, by its share of the rates.
    share: RateSet,
    /// Its share of the places.
    places: Option<u32>,
    shut: Option<Shut>,
    /// Taken while the store was not asked, and not told to it.
    apart: [i64; 5],
}

/// What the store refused: whoever takes as much need not ask before this time.
#[derive(Clone, Copy, Debug)]
struct Shut {
    /// When it fits by what the store said.
    until: Instant,
    /// When it is worth asking again: somebody may give something back.
    look: Instant,
    why: Why,
    units: u64,
    /// The request that asks.
    trial: Option<u64>,
}

/// Not now, why not, and for how long if that is known.
pub(crate) type NotNow = (Why, Option<Duration>);

impl Common {
    /// The common part of an account, if it is one that others may keep too and that limits anything.
    ///
    /// A process has its own limits, and the fingerprints of callers' keys are its own as well.
    pub(crate) fn new(holder: &Holder, policy: &LimitPolicy, replicas: u32, now: Instant) -> Option<Self> {
        let name = match holder {
            Holder::Tenant(tenant) => format!("t:{tenant}"),
            Holder::Provider(provider) => format!("p:{provider}"),
            Holder::Target(target) => format!("m:{target}"),
            Holder::Process | Holder::Credential(_) | Holder::Account(..) => return None,
        };
        let terms = Arc::new(RateAccount::new(name, policy));
        let share = RateSet::of_rates([None; 5], policy.cached_input, now);
        let mut common = Self { terms, share, places: None, shut: None, apart: [0; 5] };
        common.divide(policy, replicas, now);
        (!common.terms.is_open()).then_some(common)
    }

    /// Other terms or another number of processes; what is used stays used.
    pub(crate) fn change(mut self, policy: &LimitPolicy, replicas: u32, now: Instant) -> Option<Self> {
        let terms = RateAccount::new(self.terms.name.clone(), policy);
        if terms != *self.terms {
            self.terms = Arc::new(terms);
            self.shut = None;
        }
        self.divide(policy, replicas, now);
        (!self.terms.is_open()).then_some(self)
    }

    fn divide(&mut self, policy: &LimitPolicy, replicas: u32, now: Instant) {
        let rates = self.terms.rates.map(|rate| rate.map(|rate| rate.divided(replicas)));
        self.share.change_rates(rates, policy.cached_input, now);
        // Nobody would get anywhere with none.
        self.places = self.terms.places.map(|places| (places / replicas.max(1)).max(1.min(places)));
    }

    /// Whether a request fits into what is this process's alone.
    pub(crate) fn check_share(&mut self, amounts: &Amounts, in_flight: u32, now: Instant) -> Result<(), NotNow> {
        match self.share.check(amounts, false, now) {
            Err((dimension, Short::Until(wait))) => Err((Why::Rate(dimension), Some(wait))),
            Err((dimension, Short::Never)) => Err((Why::TooLarge(dimension, self.share.limit(dimension)), None)),
            Ok(()) if self.places.is_some_and(|places| in_flight >= places) => Err((Why::InFlight, None)),
            Ok(()) => Ok(()),
        }
    }

    /// Whether it is worth asking the store. Of those who are `queued` one asks, and the others wait for what it is told.
    pub(crate) fn check_shut(&self, amounts: &Amounts, queued: bool, now: Instant) -> Result<(), NotNow> {
        let Some(shut) = self.shut.filter(|shut| self.counts(shut.why, amounts) >= shut.units) else { return Ok(()) };
        if shut.look > now {
            let wait = if queued { shut.look - now } else { shut.until.saturating_duration_since(now) };
            return Err((shut.why, Some(wait)));
        }
        if queued && shut.trial.is_some() { Err((shut.why, None)) } else { Ok(()) }
    }

    /// A request takes its amounts; `alone` without asking the store.
    pub(crate) fn take(&mut self, amounts: &Amounts, number: u64, alone: bool, now: Instant) {
        self.share.take(amounts, false, now);
        if alone {
            self.count_apart(amounts, &Amounts::default());
        } else if let Some(shut) = self.shut.as_mut().filter(|shut| shut.look <= now) {
            shut.trial.get_or_insert(number);
        }
    }

    /// Puts `actual` in the place of `taken`.
    pub(crate) fn settle(&mut self, taken: &Amounts, actual: &Amounts, now: Instant) {
        self.share.settle(taken, actual, None, true, now);
    }

    /// What a request used that the store knows nothing of, `used` in the place of `taken`.
    pub(crate) fn count_apart(&mut self, used: &Amounts, taken: &Amounts) {
        let (used, taken) = (self.terms.units(used), self.terms.units(taken));
        for ((apart, used), taken) in self.apart.iter_mut().zip(used).zip(taken) {
            let change = i128::from(used) - i128::from(taken);
            *apart = apart.saturating_add(i64::try_from(change).unwrap_or(i64::MAX));
        }
    }

    /// What was used apart and would not be earned again yet; it is told now, so it is counted from nothing again.
    pub(crate) fn tell_apart(&mut self, now: Instant) -> Option<[u64; 5]> {
        let used = self.share.used(now);
        let apart = std::mem::take(&mut self.apart);
        let told: [u64; 5] = std::array::from_fn(|place| u64::try_from(apart[place]).unwrap_or(0).min(used[place]));
        (told != [0; 5]).then_some(told)
    }

    /// The store has no place or not enough units until then, and is asked again when `look` says.
    pub(crate) fn shut(&mut self, (until, look): (Instant, Instant), why: Why, amounts: &Amounts) {
        let units = self.counts(why, amounts);
        self.shut = Some(Shut { until, look, why, units, trial: None });
    }

    /// The store let a request through; if it asked on behalf of the others, they may ask too.
    pub(crate) fn passed(&mut self, number: u64) {
        self.shut.take_if(|shut| shut.trial == Some(number));
    }

    /// A request will not say whether the store lets it through.
    pub(crate) fn end_trial(&mut self, number: u64) {
        if let Some(shut) = &mut self.shut {
            shut.trial.take_if(|trial| *trial == number);
        }
    }

    /// What the store refused is of no importance any more.
    pub(crate) fn open(&mut self) {
        self.shut = None;
    }

    /// Whether nothing is lost by forgetting it.
    pub(crate) fn is_blank(&mut self, now: Instant) -> bool {
        self.share.used(now) == [0; 5]
    }

    fn counts(&self, why: Why, amounts: &Amounts) -> u64 {
        match why {
            Why::Rate(dimension) => self.terms.units(amounts)[dimension as usize],
            _ => 0,
        }
    }
}
