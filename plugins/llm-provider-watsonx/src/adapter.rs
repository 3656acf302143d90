//! The provider: addresses, accounts and tokens around OpenAI's wire format.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use llm_core::{
    Adapter, BuildCx, Capabilities, ChatRequest, ChatResponse, ChatStream, Cx, EmbedRequest, EmbedResponse, Error,
    ErrorKind, KnownModels, ModelInfo, Origin, Provider, RerankRequest, RerankResponse, Secret, Support,
};
use llm_wire::exchange::Success;
use llm_wire::oauth::{SignedIn, missing};
use llm_wire::{Account, ErrorResponse, percent_encoded, sse_stream};
use llm_wire_openai::{Encoded, FAMILY, chat, completions, embed, rerank};

use crate::answer::Stream;
use crate::body::{self, Billed};
use crate::config::Config;
use crate::dialect::{DIALECT, PROMPTS};
use crate::{PLUGIN, answer, token};

const VERSION: &str = "2024-03-13";
const IAM: &str = "https://iam.cloud.ibm.com";
/// Before the name of a deployment, in the place of a model.
const DEPLOYMENT: &str = "deployment/";

/// One account at watsonx.ai.
struct Watsonx {
    id: Arc<str>,
    models: Arc<dyn KnownModels>,
    /// With the key that is sent as it is, where there is one.
    account: Account,
    /// The name of the field, and its value.
    billed: Option<(&'static str, String)>,
    version: String,
}

/// What one call needs besides its body.
struct Call<'a> {
    account: Cow<'a, Account>,
    /// The path of the model's operations, up to the last segment.
    path: String,
    billed: Billed<'a>,
    origin: Arc<Origin>,
}

/// An account by its settings: a token and a Zen key are sent as they are, with an API key tokens are asked for.
pub(crate) fn build(cx: &BuildCx, config: Config) -> Result<Arc<dyn Provider>, Error> {
    let filled = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let given = |secret: Option<Secret>| secret.filter(|secret| !secret.is_blank());
    let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let region = filled(config.region).unwrap_or_else(|| "us-south".to_owned());
    let version = filled(config.api_version).unwrap_or_else(|| VERSION.to_owned());
    if !is_word(&region) || !is_word(&version) {
        let what = "reading region and api_version of watsonx: they must be a name such as eu-de and a date";
        return Err(Error::new(ErrorKind::Config, what));
    }
    let base_url = filled(config.base_url).unwrap_or_else(|| format!("https://{region}.ml.cloud.ibm.com"));
    let account = Account::new(&base_url, AUTHORIZATION)?.with_versions(&["/ml/v1", "/ml"])?.with_headers(&cx.headers);
    let (scheme, sent) = match (given(config.token), given(config.zen_api_key)) {
        (Some(token), _) => ("Bearer ", Some(token)),
        (None, Some(key)) => ("ZenApiKey ", Some(key)),
        (None, None) => ("Bearer ", None),
    };
    let by_token = sent.is_none();
    let project = filled(config.project).map(|id| ("project_id", id));
    let inner = Watsonx {
        id: cx.id.clone(),
        models: cx.models.clone(),
        account: account.with_scheme(scheme).with_key(sent)?,
        billed: project.or_else(|| filled(config.space_id).map(|id| ("space_id", id))),
        version,
    };
    if !by_token {
        return Ok(Arc::new(inner));
    }
    let url = token::url(filled(config.iam_url).as_deref().unwrap_or(IAM));
    let source = token::source(&url, given(config.api_key), &cx.id);
    let signed_in = SignedIn::new(inner, source);
    Ok(Arc::new(signed_in.with_keys_of_calls(move |credential| token::of_call(&url, credential))))
}

