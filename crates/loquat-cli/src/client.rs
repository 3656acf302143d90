//! The client that `serve` and `ask` use: from a file, from the environment, or for demonstration.

use std::path::{Path, PathBuf};

use loquat::{Client, Config, Environment, ProviderConfig};

use crate::failure::Failure;
use crate::terminal::note;

/// A client, and whether it only demonstrates.
pub(crate) struct Built {
    pub(crate) client: Client,
    pub(crate) config: Config,
    pub(crate) demo: bool,
}

/// Builds a client from a configuration file (`file`, or the one that `LOQUAT_CONFIG` names), the environment and the
/// model that was asked for. Without any provider it answers through `local/echo`.
pub(crate) fn build(environment: Environment, file: Option<&Path>, model: Option<&str>) -> Result<Built, Failure> {
    let named = environment.value("LOQUAT_CONFIG").map(PathBuf::from);
    let file = file.or(named.as_deref());
    let config = match file {
        Some(file) => Config::from_file(file)?,
        None => Config::default(),
    };
    let mut config = config.with_environment(&environment)?;
    if let Some(model) = model {
        config.defaults.model = Some(model.to_owned());
    }
    for name in ["LLM_DAILY_BUDGET", "LLM_ALERT_THRESHOLD", "LLM_CACHE_ENABLED", "LLM_CACHE_TTL"] {
        if environment.value(name).is_some() {
            note(format_args!(
                "warning: {name} is set, but this version has no budgets and no cache yet; it has no effect"
            ));
        }
    }
    let defaults = &config.defaults;
    let names_any = defaults.model.is_some() || !defaults.fallback.is_empty();
    let demo = file.is_none() && !names_any && !Client::is_configured(&config, &environment)?;
    if demo {
        config.providers.push(ProviderConfig::new("local"));
        config.defaults.model = Some("local/echo".to_owned());
    }
    let client = Client::builder().config(config.clone()).environment(environment).build()?;
    Ok(Built { client, config, demo })
}
