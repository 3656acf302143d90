//! The provider: addresses, key and headers around the wire format.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use llm_core::{
    Adapter, BuildCx, Capabilities, ChatRequest, ChatResponse, ChatStream, Cx, EmbedRequest, EmbedResponse, Error,
    ErrorKind, KnownModels, ModelInfo, Origin, RerankRequest, RerankResponse, Support, async_trait,
};
use llm_wire::exchange::Success;
use llm_wire::{Account, all_pages, ndjson_stream, percent_encoded, rate_limits, sse_stream};
use llm_wire_cohere::{API, Encoded, chat, decode_error, embed, models, rerank};

use crate::config::Config;

const BASE_URL: &str = "https://api.cohere.com";
/// The vendor's own variable holds `…/v2` as well as nothing.
const VERSIONS: &[&str] = &["/v2", "/v1"];
const CLIENT_NAME: HeaderName = HeaderName::from_static("x-client-name");
const MODELS: &str = "/v1/models?page_size=1000";

/// One account at Cohere, or at a server that speaks its protocol.
pub struct Cohere {
    id: Arc<str>,
    models: Arc<dyn KnownModels>,
    account: Account,
}

impl Cohere {
    /// An account by its settings.
    pub fn new(cx: &BuildCx, config: Config) -> Result<Self, Error> {
        let Config { api_key, base_url, client_name } = config;
        let base_url = base_url.as_deref().map(str::trim).filter(|base| !base.is_empty()).unwrap_or(BASE_URL);
        let mut account = Account::new(base_url, AUTHORIZATION)?.with_versions(VERSIONS)?;
        if let Some(name) = client_name.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
            let value = HeaderValue::from_str(name).map_err(|_| {
                Error::new(ErrorKind::Config, "reading client_name of cohere: no header can carry its characters")
            })?;
            account = account.with_header(CLIENT_NAME, value);
        }
        let account = account.with_headers(&cx.headers).with_scheme("Bearer ").with_key(api_key)?;
        Ok(Self { id: cx.id.clone(), models: cx.models.clone(), account })
    }

    /// The account of one call, which may come with a key of its own.
    fn account(&self, cx: &Cx) -> Result<Cow<'_, Account>, Error> {
        self.account.of_call(cx, &crate::PLUGIN, &self.id)
    }

    fn origin(&self, model: &str) -> Arc<Origin> {
        Arc::new(Origin::new(API, self.id.clone(), model))
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
        let (account, origin) = (self.account(cx)?, self.origin(&request.model));
        let Encoded { body, warnings } = chat::encode_request(request, &origin, false)?;
        let decode = |success: &Success| {
            let mut response = chat::decode_response(&success.body, &origin)?;
            response.rate_limits = rate_limits(&success.headers, None).summary();
            Ok(response)
        };
        account.answer(cx, account.post("/v2/chat", body), warnings, decode_error, decode).await
    }

    async fn chat_stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, Error> {
        let (account, origin) = (self.account(cx)?, self.origin(&request.model));
        let encoded = chat::encode_request(request, &origin, true)?;
        let response = account.open(cx, account.post("/v2/chat", encoded.body), decode_error).await?;
        let decoder = chat::Decoder::new(origin, encoded.warnings).with_headers(&response.headers);
        // Hosts that still speak the API before this one send lines of JSON.
        let said = response.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(account.hide_in(if said.contains("stream+json") || said.contains("ndjson") {
            ndjson_stream(response, decoder)
        } else {
            sse_stream(response, decoder)
        }))
    }

    async fn embed(&self, cx: &Cx, request: &EmbedRequest) -> Result<EmbedResponse, Error> {
        let (account, origin) = (self.account(cx)?, self.origin(&request.model));
        let Encoded { body, warnings } = embed::encode_request(request, &origin)?;
        let decode = |success: &Success| embed::decode_response(&success.body, &origin);
        account.answer(cx, account.post("/v2/embed", body), warnings, decode_error, decode).await
    }

    async fn rerank(&self, cx: &Cx, request: &RerankRequest) -> Result<RerankResponse, Error> {
        let (account, origin) = (self.account(cx)?, self.origin(&request.model));
        let Encoded { body, warnings } = rerank::encode_request(request, &origin)?;
        let decode = |success: &Success| rerank::decode_response(&success.body, &origin);
        account.answer(cx, account.post("/v2/rerank", body), warnings, decode_error, decode).await
    }

    async fn models(&self, cx: &Cx) -> Result<Vec<ModelInfo>, Error> {
        let account = self.account(cx)?;
        let page = |next: Option<String>| {
            let token = next.map(|next| format!("&page_token={}", percent_encoded(&next))).unwrap_or_default();
            let request = account.get(&format!("{MODELS}{token}"));
            account.ask(cx, request, decode_error, |success: &Success| models::decode_response(&success.body))
        };
        all_pages(page).await
    }
}

impl fmt::Debug for Cohere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cohere").field("id", &self.id).finish_non_exhaustive()
    }
}
