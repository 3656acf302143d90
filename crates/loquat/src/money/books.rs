//! From the configuration to prices and to budgets on their ledger.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use llm_budget::{Allowance, Budget, Budgets, JournalFile, Ledger, MemoryLedger, Window};
use llm_catalog::{Catalog, ModelOverlay, Overlay};
use llm_core::{Error, ErrorKind, Registry, Secret};

use super::{Money, PriceList, WallClock, alerts::Alerts};
use crate::config::{Config, PricesConfig, ProviderConfig};
use crate::environment::Environment;

/// The budgets, and where their money is counted.
#[derive(Clone)]
pub(crate) struct Books {
    pub(crate) budgets: Arc<Budgets>,
    place: Place,
}

/// Where money is counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// A server that replicas share, and what its keys begin with.
    shared: Option<(Secret, String)>,
    /// A folder in which a restart finds everything again.
    folder: Option<PathBuf>,
}

/// What takes effect when everything else is known to be right.
pub(crate) struct Prepared {
    pub(crate) list: Arc<PriceList>,
    pub(crate) books: Books,
}

impl Books {
    /// No budget, in this process only.
    pub(crate) fn in_memory(clock: &WallClock, alerts: &Alerts) -> Self {
        let (of_ledger, of_budgets, alerts) = (clock.clone(), clock.clone(), alerts.clone());
        let ledger = Arc::new(MemoryLedger::new(move || of_ledger()));
        let budgets = Budgets::none(ledger, move || of_budgets()).with_alerts(move |alert: &_| alerts.tell(alert));
        Self { budgets: Arc::new(budgets), place: Place::default() }
    }

    /// What the configuration says, on the present ledger where it is still in the same place.
    fn configured(&self, config: &Config, shared: Option<Secret>, money: &Money) -> Result<Self, Error> {
        // Without budgets nothing is counted, wherever it would be.
        let place = if config.budgets.is_empty() {
            self.place.clone()
        } else {
            let shared = shared.map(|url| (url, config.shared.prefix().to_owned()));
            Place { shared, folder: config.state_dir.clone() }
        };
        let budgets = if place == self.place {
            self.budgets.replaced(config.budgets.iter().cloned())?
        } else {
            let (clock, alerts) = (money.0.clock.clone(), money.0.alerts.clone());
            Budgets::new(config.budgets.iter().cloned(), place.ledger(&clock)?, move || clock())?
                .with_alerts(move |alert: &_| alerts.tell(alert))
        };
        let allowance = config.shared.allowance.map(|part| Allowance::new(part, config.shared.replicas()));
        let budgets = budgets.with_allowance(allowance)?;
        let restarts_early = |budget: &Budget| budget.window != Window::Request;
        if place == Place::default() && config.budgets.iter().any(restarts_early) {
            tracing::warn!(
                "budgets are counted in memory and begin anew at a restart: set state_dir, or [shared] for replicas"
            );
        }
        Ok(Self { budgets: Arc::new(budgets), place })
    }
}

impl Place {
    /// Opens the ledger there.
    fn ledger(&self, clock: &WallClock) -> Result<Arc<dyn Ledger>, Error> {
        let clock = clock.clone();
        let journal = self.folder.as_deref().map(journal).transpose()?;
        Ok(match (&self.shared, journal) {
            (None, None) => Arc::new(MemoryLedger::new(move || clock())),
            (None, Some(file)) => {
                let ledger = MemoryLedger::open(move || clock(), JournalFile::new(&file));
                Arc::new(ledger.map_err(|error| unreadable(&file, &error))?)
            }
            (Some((url, prefix)), journal) => shared_ledger(url, prefix, clock, journal)?,
        })
    }
}

#[cfg(feature = "redis")]
fn shared_ledger(
    url: &Secret,
    prefix: &str,
    clock: WallClock,
    journal: Option<PathBuf>,
) -> Result<Arc<dyn Ledger>, Error> {
    use llm_budget::{RedisLedger, RedisOptions};
    let ledger = RedisLedger::new(url.expose(), prefix, RedisOptions::default())
        .map_err(|error| Error::new(ErrorKind::Config, format!("reading shared.url: {error}")))?;
    let ledger = Arc::new(match journal {
        None => ledger,
        Some(file) => {
            let ledger = ledger.with_journal(move || clock(), JournalFile::new(&file));
            ledger.map_err(|error| unreadable(&file, &error))?
        }
    });
    // A client may be built before there is a runtime; then nobody looks.
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(look_at_settings(ledger.clone()));
    }
    Ok(ledger)
}

