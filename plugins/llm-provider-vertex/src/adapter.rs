//! The provider: addresses and tokens around the wire formats of several publishers.

use std::borrow::Cow;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use llm_core::{
    Adapter, BuildCx, Capabilities, ChatRequest, ChatResponse, ChatStream, Cx, EmbedRequest, EmbedResponse, Error,
    ErrorKind, KnownModels, ModelInfo, Origin, Provider, TokenCount, async_trait,
};
use llm_wire::exchange::Success;
use llm_wire::oauth::{SignedIn, missing};
use llm_wire::{Account, sse_or_json_array_stream, sse_stream};
use llm_wire_gemini::{count_tokens, embed, generate, predict};

use crate::chat::{self, Ready};
use crate::config::Config;
use crate::models::{self, Model, Protocol};
use crate::route::{DEFAULT_LOCATION, Route, VERSIONS};
use crate::{PLUGIN, token};

/// Who is billed for what belongs to no project.
const PROJECT: HeaderName = HeaderName::from_static("x-goog-user-project");

/// One project at Vertex AI, with the token of the call.
struct Vertex {
    id: Arc<str>,
    account: Account,
    route: Route,
    models: Arc<dyn KnownModels>,
}

/// A project by its settings.
pub(crate) fn build(cx: &BuildCx, config: &Config) -> Result<Arc<dyn Provider>, Error> {
    let filled = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().to_owned();
    let location = Some(filled(&config.location)).filter(|location| !location.is_empty());
    let route = Route::new(&filled(&config.project), location.as_deref().unwrap_or(DEFAULT_LOCATION))?;
    let address = Some(filled(&config.base_url)).filter(|address| !address.is_empty());
    let account = Account::new(&address.unwrap_or_else(|| route.address()), AUTHORIZATION)?
        .with_versions(VERSIONS)?
        .with_headers(&cx.headers)
        .with_scheme("Bearer ");
    let vertex = Vertex { id: cx.id.clone(), account, route, models: cx.models.clone() };
    Ok(Arc::new(SignedIn::new(vertex, token::source(config, &cx.id))))
}

impl Vertex {
    fn account(&self, cx: &Cx) -> Result<Cow<'_, Account>, Error> {
        if self.route.project().is_empty() {
            let message = format!("project missing: set {}", PLUGIN.how_to_set(&self.id, &["project"]));
            return Err(missing(message));
        }
        self.account.for_call(cx)
    }

    fn known(&self, model: &str) -> Arc<Capabilities> {
        models::known(&*self.models, PLUGIN.id, model)
    }

    fn origin(&self, api: &'static str, model: &str) -> Arc<Origin> {
        Arc::new(Origin::new(api, self.id.clone(), model))
    }

    fn ready(&self, request: &ChatRequest, stream: bool) -> Result<Ready, Error> {
        let known = self.known(&request.model);
        let model = Model::of(&request.model, &known);
        let origin = self.origin(model.protocol().api(), &request.model);
        Ready::new(request, model, origin, stream, &known, &self.route)
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
        let account = self.account(cx)?;
        let mut ready = self.ready(request, false)?;
        let (request, warnings) = (ready.request(&account), ready.take_warnings());
        account.answer(cx, request, warnings, ready.protocol.classify(), |success| ready.decode(success)).await
    }

    async fn chat_stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, Error> {
        let account = self.account(cx)?;
        let mut ready = self.ready(request, true)?;
        let response = account.open(cx, ready.request(&account), ready.protocol.classify()).await?;
        let (origin, warnings, headers) = (ready.origin.clone(), ready.take_warnings(), response.headers.clone());
        Ok(account.hide_in(match ready.protocol {
            Protocol::Gemini => {
                sse_or_json_array_stream(response, generate::Decoder::new(origin, warnings).with_headers(&headers))
            }
            Protocol::Messages => {
                let decoder = llm_wire_anthropic::messages::Decoder::new(origin, warnings);
                sse_stream(response, decoder.with_headers(&headers))
            }
            Protocol::RawChat | Protocol::Chat => {
                let decoder = llm_wire_openai::chat::Decoder::new(origin, warnings, &ready.dialect);
                sse_stream(response, decoder.with_headers(&headers))
            }
        }))
    }

    async fn embed(&self, cx: &Cx, request: &EmbedRequest) -> Result<EmbedResponse, Error> {
        let account = self.account(cx)?;
        let (known, origin) = (self.known(&request.model), self.origin(llm_wire_gemini::API, &request.model));
        let model = Model::of(&request.model, &known);
        let by_predict = models::has_predict(&known);
        let (method, encoded) = if by_predict {
            ("predict", predict::encode_request(request, &origin)?)
        } else {
            (embed::method(request.inputs.len()), embed::encode_request(request, &origin)?)
        };
        let request = account.post(&self.route.method(model.publisher, model.name, method), encoded.body);
        let read = if by_predict { predict::decode_response } else { embed::decode_response };
        let decode = |success: &Success| read(&success.body, &origin);
        account.answer(cx, request, encoded.warnings, llm_wire_gemini::decode_error, decode).await
    }

    async fn count_tokens(&self, cx: &Cx, request: &ChatRequest) -> Result<TokenCount, Error> {
        let known = self.known(&request.model);
        let model = Model::of(&request.model, &known);
        let protocol = model.protocol();
        let origin = self.origin(protocol.api(), &request.model);
        let account = self.account(cx)?;
        let (path, encoded) = match protocol {
            Protocol::Gemini => {
                let profile = models::profile(model.name, &known);
                let encoded = count_tokens::encode_request(request, &origin, &profile, false)?;
                (self.route.method(model.publisher, model.name, "countTokens"), (encoded.body, encoded.warnings))
            }
            Protocol::Messages => {
                let path = self.route.method(model.publisher, "count-tokens", "rawPredict");
                (path, chat::count_of_messages(request, model, &origin, &known)?)
            }
            _ => return Err(Error::unsupported(&self.id, "count_tokens for open models")),
        };
        let (body, warnings) = encoded;
        let decode = |success: &Success| match protocol {
            Protocol::Messages => llm_wire_anthropic::count_tokens::decode_response(&success.body, &origin),
            _ => count_tokens::decode_response(&success.body, &origin),
        };
        account.answer(cx, account.post(&path, body), warnings, protocol.classify(), decode).await
    }

    async fn models(&self, cx: &Cx) -> Result<Vec<ModelInfo>, Error> {
        let mut account = self.account(cx)?.into_owned();
        if let Ok(project) = HeaderValue::from_str(self.route.project()) {
            account = account.with_header(PROJECT, project);
        }
        let mut all = Vec::new();
        for publisher in models::PUBLISHERS {
            let path = |page: Option<&str>| Route::list(publisher, page);
            match llm_wire_gemini::models::all(&account, cx, path).await {
                Ok(models) => all.extend(models),
                // Not every project and every place has every publisher.
                Err(error)
                    if publisher != models::GOOGLE
                        && matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Permission) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }
}
