//! The provider: OpenAI's protocol with the addresses and the tokens of a resource.

use std::fmt;
use std::time::SystemTime;

use async_trait::async_trait;
use llm_core::{BuildCx, Capabilities, Cx, Error, ErrorKind, Provider, Request, Response};
use llm_wire::this_machines_time;
use llm_wire_openai::{Connection, Dialect, OpenAiAdapter};

use crate::PLUGIN;
use crate::config::{Config, filled, given};
use crate::deployments::Deployments;
use crate::place::Place;
use crate::token::Source;

/// One resource at Azure.
pub struct Azure {
    inner: OpenAiAdapter,
    /// Where no key is set.
    tokens: Option<Source>,
    now: fn() -> SystemTime,
}

impl Azure {
    /// A resource by its settings.
    pub fn new(cx: &BuildCx, config: Config) -> Result<Self, Error> {
        let chat_api = config.chat_api(&cx.id)?;
        let address = filled(config.base_url.as_deref()).ok_or_else(|| {
            let message = format!("base_url missing: set AZURE_OPENAI_ENDPOINT or providers.{}.base_url", cx.id);
            Error::new(ErrorKind::Config, message)
        })?;
        let place = Place::read(address)?;
        let (surface, api_version) = place.surface(filled(config.api_version.as_deref()));
        let api_key = given(config.api_key.as_ref());
        let tokens = if api_key.is_some() { None } else { Source::new(&config, &cx.id) };
        let dialect = Dialect { chat_api, ..surface.dialect(&api_version) };
        let connection = Connection { base_url: place.root.to_owned(), api_key, api_version, ..Connection::default() };
        let cx = cx.clone();
        let known = cx.models.clone();
        let cx = cx.with_models(std::sync::Arc::new(Deployments { models: config.deployments, known }));
        let inner = OpenAiAdapter::new(&PLUGIN, &cx, dialect, connection)?;
        Ok(Self { inner, tokens, now: this_machines_time })
    }
}

#[async_trait]
impl Provider for Azure {
    fn id(&self) -> &str {
        Provider::id(&self.inner)
    }

    fn api(&self) -> &str {
        Provider::api(&self.inner)
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        Provider::capabilities(&self.inner, model)
    }

    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
        let mut own = None;
        match (&cx.credential, &self.tokens) {
            (Some(_), _) => {
                if let Some(endpoint) = &cx.endpoint {
                    own.get_or_insert_with(|| cx.clone()).endpoint = Some(Place::read(endpoint)?.root.into());
                }
            }
            (None, Some(tokens)) => {
                let call = |token| {
                    let mut own = cx.clone();
                    // An address of the call does not get our token.
                    (own.credential, own.endpoint) = (Some(token), None);
                    let request = request.clone();
                    async move { self.inner.call(&own, request).await }
                };
                return tokens.call(cx, self.now, call).await;
            }
            (None, None) => {}
        }
        self.inner.call(own.as_ref().unwrap_or(cx), request).await
    }
}

impl fmt::Debug for Azure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Azure").field("inner", &self.inner).finish_non_exhaustive()
    }
}
