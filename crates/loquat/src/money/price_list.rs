//! What models cost and can do, by the ids of a client's providers: the catalogue, with what was looked up before.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

use llm_catalog::{Call, Catalog, ModelPrice, Terms, Unpriced};
use llm_core::{Capabilities, Cost, KnownModels, Target, Usage};
use llm_router::Price;

/// As many targets are remembered; callers choose names, so there is an end to it.
const REMEMBERED: usize = 4096;
/// Prices change with the date, and some with the hour: so long they are taken as they were looked up, in milliseconds.
const FRESH: u64 = 60_000;
/// Milliseconds.
const HOUR: u64 = 3_600_000;

/// A price, or why there is none.
pub(crate) type Listed = Result<ModelPrice, Unpriced>;

/// A catalogue with the instances of one client.
pub(crate) struct PriceList {
    pub(crate) catalog: Catalog,
    prices: Memo<Target, (u64, Arc<Listed>)>,
    capabilities: Memo<Target, Arc<Capabilities>>,
}

impl Default for PriceList {
    fn default() -> Self {
        Self::new(Catalog::embedded())
    }
}

impl PriceList {
    pub(crate) fn new(catalog: Catalog) -> Self {
        Self { catalog, prices: Memo::default(), capabilities: Memo::default() }
    }

    /// What a million tokens of a target cost at a moment in Unix milliseconds.
    pub(crate) fn price(&self, target: &Target, now: u64) -> Price {
        let listed = self.listed(target, now);
        let Ok(listed) = &*listed else { return Price::default() };
        let mut price = Price::default();
        (price.input, price.output) = (listed.input(), listed.output());
        price
    }

    /// What a usage cost at a target, at the vendor's price class `tier`.
    pub(crate) fn cost(&self, target: &Target, usage: &Usage, tier: Option<&str>, now: u64) -> Result<Cost, Unpriced> {
        let terms = Terms::at(now / 1000).with_service_tier(tier);
        let call = Call::new(&target.provider, &target.model, usage, terms);
        // Only the usual price of a target is remembered: others depend on words of the vendor.
        if terms.is_unusual() || usage.extra.contains_key("speed") {
            return self.catalog.cost(&call);
        }
        self.catalog.cost_at(&call, (*self.listed(target, now)).as_ref())
    }

    /// The usual price of a target.
    pub(crate) fn listed(&self, target: &Target, now: u64) -> Arc<Listed> {
        if let Some((until, listed)) = self.prices.find(target)
            && now < until
        {
            return listed;
        }
        let listed = Arc::new(self.catalog.price(&target.provider, &target.model, &Terms::at(now / 1000)));
        // Prices that change with the hour change at its beginning.
        let until = now.saturating_add(FRESH).min((now / HOUR + 1) * HOUR);
        self.prices.keep(target, (until, listed.clone()));
        listed
    }

    /// What is known of a target, in the catalogue or by the operator.
    pub(crate) fn known(&self, target: &Target) -> Arc<Capabilities> {
        self.capabilities.find(target).unwrap_or_else(|| {
            let known = Arc::new(self.catalog.capabilities(&target.provider, &target.model));
            self.capabilities.keep(target, known.clone());
            known
        })
    }
}

/// What was looked up before.
struct Memo<K, V>(RwLock<HashMap<K, V>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Memo<K, V> {
    fn find(&self, key: &K) -> Option<V> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn keep(&self, key: &K, value: V) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(key.clone(), value);
    }
}

/// What is known of the models of one instance, for the plugin that is built for it.
pub(crate) struct OfInstance {
    pub(crate) list: Arc<PriceList>,
    pub(crate) id: Arc<str>,
}

impl KnownModels for OfInstance {
    fn capabilities(&self, _plugin: &str, model: &str) -> Arc<Capabilities> {
        self.list.known(&Target::new(self.id.clone(), model))
    }
}
