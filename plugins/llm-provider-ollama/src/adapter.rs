//! The provider: addresses, key and headers around the wire format.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue};
use llm_core::{
    Adapter, Capabilities, ChatRequest, ChatResponse, ChatStream, Cx, EmbedRequest, EmbedResponse, Error, ErrorKind,
    HttpRequest, ModelInfo, Origin, Progress, Secret, Support, async_trait, model_card,
};
use llm_wire::{ErrorResponse, drive, exchange, rate_limit, request_id};
use llm_wire_ollama::{API, Profile, chat, embed, models};

use crate::base_url;
use crate::config::Config;

/// One Ollama server.
pub struct Ollama {
    id: Arc<str>,
    route: Route,
    profile: Profile,
}

/// Where a call goes, and with which key.
#[derive(Clone)]
struct Route {
    chat: String,
    embed: String,
    tags: String,
    key: Option<(Secret, HeaderValue)>,
}

impl Route {
    fn new(base: &str, key: Option<&Secret>) -> Result<Self, Error> {
        Ok(Self {
            chat: format!("{base}/api/chat"),
            embed: format!("{base}/api/embed"),
            tags: format!("{base}/api/tags"),
            key: key.filter(|key| !key.is_blank()).map(bearer).transpose()?,
        })
    }

    fn request(&self, mut request: HttpRequest) -> HttpRequest {
        if let Some((_, bearer)) = &self.key {
            request.headers.insert(AUTHORIZATION, bearer.clone());
        }
        request
    }

    /// An error without our key in it, and with the cure where it is likely known.
    fn explain(&self, error: Error, id: &str) -> Error {
        let error = match (error.kind(), error.progress(), &self.key) {
            (ErrorKind::Auth, _, None) => {
                hinted(error, &format!("no api key was sent, set OLLAMA_API_KEY or providers.{id}.api_key"))
            }
            (ErrorKind::Network, Progress::NotSent, None) => hinted(
                error,
                &format!(
                    "is the server running (`ollama serve`)? Its address is OLLAMA_HOST or providers.{id}.base_url"
                ),
            ),
            _ => error,
        };
        match &self.key {
            Some((key, _)) => error.scrubbed(key),
            None => error,
        }
    }
}

fn hinted(error: Error, hint: &str) -> Error {
    let message = format!("{}: {hint}", error.message());
    error.with_message(message)
}

fn bearer(key: &Secret) -> Result<(Secret, HeaderValue), Error> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", key.expose().trim())).map_err(|_| {
        Error::new(ErrorKind::Config, "reading the api key of ollama: no header can carry its characters")
    })?;
    value.set_sensitive(true);
    Ok((key.clone(), value))
}

impl Ollama {
    /// A server by its settings.
    pub fn new(id: impl Into<Arc<str>>, config: Config) -> Result<Self, Error> {
        let Config { base_url: base, api_key, num_ctx, keep_alive } = config;
        let base = base.filter(|base| !base.trim().is_empty());
        let base = base.as_deref().map_or_else(|| Ok(base_url::DEFAULT.to_owned()), base_url::normalize)?;
        let mut profile = Profile { keep_alive, ..Profile::default() };
        if let Some(num_ctx) = num_ctx {
            profile.options.insert("num_ctx".to_owned(), num_ctx.into());
        }
        Ok(Self { id: id.into(), route: Route::new(&base, api_key.as_ref())?, profile })
    }

    /// The route of one call: its own key instead of ours, its own address only together with its own key.
    fn route(&self, cx: &Cx) -> Result<Cow<'_, Route>, Error> {
        let Some(key) = &cx.credential else { return Ok(Cow::Borrowed(&self.route)) };
        Ok(Cow::Owned(match &cx.endpoint {
            Some(endpoint) => Route::new(&base_url::normalize(endpoint)?, Some(key))?,
            None => Route { key: Some(bearer(key)?), ..self.route.clone() },
        }))
    }

    fn origin(&self, model: &str) -> Arc<Origin> {
        Arc::new(Origin::new(API, self.id.clone(), model))
    }
}

#[async_trait]
impl Adapter for Ollama {
    fn id(&self) -> &str {
        &self.id
    }

    fn api(&self) -> &str {
        API
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        let mut capabilities = Capabilities::chat();
        capabilities.sampling = Support::Yes;
        capabilities.forced_tool = Support::No;
        capabilities.media_inline = vec![Cow::Borrowed("image/*")];
        if let Some(card) = model_card(crate::PLUGIN.id, model) {
            card.apply(&mut capabilities);
        }
        capabilities
    }

    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        let (route, origin) = (self.route(cx)?, self.origin(&request.model));
        let encoded = chat::encode_request(request, &origin, false, &self.profile)?;
        let request = route.request(HttpRequest::post_json(route.chat.as_str(), encoded.body));
        let answer = async {
            let success = exchange::unary(cx, request, classify).await?;
            let mut response = chat::decode_response(&success.body, &origin)?;
            response.request_id = request_id(&success.headers);
            response.rate_limits = rate_limits(&success.headers);
            response.warnings = encoded.warnings;
            Ok(response)
        };
        answer.await.map_err(|error| route.explain(error, &self.id))
    }

    async fn chat_stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, Error> {
        let (route, origin) = (self.route(cx)?, self.origin(&request.model));
        let encoded = chat::encode_request(request, &origin, true, &self.profile)?;
        let request = route.request(HttpRequest::post_json(route.chat.as_str(), encoded.body));
        let response = exchange::open(cx, request, classify).await.map_err(|error| route.explain(error, &self.id))?;
        let decoder = chat::Decoder::new(origin, encoded.warnings).with_headers(&response.headers);
        let stream = drive::ndjson_stream(response, decoder);
        Ok(match &route.key {
            Some((key, _)) => stream.scrubbed(key.clone()),
            None => stream,
        })
    }

    async fn embed(&self, cx: &Cx, request: &EmbedRequest) -> Result<EmbedResponse, Error> {
        let (route, origin) = (self.route(cx)?, self.origin(&request.model));
        let encoded = embed::encode_request(request, &origin, &self.profile)?;
        let request = route.request(HttpRequest::post_json(route.embed.as_str(), encoded.body));
        let answer = async {
            let success = exchange::unary(cx, request, classify).await?;
            let mut response = embed::decode_response(&success.body, &origin)?;
            response.warnings = encoded.warnings;
            Ok(response)
        };
        answer.await.map_err(|error| route.explain(error, &self.id))
    }

    async fn models(&self, cx: &Cx) -> Result<Vec<ModelInfo>, Error> {
        let route = self.route(cx)?;
        let request = route.request(HttpRequest::get(route.tags.as_str()));
        let answer = async {
            let success = exchange::unary(cx, request, classify).await?;
            models::decode_response(&success.body)
        };
        answer.await.map_err(|error| route.explain(error, &self.id))
    }
}

fn classify(response: &ErrorResponse) -> Error {
    llm_wire_ollama::decode_error(response)
}

fn rate_limits(headers: &HeaderMap) -> Option<llm_core::RateLimits> {
    rate_limit::rate_limits(headers, None).summary()
}

impl fmt::Debug for Ollama {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ollama").field("id", &self.id).finish_non_exhaustive()
    }
}
