//! What routes say of the cache, and what the caller of a request did not say itself.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use llm_core::{CacheControl, Cx, Error, Layer, Provider, Request, Response, async_trait};

use crate::config::{Config, RouteCacheConfig};
use crate::routes::DEFAULT_ROUTE;

/// Around a cache: the settings of each route, by its names.
#[derive(Clone)]
pub(crate) struct OfRoute(Arc<HashMap<String, RouteCacheConfig>>);

impl OfRoute {
    /// What the configuration says; none where no route says anything.
    pub(crate) fn of(config: &Config) -> Option<Self> {
        // Of an experiment one wants to know what its arms answer, not what one of them did answer before.
        let compared = |name: &str| config.experiments.iter().any(|experiment| *experiment.on_model == *name);
        let routes = config.routes.iter().filter_map(|route| {
            let off = RouteCacheConfig { enabled: Some(false), ttl: None };
            let said = route.cache.or_else(|| compared(&route.name).then_some(off))?;
            Some(route.aliases.iter().chain([&route.name]).map(move |name| (name.clone(), said)))
        });
        let mut said: HashMap<_, _> = routes.flatten().collect();
        // Requests that name no model go to a route made of the default one, where that has fallbacks.
        if let Some(of_default) = config.defaults.model.as_ref().and_then(|model| said.get(model)).copied() {
            said.entry(DEFAULT_ROUTE.to_owned()).or_insert(of_default);
        }
        (!said.is_empty()).then(|| Self(Arc::new(said)))
    }
}

impl Layer for OfRoute {
    fn layer(&self, inner: Arc<dyn Provider>) -> Arc<dyn Provider> {
        Arc::new(Around { inner, routes: self.0.clone() })
    }
}

struct Around {
    inner: Arc<dyn Provider>,
    routes: Arc<HashMap<String, RouteCacheConfig>>,
}

/// What the caller asks, and where it says nothing, what the route says. A route that is not cached is not, whoever asks.
fn asked(control: Option<&CacheControl>, route: &RouteCacheConfig) -> CacheControl {
    let mut control = control.cloned().unwrap_or_default();
    control.use_cache = match (control.use_cache, route.enabled) {
        (_, Some(false)) => Some(false),
        (said, ours) => said.or(ours),
    };
    control.ttl = control.ttl.or(route.ttl.filter(|ttl| *ttl > Duration::ZERO));
    control
}

#[async_trait]
impl Provider for Around {
    llm_core::forward!(inner: id, api, capabilities, availability);

    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
        let Some(route) = self.routes.get(request.model()) else { return self.inner.call(cx, request).await };
        let mut own = cx.clone();
        own.cache = Some(Arc::new(asked(cx.cache.as_deref(), route)));
        self.inner.call(&own, request).await
    }
}
