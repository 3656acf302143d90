//! What several replicas share: one Redis or Valkey for budgets, limits and cached answers.

#[cfg(any(feature = "budget", feature = "cache"))]
use llm_core::Error;
use llm_core::Secret;
use serde::Deserialize;

#[cfg(any(feature = "budget", feature = "cache"))]
use crate::environment::Environment;

/// Where replicas meet. Without it each process counts and remembers for itself.
///
/// ```toml
/// [shared]
/// url = "redis://valkey:6379/0"
/// replicas = 3                     # what each takes of a limit while the server is away
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SharedConfig {
    /// The server: `redis://host:6379/0`, or `env:NAME`, or `file:PATH`.
    pub url: Option<Secret>,
    /// What the names of all its keys begin with: replicas of one name share. Default `loquat`.
    pub prefix: Option<String>,
    /// How many replicas there are, where nobody can count them. Default 1.
    pub replicas: Option<u32>,
}

impl SharedConfig {
    /// These, with `other` where they say nothing.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            url: self.url.or(other.url),
            prefix: self.prefix.or(other.prefix),
            replicas: self.replicas.or(other.replicas),
        }
    }

    #[cfg(any(feature = "budget", feature = "cache"))]
    /// The server's address, read from where it stands.
    pub(crate) fn address(&self, environment: &Environment) -> Result<Option<Secret>, Error> {
        let Some(url) = &self.url else { return Ok(None) };
        Ok(Some(Secret::from(environment.resolve("shared.url", url.expose())?.into_owned())))
    }

    #[cfg(any(feature = "budget", feature = "cache"))]
    /// What the names of all its keys begin with.
    pub(crate) fn prefix(&self) -> &str {
        self.prefix.as_deref().unwrap_or("loquat")
    }
}
