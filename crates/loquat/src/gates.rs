//! From the configuration's breakers and limits to the gates of the targets.

use std::sync::Arc;

use llm_resilience::{GateScope, GateSettings, Gates, LimitScope};

use crate::config::Config;

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
