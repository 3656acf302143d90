//! The provider: addresses, key and headers around the wire format.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use llm_core::{
    Adapter, Answer, BuildCx, Capabilities, ChatRequest, ChatResponse, ChatStream, Cx, EmbedRequest, EmbedResponse,
    Error, ErrorKind, KnownModels, ModelInfo, Origin, Progress, RerankRequest, RerankResponse, Support, async_trait,
};
use llm_wire::exchange::{self, Success};
use llm_wire::{ErrorResponse, ndjson_stream, rate_limits, request_id, sse_stream};
use llm_wire_cohere::{API, Encoded, chat, embed, models, rerank};

use crate::config::Config;
use crate::route::Route;

/// Most pages of the list of models that are read; one page holds up to a thousand.
const MOST_PAGES: usize = 10;

/// One account at Cohere, or at a server that speaks its protocol.
pub struct Cohere {
    id: Arc<str>,
    models: Arc<dyn KnownModels>,
    route: Route,
}

impl Cohere {
    /// An account by its settings.
    pub fn new(cx: &BuildCx, config: Config) -> Result<Self, Error> {
        let Config { api_key, base_url, client_name } = config;
        let route = Route::new(base_url.as_deref(), client_name.as_deref(), api_key.as_ref())?;
        Ok(Self { id: cx.id.clone(), models: cx.models.clone(), route })
    }

    /// The route of one call: its own key instead of ours, its own address only together with its own key.
    fn route(&self, cx: &Cx) -> Result<Cow<'_, Route>, Error> {
        let Some(key) = &cx.credential else {
            if self.route.key.is_none() {
                let message = format!("api key missing: set CO_API_KEY or providers.{}.api_key", self.id);
                return Err(Error::new(ErrorKind::Auth, message).with_progress(Progress::NotSent));
            }
            return Ok(Cow::Borrowed(&self.route));
        };
        let route = self.route.clone().with_key(key)?;
        Ok(Cow::Owned(match &cx.endpoint {
            Some(endpoint) => route.at(endpoint)?,
            None => route,
        }))
    }

    fn origin(&self, model: &str) -> Arc<Origin> {
        Arc::new(Origin::new(API, self.id.clone(), model))
    }

    /// Sends a request and reads the whole answer, which says who gave it and what could not be asked.
    async fn ask<A: Answer>(
        &self,
        cx: &Cx,
        url: fn(&Route) -> &str,
        encoded: Encoded,
        decode: impl FnOnce(&Success) -> Result<A, Error> + Send,
    ) -> Result<A, Error> {
        let route = self.route(cx)?;
        let answer = async {
            let success = exchange::unary(cx, route.post(url(&route), encoded.body), classify).await?;
            let id = request_id(&success.headers);
            let mut response = decode(&success).map_err(|error| match error.request_id() {
                Some(_) => error,
                None => error.with_request_id(id.clone()),
            })?;
            let about = response.about();
            *about.request_id = id;
            *about.warnings = encoded.warnings;
            Ok(response)
        };
        answer.await.map_err(|error| route.hide(error))
    }
}

#[async_trait]
impl Adapter for Cohere {
    fn id(&self) -> &str {
        &self.id
    }

    fn api(&self) -> &str {
        API
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        let mut capabilities = Capabilities::chat();
        capabilities.media_inline = ["image/*", "text/*"].map(Cow::Borrowed).to_vec();
        capabilities.media_url = vec![Cow::Borrowed("image/*")];
        for support in [
            &mut capabilities.images,
            &mut capabilities.speech,
            &mut capabilities.transcription,
            &mut capabilities.moderation,
            &mut capabilities.count_tokens,
        ] {
            *support = Support::No;
        }
        capabilities.lay(&self.models.capabilities(crate::PLUGIN.id, model));
        capabilities
    }

    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        let origin = self.origin(&request.model);
        let encoded = chat::encode_request(request, &origin, false)?;
        let decode = |success: &Success| {
            let mut response = chat::decode_response(&success.body, &origin)?;
            response.rate_limits = rate_limits(&success.headers, None).summary();
            Ok(response)
        };
        self.ask(cx, |route| &route.chat, encoded, decode).await
    }

    async fn chat_stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, Error> {
        let (route, origin) = (self.route(cx)?, self.origin(&request.model));
        let encoded = chat::encode_request(request, &origin, true)?;
        let response = exchange::open(cx, route.post(&route.chat, encoded.body), classify)
            .await
            .map_err(|error| route.hide(error))?;
        let decoder = chat::Decoder::new(origin, encoded.warnings).with_headers(&response.headers);
        // Hosts that still speak the API before this one send lines of JSON.
        let said = response.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let stream = if said.contains("stream+json") || said.contains("ndjson") {
            ndjson_stream(response, decoder)
        } else {
            sse_stream(response, decoder)
        };
        Ok(match &route.key {
            Some(key) => stream.scrubbed(key.clone()),
            None => stream,
        })
    }

    async fn embed(&self, cx: &Cx, request: &EmbedRequest) -> Result<EmbedResponse, Error> {
        let origin = self.origin(&request.model);
        let encoded = embed::encode_request(request, &origin)?;
        let decode = |success: &Success| embed::decode_response(&success.body, &origin);
        self.ask(cx, |route| &route.embed, encoded, decode).await
    }

    async fn rerank(&self, cx: &Cx, request: &RerankRequest) -> Result<RerankResponse, Error> {
        let origin = self.origin(&request.model);
        let encoded = rerank::encode_request(request, &origin)?;
        let decode = |success: &Success| rerank::decode_response(&success.body, &origin);
        self.ask(cx, |route| &route.rerank, encoded, decode).await
    }

    async fn models(&self, cx: &Cx) -> Result<Vec<ModelInfo>, Error> {
        let route = self.route(cx)?;
        let pages = async {
            let (mut all, mut url) = (Vec::new(), route.models.clone());
            for _ in 0..MOST_PAGES {
                let success = exchange::unary(cx, route.get(url), classify).await?;
                let page = models::decode_response(&success.body)?;
                all.extend(page.models);
                // A token is made of letters, digits and what base64 has.
                let Some(next) = page.next else { break };
                url = format!("{}&page_token={}", route.models, next.replace('+', "%2B").replace('=', "%3D"));
            }
            Ok(all)
        };
        pages.await.map_err(|error| route.hide(error))
    }
}

fn classify(response: &ErrorResponse) -> Error {
    llm_wire_cohere::decode_error(response)
}

impl fmt::Debug for Cohere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cohere").field("id", &self.id).finish_non_exhaustive()
    }
}
