//! A provider whose models are known better: the catalogue fills in what the plugin leaves open.

use std::sync::Arc;

use llm_core::{Capabilities, Cx, Error, Provider, Request, Response, Target, async_trait};

use super::PriceList;

/// A provider with what is known of its models.
pub(crate) struct Knowing {
    inner: Arc<dyn Provider>,
    id: Arc<str>,
    list: Arc<PriceList>,
}

impl Knowing {
    pub(crate) fn new(inner: Arc<dyn Provider>, list: Arc<PriceList>) -> Self {
        Self { id: inner.id().into(), inner, list }
    }
}

#[async_trait]
impl Provider for Knowing {
    llm_core::forward!(inner: id, api, availability);

    fn capabilities(&self, model: &str) -> Capabilities {
        let target = Target::new(self.id.clone(), model);
        let mut known = Capabilities::clone(&self.list.known(&target));
        // What a protocol cannot say is not there, whatever the model could; the operator knows even that better.
        known.lay(&self.inner.capabilities(model));
        if let Some(said) = self.list.catalog.said_of(&target.provider, model) {
            known.lay(said);
        }
        known
    }

    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
        self.inner.call(cx, request).await
    }
}
