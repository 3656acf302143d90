//! Every name that a request may ask for.

use std::time::Duration;

use futures_util::future::join_all;
use llm_core::{Request, Response, Target};

use crate::client::Client;
use crate::configured::Configured;

/// A name that a request may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServedModel {
    /// The name.
    pub name: String,
    /// Who made it: the vendor's provider id, or `loquat` for a route.
    pub owned_by: String,
    /// When the vendor made it, in Unix seconds.
    pub created: Option<u64>,
    /// Who answers it.
    pub targets: Vec<Target>,
}

impl Client {
    /// Every name that a request may ask for: routes, and what the configured providers list. A provider that does not
    /// answer is left out.
    pub async fn models(&self) -> Vec<ServedModel> {
        let mut models: Vec<ServedModel> = self
            .router()
            .routes()
            .into_iter()
            .map(|(name, targets)| ServedModel { name, owned_by: "loquat".to_owned(), created: None, targets })
            .collect();
        let listed = join_all(self.providers().iter().map(|provider| self.listed(provider))).await;
        models.extend(listed.into_iter().flatten());
        models
    }

    /// What one provider lists, within five seconds; nothing when it does not answer.
    async fn listed(&self, Configured { id, provider, .. }: &Configured) -> Vec<ServedModel> {
        let cx = self.cx(Some(Duration::from_secs(5)));
        let asked = provider.call(&cx, Request::Models);
        let listed = match tokio::time::timeout(Duration::from_secs(5), asked).await {
            Ok(Ok(Response::Models(listed))) => listed,
            Ok(Ok(_)) => Vec::new(),
            Ok(Err(error)) => {
                tracing::debug!(provider = %id, kind = %error.kind(), "no list of models");
                Vec::new()
            }
            Err(_) => {
                tracing::debug!(provider = %id, "no list of models within five seconds");
                Vec::new()
            }
        };
        let served = |model: llm_core::ModelInfo| ServedModel {
            name: format!("{id}/{}", model.id),
            owned_by: id.to_string(),
            created: model.created,
            targets: vec![Target::new(id.clone(), model.id)],
        };
        listed.into_iter().map(served).collect()
    }
}
