//! A vendor that does not exist, with a protocol of its own, and a plugin for it that conforms.
//!
//! `defect` in its configuration breaks the plugin in one way, to show that the suite finds it.

mod decode;
mod encode;

use std::sync::Arc;

use http::HeaderValue;
use llm_core::{
    Adapter, BuildCx, ChatRequest, ChatResponse, ChatStream, Cx, EmbedRequest, EmbedResponse, Error, ErrorKind,
    HttpRequest, Origin, Provider, ProviderPlugin, Secret, Setting, Warning, read_config,
};
use llm_wire::{ErrorResponse, drive, exchange};
use serde::Deserialize;
use serde_json::{Map, Value};

use decode::Decoder;

pub(super) static PLUGIN: ProviderPlugin =
    ProviderPlugin::new("toy", "Toy", build, env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        .with_settings(&[
            Setting::key("api_key", "the key").with_env(&["TOY_API_KEY"]),
            Setting::optional("base_url", "the address"),
            Setting::optional("defect", "breaks the plugin in one way"),
        ])
        .with_default_model("toy-1");
llm_core::register_provider!(PLUGIN);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    api_key: Option<Secret>,
    #[serde(default = "base_url")]
    base_url: String,
    #[serde(default)]
    defect: String,
}

fn base_url() -> String {
    "https://api.toy.test".to_owned()
}

pub(super) struct Toy {
    id: Arc<str>,
    config: Config,
}

fn build(mut config: Map<String, Value>, cx: &BuildCx) -> Result<Arc<dyn Provider>, Error> {
    if config.get("defect").is_some_and(|defect| defect == "takes any setting") {
        config.retain(|key, _| ["api_key", "base_url", "defect"].contains(&key.as_str()));
    }
    let config: Config = read_config(config, cx)?;
    if !config.base_url.starts_with("https://") || config.base_url.contains('@') {
        let shown = if config.defect == "repeats a bad address" { &*config.base_url } else { "it" };
        return Err(Error::new(ErrorKind::Config, format!("reading base_url: {shown} is no address of a toy")));
    }
    if config.defect == "refuses to build without a key" && config.api_key.is_none() {
        return Err(Error::new(ErrorKind::Config, "no key: set TOY_API_KEY"));
    }
    let id = if config.defect == "ignores its instance id" { PLUGIN.id.into() } else { cx.id.clone() };
    Ok(Arc::new(Toy { id, config }))
}

impl Toy {
    fn has(&self, defect: &str) -> bool {
        self.config.defect == defect
    }

    fn key(&self, cx: &Cx) -> Result<Secret, Error> {
        let own = || self.config.api_key.clone().filter(|key| self.has("takes a blank key") || !key.is_blank());
        let key = if self.has("ignores the key of the call") { own() } else { cx.credential.clone().or_else(own) };
        key.ok_or_else(|| {
            let message = match &*self.config.defect {
                "does not name the variable" => "api key missing",
                _ => "api key missing: set TOY_API_KEY or api_key of the provider \"toy\"",
            };
            let kind = if self.has("gives another class") { ErrorKind::Config } else { ErrorKind::Auth };
            Error::new(kind, message)
        })
    }

    fn request(&self, cx: &Cx, key: &Secret, request: &ChatRequest, stream: bool) -> Result<Prepared, Error> {
        let origin = Arc::new(Origin::new("toy", self.id.clone(), request.model.clone()));
        let (mut body, warnings) = encode::request(request, &origin, stream, &self.config.defect)?;
        let own_endpoint = self.has("sends its key to any address");
        let endpoint = cx.endpoint.as_deref().filter(|_| cx.credential.is_some() || own_endpoint);
        let base = endpoint.unwrap_or(&self.config.base_url);
        let mut url = format!("{base}/chat");
        if self.has("puts the key into the url") {
            url = format!("{url}?key={}", key.expose());
        }
        if self.has("puts the key into the body") {
            body["key"] = key.expose().into();
        }
        let mut http = HttpRequest::post_json(url, body.to_string());
        let mut value = HeaderValue::from_str(key.expose())
            .map_err(|_| Error::new(ErrorKind::Auth, "the api key has characters that no header can carry"))?;
        value.set_sensitive(!self.has("shows the key's header"));
        http.headers.insert("x-toy-key", value);
        Ok(Prepared { http, origin, warnings })
    }

