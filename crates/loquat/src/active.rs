//! Who is asked when a request names no model, changed while requests are under way.

use llm_core::Error;
use llm_router::{Router, TargetSpec};

use crate::client::Client;
use crate::routes::{DEFAULT_ROUTE, default_route};

/// Who is asked when a request names no model, and who steps in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Active {
    pub(crate) model: Option<String>,
    pub(crate) fallback: Vec<String>,
}

impl Active {
    /// Puts it in place as a whole, or says what is wrong and changes nothing.
    fn establish(&self, router: &Router) -> Result<(), Error> {
        let Some(model) = &self.model else { return Ok(()) };
        if self.fallback.is_empty() {
            return router.set_default(model);
        }
        let mut fallback = Vec::new();
        for name in &self.fallback {
            match router.route(name) {
                Some(route) => fallback.extend(route.targets.into_iter().chain(route.fallback)),
                None => fallback.push(TargetSpec::new(name)),
            }
        }
        router.set_route(default_route(router.route(model), model, fallback))?;
        router.set_default(DEFAULT_ROUTE)
    }
}

impl Client {
    /// From now on this model answers requests that name none: a route, `provider/model`, or a provider with a default
    /// model. Who steps in stays, and so does how such requests are driven (retries, times, streams) while somebody steps
    /// in. Requests under way are not touched.
    pub fn set_model(&self, model: impl Into<String>) -> Result<(), Error> {
        let model = model.into();
        self.activate(|active| active.model = Some(model))
    }

    /// From now on these step in, in this order, for requests that name no model. An empty list is no fallback.
    pub fn set_fallback(&self, chain: impl IntoIterator<Item = impl Into<String>>) -> Result<(), Error> {
        let chain: Vec<String> = chain.into_iter().map(Into::into).collect();
        self.activate(|active| active.fallback = chain)
    }

    fn activate(&self, change: impl FnOnce(&mut Active)) -> Result<(), Error> {
        let mut active = self.active();
        let mut changed = active.clone();
        change(&mut changed);
        changed.establish(self.router())?;
        *active = changed;
        Ok(())
    }
}
