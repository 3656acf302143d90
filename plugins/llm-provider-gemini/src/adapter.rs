//! The provider: addresses, key and headers around the wire format.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::HeaderName;
use llm_core::{
    Adapter, BuildCx, Capabilities, ChatRequest, ChatResponse, ChatStream, Cx, EmbedRequest, EmbedResponse, Error,
    KnownModels, ModelInfo, Origin, Support, TokenCount, async_trait,
};
use llm_wire::exchange::Success;
use llm_wire::{Account, sse_or_json_array_stream};
use llm_wire_gemini::{API, Encoded, Profile, count_tokens, decode_error, embed, generate, models};

use crate::config::Config;
use crate::models::{known_card, profile};
use crate::paths::Paths;

const BASE_URL: &str = "https://generativelanguage.googleapis.com";
/// The vendor's own variable holds no version, those of other clients do.
const VERSIONS: &[&str] = &["/v1beta", "/v1alpha", "/v1"];
/// The key is in a header, never in the URL.
const API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");

/// One key of the Gemini API.
pub struct Gemini {
    id: Arc<str>,
    account: Account,
    paths: Paths,
    models: Arc<dyn KnownModels>,
}

impl Gemini {
    /// An account by its settings.
    pub fn new(cx: &BuildCx, config: Config) -> Result<Self, Error> {
        let Config { api_key, base_url, api_version } = config;
        let base_url = base_url.as_deref().map(str::trim).filter(|base| !base.is_empty()).unwrap_or(BASE_URL);
        let account =
            Account::new(base_url, API_KEY)?.with_versions(VERSIONS)?.with_headers(&cx.headers).with_key(api_key)?;
        let paths = Paths::new(&cx.id, api_version.as_deref())?;
        Ok(Self { id: cx.id.clone(), account, paths, models: cx.models.clone() })
    }

    /// The account of one call, which may come with a key of its own.
    fn account(&self, cx: &Cx) -> Result<Cow<'_, Account>, Error> {
        self.account.of_call(cx, &crate::PLUGIN, &self.id)
    }

    fn profile(&self, model: &str) -> Profile {
        profile(model, &self.models.capabilities(crate::PLUGIN.id, model))
    }

    fn origin(&self, model: &str) -> Arc<Origin> {
        Arc::new(Origin::new(API, self.id.clone(), model))
    }

    fn encode(&self, request: &ChatRequest, stream: bool) -> Result<(Arc<Origin>, Encoded), Error> {
        let origin = self.origin(&request.model);
        let encoded = generate::encode_request(request, &origin, stream, &self.profile(&request.model))?;
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
        let (mut known, card) = (Capabilities::default(), known_card(model));
        if let Some(card) = card {
            card.apply(&mut known);
        }
        known.lay(&self.models.capabilities(crate::PLUGIN.id, model));
        if known.chat == Support::No {
            return known;
        }
        let mut capabilities = Capabilities::chat();
        capabilities.assistant_prefill = Support::No;
        capabilities.media_inline =
            ["image/*", "audio/*", "video/*", "application/pdf", "text/*"].map(Cow::Borrowed).to_vec();
        if card.is_some() {
            for known in [
                &mut capabilities.tools,
                &mut capabilities.parallel_tools,
                &mut capabilities.forced_tool,
                &mut capabilities.json_schema,
            ] {
                *known = Support::Yes;
            }
        }
        capabilities.lay(&known);
        capabilities
    }

    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        let account = self.account(cx)?;
        let (origin, encoded) = self.encode(request, false)?;
        let request = account.post(&self.paths.method(&request.model, "generateContent"), encoded.body);
        let decode = |success: &Success| generate::decode_response(&success.body, &origin);
        account.answer(cx, request, encoded.warnings, decode_error, decode).await
    }

    async fn chat_stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, Error> {
        let account = self.account(cx)?;
        let (origin, encoded) = self.encode(request, true)?;
        let request = account.post(&self.paths.method(&request.model, "streamGenerateContent?alt=sse"), encoded.body);
        let response = account.open(cx, request, decode_error).await?;
        let decoder = generate::Decoder::new(origin, encoded.warnings).with_headers(&response.headers);
        Ok(account.hide_in(sse_or_json_array_stream(response, decoder)))
    }

    async fn embed(&self, cx: &Cx, request: &EmbedRequest) -> Result<EmbedResponse, Error> {
        let (account, origin) = (self.account(cx)?, self.origin(&request.model));
        let encoded = embed::encode_request(request, &origin)?;
        let method = embed::method(request.inputs.len());
        let request = account.post(&self.paths.method(&request.model, method), encoded.body);
        let decode = |success: &Success| embed::decode_response(&success.body, &origin);
        account.answer(cx, request, encoded.warnings, decode_error, decode).await
    }

    async fn count_tokens(&self, cx: &Cx, request: &ChatRequest) -> Result<TokenCount, Error> {
        let (account, origin) = (self.account(cx)?, self.origin(&request.model));
        let encoded = count_tokens::encode_request(request, &origin, &self.profile(&request.model), true)?;
        let request = account.post(&self.paths.method(&request.model, "countTokens"), encoded.body);
        let decode = |success: &Success| count_tokens::decode_response(&success.body, &origin);
        account.answer(cx, request, encoded.warnings, decode_error, decode).await
    }

    async fn models(&self, cx: &Cx) -> Result<Vec<ModelInfo>, Error> {
        let account = self.account(cx)?;
        models::all(&account, cx, |page| self.paths.models(page)).await
    }
}

impl fmt::Debug for Gemini {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gemini").field("id", &self.id).finish_non_exhaustive()
    }
}
