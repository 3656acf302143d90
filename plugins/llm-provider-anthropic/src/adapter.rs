//! The provider: addresses, credential and headers around the wire format.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, Method};
use llm_core::{
    Adapter, Capabilities, ChatRequest, ChatResponse, ChatStream, Cx, Error, ErrorKind, HttpRequest, ModelInfo, Origin,
    Progress, Support, TokenCount, async_trait,
};
use llm_wire::{ErrorResponse, exchange, rate_limits, request_id, sse_stream};
use llm_wire_anthropic::messages::Decoder;
use llm_wire_anthropic::{API, Version, count_tokens, messages};

use crate::config::Config;
use crate::models::{known_card, known_traits, profile};
use crate::route::{Route, Scheme};

/// Most pages of the list of models that are read; one page holds up to a thousand.
const MOST_PAGES: usize = 10;

/// One account at Anthropic, or at a server that speaks its protocol.
pub struct Anthropic {
    id: Arc<str>,
    route: Route,
    version: Version,
}

impl Anthropic {
    /// An account by its settings.
    pub fn new(id: impl Into<Arc<str>>, config: Config) -> Result<Self, Error> {
        let Config { api_key, auth_token, base_url, version, beta } = config;
        let (scheme, secret) = match auth_token.filter(|token| !token.is_blank()) {
            Some(token) => (Scheme::Bearer, Some(token)),
            None => (Scheme::ApiKey, api_key),
        };
        let version = match version.as_deref().map(str::trim) {
            None | Some("") => Version::default(),
            Some(version) => version.parse().map_err(|error| {
                Error::new(ErrorKind::Config, format!("reading the setting `version` of anthropic: {error}"))
            })?,
        };
        Ok(Self { id: id.into(), route: Route::new(base_url.as_deref(), scheme, secret.as_ref(), &beta)?, version })
    }

    /// The route of one call: its own credential instead of ours, its own address only together with its own credential.
    fn route(&self, cx: &Cx) -> Result<Cow<'_, Route>, Error> {
        let Some(secret) = &cx.credential else {
            if self.route.secret.is_none() {
                return Err(Error::new(
                    ErrorKind::Auth,
                    format!("api key missing: set ANTHROPIC_API_KEY or providers.{}.api_key", self.id),
                )
                .with_progress(Progress::NotSent));
            }
            return Ok(Cow::Borrowed(&self.route));
        };
        Ok(Cow::Owned(match &cx.endpoint {
            Some(endpoint) => self.route.at(endpoint, secret)?,
            None => self.route.clone().with_secret(secret)?,
        }))
    }

    fn encode(&self, request: &ChatRequest, stream: bool) -> Result<(Arc<Origin>, messages::Encoded), Error> {
        let origin = Arc::new(Origin::new(API, self.id.clone(), request.model.as_str()));
        let profile = profile(&request.model).with_version(self.version);
        let encoded = messages::encode_request(request, &origin, stream, &profile)?;
        Ok((origin, encoded))
    }
}

#[async_trait]
impl Adapter for Anthropic {
    fn id(&self) -> &str {
        &self.id
    }