impl Watsonx {
    fn begin(&self, cx: &Cx, model: &str) -> Result<Call<'_>, Error> {
        let (path, billed) = match (model.strip_prefix(DEPLOYMENT), &self.billed) {
            (Some(deployment), _) => (format!("/ml/v1/deployments/{}/text", percent_encoded(deployment)), None),
            (None, Some((name, id))) => ("/ml/v1/text".to_owned(), Some((*name, &**id))),
            (None, None) => {
                let how = PLUGIN.how_to_set(&self.id, &["project", "space_id"]);
                return Err(missing(format!("project missing: set {how}")));
            }
        };
        let origin = Arc::new(Origin::new(FAMILY, self.id.clone(), model));
        Ok(Call { account: self.account.for_call(cx)?, path, billed, origin })
    }

    fn url(&self, call: &Call<'_>, operation: &str) -> String {
        format!("{}/{operation}?version={}", call.path, self.version)
    }

    /// Whether a model continues prompts and knows no chats.
    fn continues(&self, model: &str) -> bool {
        self.models.capabilities(PLUGIN.id, model).completions_only == Support::Yes
    }

    fn encode(&self, call: &Call<'_>, request: &ChatRequest) -> Result<Encoded, Error> {
        // Whether it is streamed says the path.
        let (encoded, reshape): (_, fn(&[u8], Billed<'_>) -> _) = if self.continues(&request.model) {
            (completions::encode_request(request, &call.origin, false, &PROMPTS)?, body::prompt)
        } else {
            (chat::encode_request(request, &call.origin, false, &DIALECT)?, body::chat)
        };
        Ok(Encoded { body: reshape(&encoded.body, call.billed)?, ..encoded })
    }
}

fn classify(response: &ErrorResponse) -> Error {
    llm_wire_openai::decode_error(response, &DIALECT)
}

#[async_trait]
impl Adapter for Watsonx {
    fn id(&self) -> &str {
        &self.id
    }

    fn api(&self) -> &str {
        FAMILY
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        let mut capabilities = Capabilities::chat();
        for support in [
            &mut capabilities.images,
            &mut capabilities.speech,
            &mut capabilities.transcription,
            &mut capabilities.moderation,
            &mut capabilities.count_tokens,
        ] {
            *support = Support::No;
        }
        capabilities.lay(&self.models.capabilities(PLUGIN.id, model));
        capabilities
    }

    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        let call = self.begin(cx, &request.model)?;
        let Encoded { body, warnings } = self.encode(&call, request)?;
        let continues = self.continues(&request.model);
        let operation = if continues { "generation" } else { "chat" };
        let decode = |success: &Success| {
            if continues {
                chat::decode_response(&answer::completion(&success.body, &mut 0)?, &call.origin, &DIALECT)
            } else {
                chat::decode_response(&success.body, &call.origin, &DIALECT)
            }
        };
        call.account.answer(cx, call.account.post(&self.url(&call, operation), body), warnings, classify, decode).await
    }

    async fn chat_stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, Error> {
        let call = self.begin(cx, &request.model)?;
        let Encoded { body, warnings } = self.encode(&call, request)?;
        let continues = self.continues(&request.model);
        let operation = if continues { "generation_stream" } else { "chat_stream" };
        let response = call.account.open(cx, call.account.post(&self.url(&call, operation), body), classify).await?;
        let inner = chat::Decoder::new(call.origin, warnings, &DIALECT).with_headers(&response.headers);
        Ok(call.account.hide_in(sse_stream(response, Stream { inner, input: continues.then_some(0) })))
    }

    async fn embed(&self, cx: &Cx, request: &EmbedRequest) -> Result<EmbedResponse, Error> {
        let call = self.begin(cx, &request.model)?;
        let Encoded { body, warnings } = embed::encode_request(request, &call.origin, &DIALECT)?;
        let request = call.account.post(&self.url(&call, "embeddings"), body::embed(&body, call.billed)?);
        let decode = |success: &Success| answer::embed(&success.body, &call.origin);
        call.account.answer(cx, request, warnings, classify, decode).await
    }

    async fn rerank(&self, cx: &Cx, request: &RerankRequest) -> Result<RerankResponse, Error> {
        let call = self.begin(cx, &request.model)?;
        let Encoded { body, warnings } = rerank::encode_request(request, &call.origin, &DIALECT)?;
        let request = call.account.post(&self.url(&call, "rerank"), body::rerank(&body, call.billed)?);
        let decode = |success: &Success| answer::rerank(&success.body, &call.origin);
        call.account.answer(cx, request, warnings, classify, decode).await
    }

    async fn models(&self, cx: &Cx) -> Result<Vec<ModelInfo>, Error> {
        let account = self.account.for_call(cx)?;
        let request = account.get(&format!("/ml/v1/foundation_model_specs?version={}&limit=200", self.version));
        account.ask(cx, request, classify, |success| answer::models(&success.body)).await
    }
}

impl fmt::Debug for Watsonx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watsonx").field("id", &self.id).finish_non_exhaustive()
    }
}
