//! Configuration: from TOML, from the environment, or built in code; one value in the end.

#[cfg(feature = "cache")]
mod cache;
mod credentials;
mod defaults;
mod health;
mod limits;
#[cfg(feature = "budget")]
mod money;
mod overlay;
#[cfg(feature = "prompt")]
mod prompt;
mod provider;
mod quality;
mod route;
mod shared;
mod strategy;

use std::path::{Path, PathBuf};

use llm_core::{Error, ErrorKind, redact};
use llm_router::{Experiment, Rule, Shadow};
use serde::Deserialize;
use serde_json::{Map, Value};

#[cfg(feature = "cache")]
pub use cache::{CacheConfig, CacheScope, CacheStore, EvictionName, RouteCacheConfig, SemanticConfig};
pub use credentials::CredentialsConfig;
pub use defaults::Defaults;
pub use health::HealthConfig;
pub use limits::LimitsConfig;
#[cfg(feature = "budget")]
pub use money::PricesConfig;
#[cfg(feature = "prompt")]
pub use prompt::PromptConfig;
pub use provider::ProviderConfig;
pub use quality::{AssessorsConfig, JudgeConfig, QualityGateConfig};
pub use route::RouteConfig;
pub use shared::SharedConfig;
pub use strategy::StrategyName;

/// What a client is built from. Unknown keys in TOML are errors.
///
/// ```toml
/// [[provider]]
/// id = "openai"
/// api_key = "env:OPENAI_API_KEY"                 # also "file:/run/secrets/openai", or a list of several
/// rpm = 4000                                     # what the account allows
///
/// [defaults]
/// model = "anthropic/claude-haiku-4-5"           # or a route's name
/// fallback = ["openai/gpt-5.4-mini"]
/// timeout = "60s"
/// first_token_timeout = "10s"
/// retry = { preset = "default", max_retries = 2 }
/// breaker = { failures = 5, open_for = "60s" }
///
/// [[model]]                                      # a route: a model name of your own
/// name = "fast"
/// aliases = ["gpt-4o"]
/// strategy = "priority"
/// targets = ["openai/gpt-5.4-mini", "anthropic/claude-haiku-4-5"]
///
/// [[route]]                                      # the first that fits decides where a request goes
/// when = { task = "classification" }
/// model = "fast"
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Version of this format; 1.
    pub version: Option<u32>,
    /// Accounts at vendors and own servers.
    #[serde(rename = "provider")]
    pub providers: Vec<ProviderConfig>,
    /// How keys may be found.
    pub credentials: CredentialsConfig,
    /// Settings of every route that says nothing else.
    pub defaults: Defaults,
    /// Routes.
    #[serde(rename = "model")]
    pub routes: Vec<RouteConfig>,
    /// Which requests go to which route, whatever they name: the first that fits.
    #[serde(rename = "route")]
    pub rules: Vec<Rule>,
    /// Comparisons of targets on the requests of a route.
    #[serde(rename = "experiment")]
    pub experiments: Vec<Experiment>,
    /// Targets that are asked beside a share of a route's requests, for comparison only.
    #[serde(rename = "shadow")]
    pub shadows: Vec<Shadow>,
    /// Limits of the process, of tenants and of every target.
    pub limits: LimitsConfig,
    /// What is done to prompts before they are sent. Default: nothing.
    #[cfg(feature = "prompt")]
    pub prompt: PromptConfig,
    /// How answers by a JSON schema are had from models without a mode for it.
    #[cfg(feature = "structured")]
    pub structured: Option<llm_guard::structured::Settings>,
    /// Where replicas meet.
    pub shared: SharedConfig,
    /// A folder of this process for what a restart must find again: the money of budgets, answers cached on disk.
    pub state_dir: Option<PathBuf>,
    /// Where answers are kept, which, and for how long.
    #[cfg(feature = "cache")]
    pub cache: Option<CacheConfig>,
    /// Limits of money.
    #[cfg(feature = "budget")]
    #[serde(rename = "budget")]
    pub budgets: Vec<llm_budget::Budget>,
    /// Prices and facts of models.
    #[cfg(feature = "budget")]
    pub prices: PricesConfig,
    /// Settings of the gateway, read by the gateway.
    pub server: Map<String, Value>,
}

