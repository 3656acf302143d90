//! The response cache of a client: one handle, which outlives every rebuild that leaves its settings alone.

mod of_route;
mod opened;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use llm_cache::Cache;
use llm_core::Provider;
use llm_router::Router;

pub(crate) use self::of_route::OfRoute;
pub(crate) use self::opened::Opened;

/// A client's response cache, if it has one. Cheap to clone; clones are one.
#[derive(Clone, Default)]
pub struct Cached(Arc<RwLock<Option<Opened>>>);

/// Who answers at present, for a cache that outlives clients. Keeps nobody alive.
#[derive(Clone, Default)]
pub(crate) struct Present(Arc<RwLock<Option<Answering>>>);

/// A router, and the stack around it.
type Answering = (Weak<Router>, Weak<dyn Provider>);

impl Present {
    fn establish(&self, router: &Arc<Router>, stack: &Arc<dyn Provider>) {
        let now = Some((Arc::downgrade(router), Arc::downgrade(stack)));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// What a model name stands for now.
    fn meaning(&self, model: &str) -> Option<Arc<str>> {
        let router = self.0.read().unwrap_or_else(PoisonError::into_inner).as_ref()?.0.upgrade()?;
        router.meaning(model)
    }

    fn stack(&self) -> Option<Arc<dyn Provider>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).as_ref()?.1.upgrade()
    }
}

impl Cached {
    /// The cache, where the configuration has one.
    pub fn cache(&self) -> Option<Cache> {
        self.opened().map(|opened| opened.cache)
    }

    fn opened(&self) -> Option<Opened> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts what was opened in place, for requests that this router and this stack answer.
    pub(crate) fn establish(&self, opened: Option<Opened>, router: &Arc<Router>, stack: &Arc<dyn Provider>) {
        if let Some(opened) = &opened {
            opened.present.establish(router, stack);
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = opened;
    }
}

impl fmt::Debug for Cached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cached").field(&self.cache()).finish()
    }
}
