//! Whom a limit binds, and what is counted for one of them.

use std::fmt;
use std::sync::Arc;

use llm_core::Target;
use tokio::time::Instant;

use super::amounts::Amounts;
use super::common::{Common, NotNow};
use super::concurrency::Concurrency;
use super::policy::LimitPolicy;
use super::queue::Queue;
use super::recent::Recent;
use super::set::RateSet;
use crate::shed::Throttle;

/// Requests that may wait where only rates are limited.
const QUEUE: u32 = 64;

/// Whom a [`LimitPolicy`] binds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LimitScope {
    /// Everything that this process does.
    Process,
    /// Each tenant that has no policy of its own.
    EachTenant,
    /// One tenant.
    Tenant(Arc<str>),
    /// Each key that callers bring, unless it has a policy of its own.
    EachCredential,
    /// One key, by its fingerprint.
    Credential(u64),
    /// All models of a provider together.
    Provider(Arc<str>),
    /// Each target that has no policy of its own.
    EachTarget,
    /// Each target of a provider that has no policy of its own.
    EachTargetOf(Arc<str>),
    /// One model of a provider.
    Target(Target),
}

/// Whom something is counted for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    Process,
    Tenant(Arc<str>),
    Credential(u64),
    Provider(Arc<str>),
    Target(Target),
    /// A caller's own key at a target: the vendor's limits are learned for each key apart.
    Account(Target, u64),
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process => f.write_str("this process"),
            Self::Tenant(tenant) => write!(f, "tenant {tenant}"),
            Self::Credential(_) => f.write_str("this key"),
            Self::Provider(provider) => write!(f, "provider {provider}"),
            Self::Target(target) => write!(f, "{target}"),
            Self::Account(target, _) => write!(f, "this key at {target}"),
        }
    }
}

/// What is counted for one holder.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) holder: Holder,
    pub(crate) policy: LimitPolicy,
    pub(crate) rates: RateSet,
    pub(crate) places: Concurrency,
    pub(crate) queue: Queue,
    /// Output tokens of the latest answers.
    pub(crate) outputs: Recent,
    /// Of a thousand input tokens of the latest answers, those that were not read from the prompt cache.
    pub(crate) uncached: Recent,
    pub(crate) throttle: Throttle,
    /// Requests that hold or wait for something here.
    pub(crate) users: u32,
    /// What other processes have to do with it.
    pub(crate) common: Option<Box<Common>>,
}

impl Account {
    pub(crate) fn new(holder: Holder, policy: LimitPolicy, now: Instant) -> Self {
        Self {
            rates: RateSet::new(&policy, now),
            places: Concurrency::new(&policy),
            queue: Queue::default(),
            outputs: Recent::default(),
            uncached: Recent::default(),
            throttle: Throttle::default(),
            users: 0,
            common: None,
            holder,
            policy,
        }
    }

    pub(crate) fn change(&mut self, policy: LimitPolicy, now: Instant) {
        self.rates.change(&policy, now);
        self.places.change(&policy);
        self.policy = policy;
    }

    /// Keeps it together with other processes, so many in all, or with none.
    pub(crate) fn share(&mut self, replicas: Option<u32>, now: Instant) {
        self.common = replicas.and_then(|replicas| {
            let common = match self.common.take() {
                Some(common) => common.change(&self.policy, replicas, now),
                None => Common::new(&self.holder, &self.policy, replicas, now),
            };
            common.map(Box::new)
        });
    }

    /// Whether other processes, or the lack of a word of them, hold a request back: `alone` while nobody asks them, `queued`
    /// if it has waited.
    pub(crate) fn check_common(
        &mut self,
        amounts: &Amounts,
        (alone, queued): (bool, bool),
        now: Instant,
    ) -> Result<(), NotNow> {
        match &mut self.common {
            None => Ok(()),
            Some(common) if alone => common.check_share(amounts, self.places.in_flight(), now),
            Some(common) => common.check_shut(amounts, queued, now),
        }
    }

    /// Requests that may wait here.
    pub(crate) fn room(&self) -> usize {
        let twice = self.places.limit().map_or(QUEUE, |limit| limit.saturating_mul(2));
        usize::try_from(self.policy.queue.unwrap_or(twice)).unwrap_or(usize::MAX)
    }

    /// Whether nothing is lost by forgetting it.
    pub(crate) fn is_idle(&mut self, now: Instant) -> bool {
        self.users == 0 && self.rates.is_blank(now) && self.common.as_mut().is_none_or(|common| common.is_blank(now))
    }
}
