//! A provider that speaks this protocol: what every such plugin does, so that a plugin is a [`Dialect`], a name and a key.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use llm_core::{
    Adapter, BuildCx, Capabilities, ChatRequest, ChatResponse, ChatStream, Cx, EmbedRequest, EmbedResponse, Error,
    ErrorKind, HttpRequest, ImageRequest, ImageResponse, KnownModels, ModelInfo, ModerateRequest, ModerateResponse,
    Origin, Progress, ProviderPlugin, RerankRequest, RerankResponse, Secret, SpeechRequest, SpeechResponse, Support,
    TokenCount, TranscribeRequest, TranscribeResponse, async_trait, wrong_setting,
};
use llm_wire::exchange::{self, Success};
use llm_wire::oauth::is_token;
use llm_wire::{rate_limits, request_id, without_secrets};

use crate::address;
use crate::audio::{speech, transcriptions};
use crate::dialect::{Auth, ChatApi, Dialect, Paths};
use crate::encoded::Encoded;
use crate::operations::{Operation, content_type};
use crate::protocol::Protocol;
use crate::{FAMILY, count_tokens, embed, error, images, models, moderations, rerank, responses};

/// Where a provider is and with which key.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// The address below which the dialect's paths are, with or without a slash at its end.
    pub base_url: String,
    /// The key; a blank one counts as none.
    pub api_key: Option<Secret>,
    /// Headers that only this account sends, such as an organisation.
    pub headers: Vec<(HeaderName, Secret)>,
    /// What stands for `{api_version}` in the dialect's paths.
    pub api_version: String,
}

/// One configured provider of this protocol.
///
/// Model cards of the plugin decide what a model is not sent: a card with `sampling: No` drops temperature and its kin.
pub struct OpenAiAdapter {
    pub(crate) id: Arc<str>,
    plugin: &'static ProviderPlugin,
    models: Arc<dyn KnownModels>,
    pub(crate) dialect: Dialect,
    capabilities: Capabilities,
    key: Option<Secret>,
    /// Without a slash at its end.
    base: String,
    api_version: String,
    /// All headers but the key.
    without_key: HeaderMap,
    /// All headers.
    headers: HeaderMap,
}

/// Headers that a transport adds: `accept`, `user-agent`, `host`, `content-length`.
const ADDED_BY_TRANSPORT: usize = 4;

/// What one call needs besides its body.
pub(crate) struct Route<'a> {
    /// Without a slash at its end.
    base: &'a str,
    api_version: &'a str,
    headers: Cow<'a, HeaderMap>,
    /// What must never be shown.
    key: Option<&'a Secret>,
}

impl OpenAiAdapter {
    /// A provider from its configuration. Fails only on what can never work: an address that is none, a key with
    /// characters that cannot be sent.
    pub fn new(
        plugin: &'static ProviderPlugin,
        cx: &BuildCx,
        dialect: Dialect,
        connection: Connection,
    ) -> Result<Self, Error> {
        let address = connection.base_url.trim();
        if !address.starts_with("https://") && !address.starts_with("http://") {
            let what = "it is not an address: it must begin with https:// or http://";
            return Err(wrong_setting(&cx.id, "base_url", what));
        }
        let mut without_key = HeaderMap::with_capacity(8 + cx.headers.len());
        without_key.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in dialect.headers {
            without_key.insert(*name, HeaderValue::from_static(value));
        }
        without_key.extend(cx.headers.clone());
        for (name, value) in connection.headers {
            let value = sensitive(&value).ok_or_else(|| unsendable(name.as_str(), &cx.id))?;
            without_key.insert(name, value);
        }
        let key = connection.api_key.filter(|key| !key.is_blank());
        let mut headers = without_key.clone();
        if let Some(key) = &key {
            authorize(&mut headers, dialect.auth, key).ok_or_else(|| unsendable("api_key", &cx.id))?;
        }
        Ok(Self {
            id: cx.id.clone(),
            plugin,
            models: cx.models.clone(),
            base: address.trim_end_matches('/').to_owned(),
            api_version: connection.api_version,
            dialect,
            capabilities: capabilities(&dialect),
            key,
            without_key,
            headers,
        })
    }