/// Tables that there may be several of.
const LISTS: [&str; 6] = ["provider", "model", "route", "experiment", "shadow", "budget"];

/// The key that was likely meant by one that is none, as the end of what the parser says.
fn hint(message: &str) -> Option<String> {
    let mut names = message.strip_prefix("unknown field `")?.split('`').step_by(2);
    let (wrong, known) = (names.next()?, names.collect::<Vec<_>>());
    let close = llm_core::closest(wrong, known.iter().copied())?;
    let is_list = known.contains(&"provider") && LISTS.contains(&close);
    Some(if is_list { format!("; did you mean [[{close}]]?") } else { format!("; did you mean {close}?") })
}

impl Config {
    /// Reads TOML. Errors name the line and what is expected there.
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        // TOML's own diagnostic shows the source line, which may hold a literal key: it is left out.
        let config: Self = toml::from_str(text).map_err(|error| {
            let line =
                error.span().and_then(|span| text.get(..span.start)).map(|above| above.matches('\n').count() + 1);
            let place = line.map(|line| format!(" line {line}:")).unwrap_or_default();
            // People paste keys into the wrong setting, and a type error repeats the value.
            let what = redact(error.message());
            let hint = hint(error.message()).unwrap_or_default();
            Error::new(ErrorKind::Config, format!("reading the configuration:{place} {what}{hint}"))
        })?;
        match config.version {
            None | Some(1) => Ok(config),
            Some(other) => {
                let what =
                    format!("reading the configuration: version {other} is not known, this program reads version 1");
                Err(Error::new(ErrorKind::Config, what))
            }
        }
    }

    /// Reads a TOML file.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::new(ErrorKind::Config, format!("reading the configuration {}: {error}", path.display()))
        })?;
        Self::from_toml(&text).map_err(|error| {
            let message = error.message().replacen("the configuration", &path.display().to_string(), 1);
            error.with_message(message)
        })
    }

    /// This configuration, with `other` where this one says nothing.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.version = self.version.or(other.version);
        // Only what both name gives way; a name twice within one of them stays, so that building can refuse it.
        let (mine, routes) = (self.providers.len(), self.routes.len());
        for provider in other.providers {
            if !self.providers[..mine].iter().any(|other| other.id == provider.id) {
                self.providers.push(provider);
            }
        }
        for route in other.routes {
            if !self.routes[..routes].iter().any(|other| other.name == route.name) {
                self.routes.push(route);
            }
        }
        if self.rules.is_empty() {
            self.rules = other.rules;
        }
        if self.experiments.is_empty() {
            self.experiments = other.experiments;
        }
        if self.shadows.is_empty() {
            self.shadows = other.shadows;
        }
        if self.server.is_empty() {
            self.server = other.server;
        }
        #[cfg(feature = "prompt")]
        {
            self.prompt.optimise = self.prompt.optimise.or(other.prompt.optimise);
        }
        self.credentials = self.credentials.or(other.credentials);
        #[cfg(feature = "structured")]
        {
            self.structured = self.structured.or(other.structured);
        }
        self.defaults = self.defaults.or(other.defaults);
        let (mine, theirs) = (&mut self.limits, other.limits);
        mine.process = mine.process.take().or(theirs.process);
        mine.tenant = mine.tenant.take().or(theirs.tenant);
        mine.target = mine.target.take().or(theirs.target);
        mine.shed = mine.shed.take().or(theirs.shed);
        self.shared = self.shared.or(other.shared);
        self.state_dir = self.state_dir.or(other.state_dir);
        #[cfg(feature = "cache")]
        {
            self.cache = self.cache.or(other.cache);
        }
        #[cfg(feature = "budget")]
        {
            // As with providers: only what both name gives way.
            let mine = self.budgets.len();
            for budget in other.budgets {
                if !self.budgets[..mine].iter().any(|other| other.name == budget.name) {
                    self.budgets.push(budget);
                }
            }
            self.prices = self.prices.or(other.prices);
        }
        self
    }
}
