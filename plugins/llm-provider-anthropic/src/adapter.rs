//! The provider: addresses, credential and headers around the wire format.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::header::{ACCEPT, AUTHORIZATION};
use http::{HeaderName, HeaderValue};
use llm_core::{
    Adapter, BuildCx, Capabilities, ChatRequest, ChatResponse, ChatStream, Cx, Error, ErrorKind, HttpRequest,
    KnownModels, ModelInfo, Origin, Support, TokenCount, async_trait, wrong_setting,
};
use llm_wire::exchange::Success;
use llm_wire::{Account, all_pages, percent_encoded, rate_limits, sse_stream};
use llm_wire_anthropic::messages::Decoder;
use llm_wire_anthropic::{API, Profile, Version, claude, count_tokens, decode_error, messages, models};

use crate::config::Config;
use crate::models::known;

const BASE_URL: &str = "https://api.anthropic.com";
const MESSAGES: &str = "/v1/messages";
const COUNT_TOKENS: &str = "/v1/messages/count_tokens";
const MODELS: &str = "/v1/models?limit=1000";
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const VERSION: HeaderName = HeaderName::from_static("anthropic-version");
const BETA: HeaderName = HeaderName::from_static("anthropic-beta");

/// One account at Anthropic, or at a server that speaks its protocol.
pub struct Anthropic {
    id: Arc<str>,
    account: Account,
    /// Beta features that every request names.
    beta: String,
    version: Version,
    models: Arc<dyn KnownModels>,
}

impl Anthropic {
    /// An account by its settings.
    pub fn new(cx: &BuildCx, config: Config) -> Result<Self, Error> {
        let Config { api_key, auth_token, base_url, api_version, beta } = config;
        let base_url = base_url.as_deref().map(str::trim).filter(|base| !base.is_empty()).unwrap_or(BASE_URL);
        let account = match auth_token.filter(|token| !token.is_blank()) {
            Some(token) => Account::new(base_url, AUTHORIZATION)?.with_scheme("Bearer ").with_key(Some(token)),
            None => Account::new(base_url, API_KEY)?.with_key(api_key),
        };
        let account =
            account?.with_versions(&["/v1"])?.with_header(ACCEPT, HeaderValue::from_static("application/json"));
        let account = account.with_headers(&cx.headers);
        let also = cx.headers.get(BETA).and_then(|words| words.to_str().ok()).map(str::to_owned);
        let beta: Vec<String> = beta.into_iter().chain(also).collect();
        let version = match api_version.as_deref().map(str::trim) {
            None | Some("") => Version::default(),
            Some(version) => {
                version.parse().map_err(|error| wrong_setting(&cx.id, "api_version", &format!("{error}")))?
            }
        };
        let (id, models) = (cx.id.clone(), cx.models.clone());
        Ok(Self { id, account, beta: beta.join(","), version, models })
    }

    /// The account of one call, which may come with a key of its own.
    fn account(&self, cx: &Cx) -> Result<Cow<'_, Account>, Error> {
        self.account.of_call(cx, &crate::PLUGIN, &self.id)
    }

    /// What the encoder must know of a model.
    fn profile(&self, model: &str) -> Profile {
        Profile::of(model, &known(model, &*self.models)).with_version(self.version)
    }

    /// The headers that say what the request is made for.
    fn versioned(&self, mut request: HttpRequest, version: Version, betas: &[String]) -> Result<HttpRequest, Error> {
        request.headers.insert(VERSION, HeaderValue::from_static(version.as_str()));
        if !self.beta.is_empty() || !betas.is_empty() {
            let own = Some(self.beta.as_str()).filter(|beta| !beta.is_empty());
            let all: Vec<&str> = own.into_iter().chain(betas.iter().map(String::as_str)).collect();
            let value = HeaderValue::try_from(all.join(",")).map_err(|_| {
                Error::new(ErrorKind::InvalidRequest, "naming beta features: no header can carry their characters")
                    .with_param("ext.anthropic.betas")
            })?;
            request.headers.insert(BETA, value);
        }
        Ok(request)
    }

    fn encode(&self, request: &ChatRequest, stream: bool) -> Result<(Arc<Origin>, messages::Encoded), Error> {
        let origin = Arc::new(Origin::new(API, self.id.clone(), request.model.as_str()));
        let profile = self.profile(&request.model);
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
        if let Some(traits) = claude::traits(model) {
            capabilities.forced_tool = traits.forced_tool;
            capabilities.assistant_prefill = traits.prefill();
            capabilities.mid_system = traits.mid_system;
        }
        capabilities.lay(&known(model, &*self.models));
        capabilities
    }

    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        let account = self.account(cx)?;
        let (origin, encoded) = self.encode(request, false)?;
        let request = self.versioned(account.post(MESSAGES, encoded.body), encoded.version, &encoded.betas)?;
        let decode = |success: &Success| {
            let mut response = messages::decode_response(&success.body, &origin)?;
            response.rate_limits = rate_limits(&success.headers, None).summary();
            Ok(response)
        };
        account.answer(cx, request, encoded.warnings, decode_error, decode).await
    }

    async fn chat_stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, Error> {
        let account = self.account(cx)?;
        let (origin, encoded) = self.encode(request, true)?;
        let request = self.versioned(account.post(MESSAGES, encoded.body), encoded.version, &encoded.betas)?;
        let response = account.open(cx, request, decode_error).await?;
        let decoder = Decoder::new(origin, encoded.warnings).with_headers(&response.headers);
        Ok(account.hide_in(sse_stream(response, decoder)))
    }

    async fn count_tokens(&self, cx: &Cx, request: &ChatRequest) -> Result<TokenCount, Error> {
        let account = self.account(cx)?;
        let origin = Arc::new(Origin::new(API, self.id.clone(), request.model.as_str()));
        let profile = self.profile(&request.model);
        let encoded = count_tokens::encode_request(request, &origin, &profile)?;
        let request = self.versioned(account.post(COUNT_TOKENS, encoded.body), encoded.version, &encoded.betas)?;
        let decode = |success: &Success| count_tokens::decode_response(&success.body, &origin);
        account.answer(cx, request, encoded.warnings, decode_error, decode).await
    }

    async fn models(&self, cx: &Cx) -> Result<Vec<ModelInfo>, Error> {
        let account = self.account(cx)?;
        let page = |next: Option<String>| {
            let after = next.map(|next| format!("&after_id={}", percent_encoded(&next))).unwrap_or_default();
            let request = self.versioned(account.get(&format!("{MODELS}{after}")), self.version, &[]);
            let account = &account;
            async move {
                let decode = |success: &Success| models::decode_response(&success.body);
                account.ask(cx, request?, decode_error, decode).await
            }
        };
        all_pages(page).await
    }
}

impl fmt::Debug for Anthropic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Anthropic").field("id", &self.id).field("version", &self.version).finish_non_exhaustive()
    }
}
