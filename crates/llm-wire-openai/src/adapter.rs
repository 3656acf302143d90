//! A provider that speaks this protocol: what every such plugin does, so that a plugin is a [`Dialect`], a name and a key.

use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use llm_core::{
    Adapter, BuildCx, Capabilities, ChatRequest, ChatResponse, ChatStream, Cx, EmbedRequest, EmbedResponse, Error,
    ErrorKind, HttpRequest, ModelInfo, Origin, ProviderPlugin, Secret, Support, async_trait, model_card,
};
use llm_wire::{ErrorResponse, drive, exchange, request_id};

use crate::dialect::{Auth, Dialect};
use crate::encoded::Encoded;
use crate::{FAMILY, chat, embed, error, limit, models};

/// Where a provider is and with which key.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// The address below which the dialect's paths are, with or without a slash at its end.
    pub base_url: String,
    /// The key; a blank one counts as none.
    pub api_key: Option<Secret>,
    /// Headers that only this account sends, such as an organisation.
    pub headers: Vec<(HeaderName, Secret)>,
}

/// One configured provider of this protocol.
///
/// Model cards of the plugin decide what a model is not sent: a card with `sampling: No` drops temperature and its kin.
pub struct OpenAiAdapter {
    id: Arc<str>,
    plugin: &'static ProviderPlugin,
    dialect: Dialect,
    capabilities: Capabilities,
    key: Option<Secret>,
    urls: Urls,
    /// All headers but the key.
    bare: HeaderMap,
    /// All headers.
    headers: HeaderMap,
}

struct Urls {
    chat: String,
    embed: Option<String>,
    models: Option<String>,
}

impl Urls {
    fn new(base: &str, dialect: &Dialect) -> Self {
        let base = base.trim_end_matches('/');
        let below = |path: &str| format!("{base}{path}");
        Self {
            chat: below(dialect.paths.chat),
            embed: dialect.paths.embed.map(below),
            models: dialect.paths.models.map(below),
        }
    }
}

impl OpenAiAdapter {
    /// A provider from its configuration. Fails only on what can never work: an address that is none, a key with
    /// characters that cannot be sent.
    pub fn new(
        plugin: &'static ProviderPlugin,
        cx: &BuildCx,
        dialect: Dialect,
        connection: Connection,
    ) -> Result<Self, Error> {
        let base = connection.base_url.trim();
        if !base.starts_with("https://") && !base.starts_with("http://") {
            let message = format!("providers.{}.base_url is not an address: it must begin with https:// or http://", cx.id);
            return Err(Error::new(ErrorKind::Config, message));
        }
        let mut bare = HeaderMap::with_capacity(8);
        bare.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in dialect.headers {
            bare.insert(*name, HeaderValue::from_static(value));
        }
        for (name, value) in connection.headers {
            let value = sensitive(&value).ok_or_else(|| unsendable(&format!("the header {name}"), &cx.id))?;
            bare.insert(name, value);
        }
        let key = connection.api_key.filter(|key| !key.is_blank());
        let mut headers = bare.clone();
        if let Some(key) = &key {
            authorize(&mut headers, dialect.auth, key).ok_or_else(|| unsendable("api_key", &cx.id))?;
        }
        Ok(Self {
            id: cx.id.clone(),
            plugin,
            urls: Urls::new(base, &dialect),
            dialect,
            capabilities: Capabilities::chat(),
            key,
            bare,
            headers,
        })
    }

    /// With what all models of this provider can do; model cards add to it.
    pub fn with_capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// The dialect for one model.
    fn dialect(&self, model: &str) -> Dialect {
        let refuses = model_card(self.plugin.id, model).is_some_and(|card| card.sampling == Support::No);
        Dialect { drop_sampling: self.dialect.drop_sampling || refuses, ..self.dialect }
    }

    fn origin(&self, model: &str) -> Arc<Origin> {
        Arc::new(Origin::new(FAMILY, self.id.clone(), model))
    }

    /// The request for one operation. A caller's own address is used only together with the caller's own key.
    fn request(
        &self,
        cx: &Cx,
        method: Method,
        url: impl Fn(&Urls) -> Option<&String>,
        body: Vec<u8>,
    ) -> Result<HttpRequest, Error> {
        let unsupported = || Error::unsupported(&self.id, "this operation");
        let (url, headers) = match (&cx.credential, &cx.endpoint) {
            (None, _) if self.key.is_none() && self.dialect.key_required => return Err(self.keyless()),
            (None, _) => (url(&self.urls).ok_or_else(unsupported)?.clone(), self.headers.clone()),
            (Some(key), endpoint) => {
                let mut headers = self.bare.clone();
                authorize(&mut headers, self.dialect.auth, key)
                    .ok_or_else(|| Error::new(ErrorKind::Auth, "the key of this call has characters that cannot be sent"))?;
                let own = endpoint.as_ref().map(|endpoint| Urls::new(endpoint, &self.dialect));
                (url(own.as_ref().unwrap_or(&self.urls)).ok_or_else(unsupported)?.clone(), headers)
            }
        };
        Ok(HttpRequest { method, url, headers, body: body.into() })
    }

