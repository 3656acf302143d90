//! The provider: addresses, key and headers around the wire format.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use llm_core::{
    Adapter, BuildCx, Capabilities, ChatRequest, ChatResponse, ChatStream, Cx, EmbedRequest, EmbedResponse, Error,
    ErrorKind, KnownModels, ModelInfo, Origin, Progress, Support, async_trait,
};
use llm_wire::exchange::Success;
use llm_wire::{Account, ndjson_stream, rate_limits};
use llm_wire_ollama::{API, Encoded, Profile, chat, decode_error, embed, generate, models};

use crate::base_url;
use crate::config::Config;

/// Most models of a list that are asked for one by one.
const MOST_SHOWN: usize = 32;

/// One Ollama server.
pub struct Ollama {
    id: Arc<str>,
    account: Account,
    profile: Profile,
    models: Arc<dyn KnownModels>,
}

fn hinted(error: Error, hint: &str) -> Error {
    let message = format!("{}: {hint}", error.message());
    error.with_message(message)
}

impl Ollama {
    /// A server by its settings.
    pub fn new(cx: &BuildCx, config: Config) -> Result<Self, Error> {
        let Config { base_url: base, api_key, num_ctx, keep_alive } = config;
        let base = base.filter(|base| !base.trim().is_empty());
        let base = base.as_deref().map_or_else(|| Ok(base_url::DEFAULT.to_owned()), base_url::normalize)?;
        let mut profile = Profile { keep_alive, ..Profile::default() };
        if let Some(num_ctx) = num_ctx {
            profile.options.insert("num_ctx".to_owned(), num_ctx.into());
        }
        let account = account(&base)?.with_headers(&cx.headers).with_key(api_key)?;
        Ok(Self { id: cx.id.clone(), account, profile, models: cx.models.clone() })
    }

    /// The account of one call, which may come with a key of its own, and only with it with an address.
    fn account(&self, cx: &Cx) -> Result<Cow<'_, Account>, Error> {
        match (&cx.credential, &cx.endpoint) {
            (Some(key), Some(endpoint)) => {
                account(&base_url::normalize(endpoint)?)?.with_key(Some(key.clone())).map(Cow::Owned)
            }
            _ => self.account.for_call(cx),
        }
    }

    /// An error with the cure, where it is likely known.
    fn explain(&self, account: &Account, error: Error) -> Error {
        let id = &self.id;
        match (error.kind(), error.progress(), account.has_key()) {
            (ErrorKind::Auth, _, false) => {
                hinted(error, &format!("no api key was sent, set {}", crate::PLUGIN.how_to_set(id, &["api_key"])))
            }
            (ErrorKind::Network, Progress::NotSent, false) => hinted(
                error,
                &format!(
                    "is the server running (`ollama serve`)? Its address is {}",
                    crate::PLUGIN.how_to_set(id, &["base_url"])
                ),
            ),
            _ => error,
        }
    }

    /// Path and body of a chat, or of a prompt for a model that knows nothing else.
    fn encode(&self, request: &ChatRequest, to: &Origin, stream: bool) -> Result<(&'static str, Encoded), Error> {
        let known = self.models.capabilities(crate::PLUGIN.id, &request.model);
        if known.completions_only == Support::Yes {
            return Ok(("/api/generate", generate::encode_request(request, to, stream, &self.profile)?));
        }
        Ok(("/api/chat", chat::encode_request(request, to, stream, &self.profile)?))
    }

    fn origin(&self, model: &str) -> Arc<Origin> {
        Arc::new(Origin::new(API, self.id.clone(), model))
    }
}

#[async_trait]
impl Adapter for Ollama {
    fn id(&self) -> &str {
        &self.id
    }

    fn api(&self) -> &str {
        API
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        let mut capabilities = Capabilities::chat();
        capabilities.sampling = Support::Yes;
        capabilities.forced_tool = Support::No;
        capabilities.media_inline = vec![Cow::Borrowed("image/*")];
        capabilities.lay(&self.models.capabilities(crate::PLUGIN.id, model));
        capabilities
    }

    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        let (account, origin) = (self.account(cx)?, self.origin(&request.model));
        let (path, encoded) = self.encode(request, &origin, false)?;
        let decode = |success: &Success| {
            let mut response = chat::decode_response(&success.body, &origin)?;
            response.rate_limits = rate_limits(&success.headers, None).summary();
            Ok(response)
        };
        let request = account.post(path, encoded.body);
        let answer = account.answer(cx, request, encoded.warnings, decode_error, decode).await;
        answer.map_err(|error| self.explain(&account, error))
    }

    async fn chat_stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, Error> {
        let (account, origin) = (self.account(cx)?, self.origin(&request.model));
        let (path, encoded) = self.encode(request, &origin, true)?;
        let response = account.open(cx, account.post(path, encoded.body), decode_error).await;
        let response = response.map_err(|error| self.explain(&account, error))?;
        let decoder = chat::Decoder::new(origin, encoded.warnings).with_headers(&response.headers);
        Ok(account.hide_in(ndjson_stream(response, decoder)))
    }

    async fn embed(&self, cx: &Cx, request: &EmbedRequest) -> Result<EmbedResponse, Error> {
        let (account, origin) = (self.account(cx)?, self.origin(&request.model));
        let encoded = embed::encode_request(request, &origin, &self.profile)?;
        let decode = |success: &Success| embed::decode_response(&success.body, &origin);
        let request = account.post("/api/embed", encoded.body);
        let answer = account.answer(cx, request, encoded.warnings, decode_error, decode).await;
        answer.map_err(|error| self.explain(&account, error))
    }

    async fn models(&self, cx: &Cx) -> Result<Vec<ModelInfo>, Error> {
        let account = self.account(cx)?;
        let decode = |success: &Success| models::decode_response(&success.body);
        let answer = account.ask(cx, account.get("/api/tags"), decode_error, decode).await;
        let mut models = answer.map_err(|error| self.explain(&account, error))?;
        // Older servers list names only; what they say of one model is asked for.
        let unknown = models.iter_mut().filter(|model| model.capabilities == Capabilities::default());
        for model in unknown.take(MOST_SHOWN) {
            let request = account.post("/api/show", models::encode_show(&model.id));
            let decode = |success: &Success| models::decode_show(&success.body);
            if let Ok(known) = account.ask(cx, request, decode_error, decode).await {
                model.capabilities = known;
            }
        }
        Ok(models)
    }
}

/// A server without a key.
fn account(base_url: &str) -> Result<Account, Error> {
    Ok(Account::new(base_url, AUTHORIZATION)?.with_scheme("Bearer "))
}

impl fmt::Debug for Ollama {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ollama").field("id", &self.id).finish_non_exhaustive()
    }
}
