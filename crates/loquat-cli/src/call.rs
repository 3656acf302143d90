//! `loquat call`: one request in, one JSON object out, for scripts and tests of other programs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use llm_core::{ChatRequest, ChatResponse, Error, ErrorKind, ProviderPlugin};
use loquat::{Client, Config, Environment, ProviderConfig, normal};

use crate::failure::Failure;
use crate::stdin;
use crate::terminal::{line, warn};

/// The longest wait that a vendor may ask for before the call is tried again; after a longer one the error is printed.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Send one request and print the answer as one JSON object.
///
/// A passing failure is tried again up to three times (`LLM_MAX_RETRIES`), but no vendor is waited for longer than 5 s.
#[derive(Args)]
pub(crate) struct Call {
    /// The provider's id, for example openai
    #[arg(long)]
    provider: String,
    /// Another address of the provider. On this machine (127.0.0.1, localhost) no key is needed
    #[arg(long)]
    base_url: Option<String>,
    /// The model, instead of the one in the request
    #[arg(long)]
    model: Option<String>,
    /// Ask for a stream and put it together
    #[arg(long)]
    stream: bool,
    /// File with the request, or - for standard input
    #[arg(long, value_name = "FILE|-")]
    request: PathBuf,
    /// The request's form: Loquat's own, or a vendor's
    #[arg(long, value_enum, default_value = "loquat")]
    from: Form,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    Loquat,
    Openai,
    Anthropic,
    Gemini,
}

impl Call {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let answer = tokio::select! {
            answer = self.answer() => answer,
            _ = tokio::signal::ctrl_c() => Err(Error::new(ErrorKind::Cancelled, "the call was interrupted")),
        };
        match answer {
            Ok(response) => {
                warn(&response.warnings);
                line(normal::answer(&response))
            }
            Err(error) => {
                line(normal::error(&error))?;
                Err(Failure::Printed(error))
            }
        }
    }

    async fn answer(&self) -> Result<ChatResponse, Error> {
        let body = self.body().await?;
        let mut request = self.decode(&body)?;
        let registry = loquat::registry()?;
        let plugin = registry.plugin(&self.provider)?;
        if let Some(model) = self.model.as_deref().or(plugin.default_model.filter(|_| request.model.is_empty())) {
            model.clone_into(&mut request.model);
        }
        if request.model.is_empty() {
            return Err(Error::new(ErrorKind::InvalidRequest, "no model: pass --model or set `model` in the request")
                .with_param("model"));
        }
        request.model = format!("{}/{}", plugin.id, request.model);
        let client = self.client(plugin)?;
        let cx = client.cx(None);
        if self.stream {
            client.send_stream(&cx, request).await?.collect().await
        } else {
            client.send(&cx, request).await
        }
    }

    /// A client of this provider with the environment's times, retries and proxy, but not with its choice of models.
    fn client(&self, plugin: &'static ProviderPlugin) -> Result<Client, Error> {
        let environment = Environment::read()?;
        let mut config = Config::from_environment(&environment)?;
        (config.defaults.model, config.defaults.fallback) = (None, Vec::new());
        // A script would rather be told to come back in a minute than wait that minute.
        config.defaults.retry.get_or_insert_default().max_hint = LONGEST_WAIT;
        let mut provider = ProviderConfig::new(plugin.id);
        if let Some(url) = &self.base_url {
            provider = provider.with("base_url", url.as_str());
            let missing = plugin.missing(|setting| environment.first(setting.env).is_some());
            if let Some(key) = missing.into_iter().find(|setting| setting.secret)
                && is_loopback(url)
            {
                provider = provider.with(key.key, "no-key-on-this-machine");
            }
        }
        Client::builder().config(config).environment(environment).provider(provider).build()
    }

    async fn body(&self) -> Result<Vec<u8>, Error> {
        let body = if self.request == Path::new("-") {
            stdin::whole().await
        } else {
            std::fs::read(&self.request).map_err(|error| Failure::io("reading the file", &error))
        };
        body.map_err(|failure| match failure {
            Failure::Io(what) => self.wrong(&what),
            _ => self.wrong(&"it cannot be read"),
        })
    }

    fn decode(&self, body: &[u8]) -> Result<ChatRequest, Error> {
        match self.from {
            Form::Loquat => serde_json::from_slice(body).map_err(|error| self.wrong(&error)),
            Form::Openai => llm_wire_openai::chat::decode_request(body).map(|decoded| decoded.request),
            Form::Anthropic => llm_wire_anthropic::messages::decode_request(body).map(|decoded| decoded.request),
            Form::Gemini => {
                let model = self.model.as_deref().unwrap_or_default();
                llm_wire_gemini::generate::decode_request(body, model, self.stream).map(|decoded| decoded.request)
            }
        }
    }

    fn wrong(&self, what: &dyn std::fmt::Display) -> Error {
        Error::new(ErrorKind::InvalidRequest, format!("reading the request {}: {what}", self.request.display()))
    }
}

/// Whether a URL points to this machine.
fn is_loopback(url: &str) -> bool {
    let authority =
        url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        // What stands before it is a user, whatever it looks like.
        return false;
    }
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_this_machine_is_this_machine() {
        for (url, expected) in [
            ("http://127.0.0.1:8080/v1", true),
            ("http://localhost/v1", true),
            ("http://[::1]:80", true),
            ("http://127.0.0.1.example/v1", false),
            ("http://user@127.0.0.1/", false),
            ("http://127.0.0.1:80@host.example/", false),
            ("https://api.openai.com/v1", false),
            ("http://example/127.0.0.1", false),
        ] {
            assert_eq!(is_loopback(url), expected, "{url}");
        }
    }
}
