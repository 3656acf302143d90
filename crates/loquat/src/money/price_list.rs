//! What models cost and can do, by the ids of a client's providers: the catalogue, with what was looked up before.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

use llm_catalog::{Catalog, Terms};
use llm_core::{Capabilities, KnownModels, Target};
use llm_router::Price;

/// As many targets are remembered; callers choose names, so there is an end to it.
const REMEMBERED: usize = 4096;
/// Prices change with the date, and some with the hour: so long they are taken as they were looked up, in milliseconds.
const FRESH: u64 = 60_000;

/// A catalogue with the instances of one client.
pub(crate) struct PriceList {
    pub(crate) catalog: Catalog,
    prices: Memo<Target, (u64, Price)>,
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
        if let Some((until, price)) = self.prices.find(target)
            && now < until
        {
            return price;
        }
        let price = self.catalog.price(&target.provider, &target.model, &Terms::at(now / 1000));
        let price = price.map_or_else(
            |_| Price::default(),
            |price| {
                let mut both = Price::default();
                (both.input, both.output) = (price.input(), price.output());
                both
            },
        );
        self.prices.keep(target, (now.saturating_add(FRESH), price));
        price
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