    fn keyless(&self) -> Error {
        let setting = self.plugin.settings.iter().find(|setting| setting.key == "api_key");
        let message = match setting.and_then(|setting| setting.env.first()) {
            Some(variable) => format!("api key missing: set {variable} or providers.{}.api_key", self.id),
            None => format!("api key missing: set providers.{}.api_key", self.id),
        };
        Error::new(ErrorKind::Auth, message)
    }

    /// The classified error, without any key that the vendor repeats.
    fn classify(&self, cx: &Cx, response: &ErrorResponse) -> Error {
        self.scrub(cx, error::decode_error(response, &self.dialect))
    }

    fn scrub(&self, cx: &Cx, error: Error) -> Error {
        let keys = [self.key.as_ref(), cx.credential.as_ref()];
        keys.into_iter().flatten().fold(error, |error, key| match key.scrub(error.message()) {
            std::borrow::Cow::Borrowed(_) => error,
            std::borrow::Cow::Owned(message) => error.with_message(message),
        })
    }
}

/// The key's own header.
fn authorize(headers: &mut HeaderMap, auth: Auth, key: &Secret) -> Option<()> {
    let key = key.expose().trim();
    let (name, value) = match auth {
        Auth::Bearer => (AUTHORIZATION, Secret::new(format!("Bearer {key}"))),
        Auth::Header(name) => (HeaderName::from_static(name), Secret::new(key)),
    };
    headers.insert(name, sensitive(&value)?);
    Some(())
}

fn sensitive(value: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value.expose()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn unsendable(what: &str, id: &str) -> Error {
    Error::new(ErrorKind::Config, format!("providers.{id}: {what} has characters that cannot be sent in a header"))
}

#[async_trait]
impl Adapter for OpenAiAdapter {
    fn id(&self) -> &str {
        &self.id
    }

    fn api(&self) -> &str {
        FAMILY
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        let mut capabilities = self.capabilities.clone();
        if let Some(card) = model_card(self.plugin.id, model) {
            card.apply(&mut capabilities);
        }
        capabilities
    }

    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        let dialect = self.dialect(&request.model);
        let origin = self.origin(&request.model);
        let Encoded { body, warnings } = chat::encode_request(request, &origin, false, &dialect)?;
        let request = self.request(cx, Method::POST, |urls| Some(&urls.chat), body)?;
        let answer = exchange::unary(cx, request, |response| self.classify(cx, response)).await?;
        let mut response = chat::decode_response(&answer.body, &origin, &dialect)
            .map_err(|error| self.scrub(cx, error.with_request_id(request_id(&answer.headers))))?;
        response.request_id = request_id(&answer.headers);
        response.rate_limits = limit::rate_limits(&answer.headers, None);
        response.warnings = warnings;
        Ok(response)
    }

    async fn chat_stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, Error> {
        let dialect = self.dialect(&request.model);
        let origin = self.origin(&request.model);
        let Encoded { body, warnings } = chat::encode_request(request, &origin, true, &dialect)?;
        let request = self.request(cx, Method::POST, |urls| Some(&urls.chat), body)?;
        let response = exchange::open(cx, request, |response| self.classify(cx, response)).await?;
        let decoder = chat::Decoder::new(origin, warnings, &dialect).with_headers(&response.headers);
        Ok(drive::sse_stream(response, decoder))
    }

    async fn embed(&self, cx: &Cx, request: &EmbedRequest) -> Result<EmbedResponse, Error> {
        let origin = self.origin(&request.model);
        let Encoded { body, warnings } = embed::encode_request(request, &origin, &self.dialect)?;
        let request = self.request(cx, Method::POST, |urls| urls.embed.as_ref(), body)?;
        let answer = exchange::unary(cx, request, |response| self.classify(cx, response)).await?;
        let mut response = embed::decode_response(&answer.body, &origin, &self.dialect)
            .map_err(|error| self.scrub(cx, error.with_request_id(request_id(&answer.headers))))?;
        response.warnings = warnings;
        Ok(response)
    }

    async fn models(&self, cx: &Cx) -> Result<Vec<ModelInfo>, Error> {
        let request = self.request(cx, Method::GET, |urls| urls.models.as_ref(), Vec::new())?;
        let answer = exchange::unary(cx, request, |response| self.classify(cx, response)).await?;
        models::decode_response(&answer.body, &self.dialect)
            .map_err(|error| self.scrub(cx, error.with_request_id(request_id(&answer.headers))))
    }
}
