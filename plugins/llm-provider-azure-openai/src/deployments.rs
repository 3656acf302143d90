//! Which models stand behind deployments: what is known of a model is known of its deployments.

use std::collections::BTreeMap;
use std::sync::Arc;

use llm_core::{Capabilities, KnownModels};

/// Deployments, and who knows models.
pub(crate) struct Deployments {
    pub(crate) models: BTreeMap<String, String>,
    pub(crate) known: Arc<dyn KnownModels>,
}

impl KnownModels for Deployments {
    fn capabilities(&self, plugin: &str, deployment: &str) -> Arc<Capabilities> {
        let model = self.models.get(deployment).map_or(deployment, String::as_str);
        let (provider, model) = model.split_once('/').unwrap_or((plugin, model));
        self.known.capabilities(provider, model)
    }
}
