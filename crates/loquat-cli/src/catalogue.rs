//! What `models` and `prices` know without building a provider: the catalogue, and the accounts of this machine.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use llm_core::{CostSource, Error, ProviderPlugin, Setting, Target};
use loquat::catalog::{Catalog, DataSource, Terms};
use loquat::{Config, Environment, ProviderConfig};
use serde_json::{Map, Value};

use crate::client;
use crate::failure::Failure;

/// The catalogue with the configuration that it was made from.
pub(crate) struct Catalogue {
    pub(crate) catalog: Catalog,
    pub(crate) config: Config,
    pub(crate) accounts: Vec<Account>,
    /// Prices hold at a moment.
    pub(crate) now: Terms<'static>,
}

/// A provider of this binary, or one that the configuration gives a name of its own.
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) plugin: &'static ProviderPlugin,
    /// Whether its key is there, in the words of `loquat providers`.
    pub(crate) state: &'static str,
}

impl Catalogue {
    pub(crate) fn read(environment: &Environment, file: Option<&Path>) -> Result<Self, Failure> {
        let config = client::looking(environment, file)?;
        let registry = loquat::registry()?;
        let catalog = config.catalog(&registry)?;
        let mut accounts: Vec<Account> = registry
            .plugins()
            .map(|plugin| {
                let own = config.providers.iter().find(|own| own.kind.is_none() && names(plugin, &own.id));
                Account { id: plugin.id.to_owned(), plugin, state: state(plugin, own, environment) }
            })
            .collect();
        for own in &config.providers {
            let plugin = match own.kind.as_deref() {
                Some(kind) => registry.plugin(kind).map_err(Error::from)?,
                // A preset's name is an account of its own.
                None => match registry.plugin(&own.id) {
                    Ok(plugin) if plugin.preset(&own.id).is_some() => plugin,
                    _ => continue,
                },
            };
            let account = Account { id: own.id.clone(), plugin, state: state(plugin, Some(own), environment) };
            // An instance may have its plugin's name.
            match accounts.iter_mut().find(|account| account.id == own.id) {
                Some(there) => *there = account,
                None => accounts.push(account),
            }
        }
        accounts.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Self { catalog, config, accounts, now: now() })
    }

    /// The account of a provider's id or other name; an error names those that there are.
    pub(crate) fn account(&self, id: &str) -> Result<&Account, Error> {
        if let Some(account) = self.accounts.iter().find(|account| account.id == id) {
            return Ok(account);
        }
        let plugin = loquat::registry()?.plugin(id)?;
        let by_plugin = self.accounts.iter().find(|account| std::ptr::eq(account.plugin, plugin));
        by_plugin.ok_or_else(|| Error::new(llm_core::ErrorKind::Internal, format!("no account has the plugin of {id}")))
    }

    /// Every model of these accounts that the catalogue has prices of, or that is an account's default.
    pub(crate) fn models<'a>(&'a self, accounts: impl IntoIterator<Item = &'a Account>) -> Vec<(Target, &'a Account)> {
        let of = |account: &'a Account| {
            let mut models = self.catalog.models(&account.id);
            models.extend(account.plugin.default_model.filter(|model| !models.contains(model)));
            models.sort_unstable();
            models.into_iter().map(move |model| (Target::new(account.id.as_str(), model), account))
        };
        accounts.into_iter().flat_map(of).collect()
    }

    /// The list that a price of this source comes from; none for what an operator says.
    pub(crate) fn list<'a>(&'a self, target: &'a Target, source: CostSource) -> Option<&'a DataSource> {
        self.catalog.price_list(&target.provider, &target.model, source)
    }
}

impl Account {
    /// What the configuration says of it.
    pub(crate) fn own<'a>(&self, config: &'a Config) -> Option<&'a ProviderConfig> {
        let is_own = |own: &&ProviderConfig| own.id == self.id || (own.kind.is_none() && names(self.plugin, &own.id));
        config.providers.iter().find(is_own)
    }

    /// Its settings but the secret ones.
    pub(crate) fn open_settings(&self, config: &Config, environment: &Environment) -> Map<String, Value> {
        let own = self.own(config);
        let open = self.plugin.settings.iter().filter(|setting| !setting.secret);
        open.filter_map(|setting| Some((setting.key.to_owned(), said(setting, own, environment)?))).collect()
    }
}

