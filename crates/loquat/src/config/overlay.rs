//! What the environment says, laid over a configuration.

use std::time::Duration;

use llm_core::{Error, ErrorKind, Secret};

use super::Config;
use crate::environment::Environment;

/// The budget that the environment sets.
#[cfg(feature = "budget")]
const DAILY: &str = "daily";

impl Config {
    /// What the environment alone says, see [`with_environment`](Self::with_environment).
    pub fn from_environment(environment: &Environment) -> Result<Self, Error> {
        Self::default().with_environment(environment)
    }

    /// This configuration with what the environment says instead: `LOQUAT_MODEL` or `LLM_PRIMARY_PROVIDER`,
    /// `LLM_FALLBACK_PROVIDERS` (or `LLM_FALLBACK_PROVIDER`), `LLM_TIMEOUT_SECONDS` (of one attempt), `LLM_MAX_RETRIES`,
    /// `LOQUAT_PROXY`, `LOQUAT_STATE_DIR`, `LLM_DAILY_BUDGET` (dollars a day for everything) and `LLM_ALERT_THRESHOLD` (the
    /// part of every budget at which to tell), `LLM_CACHE_ENABLED` and `LLM_CACHE_TTL` (seconds). Keys and addresses of vendors are not part of it: they are found per provider, and what a
    /// configuration says of a provider goes before them.
    pub fn with_environment(mut self, environment: &Environment) -> Result<Self, Error> {
        let wrong = |name: &str, what: &str| Error::new(ErrorKind::Config, format!("reading {name}: {what}"));
        let defaults = &mut self.defaults;
        if let Some((_, model)) = environment.first(&["LOQUAT_MODEL", "LLM_PRIMARY_PROVIDER"]) {
            defaults.model = Some(model.trim().to_owned());
        }
        if let Some((_, list)) = environment.first(&["LLM_FALLBACK_PROVIDERS", "LLM_FALLBACK_PROVIDER"]) {
            defaults.fallback =
                list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        }
        if let Some(text) = environment.value("LLM_TIMEOUT_SECONDS") {
            let timeout = text.trim().parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            let timeout = timeout.filter(|timeout| !timeout.is_zero());
            defaults.attempt_timeout =
                Some(timeout.ok_or_else(|| wrong("LLM_TIMEOUT_SECONDS", "expected a number of seconds above 0"))?);
        }
        if let Some(text) = environment.value("LLM_MAX_RETRIES") {
            let retries = text.trim().parse().map_err(|_| wrong("LLM_MAX_RETRIES", "expected a whole number"))?;
            // Only the number: waits and hints stay those of the file.
            defaults.retry = Some(defaults.retry.take().unwrap_or_default().with_max_retries(retries));
        }
        if let Some(proxy) = environment.value("LOQUAT_PROXY") {
            defaults.proxy = Some(Secret::from(proxy));
        }
        if let Some(folder) = environment.value("LOQUAT_STATE_DIR") {
            self.state_dir = Some(folder.trim().into());
        }
        #[cfg(feature = "budget")]
        self.daily_budget(environment)?;
        #[cfg(feature = "cache")]
        self.cache_by(environment)?;
        Ok(self)
    }

    /// `LLM_CACHE_ENABLED` switches the cache on or off, `LLM_CACHE_TTL` is how many seconds an answer is good.
    #[cfg(feature = "cache")]
    fn cache_by(&mut self, environment: &Environment) -> Result<(), Error> {
        let wrong = |name: &str, what: &str| Error::new(ErrorKind::Config, format!("reading {name}: {what}"));
        if let Some(text) = environment.value("LLM_CACHE_ENABLED") {
            let enabled = match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => true,
                "false" | "0" | "no" | "off" => false,
                _ => return Err(wrong("LLM_CACHE_ENABLED", "expected true or false")),
            };
            if enabled || self.cache.is_some() {
                self.cache.get_or_insert_default().enabled = Some(enabled);
            }
        }
        if let Some(text) = environment.value("LLM_CACHE_TTL") {
            let ttl = text.trim().parse().ok().filter(|seconds| *seconds > 0).map(Duration::from_secs);
            let ttl = ttl.ok_or_else(|| wrong("LLM_CACHE_TTL", "expected a number of seconds above 0"))?;
            if let Some(cache) = &mut self.cache {
                cache.ttl = Some(ttl);
            }
        }
        Ok(())
    }

    /// `LLM_DAILY_BUDGET` in dollars for everything in a day, `LLM_ALERT_THRESHOLD` for when to tell.
    #[cfg(feature = "budget")]
    fn daily_budget(&mut self, environment: &Environment) -> Result<(), Error> {
        use llm_budget::{Budget, Window};
        let wrong = |name: &str, what: &str| Error::new(ErrorKind::Config, format!("reading {name}: {what}"));
        let part = environment.value("LLM_ALERT_THRESHOLD").map(|text| {
            let part = text.trim().parse().ok().filter(|part: &f64| *part > 0.0 && *part <= 1.0);
            part.ok_or_else(|| wrong("LLM_ALERT_THRESHOLD", "expected a part of the budget above 0 and at most 1"))
        });
        let part = part.transpose()?;
        if let Some(text) = environment.value("LLM_DAILY_BUDGET") {
            let limit = text.trim().trim_start_matches('$').parse();
            let limit = limit.map_err(|_| wrong("LLM_DAILY_BUDGET", "expected dollars, such as 25 or 0.50"))?;
            self.budgets.retain(|budget| &*budget.name != DAILY);
            self.budgets.push(Budget::new(DAILY, limit, Window::Day));
        }
        if let Some(part) = part {
            self.budgets.iter_mut().for_each(|budget| budget.alert_at = vec![part]);
        }
        Ok(())
    }
}
