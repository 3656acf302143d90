//! From the configuration's breakers and limits to the gates of the targets.

use llm_resilience::{GateScope, GateSettings, Gates, LimitScope};

use crate::config::Config;

/// Puts what the configuration says in place, and nothing in the place of what it no longer says.
pub(crate) fn configure(gates: &Gates, config: &Config) {
    let settings = GateSettings::default()
        .with_breaker(config.defaults.breaker.clone().unwrap_or_default())
        .with_limits(config.limits.target.clone().unwrap_or_default());
    gates.configure(&GateScope::All, settings);
    // Whoever mended a key wants it tried at once.
    gates.forget_refused_keys();
    let limits = gates.limits();
    limits.configure(LimitScope::Process, config.limits.process.clone());
    limits.configure(LimitScope::EachTenant, config.limits.tenant.clone());
    limits.set_shedding(config.limits.shed.clone().unwrap_or_default());
    for provider in &config.providers {
        limits.configure(LimitScope::Provider(provider.id.as_str().into()), provider.limits.clone());
    }
}
