//! The name of a strategy: a built-in one, or one that a linked crate registered.

use llm_router::{StrategyKind, StrategySpec, registered};
use serde::de::{Error, IntoDeserializer as _};
use serde::{Deserialize, Deserializer};

/// The name of a strategy: a built-in one, or one that a linked crate registered.
#[derive(Clone, Debug, PartialEq)]
pub struct StrategyName(StrategySpec);

impl StrategyName {
    /// The strategy, with the settings that it has when nothing is said.
    pub(super) fn spec(&self) -> StrategySpec {
        self.0.clone()
    }
}

impl From<StrategyKind> for StrategyName {
    fn from(kind: StrategyKind) -> Self {
        Self(kind.into())
    }
}

impl<'de> Deserialize<'de> for StrategyName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if let Some(own) = registered(&name) {
            return Ok(Self(own.into()));
        }
        StrategyKind::deserialize(name.as_str().into_deserializer())
            .map(Self::from)
            .map_err(|error: serde::de::value::Error| D::Error::custom(error))
    }
}
