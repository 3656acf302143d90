//! From the configuration's breakers and limits to the gates of the targets.

use std::sync::Arc;
#[cfg(feature = "redis")]
use std::sync::{Mutex, PoisonError};

#[cfg(feature = "redis")]
use llm_core::{Error, Secret};
#[cfg(feature = "redis")]
use llm_resilience::limit::{RateSharing, RateStore, RedisRates, RedisRatesOptions};
use llm_resilience::{GateScope, GateSettings, Gates, LimitScope};

use crate::config::Config;
#[cfg(feature = "redis")]
use crate::environment::Environment;

/// Puts what the configuration says in place, and nothing in the place of what it no longer says.
pub(crate) fn configure(gates: &Gates, config: &Config) {
    let everybody = GateSettings::default()
        .with_breaker(config.defaults.breaker.clone().unwrap_or_default())
        .with_limits(config.limits.target.clone().unwrap_or_default());
    gates.configure(&GateScope::All, everybody.clone());
    // Whoever mended a key wants it tried at once.
    gates.forget_refused_keys();
    let limits = gates.limits();
    limits.configure(LimitScope::Process, config.limits.process.clone());
    limits.configure(LimitScope::EachTenant, config.limits.tenant.clone());
    limits.set_shedding(config.limits.shed.clone().unwrap_or_default());
    for scope in limits.scopes() {
        match scope {
            LimitScope::Provider(id) if config.providers.iter().all(|provider| *provider.id != *id) => {
                limits.configure(LimitScope::Provider(id), None);
            }
            // It has settings of its own, or had.
            LimitScope::EachTargetOf(id) => gates.configure(&GateScope::Provider(id), everybody.clone()),
            _ => {}
        }
    }
    for provider in &config.providers {
        let id: Arc<str> = provider.id.as_str().into();
        limits.configure(LimitScope::Provider(id.clone()), provider.limits.clone());
        if provider.breaker.is_some() || provider.cool_down.is_some() {
            let mut settings = everybody.clone();
            settings.breaker = provider.breaker.clone().unwrap_or(settings.breaker);
            settings.cool_down = provider.cool_down.unwrap_or(settings.cool_down);
            gates.configure(&GateScope::Provider(id), settings);
        }
    }
}

/// Limits in the server that replicas share, or why they cannot be there.
#[cfg(feature = "redis")]
pub(crate) fn shared(config: &Config, environment: &Environment) -> Result<Option<Joined>, Error> {
    let Some(url) = config.shared.address(environment)? else { return Ok(None) };
    let from = (url, config.shared.prefix().to_owned(), config.shared.replicas());
    let store = RedisRates::new(from.0.expose(), &from.1, RedisRatesOptions::default())?;
    Ok(Some(Joined { from, store: Arc::new(store) }))
}

/// A server with what its keys begin with, and how many replicas are thought to use it.
#[cfg(feature = "redis")]
type Place = (Secret, String, u32);

/// Limits in a server.
#[cfg(feature = "redis")]
pub(crate) struct Joined {
    from: Place,
    store: Arc<RedisRates>,
}

/// Where limits are shared at present.
#[cfg(feature = "redis")]
#[derive(Clone, Default)]
pub(crate) struct SharedLimits(Arc<Mutex<Option<Place>>>);

#[cfg(feature = "redis")]
impl SharedLimits {
    /// Shares limits there from now on; a place that is the same is left alone, with what it knows.
    pub(crate) fn establish(&self, gates: &Gates, joined: Option<Joined>) {
        let mut present = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let from = joined.as_ref().map(|joined| joined.from.clone());
        if *present == from {
            return;
        }
        let replicas = from.as_ref().map_or(1, |(_, _, replicas)| *replicas);
        let store = joined.map(|joined| -> Arc<dyn RateStore> { joined.store });
        gates.limits().set_store(store, RateSharing::default().with_replicas(replicas));
        *present = from;
    }
}