fn names(plugin: &ProviderPlugin, id: &str) -> bool {
    plugin.id == id || plugin.aliases.contains(&id)
}

/// Where a setting of a provider comes from, and whether it is there.
pub(crate) struct Source {
    /// A variable's name, `env:NAME`, `file:PATH`, `cmd:PROGRAM`, or `configuration`; never the value.
    pub(crate) from: String,
    pub(crate) is_set: bool,
}

/// Where a setting comes from: the configuration, or the first of its variables that is set. None when it is nowhere.
pub(crate) fn source(setting: &Setting, own: Option<&ProviderConfig>, environment: &Environment) -> Option<Source> {
    let of_text = |text: &str| match text.split_once(':') {
        Some(("env", name)) => Source { from: text.to_owned(), is_set: environment.value(name).is_some() },
        Some(("file", path)) => Source { from: text.to_owned(), is_set: Path::new(path).is_file() },
        // The program is not run, and its arguments are nobody's business.
        Some(("cmd", words)) => {
            Source { from: format!("cmd:{}", words.split_whitespace().next().unwrap_or_default()), is_set: true }
        }
        _ => Source { from: "configuration".to_owned(), is_set: !text.trim().is_empty() },
    };
    match own.and_then(|own| own.settings.get(setting.key)) {
        Some(Value::String(text)) => Some(of_text(text)),
        // Of several keys one is enough.
        Some(Value::Array(keys)) => {
            let keys: Vec<Source> = keys.iter().filter_map(Value::as_str).map(of_text).collect();
            let from: Vec<&str> = keys.iter().map(|key| key.from.as_str()).collect();
            Some(Source { from: from.join(", "), is_set: keys.iter().any(|key| key.is_set) })
        }
        Some(_) => Some(Source { from: "configuration".to_owned(), is_set: true }),
        // Another account of a vendor takes no key of the default one.
        None if own.is_some_and(|own| own.kind.is_some()) => None,
        None => environment.first(setting.env).map(|(name, _)| Source { from: name.to_owned(), is_set: true }),
    }
}

/// Whether a setting of a provider is there.
pub(crate) fn has(setting: &Setting, own: Option<&ProviderConfig>, environment: &Environment) -> bool {
    source(setting, own, environment).is_some_and(|source| source.is_set)
}

/// What a setting that is no secret says.
fn said(setting: &Setting, own: Option<&ProviderConfig>, environment: &Environment) -> Option<Value> {
    match own.and_then(|own| own.settings.get(setting.key)) {
        Some(Value::String(text)) => match text.strip_prefix("env:") {
            Some(name) => environment.value(name).map(Value::from),
            None => Some(text.as_str().into()),
        },
        Some(value) => Some(value.clone()),
        None if own.is_some_and(|own| own.kind.is_some()) => None,
        None => environment.first(setting.env).map(|(_, value)| value.into()),
    }
}

/// Whether what a provider needs is there. Nothing is sent, so nobody knows whether the key is a good one.
fn state(plugin: &ProviderPlugin, own: Option<&ProviderConfig>, environment: &Environment) -> &'static str {
    let there = |setting: &Setting| has(setting, own, environment);
    let configured = match own {
        Some(_) => plugin.settings.iter().filter(|setting| setting.required).all(there),
        None => loquat::is_configured(plugin, environment),
    };
    match configured {
        _ if plugin.fake => "no LLM",
        true => "configured",
        false => "not configured",
    }
}

#[expect(clippy::disallowed_methods, reason = "prices go by the calendar")]
fn now() -> Terms<'static> {
    Terms::at(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
}

/// A list in one line: `genai-prices 0.2.3 of 2026-11-20`.
pub(crate) fn title(list: &DataSource) -> String {
    format!("{} {} of {}", list.source, list.version, list.date)
}
