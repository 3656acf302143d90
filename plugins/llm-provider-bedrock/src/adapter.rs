//! The provider: addresses and authorisation around the wire formats.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::future::try_join_all;
use http::Method;
use llm_core::{
    Adapter, BuildCx, Capabilities, ChatRequest, ChatResponse, ChatStream, Cx, EmbedRequest, EmbedResponse, Error,
    ErrorKind, HttpRequest, KnownModels, ModelInfo, Origin, RerankRequest, RerankResponse, TokenCount, Warning,
    async_trait,
};
use llm_wire::exchange::{self, Success};
use llm_wire::{aws_event_stream, request_id, this_machines_time};
use llm_wire_bedrock::invoke::Form;
use llm_wire_bedrock::{API, converse, count_tokens, embed, rerank};

use crate::account::{Account, Authority};
use crate::config::{ChatApi, Config};
use crate::credentials::region_of;
use crate::mantle::{Asked, Mantle};
use crate::route::{DEFAULT_REGION, Route, SERVICE};
use crate::{PLUGIN, invoke, models};

/// Most pages of the list of inference profiles that are read; one page holds up to a thousand.
const MOST_PAGES: usize = 10;
/// Calls that are under way at once for one request for vectors.
const AT_ONCE: usize = 8;

/// One account at Amazon Bedrock in one region.
pub struct Bedrock {
    id: Arc<str>,
    account: Account,
    route: Route,
    how: How,
    form: Option<Form>,
    models: Arc<dyn KnownModels>,
    now: fn() -> SystemTime,
}

/// How chats are asked.
enum How {
    Converse,
    Invoke,
    Mantle(Box<Mantle>),
}

/// What one call needs besides its body.
struct Call {
    authority: Authority,
    route: Route,
    now: SystemTime,
}

impl Bedrock {
    /// An account by its settings.
    pub fn new(cx: &BuildCx, config: &Config) -> Result<Self, Error> {
        let region = config.region.clone().filter(|region| !region.trim().is_empty()).or_else(|| {
            let profile = config.profile.as_deref().filter(|profile| !profile.trim().is_empty());
            // Without a profile no file is looked at.
            profile.and_then(|profile| region_of(Some(profile), config.config_file.as_deref()))
        });
        let form = match config.invoke_form.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
            Some(name) => Some(Form::named(name).ok_or_else(|| {
                Error::new(
                    ErrorKind::Config,
                    "reading the setting `invoke_form` of bedrock: it names no form of a body",
                )
            })?),
            None => None,
        };
        let region = region.as_deref().unwrap_or(DEFAULT_REGION).trim();
        let route = Route::new(region, config.base_url.as_deref())?;
        let how = match (config.chat_api.mantle(), config.chat_api) {
            (Some(api), _) => How::Mantle(Box::new(Mantle::new(cx, &route, api)?)),
            (None, ChatApi::Invoke) => How::Invoke,
            (None, _) => How::Converse,
        };
        Ok(Self {
            id: cx.id.clone(),
            account: Account::new(&cx.id, config, region),
            how,
            route,
            form,
            models: cx.models.clone(),
            now: this_machines_time,
        })
    }

    /// With another clock, for tests of signatures.
    pub fn with_clock(mut self, now: fn() -> SystemTime) -> Self {
        self.now = now;
        self
    }

    /// Authorisation and addresses of one call: its own address only together with its own credential.
    async fn begin(&self, cx: &Cx) -> Result<Call, Error> {
        let now = (self.now)();
        let authority = self.account.authority(cx, now).await?;
        let route = match &cx.endpoint {
            Some(endpoint) if cx.credential.is_some() => self.route.at(endpoint)?,
            _ => self.route.clone(),
        };
        Ok(Call { authority, route, now })
    }

    fn origin(&self, api: &'static str, model: &str) -> Arc<Origin> {
        Arc::new(Origin::new(api, self.id.clone(), model))
    }

    fn known(&self, model: &str) -> Arc<Capabilities> {
        self.models.capabilities(PLUGIN.id, model)
    }

    fn form(&self, model: &str) -> Form {
        self.form.unwrap_or_else(|| Form::of(model))
    }

    /// A chat request as it goes out.
    fn encode(
        &self,
        call: &Call,
        request: &ChatRequest,
        stream: bool,
    ) -> Result<(HttpRequest, Arc<Origin>, Vec<Warning>), Error> {
        let known = self.known(&request.model);
        let (origin, body, warnings) = match self.how {
            How::Converse | How::Mantle(_) => {
                let origin = self.origin(API, &request.model);
                let encoded = converse::encode_request(request, &origin, &models::profile(&request.model, &known))?;
                (origin, encoded.body, encoded.warnings)
            }
            How::Invoke => {
                let form = self.form(&request.model);
                let origin = self.origin(invoke::api(form), &request.model);
                let (body, warnings) = invoke::encode(form, request, &origin, stream, &known)?;
                (origin, body, warnings)
            }
        };
        let operation = match (&self.how, stream) {
            (How::Invoke, false) => "invoke",
            (How::Invoke, true) => "invoke-with-response-stream",
            (_, false) => "converse",
            (_, true) => "converse-stream",
        };
        let request = call.post(call.route.model(&request.model, operation), body)?;
        Ok((request, origin, warnings))
    }
}

