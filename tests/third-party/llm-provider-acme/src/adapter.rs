//! The provider: one method for each operation that the vendor has.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::HeaderName;
use llm_core::{
    Adapter, BuildCx, Capabilities, ChatRequest, ChatResponse, ChatStream, Cx, EmbedRequest, EmbedResponse, Error,
    KnownModels, ModelInfo, Origin, Support, async_trait,
};
use llm_wire::exchange::Success;
use llm_wire::{Account, ndjson_stream, rate_limits, request_id};

use crate::{API, BASE_URL, Config, answer, error, models, request, stream, vectors};

const KEY: HeaderName = HeaderName::from_static("x-acme-key");

/// One account at Acme.
pub struct Acme {
    id: Arc<str>,
    models: Arc<dyn KnownModels>,
    account: Account,
}

impl Acme {
    /// An account by its settings.
    pub fn new(cx: &BuildCx, config: Config) -> Result<Self, Error> {
        let account = Account::new(config.base_url.as_deref().unwrap_or(BASE_URL), KEY)?;
        let account = account.with_headers(&cx.headers).with_key(config.api_key)?;
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
impl Adapter for Acme {
    fn id(&self) -> &str {
        &self.id
    }

    fn api(&self) -> &str {
        API
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        let mut capabilities = Capabilities::chat();
        capabilities.media_inline = vec![Cow::Borrowed("image/*")];
        capabilities.media_url = vec![Cow::Borrowed("image/*")];
        for can in [&mut capabilities.tools, &mut capabilities.forced_tool, &mut capabilities.json_schema] {
            *can = Support::Yes;
        }
        capabilities.lay(&self.models.capabilities(crate::PLUGIN.id, model));
        capabilities
    }

    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        let (account, origin) = (self.account(cx)?, self.origin(&request.model));
        let (body, warnings) = request::encode(request, &origin, false)?;
        let decode = |success: &Success| {
            let mut response = answer::decode(&success.body, &origin)?;
            response.request_id = request_id(&success.headers);
            response.rate_limits = rate_limits(&success.headers, None).summary();
            response.warnings = warnings;
            Ok(response)
        };
        account.ask(cx, account.post("/v1/generate", body), error::decode, decode).await
    }

    async fn chat_stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, Error> {
        let (account, origin) = (self.account(cx)?, self.origin(&request.model));
        let (body, warnings) = request::encode(request, &origin, true)?;
        let response = account.open(cx, account.post("/v1/generate", body), error::decode).await?;
        let decoder = stream::Decoder::new(origin, warnings, &response.headers);
        Ok(account.hide_in(ndjson_stream(response, decoder)))
    }

    async fn embed(&self, cx: &Cx, request: &EmbedRequest) -> Result<EmbedResponse, Error> {
        let (account, origin) = (self.account(cx)?, self.origin(&request.model));
        let (body, warnings) = vectors::encode(request, &origin)?;
        let decode = |success: &Success| {
            let mut response = vectors::decode(&success.body, &origin)?;
            response.request_id = request_id(&success.headers);
            response.warnings = warnings;
            Ok(response)
        };
        account.ask(cx, account.post("/v1/vectors", body), error::decode, decode).await
    }

    async fn models(&self, cx: &Cx) -> Result<Vec<ModelInfo>, Error> {
        let account = self.account(cx)?;
        account.ask(cx, account.get("/v1/models"), error::decode, |success| models::decode(&success.body)).await
    }
}

impl fmt::Debug for Acme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acme").field("id", &self.id).finish_non_exhaustive()
    }
}
