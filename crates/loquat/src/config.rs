//! Configuration: from TOML, from the environment, or built in code; one value in the end.

use std::path::Path;
use std::time::Duration;

use llm_core::{Error, ErrorKind, Secret, redact};
use llm_resilience::RetryPolicy;
use llm_router::{StrategyKind, TargetSpec};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::environment::Environment;

/// What a client is built from. Unknown keys in TOML are errors.
///
/// ```toml
/// [[provider]]
/// id = "openai"
/// api_key = "env:OPENAI_API_KEY"                 # also "file:/run/secrets/openai"
///
/// [defaults]
/// model = "anthropic/claude-haiku-4-5"           # or a route's name
/// fallback = ["openai/gpt-5.4-mini"]
/// timeout = "60s"
/// first_token_timeout = "10s"
/// retry = { preset = "default", max_retries = 2 }
///
/// [[model]]                                      # a route: a model name of your own
/// name = "fast"
/// aliases = ["gpt-4o"]
/// strategy = "priority"
/// targets = ["openai/gpt-5.4-mini", "anthropic/claude-haiku-4-5"]
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
    /// Settings of every route that says nothing else.
    pub defaults: Defaults,
    /// Routes.
    #[serde(rename = "model")]
    pub routes: Vec<RouteConfig>,
    /// Settings of the gateway, read by the gateway.
    pub server: Map<String, Value>,
}

/// One account at a vendor, or one server.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct ProviderConfig {
    /// Name of this instance, the part before the slash in `provider/model`.
    pub id: String,
    /// Id of the plugin; the instance's id when left out.
    #[serde(default)]
    pub kind: Option<String>,
    /// The plugin's own settings. Text may be `env:NAME` or `file:PATH`.
    #[serde(flatten)]
    pub settings: Map<String, Value>,
}

/// Settings of every route that says nothing else.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Defaults {
    /// The model that answers when a request names none: a route, `provider/model`, or a provider (its default model).
    pub model: Option<String>,
    /// Who answers when that one cannot, in order.
    pub fallback: Vec<String>,
    /// Longest time for a whole request, all attempts included. Default 600 s.
    #[serde(with = "llm_core::duration_text::option")]
    pub timeout: Option<Duration>,
    /// Longest time of one attempt until its answer or the first content of its stream; then the next one is made.
    /// Default: what the timers for the first byte (60 s) and the first content (120 s) leave.
    #[serde(with = "llm_core::duration_text::option")]
    pub attempt_timeout: Option<Duration>,
    /// Longest time until the first content of a stream, per attempt. Default 120 s.
    #[serde(with = "llm_core::duration_text::option")]
    pub first_token_timeout: Option<Duration>,
    /// Longest silence of a stream. Default 30 s.
    #[serde(with = "llm_core::duration_text::option")]
    pub idle_timeout: Option<Duration>,
    /// Retries and attempts: a preset (`"default"`, `"classic"`, `"none"`), or a table that changes single values of one.
    pub retry: Option<RetryPolicy>,
    /// The proxy: a URL, or `"environment"` for what the conventional variables (`https_proxy`, …) say. Default none:
    /// a variable that happens to be set does not reroute prompts and keys.
    pub proxy: Option<Secret>,
}

/// A route: a public model name and the targets behind it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RouteConfig {
    /// The name that requests use.
    pub name: String,
    /// Other names that mean the same.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// How the targets are ordered. Default `priority`: as listed, the first is the primary, the others step in.
    #[serde(default)]
    pub strategy: StrategyKind,
    /// The targets, as `provider/model` or as tables with settings.
    pub targets: Vec<TargetSpec>,
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
            Error::new(ErrorKind::Config, format!("reading the configuration:{place} {what}"))
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

    /// What the environment alone says, see [`with_environment`](Self::with_environment).
    pub fn from_environment(environment: &Environment) -> Result<Self, Error> {
        Self::default().with_environment(environment)
    }

    /// This configuration with what the environment says instead: `LOQUAT_MODEL` or `LLM_PRIMARY_PROVIDER`,
    /// `LLM_FALLBACK_PROVIDERS` (or `LLM_FALLBACK_PROVIDER`), `LLM_TIMEOUT_SECONDS` (of one attempt), `LLM_MAX_RETRIES`,
    /// `LOQUAT_PROXY`. Keys and addresses of vendors are not part of it: they are found per provider, and what a
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
        Ok(self)
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
        if self.server.is_empty() {
            self.server = other.server;
        }
        let (mine, theirs) = (&mut self.defaults, other.defaults);
        mine.model = mine.model.take().or(theirs.model);
        if mine.fallback.is_empty() {
            mine.fallback = theirs.fallback;
        }
        mine.timeout = mine.timeout.or(theirs.timeout);
        mine.attempt_timeout = mine.attempt_timeout.or(theirs.attempt_timeout);
        mine.first_token_timeout = mine.first_token_timeout.or(theirs.first_token_timeout);
        mine.idle_timeout = mine.idle_timeout.or(theirs.idle_timeout);
        mine.retry = mine.retry.take().or(theirs.retry);
        mine.proxy = mine.proxy.take().or(theirs.proxy);
        self
    }
}

impl ProviderConfig {
    /// An account with settings of its plugin.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), kind: None, settings: Map::new() }
    }

    /// Of this plugin, where the instance has a name of its own.
    #[must_use]
    pub fn with_kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// With one setting.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.settings.insert(key.to_owned(), value.into());
        self
    }
}

impl std::fmt::Debug for ProviderConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys: Vec<&String> = self.settings.keys().collect();
        f.debug_struct("ProviderConfig")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("settings", &keys)
            .finish()
    }
}

impl RouteConfig {
    /// A route by priority.
    pub fn new(name: impl Into<String>, targets: impl IntoIterator<Item = impl Into<TargetSpec>>) -> Self {
        let targets = targets.into_iter().map(Into::into).collect();
        Self { name: name.into(), aliases: Vec::new(), strategy: StrategyKind::default(), targets }
    }
}
