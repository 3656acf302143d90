//! The provider: addresses and tokens around the wire formats of several publishers.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use llm_core::{
    Adapter, BuildCx, Capabilities, ChatRequest, ChatResponse, ChatStream, Cx, EmbedRequest, EmbedResponse, Error,
    ErrorKind, KnownModels, ModelInfo, Origin, Secret, TokenCount, async_trait,
};
use llm_wire::exchange::Success;
use llm_wire::{Account, sse_or_json_array_stream, sse_stream};
use llm_wire_gemini::{count_tokens, embed, generate, predict};

use crate::PLUGIN;
use crate::chat::{self, Ready};
use crate::config::Config;
use crate::models::{self, Model, Protocol};
use crate::route::{DEFAULT_LOCATION, Route, VERSIONS};
use crate::token::{Source, missing};

/// Who is billed for what belongs to no project.
const PROJECT: HeaderName = HeaderName::from_static("x-goog-user-project");

/// One project at Vertex AI.
pub struct Vertex {
    id: Arc<str>,
    source: Source,
    account: Account,
    route: Route,
    models: Arc<dyn KnownModels>,
    now: fn() -> SystemTime,
}

impl Vertex {
    /// A project by its settings.
    pub fn new(cx: &BuildCx, config: &Config) -> Result<Self, Error> {
        let filled = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().to_owned();
        let location = Some(filled(&config.location)).filter(|location| !location.is_empty());
        let route = Route::new(&filled(&config.project), location.as_deref().unwrap_or(DEFAULT_LOCATION))?;
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
        let address = Some(filled(&config.base_url)).filter(|address| !address.is_empty());
        let account = Account::new(&address.unwrap_or_else(|| route.address()), AUTHORIZATION)?
            .with_versions(VERSIONS)?
            .with_scheme("Bearer ");
        let models = cx.models.clone();
        Ok(Self { id: cx.id.clone(), source, account, route, models, now: this_machines_time })
    }

    /// A call with a token of the project.
    pub(crate) async fn with_token<R, C>(&self, cx: &Cx, call: impl Fn(Secret) -> C + Send) -> Result<R, Error>
    where
        C: Future<Output = Result<R, Error>> + Send,
    {
        self.source.call(cx, self.now, call).await
    }

    /// The account of one call: its own token instead of ours, its own address only together with its own token.
    async fn account(&self, cx: &Cx) -> Result<Account, Error> {
        let account = if cx.credential.is_some() {
            self.account.for_call(cx)?.into_owned()
        } else {
            let token = self.with_token(cx, |token| async { Ok(token) }).await?;
            self.account.clone().with_key(Some(token))?
        };
        if self.route.project().is_empty() {
            let message = format!("project missing: set GOOGLE_CLOUD_PROJECT or providers.{}.project", self.id);
            return Err(missing(message));
        }
        Ok(account)
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
        let account = self.account(cx).await?;
        let mut ready = self.ready(request, false)?;
        let (request, warnings) = (ready.request(&account), ready.take_warnings());
        account.answer(cx, request, warnings, ready.protocol.classify(), |success| ready.decode(success)).await
    }

    async fn chat_stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, Error> {
        let account = self.account(cx).await?;
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
        let account = self.account(cx).await?;
        let (known, origin) = (self.known(&request.model), self.origin(llm_wire_gemini::API, &request.model));
        let model = Model::of(&request.model, &known);
        let by_predict = models::has_predict(model.name);
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
        let account = self.account(cx).await?;
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
        let mut account = self.account(cx).await?;
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

/// Tokens have an end, by this machine's clock.
fn this_machines_time() -> SystemTime {
    #[expect(clippy::disallowed_methods, reason = "the one place where a token's time comes from")]
    SystemTime::now()
}

impl fmt::Debug for Vertex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vertex").field("id", &self.id).finish_non_exhaustive()
    }
}
