//! Every name that a request may ask for.

use std::time::Duration;

use futures_util::future::join_all;
use llm_core::{Error, ErrorKind, Request, Response, Target, TimeoutStage};

use crate::client::Client;
use crate::configured::Configured;

/// How long a list of models is waited for.
const LONGEST: Duration = Duration::from_secs(5);

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

/// Every name that a request may ask for, as far as the providers answered.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Listing {
    /// The routes, and what the configured providers list.
    pub models: Vec<ServedModel>,
    /// Why a provider's list is not there; each error names its provider.
    pub failures: Vec<Error>,
}

impl Client {
    /// Every name that a request may ask for: routes, and what the configured providers list. A provider that does not
    /// answer is left out; [`listing`](Self::listing) says why.
    pub async fn models(&self) -> Vec<ServedModel> {
        self.listing().await.models
    }

    /// Every name that a request may ask for, and why the list of a provider is not there.
    pub async fn listing(&self) -> Listing {
        let routes = self.router().routes().into_iter();
        let route = |(name, targets)| ServedModel { name, owned_by: "loquat".to_owned(), created: None, targets };
        let mut listing = Listing { models: routes.map(route).collect(), failures: Vec::new() };
        for listed in join_all(self.providers().iter().map(|provider| self.listed(provider))).await {
            match listed {
                Ok(models) => listing.models.extend(models),
                Err(error) => listing.failures.push(error),
            }
        }
        listing
    }

    /// What one provider lists, within five seconds.
    async fn listed(&self, Configured { id, provider, .. }: &Configured) -> Result<Vec<ServedModel>, Error> {
        let cx = self.cx(Some(LONGEST));
        let asked = provider.call(&cx, Request::Models);
        let listed = match tokio::time::timeout(LONGEST, asked).await {
            Ok(Ok(Response::Models(listed))) => Ok(listed),
            Ok(Ok(_)) => Err(Error::new(ErrorKind::Malformed, "asking for the list of models: the answer is none")),
            Ok(Err(error)) => Err(error),
            Err(_) => {
                let what = "asking for the list of models: there is no answer within five seconds";
                Err(Error::new(ErrorKind::Timeout(TimeoutStage::Total), what))
            }
        };
        let listed = listed.map_err(|error| {
            tracing::debug!(provider = %id, kind = %error.kind(), "no list of models");
            error.with_provider(id.clone())
        })?;
        let served = |model: llm_core::ModelInfo| ServedModel {
            name: format!("{id}/{}", model.id),
            owned_by: id.to_string(),
            created: model.created,
            targets: vec![Target::new(id.clone(), model.id)],
        };
        Ok(listed.into_iter().map(served).collect())
    }
}
