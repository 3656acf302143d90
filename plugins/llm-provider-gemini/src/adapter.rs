//! The provider: addresses, key and headers around the wire format.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use http::Method;
use llm_core::{
    Adapter, Capabilities, ChatRequest, ChatResponse, ChatStream, Cx, EmbedRequest, EmbedResponse, Error, ErrorKind,
    HttpRequest, ModelInfo, Origin, Progress, Support, TokenCount, async_trait,
};
use llm_wire::{ErrorResponse, exchange, request_id, sse_or_json_array_stream};
use llm_wire_gemini::{API, Encoded, count_tokens, embed, generate, models};

use crate::config::Config;
use crate::models::{known_card, profile};
use crate::route::Route;

/// Most pages of the list of models that are read; one page holds up to a thousand.
const MOST_PAGES: usize = 20;

/// One key of the Gemini API.
pub struct Gemini {
    id: Arc<str>,
    route: Route,
}

impl Gemini {
    /// An account by its settings.
    pub fn new(id: impl Into<Arc<str>>, config: Config) -> Result<Self, Error> {
        let Config { api_key, base_url, api_version } = config;
        let route = Route::new(base_url.as_deref(), api_version.as_deref(), api_key.as_ref())?;
        Ok(Self { id: id.into(), route })
    }

    /// The route of one call: its own key instead of ours, its own address only together with its own key.
    fn route(&self, cx: &Cx) -> Result<Cow<'_, Route>, Error> {
        let Some(key) = &cx.credential else {
            if self.route.key.is_none() {
                return Err(Error::new(
                    ErrorKind::Auth,
                    format!("api key missing: set GOOGLE_API_KEY or providers.{}.api_key", self.id),
                )
                .with_progress(Progress::NotSent));
            }
            return Ok(Cow::Borrowed(&self.route));
        };
        Ok(Cow::Owned(match &cx.endpoint {
            Some(endpoint) => self.route.at(endpoint, key)?,
            None => self.route.clone().with_key(key)?,
        }))
    }

    fn origin(&self, model: &str) -> Arc<Origin> {
        Arc::new(Origin::new(API, self.id.clone(), model))
    }

    fn encode(&self, request: &ChatRequest, stream: bool) -> Result<(Arc<Origin>, Encoded), Error> {
        let origin = self.origin(&request.model);
        let encoded = generate::encode_request(request, &origin, stream, &profile(&request.model))?;
        Ok((origin, encoded))
    }
}

#[async_trait]
impl Adapter for Gemini {
    fn id(&self) -> &str {
        &self.id
    }

    fn api(&self) -> &str {
        API
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        let mut capabilities = Capabilities::chat();
        if model.contains("embedding") {
            capabilities = Capabilities::default();
            (capabilities.chat, capabilities.embeddings) = (Support::No, Support::Yes);
            return capabilities;
        }
        capabilities.embeddings = Support::No;
        capabilities.assistant_prefill = Support::No;
        capabilities.media_inline =
            ["image/*", "audio/*", "video/*", "application/pdf", "text/*"].map(Cow::Borrowed).to_vec();
        if let Some(card) = known_card(model) {
            card.apply(&mut capabilities);
            for known in [
                &mut capabilities.tools,
                &mut capabilities.parallel_tools,
                &mut capabilities.forced_tool,
                &mut capabilities.json_schema,
            ] {
                *known = Support::Yes;
            }
        }
        capabilities
    }

    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        let route = self.route(cx)?;
        let (origin, encoded) = self.encode(request, false)?;
        let request = post(&route, route.method(&request.model, "generateContent"), encoded.body);
        let answer = async {
            let success = exchange::unary(cx, request, classify).await?;
            let mut response = generate::decode_response(&success.body, &origin)?;
            response.request_id = request_id(&success.headers);
            response.warnings = encoded.warnings;
            Ok(response)
        };
        answer.await.map_err(|error| hide(error, &route))
    }

    async fn chat_stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, Error> {
        let route = self.route(cx)?;
        let (origin, encoded) = self.encode(request, true)?;
        let request = post(&route, route.method(&request.model, "streamGenerateContent?alt=sse"), encoded.body);
        let response = exchange::open(cx, request, classify).await.map_err(|error| hide(error, &route))?;
        let decoder = generate::Decoder::new(origin, encoded.warnings).with_headers(&response.headers);
        let stream = sse_or_json_array_stream(response, decoder);
        Ok(match &route.key {
            Some(key) => stream.scrubbed(key.clone()),
            None => stream,
        })
    }

    async fn embed(&self, cx: &Cx, request: &EmbedRequest) -> Result<EmbedResponse, Error> {
        let (route, origin) = (self.route(cx)?, self.origin(&request.model));
        let encoded = embed::encode_request(request, &origin)?;
        let method = embed::method(request.inputs.len());
        let request = post(&route, route.method(&request.model, method), encoded.body);
        let answer = async {
            let success = exchange::unary(cx, request, classify).await?;
            let mut response = embed::decode_response(&success.body, &origin)?;
            response.warnings = encoded.warnings;
            Ok(response)
        };
        answer.await.map_err(|error| hide(error, &route))
    }

    async fn count_tokens(&self, cx: &Cx, request: &ChatRequest) -> Result<TokenCount, Error> {
        let (route, origin) = (self.route(cx)?, self.origin(&request.model));
        let encoded = count_tokens::encode_request(request, &origin, &profile(&request.model), true)?;
        let request = post(&route, route.method(&request.model, "countTokens"), encoded.body);
        let answer = async {
            let success = exchange::unary(cx, request, classify).await?;
            let mut count = count_tokens::decode_response(&success.body, &origin)?;
            count.request_id = request_id(&success.headers);
            count.warnings = encoded.warnings;
            Ok(count)
        };
        answer.await.map_err(|error| hide(error, &route))
    }

    async fn models(&self, cx: &Cx) -> Result<Vec<ModelInfo>, Error> {
        let route = self.route(cx)?;
        let pages = async {
            let (mut all, mut seen, mut next) = (Vec::new(), BTreeSet::new(), None);
            for _ in 0..MOST_PAGES {
                let mut request = HttpRequest::get(route.models(next.as_deref()));
                request.headers = route.headers.clone();
                let success = exchange::unary(cx, request, classify).await?;
                let page = models::decode_response(&success.body)?;
                let before = all.len();
                all.extend(page.models.into_iter().filter(|model| seen.insert(model.id.clone())));
                next = page.next;
                // A server that does not know page tokens sends its one page again and again.
                if next.is_none() || all.len() == before {
                    break;
                }
            }
            Ok(all)
        };
        pages.await.map_err(|error| hide(error, &route))
    }
}

fn post(route: &Route, url: String, body: Vec<u8>) -> HttpRequest {
    HttpRequest { method: Method::POST, url, headers: route.headers.clone(), body: body.into() }
}

fn classify(response: &ErrorResponse) -> Error {
    llm_wire_gemini::decode_error(response)
}

/// An error without our key in it, should the server have repeated it.
fn hide(error: Error, route: &Route) -> Error {
    match &route.key {
        Some(key) => error.scrubbed(key),
        None => error,
    }
}

impl fmt::Debug for Gemini {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gemini").field("id", &self.id).finish_non_exhaustive()
    }
}