    /// With what all models of this provider can do; model cards add to it.
    pub fn with_capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    pub(crate) fn origin(&self, model: &str) -> Arc<Origin> {
        Arc::new(Origin::new(FAMILY, self.id.clone(), model))
    }

    /// Addresses, headers and key of one call. A caller's own address is used only together with the caller's own key.
    pub(crate) fn route<'a>(&'a self, cx: &'a Cx) -> Result<Route<'a>, Error> {
        let Some(key) = &cx.credential else {
            if self.key.is_none() && self.dialect.key_required {
                return Err(self.keyless());
            }
            return Ok(Route {
                base: &self.base,
                api_version: &self.api_version,
                headers: Cow::Borrowed(&self.headers),
                key: self.key.as_ref(),
            });
        };
        let mut headers = match cx.endpoint {
            Some(_) => without_secrets(&self.without_key),
            None => self.without_key.clone(),
        };
        authorize(&mut headers, self.dialect.auth, key).ok_or_else(|| {
            Error::new(ErrorKind::Auth, "the key of this call has characters that cannot be sent")
                .with_progress(Progress::NotSent)
        })?;
        let base = cx.endpoint.as_deref().map_or(&*self.base, |endpoint| endpoint.trim_end_matches('/'));
        Ok(Route { base, api_version: &self.api_version, headers: Cow::Owned(headers), key: Some(key) })
    }

    /// The dialect for the model of a request, the protocol that it goes in, and who answers.
    fn asked(&self, request: &ChatRequest, stream: bool) -> Result<(Dialect, Protocol, Arc<Origin>), Error> {
        let known = self.models.capabilities(self.plugin.id, &request.model);
        let drop_sampling = self.dialect.drop_sampling || known.sampling == Support::No;
        let protocol = Protocol::of(request, &self.dialect, &known, &self.id);
        if protocol == Protocol::Chat && self.dialect.paths.chat.is_empty() {
            return Err(Error::unsupported(&self.id, if stream { "chat_stream" } else { "chat" }));
        }
        let origin = Origin::new(protocol.family(), self.id.clone(), request.model.as_str());
        let reasons = self.dialect.reasons && known.reasoning != Support::No;
        let drop_prefill = self.dialect.drop_prefill || known.assistant_prefill == Support::No;
        let forced = known.forced_tool.may();
        let required_tool = self.dialect.required_tool.filter(|_| forced);
        let named_tool = self.dialect.named_tool && forced;
        let dialect = Dialect { drop_sampling, reasons, drop_prefill, required_tool, named_tool, ..self.dialect };
        Ok((dialect, protocol, Arc::new(origin)))
    }

    fn keyless(&self) -> Error {
        let message = format!("api key missing: set {}", self.plugin.how_to_set(&self.id, &["api_key"]));
        Error::new(ErrorKind::Auth, message).with_progress(Progress::NotSent)
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn unary(&self, cx: &Cx, request: HttpRequest) -> Result<Success, Error> {
        exchange::unary(cx, request, |response| error::decode_error(response, &self.dialect)).await
    }
}

impl Route<'_> {
    pub(crate) fn post(&self, path: &str, model: &str, body: Vec<u8>) -> HttpRequest {
        HttpRequest { method: Method::POST, url: self.url(path, model), headers: self.headers(), body: body.into() }
    }

    fn get(&self, path: &str) -> HttpRequest {
        HttpRequest { headers: self.headers(), ..HttpRequest::get(self.url(path, "")) }
    }

    fn url(&self, path: &str, model: &str) -> String {
        address::whole(self.base, path, model, self.api_version)
    }

    /// The headers of one request. A clone would have no room for those that the transport adds.
    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(self.headers.len() + ADDED_BY_TRANSPORT);
        headers.extend(self.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
        headers
    }

    /// The error without the key, should the vendor have repeated it.
    pub(crate) fn hide(&self, error: Error) -> Error {
        match self.key {
            Some(key) => error.scrubbed(key),
            None => error,
        }
    }
}