/// Tells the log what about the server may lose money.
#[cfg(feature = "redis")]
async fn look_at_settings(ledger: Arc<llm_budget::RedisLedger>) {
    match ledger.check().await {
        Ok(findings) => {
            for finding in findings {
                tracing::warn!("the server of the budgets' ledger: {finding}");
            }
        }
        Err(error) => tracing::warn!(%error, "the settings of the budgets' ledger cannot be looked at"),
    }
}

#[cfg(not(feature = "redis"))]
fn shared_ledger(_: &Secret, _: &str, _: WallClock, _: Option<PathBuf>) -> Result<Arc<dyn Ledger>, Error> {
    let what = "reading shared.url: this program was built without Redis: build it with the feature redis";
    Err(Error::new(ErrorKind::Config, what))
}

/// The file of one process's money.
fn journal(folder: &Path) -> Result<PathBuf, Error> {
    let wrong = |error: &std::io::Error| {
        Error::new(ErrorKind::Config, format!("reading state_dir: {} cannot be made: {error}", folder.display()))
    };
    std::fs::create_dir_all(folder).map_err(|error| wrong(&error))?;
    Ok(folder.join("budgets.journal"))
}

fn unreadable(file: &Path, error: &std::io::Error) -> Error {
    let what = format!(
        "opening the budgets' journal {}: {error}: another process may use it, or give it another state_dir",
        file.display()
    );
    Error::new(ErrorKind::Config, what)
}

impl Money {
    /// Reads what the configuration says of prices and budgets. Nothing is in force yet.
    pub(crate) fn prepare(
        &self,
        config: &Config,
        registry: &Registry,
        environment: &Environment,
    ) -> Result<Prepared, Error> {
        let list = Arc::new(PriceList::new(config.catalog(registry)?));
        let shared = config.shared.address(environment)?;
        Ok(Prepared { list, books: self.books().configured(config, shared, self)? })
    }
}

impl Config {
    /// The catalogue of prices and facts, with what this configuration says of models. No provider is built and no key is
    /// needed; reads `prices.file`.
    pub fn catalog(&self, registry: &Registry) -> Result<Catalog, Error> {
        let of_kind = |provider: &ProviderConfig| {
            let plugin = registry.plugin(provider.kind.as_deref()?).ok()?;
            Some((provider.id.clone(), plugin.id))
        };
        let instances = self.providers.iter().filter_map(of_kind);
        let own = self.providers.iter().flat_map(|provider| own_models(provider, registry));
        Ok(catalog(&self.prices, own)?.with_instances(instances))
    }
}

/// An account's own names of models, as its settings give them.
fn own_models<'a>(
    provider: &'a ProviderConfig,
    registry: &'a Registry,
) -> impl Iterator<Item = ModelOverlay> + use<'a> {
    let plugin = registry.plugin(provider.kind.as_deref().unwrap_or(&provider.id)).ok();
    let tables = plugin.into_iter().flat_map(|plugin| plugin.settings).filter(|setting| setting.models);
    let names = tables.filter_map(|setting| provider.settings.get(setting.key)?.as_object()).flatten();
    let id = provider.kind.as_ref().map_or_else(|| plugin.map_or(&*provider.id, |plugin| plugin.id), |_| &provider.id);
    names.filter_map(move |(name, model)| Some(ModelOverlay::new(id, name.as_str()).with_base_model(model.as_str()?)))
}

fn catalog(prices: &PricesConfig, own: impl Iterator<Item = ModelOverlay>) -> Result<Catalog, Error> {
    let mut overlay = prices.models.iter().cloned().fold(Overlay::default(), Overlay::with);
    for model in own {
        // What is said of a price goes before; what model it is is known all the same.
        let said = overlay.models.iter_mut().find(|said| said.provider == model.provider && said.model == model.model);
        match said {
            Some(said) => said.base_model = said.base_model.take().or(model.base_model),
            None => overlay.models.push(model),
        }
    }
    let catalog = Catalog::embedded().with_overlay(overlay);
    let Some(file) = &prices.file else { return Ok(catalog) };
    let wrong = |error: &dyn std::fmt::Display| {
        Error::new(ErrorKind::Config, format!("reading prices.file {}: {error}", file.display()))
    };
    let list = std::fs::read_to_string(file).map_err(|error| wrong(&error))?;
    catalog.with_fetched(list).map_err(|error| wrong(&error))
}