impl Call {
    fn request(&self, method: Method, url: String, body: Vec<u8>) -> Result<HttpRequest, Error> {
        self.authority.request(method, url, body, (&self.route.region, SERVICE), self.now)
    }

    fn asked(&self) -> Asked<'_> {
        Asked { authority: &self.authority, route: &self.route, now: self.now }
    }

    fn post(&self, url: String, body: Vec<u8>) -> Result<HttpRequest, Error> {
        self.request(Method::POST, url, body)
    }

    /// Sends a body to a model's operation and reads the whole answer.
    async fn unary(&self, cx: &Cx, model: &str, operation: &str, body: Vec<u8>) -> Result<Success, Error> {
        let request = self.post(self.route.model(model, operation), body)?;
        exchange::unary(cx, request, llm_wire_bedrock::decode_error).await
    }

    async fn list(&self, cx: &Cx, url: String) -> Result<Success, Error> {
        let request = self.request(Method::GET, url, Vec::new())?;
        exchange::unary(cx, request, llm_wire_bedrock::decode_error).await
    }

    fn hide<T>(&self, answer: Result<T, Error>) -> Result<T, Error> {
        answer.map_err(|error| self.authority.hide(error))
    }
}

#[async_trait]
impl Adapter for Bedrock {
    fn id(&self) -> &str {
        &self.id
    }

