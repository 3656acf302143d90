//! The provider: OpenAI's protocol with the addresses and the tokens of a resource.

use std::sync::Arc;

use async_trait::async_trait;
use llm_core::{BuildCx, Cx, Error, ErrorKind, Provider, Request, Response};
use llm_wire::oauth::SignedIn;
use llm_wire_openai::{Connection, Dialect, OpenAiAdapter};

use crate::config::{Config, filled, given};
use crate::deployments::Deployments;
use crate::place::Place;
use crate::{PLUGIN, token};

/// One resource at Azure.
struct Azure {
    inner: OpenAiAdapter,
}

/// A resource by its settings; where no key is set, with tokens.
pub(crate) fn build(cx: &BuildCx, config: Config) -> Result<Arc<dyn Provider>, Error> {
    let chat_api = config.chat_api(&cx.id)?;
    let address = filled(config.base_url.as_deref()).ok_or_else(|| {
        let message = format!("base_url missing: set {}", PLUGIN.how_to_set(&cx.id, &["base_url"]));
        Error::new(ErrorKind::Config, message)
    })?;
    let place = Place::read(address)?;
    let (surface, api_version) = place.surface(filled(config.api_version.as_deref()));
    let api_key = given(config.api_key.as_ref());
    let tokens = if api_key.is_some() { None } else { token::source(&config, &cx.id) };
    let dialect = Dialect { chat_api, ..surface.dialect(&api_version) };
    let connection = Connection { base_url: place.root.to_owned(), api_key, api_version, ..Connection::default() };
    let known = cx.models.clone();
    let cx = cx.clone().with_models(Arc::new(Deployments { models: config.deployments, known }));
    let azure = Azure { inner: OpenAiAdapter::new(&PLUGIN, &cx, dialect, connection)? };
    Ok(match tokens {
        Some(tokens) => Arc::new(SignedIn::new(azure, tokens)),
        None => Arc::new(azure),
    })
}

#[async_trait]
impl Provider for Azure {
    llm_core::forward!(inner: id, api, capabilities, availability);

    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
        match &cx.endpoint {
            Some(endpoint) if cx.credential.is_some() => {
                let mut own = cx.clone();
                own.endpoint = Some(Place::read(endpoint)?.root.into());
                self.inner.call(&own, request).await
            }
            _ => self.inner.call(cx, request).await,
        }
    }
}
