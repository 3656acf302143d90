//! The provider: addresses and tokens around the wire formats of two publishers.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use llm_core::{
    Adapter, BuildCx, Capabilities, ChatRequest, ChatResponse, ChatStream, Cx, EmbedRequest, EmbedResponse, Error,
    HttpRequest, KnownModels, Origin, Secret, TokenCount, Warning, async_trait,
};
use llm_wire::{ErrorResponse, exchange, request_id, sse_or_json_array_stream, sse_stream, this_machines_time};
use llm_wire_anthropic::messages;
use llm_wire_gemini::{count_tokens, embed, generate, predict};

use crate::PLUGIN;
use crate::config::Config;
use crate::models::{self, Publisher};
use crate::route::{DEFAULT_LOCATION, Route};
use crate::token::{Source, missing};

/// One project at Vertex AI.
pub struct Vertex {
    id: Arc<str>,
    source: Source,
    route: Route,
    models: Arc<dyn KnownModels>,
    now: fn() -> SystemTime,
}

/// What one call needs besides its body.
struct Call {
    token: Secret,
    route: Route,
}

/// A chat request as it goes out.
struct Ready {
    publisher: Publisher,
    request: HttpRequest,
    origin: Arc<Origin>,
    warnings: Vec<Warning>,
}

impl Vertex {
    /// A project by its settings.
    pub fn new(cx: &BuildCx, config: &Config) -> Result<Self, Error> {
        let filled = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().to_owned();
        let location = Some(filled(&config.location)).filter(|location| !location.is_empty());
        let location = location.as_deref().unwrap_or(DEFAULT_LOCATION);
        let source = match (&config.access_token, &config.credentials_file) {
            (Some(token), _) if !token.is_blank() => Source::Fixed(token.clone()),
            (_, Some(path)) if !path.as_os_str().is_empty() => Source::file(path.clone()),
            _ if config.metadata => Source::metadata(),
            _ => Source::Missing(format!(
                "credentials missing: set GOOGLE_APPLICATION_CREDENTIALS, or GOOGLE_VERTEX_ACCESS_TOKEN, or \
                 providers.{}.metadata on google's own machines",
                cx.id
            )),
        };
        Ok(Self {
            id: cx.id.clone(),
            source,
            route: Route::new(&filled(&config.project), location, config.base_url.as_deref())?,
            models: cx.models.clone(),
            now: this_machines_time,
        })
    }

    /// Token and addresses of one call: its own token instead of ours, its own address only together with its own token.
    async fn begin(&self, cx: &Cx) -> Result<Call, Error> {
        let (token, route) = match (&cx.credential, &cx.endpoint) {
            (Some(token), Some(endpoint)) => (token.clone(), self.route.at(endpoint)?),
            (Some(token), None) => (token.clone(), self.route.clone()),
            (None, _) => (self.source.token(cx, (self.now)()).await?, self.route.clone()),
        };
        if !route.has_project() {
            let message = format!("project missing: set GOOGLE_CLOUD_PROJECT or providers.{}.project", self.id);
            return Err(missing(message));
        }
        Ok(Call { token, route })
    }

    fn known(&self, model: &str) -> Arc<Capabilities> {
        self.models.capabilities(PLUGIN.id, model)
    }

    fn encode(&self, call: &Call, request: &ChatRequest, stream: bool) -> Result<Ready, Error> {
        let (publisher, model) = models::publisher(&request.model);
        let known = self.known(&request.model);
        let (method, origin, body, warnings) = match publisher {
            Publisher::Anthropic => {
                let origin = self.origin(llm_wire_anthropic::API, &request.model);
                let profile = models::messages_profile(&known);
                let encoded = messages::encode_request(request, &origin, stream, &profile)?;
                let method = if stream { "streamRawPredict" } else { "rawPredict" };
                (method, origin, encoded.body, encoded.warnings)
            }
            Publisher::Google => {
                let origin = self.origin(llm_wire_gemini::API, &request.model);
                let encoded = generate::encode_request(request, &origin, stream, &models::profile(model, &known))?;
                let method = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
                (method, origin, encoded.body, encoded.warnings)
            }
        };
        let request = call.post(call.route.method(publisher.name(), model, method), body)?;
        Ok(Ready { publisher, request, origin, warnings })
    }

    fn origin(&self, api: &'static str, model: &str) -> Arc<Origin> {
        Arc::new(Origin::new(api, self.id.clone(), model))
    }
}

