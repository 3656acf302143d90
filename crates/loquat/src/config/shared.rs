//! What several replicas share: one Redis or Valkey for budgets, limits and cached answers.

#[cfg(any(feature = "budget", feature = "cache", feature = "redis"))]
use llm_core::Error;
use llm_core::Secret;
use serde::Deserialize;

#[cfg(any(feature = "budget", feature = "cache", feature = "redis"))]
use crate::environment::Environment;

/// Where replicas meet. Without it each process counts and remembers for itself.
///
/// ```toml
/// [shared]
/// url = "redis://valkey:6379/0"
/// replicas = 3                     # what each takes of a limit while the server is away
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SharedConfig {
    /// The server: `redis://host:6379/0`, or `env:NAME`, or `file:PATH`.
    pub url: Option<Secret>,
    /// What the names of all its keys begin with: replicas of one name share. Default `loquat`.
    pub prefix: Option<String>,
    /// How many replicas there are, at most, where nobody can count them. Default 2.
    pub replicas: Option<u32>,
    /// The part of each hard budget, above 0 and below 1, that all replicas together may spend while the server does not
    /// answer; nobody gets it while it does. Default none: hard budgets refuse then.
    pub allowance: Option<f64>,
}

/// How many replicas there are where nobody says.
#[cfg(any(feature = "budget", feature = "redis"))]
const REPLICAS: u32 = 2;

impl SharedConfig {
    /// These, with `other` where they say nothing.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            url: self.url.or(other.url),
            prefix: self.prefix.or(other.prefix),
            replicas: self.replicas.or(other.replicas),
            allowance: self.allowance.or(other.allowance),
        }
    }

    #[cfg(any(feature = "budget", feature = "cache", feature = "redis"))]
    /// The server's address, read from where it stands.
    pub(crate) fn address(&self, environment: &Environment) -> Result<Option<Secret>, Error> {
        let Some(url) = &self.url else { return Ok(None) };
        Ok(Some(Secret::from(environment.resolve("shared.url", url.expose())?.into_owned())))
    }

    /// How many replicas there are.
    #[cfg(any(feature = "budget", feature = "redis"))]
    pub(crate) fn replicas(&self) -> u32 {
        self.replicas.unwrap_or(REPLICAS)
    }

    #[cfg(any(feature = "budget", feature = "cache", feature = "redis"))]
    /// What the names of all its keys begin with.
    pub(crate) fn prefix(&self) -> &str {
        self.prefix.as_deref().unwrap_or("loquat")
    }
}