    fn api(&self) -> &str {
        API
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        let mut capabilities = Capabilities::chat();
        capabilities.lay(&self.known(model));
        let profile = models::profile(model, &capabilities);
        capabilities.sampling = profile.sampling;
        capabilities.forced_tool = profile.forced_tool;
        capabilities
    }

    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        let call = self.begin(cx).await?;
        if let How::Mantle(mantle) = &self.how {
            return call.hide(mantle.chat(cx, call.asked(), request).await);
        }
        let (request, origin, warnings) = self.encode(&call, request, false)?;
        let answer = async {
            let success = exchange::unary(cx, request, llm_wire_bedrock::decode_error).await?;
            let response = match self.how {
                How::Invoke => invoke::decode(&success.body, &success.headers, &origin),
                How::Converse | How::Mantle(_) => converse::decode_response(&success.body, &origin),
            };
            let mut response = response.map_err(|error| with_request_id(error, &success))?;
            response.request_id = request_id(&success.headers);
            response.warnings = warnings;
            Ok(response)
        };
        call.hide(answer.await)
    }

    async fn chat_stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, Error> {
        let call = self.begin(cx).await?;
        if let How::Mantle(mantle) = &self.how {
            return call
                .hide(mantle.chat_stream(cx, call.asked(), request).await)
                .map(|stream| call.authority.hide_in(stream));
        }
        let (request, origin, warnings) = self.encode(&call, request, true)?;
        let response = call.hide(exchange::open(cx, request, llm_wire_bedrock::decode_error).await)?;
        let headers = response.headers.clone();
        let stream = match self.how {
            How::Invoke => aws_event_stream(response, invoke::decoder(origin, warnings, &headers)),
            How::Converse | How::Mantle(_) => {
                aws_event_stream(response, converse::Decoder::new(origin, warnings).with_headers(&headers))
            }
        };
        Ok(call.authority.hide_in(stream))
    }

    async fn embed(&self, cx: &Cx, request: &EmbedRequest) -> Result<EmbedResponse, Error> {
        let call = self.begin(cx).await?;
        let origin = self.origin(API, &request.model);
        let form = embed::Form::of(&request.model);
        let one = async |texts: &[String]| {
            let encoded = embed::encode_request(request, texts, &origin, form)?;
            let success = call.unary(cx, &request.model, "invoke", encoded.body).await?;
            let mut response = embed::decode_response(&success.body, &success.headers, &origin)
                .map_err(|error| with_request_id(error, &success))?;
            response.warnings = encoded.warnings;
            response.request_id = request_id(&success.headers);
            Ok::<_, Error>(response)
        };
        let answers = async {
            let mut all: Option<EmbedResponse> = None;
            let batches: Vec<&[String]> = request.inputs.chunks(form.batch()).collect();
            for group in batches.chunks(AT_ONCE) {
                for next in try_join_all(group.iter().map(|texts| one(texts))).await? {
                    match &mut all {
                        None => all = Some(next),
                        Some(all) => {
                            all.vectors.extend(next.vectors);
                            all.usage = all.usage.with(&next.usage);
                        }
                    }
                }
            }
            Ok(all.unwrap_or_else(|| EmbedResponse::new(Arc::clone(&origin), Vec::new())))
        };
        call.hide(answers.await)
    }

    async fn rerank(&self, cx: &Cx, request: &RerankRequest) -> Result<RerankResponse, Error> {
        let call = self.begin(cx).await?;
        let origin = self.origin(API, &request.model);
        let encoded = rerank::encode_request(request, &origin)?;
        let answer = async {
            let success = call.unary(cx, &request.model, "invoke", encoded.body).await?;
            let mut response = rerank::decode_response(&success.body, &success.headers, &origin)
                .map_err(|error| with_request_id(error, &success))?;
            response.warnings = encoded.warnings;
            response.request_id = request_id(&success.headers);
            Ok(response)
        };
        call.hide(answer.await)
    }

    async fn count_tokens(&self, cx: &Cx, request: &ChatRequest) -> Result<TokenCount, Error> {
        let call = self.begin(cx).await?;
        let origin = self.origin(API, &request.model);
        let profile = models::profile(&request.model, &self.known(&request.model));
        let encoded = count_tokens::encode_request(request, &origin, &profile)?;
        let answer = async {
            let success = call.unary(cx, &request.model, "count-tokens", encoded.body).await?;
            let mut count = count_tokens::decode_response(&success.body, &origin)
                .map_err(|error| with_request_id(error, &success))?;
            count.warnings = encoded.warnings;
            count.request_id = request_id(&success.headers);
            Ok(count)
        };
        call.hide(answer.await)
    }

    async fn models(&self, cx: &Cx) -> Result<Vec<ModelInfo>, Error> {
        let call = self.begin(cx).await?;
        if let How::Mantle(mantle) = &self.how {
            return call.hide(mantle.models(cx, call.asked()).await);
        }
        let lists = async {
            let success = call.list(cx, call.route.foundation_models()).await?;
            let mut all = llm_wire_bedrock::models::decode_response(&success.body)?;
            let (mut seen, mut next) = (BTreeSet::new(), None);
            for _ in 0..MOST_PAGES {
                let success = call.list(cx, call.route.inference_profiles(next.as_deref())).await?;
                let page = llm_wire_bedrock::models::decode_profiles(&success.body)?;
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
        call.hide(lists.await)
    }
}

fn with_request_id(error: Error, success: &Success) -> Error {
    if error.request_id().is_none() { error.with_request_id(request_id(&success.headers)) } else { error }
}

impl fmt::Debug for Bedrock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bedrock").field("id", &self.id).finish_non_exhaustive()
    }
}
