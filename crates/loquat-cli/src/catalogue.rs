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
    /// Whether what it needs is there, in the words of `loquat providers`.
    pub(crate) state: &'static str,
    /// What is missing: variables, or places where nothing is.
    pub(crate) missing: Vec<String>,
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
                Account::new(plugin.id, plugin, own, &config, environment)
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
            let account = Account::new(&own.id, plugin, Some(own), &config, environment);
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
    fn new(
        id: &str,
        plugin: &'static ProviderPlugin,
        own: Option<&ProviderConfig>,
        config: &Config,
        environment: &Environment,
    ) -> Self {
        let given = Given { id, plugin, own, config, environment };
        Self { id: id.to_owned(), plugin, state: given.state(), missing: given.missing() }
    }

    /// What is said of it, and where.
    pub(crate) fn given<'a>(&'a self, config: &'a Config, environment: &'a Environment) -> Given<'a> {
        Given { id: &self.id, plugin: self.plugin, own: self.own(config), config, environment }
    }

    /// What the configuration says of it.
    fn own<'a>(&self, config: &'a Config) -> Option<&'a ProviderConfig> {
        let is_own = |own: &&ProviderConfig| own.id == self.id || (own.kind.is_none() && names(self.plugin, &own.id));
        config.providers.iter().find(is_own)
    }

    /// Its settings but the secret ones.
    pub(crate) fn open_settings(&self, config: &Config, environment: &Environment) -> Map<String, Value> {
        let given = self.given(config, environment);
        let open = self.plugin.settings.iter().filter(|setting| !setting.secret);
        open.filter_map(|setting| Some((setting.key.to_owned(), given.said(setting)?))).collect()
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

/// What is said of a provider, and where.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a> {
    pub(crate) id: &'a str,
    pub(crate) plugin: &'static ProviderPlugin,
    /// By the configuration.
    pub(crate) own: Option<&'a ProviderConfig>,
    pub(crate) config: &'a Config,
    pub(crate) environment: &'a Environment,
}

impl Given<'_> {
    /// Where a setting comes from: the configuration, or the first of its variables that is set. None when it is nowhere.
    pub(crate) fn source(&self, setting: &Setting) -> Option<Source> {
        let of_text = |text: &str| match text.split_once(':') {
            Some(("env", name)) => Source { from: text.to_owned(), is_set: self.environment.value(name).is_some() },
            Some(("file", path)) => Source { from: text.to_owned(), is_set: Path::new(path).is_file() },
            // The program is not run, and its arguments are nobody's business.
            Some(("cmd", words)) => {
                let program = words.split_whitespace().next().unwrap_or_default();
                match self.config.credentials.commands {
                    Some(true) => Source { from: format!("cmd:{program}"), is_set: true },
                    _ => Source { from: format!("cmd:{program} (not allowed)"), is_set: false },
                }
            }
            _ => Source { from: "configuration".to_owned(), is_set: !text.trim().is_empty() },
        };
        match self.in_configuration(setting) {
            Some(Value::String(text)) => Some(of_text(text)),
            // One that is not there keeps all of them from being read.
            Some(Value::Array(keys)) if setting.secret => {
                let keys: Vec<Source> = keys.iter().filter_map(Value::as_str).map(of_text).collect();
                let from: Vec<&str> = keys.iter().map(|key| key.from.as_str()).collect();
                let is_set = !keys.is_empty() && keys.iter().all(|key| key.is_set);
                Some(Source { from: from.join(", "), is_set })
            }
            Some(value) => {
                let is_set = !matches!(value, Value::Null | Value::Bool(false));
                Some(Source { from: "configuration".to_owned(), is_set })
            }
            // The name of a preset is one.
            None if setting.key == "preset" && self.is_preset() => {
                Some(Source { from: "configuration".to_owned(), is_set: true })
            }
            None => self.variable(setting).map(|(from, _)| Source { from, is_set: true }),
        }
    }

    /// Whether a setting of a provider is there.
    pub(crate) fn has(&self, setting: &Setting) -> bool {
        self.source(setting).is_some_and(|source| source.is_set)
    }

    /// What a setting that is no secret says.
    fn said(&self, setting: &Setting) -> Option<Value> {
        match self.in_configuration(setting) {
            Some(Value::String(text)) => match text.strip_prefix("env:") {
                Some(name) => self.environment.value(name).map(Value::from),
                None => Some(text.as_str().into()),
            },
            Some(value) => Some(value.clone()),
            None if setting.key == "preset" && self.is_preset() => self.own.map(|own| {
                own.kind.as_deref().filter(|kind| self.plugin.preset(kind).is_some()).unwrap_or(&own.id).into()
            }),
            None => self.variable(setting).map(|(_, value)| value.into()),
        }
    }

    fn in_configuration(&self, setting: &Setting) -> Option<&Value> {
        let settings = &self.own?.settings;
        std::iter::once(&setting.key).chain(setting.aliases).find_map(|key| settings.get(*key))
    }

    /// Whether its id or its kind is the name of a preset.
    fn is_preset(&self) -> bool {
        let named = |own: &ProviderConfig| self.plugin.preset(own.kind.as_deref().unwrap_or(&own.id)).is_some();
        self.plugin.preset(self.id).is_some() || self.own.is_some_and(named)
    }

    /// The first of a setting's variables that is set. Another account of a vendor takes nothing of the default one.
    fn variable(&self, setting: &Setting) -> Option<(String, String)> {
        let names = self.plugin.variables(self.id, setting).into_iter();
        names.into_iter().find_map(|name| Some((name.clone().into_owned(), self.environment.value(&name)?.to_owned())))
    }

    /// What is missing: variables, or places where nothing is.
    fn missing(&self) -> Vec<String> {
        let name = |setting: &'static Setting| match self.source(setting) {
            Some(source) => source.from,
            None => {
                self.plugin.variables(self.id, setting).into_iter().next().unwrap_or(setting.key.into()).into_owned()
            }
        };
        self.plugin.missing(|setting| self.has(setting)).into_iter().map(name).collect()
    }

    /// Whether what a provider needs is there. Nothing is sent, so nobody knows whether the key is a good one.
    fn state(&self) -> &'static str {
        let plugin = self.plugin;
        let complete = plugin.is_complete(|setting| self.has(setting));
        let configured = self.own.is_some() || loquat::is_configured(plugin, self.environment);
        match (complete, configured) {
            _ if plugin.fake => "no LLM",
            (true, true) => "configured",
            // By variables that choose nobody.
            (true, false) if plugin.takes_key() => "if named",
            _ => "not configured",
        }
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