    /// Sends a body of its own to an operation that is not about chats.
    fn embedding(&self, cx: &Cx, request: &EmbedRequest) -> Result<(HttpRequest, Arc<Origin>, Vec<Warning>), Error> {
        let key = self.key(cx)?;
        let origin = Arc::new(Origin::new("toy", self.id.clone(), request.model.clone()));
        let (body, warnings) = encode::embedding(request, &origin, &self.config.defect)?;
        let mut http = HttpRequest::post_json(format!("{}/embed", self.config.base_url), body.to_string());
        let mut value = HeaderValue::from_str(key.expose()).map_err(|_| Error::new(ErrorKind::Auth, "no key"))?;
        value.set_sensitive(true);
        http.headers.insert("x-toy-key", value);
        Ok((http, origin, warnings))
    }

    fn scrub(&self, key: &Secret) -> impl Fn(Error) -> Error {
        let shows = self.has("shows an echoed key");
        move |error| if shows { error } else { error.scrubbed(key) }
    }
}

struct Prepared {
    http: HttpRequest,
    origin: Arc<Origin>,
    warnings: Vec<Warning>,
}

#[llm_core::async_trait]
impl Adapter for Toy {
    fn id(&self) -> &str {
        &self.id
    }

    fn api(&self) -> &'static str {
        "toy"
    }

    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        let key = self.key(cx)?;
        let prepared = self.request(cx, &key, request, false)?;
        let defect = &*self.config.defect;
        let classify = |response: &ErrorResponse| decode::error(response, defect);
        let answer = async {
            let success = exchange::unary(cx, prepared.http, classify).await.map_err(|error| match defect {
                "forgets how far it got" => Error::new(error.kind(), error.message().to_owned()),
                _ => error,
            })?;
            decode::response(&success.body, &prepared.origin, defect)
        };
        let mut response = match defect {
            // The call goes on although its caller has gone.
            "goes on when dropped" => answer_in_the_background(cx, self.request(cx, &key, request, false)?).await,
            _ => answer.await,
        }
        .map_err(self.scrub(&key))?;
        response.warnings = prepared.warnings;
        Ok(response)
    }

    async fn chat_stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, Error> {
        let key = self.key(cx)?;
        let prepared = self.request(cx, &key, request, true)?;
        let defect = &*self.config.defect;
        let opened = exchange::open(cx, prepared.http, |response| decode::error(response, defect)).await;
        let response = opened.map_err(self.scrub(&key))?;
        let warnings = if defect == "warns only in whole answers" { Vec::new() } else { prepared.warnings };
        let decoder = Decoder::new(prepared.origin, warnings, defect);
        let stream = match defect {
            "collects the stream first" => {
                let response = drive::sse_stream(response, decoder).collect().await;
                let events = response.map(decode::events).unwrap_or_default();
                ChatStream::new(futures_util::stream::iter(events.into_iter().map(Ok)))
            }
            "reads each chunk alone" => decode::lenient(response, decoder),
            _ => drive::sse_stream(response, decoder),
        };
        Ok(if self.has("shows an echoed key") { stream } else { stream.scrubbed(key) })
    }

    async fn embed(&self, cx: &Cx, request: &EmbedRequest) -> Result<EmbedResponse, Error> {
        if self.has("refuses a task without its name") && request.task.is_some() {
            return Err(Error::unsupported(&self.id, "embed"));
        }
        let (http, origin, warnings) = self.embedding(cx, request)?;
        let success = exchange::unary(cx, http, |response| decode::error(response, "")).await?;
        let mut response = decode::vectors(&success.body, &origin)?;
        response.warnings = warnings;
        Ok(response)
    }
}

async fn answer_in_the_background(cx: &Cx, prepared: Prepared) -> Result<ChatResponse, Error> {
    let cx = cx.clone();
    let task = tokio::spawn(async move {
        let success = exchange::unary(&cx, prepared.http, |response| decode::error(response, "")).await?;
        decode::response(&success.body, &prepared.origin, "")
    });
    task.await.map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?
}