/// What every model of a vendor may do: nothing that the vendor has no address for.
pub(crate) fn capabilities(dialect: &Dialect) -> Capabilities {
    let paths = &dialect.paths;
    let may = |path: Option<&str>| if path.is_some() { Support::Unknown } else { Support::No };
    let mut capabilities = Capabilities::chat();
    if paths.chat.is_empty() {
        (capabilities.chat, capabilities.streaming) = (Support::No, Support::No);
    }
    capabilities.embeddings = may(paths.embed);
    capabilities.rerank = may(paths.rerank);
    capabilities.images = may(paths.images);
    capabilities.speech = may(paths.speech);
    capabilities.transcription = may(paths.transcriptions);
    capabilities.moderation = may(paths.moderations);
    capabilities.count_tokens = may(paths.count_tokens);
    capabilities
}

/// An error found in an answer, with the id by which the vendor knows the request.
pub(crate) fn of_answer(error: Error, headers: &HeaderMap) -> Error {
    if error.request_id().is_some() { error } else { error.with_request_id(request_id(headers)) }
}

/// The key's own header.
fn authorize(headers: &mut HeaderMap, auth: Auth, credential: &Secret) -> Option<()> {
    let key = credential.expose().trim();
    let (name, value) = match auth {
        Auth::Header(name) => (HeaderName::from_static(name), Secret::new(key)),
        Auth::HeaderOrToken(name) if !is_token(credential) => (HeaderName::from_static(name), Secret::new(key)),
        Auth::Bearer | Auth::HeaderOrToken(_) => (AUTHORIZATION, Secret::new(format!("Bearer {key}"))),
    };
    headers.insert(name, sensitive(&value)?);
    Some(())
}