impl Publisher {
    fn classify(self) -> fn(&ErrorResponse) -> Error {
        match self {
            Self::Google => llm_wire_gemini::decode_error,
            // Google's front door answers in its own form also for other publishers' models.
            Self::Anthropic => |response| {
                if response.body.trim_ascii().starts_with(b"{\"type\":\"error\"") {
                    llm_wire_anthropic::decode_error(response)
                } else {
                    llm_wire_gemini::decode_error(response)
                }
            },
        }
    }
}

impl Call {
    fn post(&self, url: String, body: Vec<u8>) -> Result<HttpRequest, Error> {
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut value = HeaderValue::try_from(format!("Bearer {}", self.token.expose().trim()))
            .map_err(|_| missing("the token of vertex has characters that no header can carry".to_owned()))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
        Ok(HttpRequest { method: Method::POST, url, headers, body: body.into() })
    }

    fn hide<T>(&self, answer: Result<T, Error>) -> Result<T, Error> {
        answer.map_err(|error| error.scrubbed(&self.token))
    }
}

#[async_trait]
impl Adapter for Vertex {
    fn id(&self) -> &str {
        &self.id
    }

    fn api(&self) -> &str {
        llm_wire_gemini::API
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        let mut capabilities = Capabilities::chat();
        capabilities.lay(&self.known(model));
        capabilities
    }

    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        let call = self.begin(cx).await?;
        let Ready { publisher, request, origin, warnings } = self.encode(&call, request, false)?;
        let answer = async {
            let success = exchange::unary(cx, request, publisher.classify()).await?;
            let mut response = match publisher {
                Publisher::Google => generate::decode_response(&success.body, &origin),
                Publisher::Anthropic => messages::decode_response(&success.body, &origin),
            }?;
            response.request_id = request_id(&success.headers);
            response.warnings = warnings;
            Ok(response)
        };
        call.hide(answer.await)
    }

    async fn chat_stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, Error> {
        let call = self.begin(cx).await?;
        let Ready { publisher, request, origin, warnings } = self.encode(&call, request, true)?;
        let response = call.hide(exchange::open(cx, request, publisher.classify()).await)?;
        let headers = response.headers.clone();
        let stream = match publisher {
            Publisher::Google => {
                sse_or_json_array_stream(response, generate::Decoder::new(origin, warnings).with_headers(&headers))
            }
            Publisher::Anthropic => {
                sse_stream(response, messages::Decoder::new(origin, warnings).with_headers(&headers))
            }
        };
        Ok(stream.scrubbed(call.token))
    }

    async fn embed(&self, cx: &Cx, request: &EmbedRequest) -> Result<EmbedResponse, Error> {
        let call = self.begin(cx).await?;
        let origin = self.origin(llm_wire_gemini::API, &request.model);
        let (publisher, model) = models::publisher(&request.model);
        let by_predict = models::has_predict(model);
        let (method, encoded) = if by_predict {
            ("predict", predict::encode_request(request, &origin)?)
        } else {
            (embed::method(request.inputs.len()), embed::encode_request(request, &origin)?)
        };
        let request = call.post(call.route.method(publisher.name(), model, method), encoded.body)?;
        let answer = async {
            let success = exchange::unary(cx, request, publisher.classify()).await?;
            let mut response = if by_predict {
                predict::decode_response(&success.body, &origin)
            } else {
                embed::decode_response(&success.body, &origin)
            }?;
            response.request_id = request_id(&success.headers);
            response.warnings = encoded.warnings;
            Ok(response)
        };
        call.hide(answer.await)
    }

    async fn count_tokens(&self, cx: &Cx, request: &ChatRequest) -> Result<TokenCount, Error> {
        let (publisher, model) = models::publisher(&request.model);
        if publisher != Publisher::Google {
            return Err(Error::unsupported(&self.id, "count_tokens for models of other publishers"));
        }
        let call = self.begin(cx).await?;
        let origin = self.origin(llm_wire_gemini::API, &request.model);
        let profile = models::profile(model, &self.known(&request.model));
        let encoded = count_tokens::encode_request(request, &origin, &profile, false)?;
        let request = call.post(call.route.method(publisher.name(), model, "countTokens"), encoded.body)?;
        let answer = async {
            let success = exchange::unary(cx, request, publisher.classify()).await?;
            let mut count = count_tokens::decode_response(&success.body, &origin)?;
            count.request_id = request_id(&success.headers);
            count.warnings = encoded.warnings;
            Ok(count)
        };
        call.hide(answer.await)
    }
}

impl fmt::Debug for Vertex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vertex").field("id", &self.id).finish_non_exhaustive()
    }
}
