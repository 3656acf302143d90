//! The client that `serve` and `ask` use, from a file, from the environment, or for demonstration; and the configuration
//! for commands that only look.

use std::path::{Path, PathBuf};

use loquat::{Client, Config, Environment, ProviderConfig, SharedConfig};

use crate::failure::Failure;

/// A client, and whether it only demonstrates.
pub(crate) struct Built {
    pub(crate) client: Client,
    pub(crate) config: Config,
    pub(crate) demo: bool,
    /// Where it only demonstrates: keys that are there under names that nobody reads.
    pub(crate) hints: Vec<String>,
}

/// What a configuration file (`file`, or the one that `LOQUAT_CONFIG` names) and the environment say, and whether there
/// is such a file.
fn read(environment: &Environment, file: Option<&Path>) -> Result<(Config, bool), Failure> {
    let named = environment.value("LOQUAT_CONFIG").map(PathBuf::from);
    let file = file.or(named.as_deref());
    let config = match file {
        Some(file) => Config::from_file(file)?,
        None => Config::default(),
    };
    Ok((config.with_environment(environment)?, file.is_some()))
}

/// The same, for commands that only look.
pub(crate) fn looking(environment: &Environment, file: Option<&Path>) -> Result<Config, Failure> {
    let (config, _) = read(environment, file)?;
    Ok(aside(config))
}

/// Without what would open the files of a gateway that runs beside, or ask its servers.
fn aside(mut config: Config) -> Config {
    config.budgets.clear();
    (config.cache, config.state_dir, config.shared) = (None, None, SharedConfig::default());
    config
}

/// Builds a client from a configuration file, the environment and the model that was asked for. Without any provider it
/// answers through `local/echo`.
pub(crate) fn build(environment: Environment, file: Option<&Path>, model: Option<&str>) -> Result<Built, Failure> {
    let (config, has_file) = read(&environment, file)?;
    build_from(config, has_file, environment, model)
}

/// The same, for commands that only look.
pub(crate) fn build_looking(
    environment: Environment,
    file: Option<&Path>,
    model: Option<&str>,
) -> Result<Built, Failure> {
    let (config, has_file) = read(&environment, file)?;
    build_from(aside(config), has_file, environment, model)
}

fn build_from(
    mut config: Config,
    has_file: bool,
    environment: Environment,
    model: Option<&str>,
) -> Result<Built, Failure> {
    if let Some(model) = model {
        config.defaults.model = Some(model.to_owned());
    }
    let defaults = &config.defaults;
    let names_any = defaults.model.is_some() || !defaults.fallback.is_empty();
    let demo = !has_file && !names_any && !Client::is_configured(&config, &environment)?;
    let mut hints = Vec::new();
    if demo {
        for (name, meant) in loquat::misspelt_keys(&loquat::registry()?, &environment) {
            hints.push(format!("{name} is set but not read, did you mean {meant}?"));
        }
        config.providers.push(ProviderConfig::new("local"));
        config.defaults.model = Some("local/echo".to_owned());
    }
    let client = Client::builder().config(config.clone()).environment(environment).build()?;
    Ok(Built { client, config, demo, hints })
}