    fn api(&self) -> &str {
        API
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        let mut capabilities = Capabilities::chat();
        capabilities.embeddings = Support::No;
        capabilities.tools = Support::Yes;
        capabilities.parallel_tools = Support::Yes;
        capabilities.media_inline = ["image/*", "application/pdf", "text/*"].map(Cow::Borrowed).to_vec();
        capabilities.media_url = ["image/*", "application/pdf"].map(Cow::Borrowed).to_vec();
        if let Some(card) = known_card(model) {
            card.apply(&mut capabilities);
        }
        if let Some(traits) = known_traits(model) {
            capabilities.forced_tool = traits.forced_tool;
            capabilities.assistant_prefill = traits.prefill;
        }
        capabilities
    }

    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        let route = self.route(cx)?;
        let (origin, encoded) = self.encode(request, false)?;
        let headers = route.headers(encoded.version, &encoded.betas)?;
        let answer = async {
            let success = exchange::unary(cx, post(&route.messages, headers, encoded.body), classify).await?;
            let mut response = messages::decode_response(&success.body, &origin)
                .map_err(|error| with_request_id(error, &success.headers))?;
            response.request_id = request_id(&success.headers);
            response.rate_limits = rate_limits(&success.headers, None).summary();
            response.warnings = encoded.warnings;
            Ok(response)
        };
        answer.await.map_err(|error| hide(error, &route))
    }

    async fn chat_stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, Error> {
        let route = self.route(cx)?;
        let (origin, encoded) = self.encode(request, true)?;
        let headers = route.headers(encoded.version, &encoded.betas)?;
        let response = exchange::open(cx, post(&route.messages, headers, encoded.body), classify)
            .await
            .map_err(|error| hide(error, &route))?;
        let decoder = Decoder::new(origin, encoded.warnings).with_headers(&response.headers);
        let stream = sse_stream(response, decoder);
        Ok(match &route.secret {
            Some(secret) => stream.scrubbed(secret.clone()),
            None => stream,
        })
    }

    async fn count_tokens(&self, cx: &Cx, request: &ChatRequest) -> Result<TokenCount, Error> {
        let route = self.route(cx)?;
        let origin = Arc::new(Origin::new(API, self.id.clone(), request.model.as_str()));
        let profile = profile(&request.model).with_version(self.version);
        let encoded = count_tokens::encode_request(request, &origin, &profile)?;
        let headers = route.headers(encoded.version, &encoded.betas)?;
        let answer = async {
            let success = exchange::unary(cx, post(&route.count_tokens, headers, encoded.body), classify).await?;
            let mut count = count_tokens::decode_response(&success.body, &origin)
                .map_err(|error| with_request_id(error, &success.headers))?;
            count.request_id = request_id(&success.headers);
            count.warnings = encoded.warnings;
            Ok(count)
        };
        answer.await.map_err(|error| hide(error, &route))
    }

    async fn models(&self, cx: &Cx) -> Result<Vec<ModelInfo>, Error> {
        let route = self.route(cx)?;
        let headers = route.headers(self.version, &[])?;
        let pages = async {
            let (mut all, mut url) = (Vec::new(), route.models.clone());
            for _ in 0..MOST_PAGES {
                let mut request = HttpRequest::get(url);
                request.headers = headers.clone();
                let success = exchange::unary(cx, request, classify).await?;
                let page = llm_wire_anthropic::models::decode_response(&success.body)?;
                all.extend(page.models);
                let Some(next) = page.next else { break };
                url = format!("{}&after_id={}", route.models, query_value(&next));
            }
            Ok(all)
        };
        pages.await.map_err(|error| hide(error, &route))
    }
}

fn post(url: &str, headers: HeaderMap, body: Vec<u8>) -> HttpRequest {
    HttpRequest { method: Method::POST, url: url.to_owned(), headers, body: body.into() }
}

fn classify(response: &ErrorResponse) -> Error {
    llm_wire_anthropic::decode_error(response)
}

fn with_request_id(error: Error, headers: &HeaderMap) -> Error {
    if error.request_id().is_none() { error.with_request_id(request_id(headers)) } else { error }
}

/// An error without our credential in it, should the server have repeated it.
fn hide(error: Error, route: &Route) -> Error {
    match &route.secret {
        Some(secret) => error.scrubbed(secret),
        None => error,
    }
}

/// A text as a value in a URL's query.
fn query_value(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.extend(['%', hex(byte >> 4), hex(byte & 15)]);
        }
    }
    out
}

fn hex(digit: u8) -> char {
    char::from(if digit < 10 { b'0' + digit } else { b'A' + digit - 10 })
}

impl fmt::Debug for Anthropic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Anthropic").field("id", &self.id).field("version", &self.version).finish_non_exhaustive()
    }
}