fn sensitive(value: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value.expose()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn unsendable(what: &str, id: &str) -> Error {
    wrong_setting(id, what, "it has characters that cannot be sent in a header")
}

#[async_trait]
impl Adapter for OpenAiAdapter {
    fn id(&self) -> &str {
        &self.id
    }

    fn api(&self) -> &str {
        match self.dialect.chat_api {
            ChatApi::Responses => responses::FAMILY,
            ChatApi::Completions | ChatApi::Both => FAMILY,
        }
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        let mut capabilities = self.capabilities.clone();
        capabilities.lay(&self.models.capabilities(self.plugin.id, model));
        capabilities
    }

    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        let route = self.route(cx)?;
        let (dialect, protocol, origin) = self.asked(request, false)?;
        let Encoded { body, warnings } = protocol.encode(request, &origin, false, &dialect)?;
        let answer = async {
            let answer =
                self.unary(cx, route.post(protocol.path(&dialect, &request.model), &request.model, body)).await?;
            let mut response =
                protocol.decode(&answer.body, &origin, &dialect).map_err(|error| of_answer(error, &answer.headers))?;
            response.request_id = request_id(&answer.headers);
            response.rate_limits = rate_limits(&answer.headers, None).summary();
            response.warnings = warnings;
            Ok(response)
        };
        answer.await.map_err(|error| route.hide(error))
    }

    async fn chat_stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, Error> {
        let route = self.route(cx)?;
        let (dialect, protocol, origin) = self.asked(request, true)?;
        let Encoded { body, warnings } = protocol.encode(request, &origin, true, &dialect)?;
        let request = route.post(protocol.path(&dialect, &request.model), &request.model, body);
        let response = exchange::open(cx, request, |response| error::decode_error(response, &dialect))
            .await
            .map_err(|error| route.hide(error))?;
        let stream = protocol.stream(response, origin, warnings, &dialect);
        Ok(match route.key {
            Some(key) => stream.scrubbed(key.clone()),
            None => stream,
        })
    }

    async fn embed(&self, cx: &Cx, request: &EmbedRequest) -> Result<EmbedResponse, Error> {
        self.operate(
            cx,
            Operation { name: "embed", path: self.dialect.paths.embed, model: &request.model, needed_by: None },
            |origin| embed::encode_request(request, origin, &self.dialect),
            |answer, origin| embed::decode_response(&answer.body, origin, &self.dialect),
        )
        .await
    }

    async fn rerank(&self, cx: &Cx, request: &RerankRequest) -> Result<RerankResponse, Error> {
        self.operate(
            cx,
            Operation { name: "rerank", path: self.dialect.paths.rerank, model: &request.model, needed_by: None },
            |origin| rerank::encode_request(request, origin, &self.dialect),
            |answer, origin| rerank::decode_response(&answer.body, origin, &self.dialect),
        )
        .await
    }

    async fn image(&self, cx: &Cx, request: &ImageRequest) -> Result<ImageResponse, Error> {
        let Paths { images, image_edits, .. } = self.dialect.paths;
        let path = if request.images.is_empty() { images } else { image_edits };
        let edited = (!request.images.is_empty()).then_some("images");
        self.operate(
            cx,
            Operation { name: "image", path, model: &request.model, needed_by: edited },
            |origin| images::encode_request(request, origin, &self.dialect),
            |answer, origin| images::decode_response(&answer.body, request, origin, &self.dialect),
        )
        .await
    }

    async fn speech(&self, cx: &Cx, request: &SpeechRequest) -> Result<SpeechResponse, Error> {
        self.operate(
            cx,
            Operation { name: "speech", path: self.dialect.paths.speech, model: &request.model, needed_by: None },
            |origin| speech::encode_request(request, origin, &self.dialect),
            |answer, origin| {
                speech::decode_response(answer.body.clone(), content_type(answer), request, origin, &self.dialect)
            },
        )
        .await
    }

    async fn transcribe(&self, cx: &Cx, request: &TranscribeRequest) -> Result<TranscribeResponse, Error> {
        let Paths { translations, transcriptions, .. } = self.dialect.paths;
        let path = if request.translate { translations } else { transcriptions };
        let translated = request.translate.then_some("translate");
        self.operate(
            cx,
            Operation { name: "transcribe", path, model: &request.model, needed_by: translated },
            |origin| transcriptions::encode_request(request, origin, &self.dialect),
            |answer, origin| transcriptions::decode_response(&answer.body, content_type(answer), origin, &self.dialect),
        )
        .await
    }

    async fn moderate(&self, cx: &Cx, request: &ModerateRequest) -> Result<ModerateResponse, Error> {
        self.operate(
            cx,
            Operation {
                name: "moderate",
                path: self.dialect.paths.moderations,
                model: &request.model,
                needed_by: None,
            },
            |origin| moderations::encode_request(request, origin, &self.dialect),
            |answer, origin| moderations::decode_response(&answer.body, origin, &self.dialect),
        )
        .await
    }

    async fn count_tokens(&self, cx: &Cx, request: &ChatRequest) -> Result<TokenCount, Error> {
        self.operate(
            cx,
            Operation {
                name: "count_tokens",
                path: self.dialect.paths.count_tokens,
                model: &request.model,
                needed_by: None,
            },
            |origin| {
                // It is counted as the Responses API would read it: signatures of that family count, too.
                let to = Origin { api: responses::FAMILY.into(), ..origin.clone() };
                count_tokens::encode_request(request, &to, &self.dialect)
            },
            |answer, origin| count_tokens::decode_response(&answer.body, origin, &self.dialect),
        )
        .await
    }

    async fn models(&self, cx: &Cx) -> Result<Vec<ModelInfo>, Error> {
        let route = self.route(cx)?;
        let Some(path) = self.dialect.paths.models else { return Err(Error::unsupported(&self.id, "models")) };
        let answer = async {
            let answer = self.unary(cx, route.get(path)).await?;
            models::decode_response(&answer.body, &self.dialect).map_err(|error| of_answer(error, &answer.headers))
        };
        answer.await.map_err(|error| route.hide(error))
    }
}

impl fmt::Debug for OpenAiAdapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAiAdapter").field("id", &self.id).field("plugin", &self.plugin.id).finish_non_exhaustive()
    }
}
