//! What an operator or a caller says of models, over what the catalogue knows: key by key.

use std::collections::{BTreeMap, HashMap};

use llm_core::{Capabilities, Component, Usd};
use serde::{Deserialize, Serialize};

use crate::rate::Rate;
use crate::unit::per;

/// Prices and facts of models, as an operator writes them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Overlay {
    /// One entry for each model.
    pub models: Vec<ModelOverlay>,
}

/// What is said of one model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ModelOverlay {
    /// The provider: the id of the instance, or of its plugin.
    pub provider: String,
    /// The model. A `*` at the end stands for any rest, and `*` alone for every model of the provider.
    pub model: String,
    /// The model it really is, with or without a provider (`openai/gpt-5.4`): what is not said here is as it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_model: Option<String>,
    /// Prices in dollars: of a million tokens or characters, of one second, or of one of anything else.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub price: BTreeMap<Component, Usd>,
    /// What it can do. What is unknown or empty here is as it is without.
    pub capabilities: Capabilities,
}

impl ModelOverlay {
    /// Says nothing yet of a model.
    pub fn new(provider: impl Into<String>, model: impl Into<String>) -> Self {
        Self { provider: provider.into(), model: model.into(), ..Self::default() }
    }

    /// With the model that it really is.
    pub fn with_base_model(mut self, base: impl Into<String>) -> Self {
        self.base_model = Some(base.into());
        self
    }

    /// With a price in dollars: of a million tokens or characters, of one second, or of one of anything else.
    pub fn with_price(mut self, component: Component, price: Usd) -> Self {
        self.price.insert(component, price);
        self
    }

    pub(crate) fn rates(&self) -> impl Iterator<Item = (Component, Rate)> {
        self.price.iter().map(|(component, price)| {
            let units = if per(*component) == 1_000_000 { 1 } else { per(*component) };
            (*component, Rate::flat(price.saturating_mul(units)))
        })
    }
}

impl Overlay {
    /// With one more model.
    pub fn with(mut self, model: ModelOverlay) -> Self {
        self.models.push(model);
        self
    }
}

/// An overlay to look things up in.
#[derive(Debug, Default)]
pub(crate) struct Index {
    exact: HashMap<String, ModelOverlay>,
    /// By what comes before the star, the longest first.
    open: Vec<(String, ModelOverlay)>,
}

impl Index {
    pub(crate) fn new(overlay: Overlay) -> Self {
        let mut index = Self::default();
        for model in overlay.models {
            let key = key(&model.provider, &model.model);
            match key.strip_suffix('*') {
                Some(start) => index.open.push((start.to_owned(), model)),
                None => {
                    index.exact.insert(key, model);
                }
            }
        }
        index.open.sort_by_key(|(start, _)| std::cmp::Reverse(start.len()));
        index
    }

    pub(crate) fn find(&self, provider: &str, model: &str) -> Option<&ModelOverlay> {
        if self.exact.is_empty() && self.open.is_empty() {
            return None;
        }
        let key = key(provider, model);
        let open = || self.open.iter().find(|(start, _)| key.starts_with(start)).map(|(_, model)| model);
        self.exact.get(&key).or_else(open)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &ModelOverlay> {
        self.exact.values()
    }
}

fn key(provider: &str, model: &str) -> String {
    format!("{provider}/{}", model.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_writes_names_and_dollars() {
        let json = r#"{"models": [
            {"provider": "azure", "model": "our-gpt", "base_model": "openai/gpt-5.4", "price": {"input": "1.25"}},
            {"provider": "lab", "model": "*", "price": {"input": 0, "output": 0, "request": "0.001"}}
        ]}"#;
        let overlay: Overlay = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::from_value::<Overlay>(serde_json::to_value(&overlay).unwrap()).unwrap(), overlay);
        let index = Index::new(overlay);
        assert_eq!(index.find("azure", "Our-GPT").unwrap().base_model.as_deref(), Some("openai/gpt-5.4"));
        assert_eq!(index.find("azure", "other"), None);
        let rates: Vec<_> = index.find("lab", "anything").unwrap().rates().collect();
        assert_eq!(rates[2], (Component::Request, Rate::flat("1".parse().unwrap())), "a thousand requests");
        let wrong = json.replace("\"input\": \"1.25\"", "\"inputs\": \"1.25\"");
        let error = serde_json::from_str::<Overlay>(&wrong).unwrap_err().to_string();
        assert!(error.contains("inputs") && error.contains("cache_read"), "{error}");
    }

    #[test]
    fn the_longest_start_counts() {
        let of = |model: &str, base: &str| ModelOverlay::new("p", model).with_base_model(base);
        let index = Index::new(Overlay::default().with(of("*", "all")).with(of("gpt-*", "gpt")).with(of("gpt-5", "5")));
        for (model, base) in [("gpt-5", "5"), ("gpt-6", "gpt"), ("x", "all")] {
            assert_eq!(index.find("p", model).unwrap().base_model.as_deref(), Some(base));
        }
        assert!(index.find("q", "gpt-5").is_none());
    }
}
