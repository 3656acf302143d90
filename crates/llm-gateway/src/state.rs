//! What all handlers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use loquat::{Client, ServedModel};

use crate::catalog::Catalog;
use crate::config::ServerConfig;

/// What all handlers share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct State(Arc<Inner>);

struct Inner {
    client: Client,
    config: ServerConfig,
    catalog: Catalog,
    draining: AtomicBool,
}

impl State {
    pub(crate) fn new(client: Client, config: ServerConfig) -> Self {
        Self(Arc::new(Inner { client, config, catalog: Catalog::default(), draining: AtomicBool::new(false) }))
    }

    pub(crate) fn client(&self) -> &Client {
        &self.0.client
    }

    pub(crate) fn config(&self) -> &ServerConfig {
        &self.0.config
    }

    /// Every name that a request may ask for.
    pub(crate) async fn models(&self) -> Arc<[ServedModel]> {
        self.0.catalog.models(&self.0.client).await
    }

    /// From now on the gateway is not ready: load balancers should send new requests elsewhere.
    pub(crate) fn drain(&self) {
        self.0.draining.store(true, Ordering::Release);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Acquire)
    }
}
