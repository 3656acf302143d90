//! Where a key comes from.

use std::time::Duration;

use async_trait::async_trait;
use llm_core::{Error, Secret};

/// Where a key comes from: a value, a file, a program. Reading it is its own business, off the threads that serve calls.
#[async_trait]
pub trait KeySource: Send + Sync + 'static {
    /// What an operator calls it (`file:/run/secrets/anthropic`). Never the key.
    fn name(&self) -> &str;

    /// How often it is worth a look whether the key is another one; `None`: it never changes by itself.
    fn look_every(&self) -> Option<Duration> {
        None
    }

    /// Whether it is worth a look when the vendor refused the key.
    fn may_change(&self) -> bool {
        self.look_every().is_some()
    }

    /// The key as it is now. `refused`: the vendor does not take the one that was read last.
    async fn read(&self, refused: bool) -> Result<Secret, Error>;
}

/// A key that stays what it is.
#[derive(Debug)]
pub struct FixedKey {
    name: String,
    key: Secret,
}

impl FixedKey {
    /// A key, and what an operator calls it: never the key itself.
    pub fn new(name: impl Into<String>, key: Secret) -> Self {
        Self { name: name.into(), key }
    }
}

#[async_trait]
impl KeySource for FixedKey {
    fn name(&self) -> &str {
        &self.name
    }

    async fn read(&self, _refused: bool) -> Result<Secret, Error> {
        Ok(self.key.clone())
    }
}
