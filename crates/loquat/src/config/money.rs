//! Prices, what replicas share, and budgets, as they are configured.

use std::path::PathBuf;

use llm_catalog::ModelOverlay;
use serde::Deserialize;

/// Prices and facts of models that the catalogue of this version does not have, or has otherwise.
///
/// ```toml
/// [prices]
/// file = "/var/lib/loquat/prices.jsonl"          # a newer list, as `cargo xtask prices` writes it
///
/// [[prices.model]]
/// provider = "gpu-box"                           # the instance, or the plugin
/// model = "*"
/// price = { input = "0.05", output = "0.05" }    # dollars for a million tokens
///
/// [[prices.model]]
/// provider = "azure"
/// model = "our-deployment"
/// base_model = "openai/gpt-4o"
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct PricesConfig {
    /// A newer list than the one of this version.
    pub file: Option<PathBuf>,
    /// The operator's own prices and facts, which count more than every list.
    #[serde(rename = "model")]
    pub models: Vec<ModelOverlay>,
    /// Whether a model without a known price is refused where a hard budget applies. Default true.
    pub strict: Option<bool>,
}

impl PricesConfig {
    /// These, with `other` where they say nothing.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            file: self.file.or(other.file),
            models: if self.models.is_empty() { other.models } else { self.models },
            strict: self.strict.or(other.strict),
        }
    }
}
