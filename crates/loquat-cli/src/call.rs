//! `loquat call`: one request in, one JSON object out, for scripts and tests of other programs.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use llm_core::{ChatRequest, ChatResponse, Error, ErrorKind};
use loquat::{Client, Environment, ProviderConfig, normal};

use crate::failure::Failure;

/// Send one request and print the answer as one JSON object.
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
        match self.answer().await {
            Ok(response) => {
                println!("{}", normal::answer(&response));
                Ok(())
            }
            Err(error) => {
                println!("{}", normal::error(&error));
                Err(Failure::Printed(error))
            }
        }
    }

    async fn answer(&self) -> Result<ChatResponse, Error> {
        let mut request = self.read()?;
        let registry = loquat::registry()?;
        let plugin = registry.plugin(&self.provider)?;
        let mut provider = ProviderConfig::new(plugin.id);
        let environment = Environment::read()?;
        if let Some(url) = &self.base_url {
            provider = provider.with("base_url", url.as_str());
            let mut keys = plugin.settings.iter().filter(|setting| setting.required && setting.secret);
            if let Some(key) = keys.find(|key| environment.first(key.env).is_none())
                && is_loopback(url)
            {
                provider = provider.with(key.key, "no-key-on-this-machine");
            }
        }
        if let Some(model) = self.model.as_deref().or(plugin.default_model.filter(|_| request.model.is_empty())) {
            model.clone_into(&mut request.model);
        }
        if request.model.is_empty() {
            return Err(Error::new(ErrorKind::InvalidRequest, "no model: pass --model or set `model` in the request")
                .with_param("model"));
        }
        request.model = format!("{}/{}", plugin.id, request.model);
        let client =
            Client::builder().config(loquat::Config::default()).environment(environment).provider(provider).build()?;
        let cx = client.cx(None);
        if self.stream {
            client.send_stream(&cx, request).await?.collect().await
        } else {
            client.send(&cx, request).await
        }
    }

    fn read(&self) -> Result<ChatRequest, Error> {
        let wrong = |error: &dyn std::fmt::Display| {
            Error::new(ErrorKind::InvalidRequest, format!("reading the request {}: {error}", self.request.display()))
        };
        let mut body = Vec::new();
        if self.request == Path::new("-") {
            std::io::stdin().read_to_end(&mut body).map_err(|error| wrong(&error))?;
        } else {
            body = std::fs::read(&self.request).map_err(|error| wrong(&error))?;
        }
        match self.from {
            Form::Loquat => serde_json::from_slice(&body).map_err(|error| wrong(&error)),
            Form::Openai => llm_wire_openai::chat::decode_request(&body).map(|decoded| decoded.request),
            Form::Anthropic => llm_wire_anthropic::messages::decode_request(&body).map(|decoded| decoded.request),
            Form::Gemini => {
                let model = self.model.as_deref().unwrap_or_default();
                llm_wire_gemini::generate::decode_request(&body, model, self.stream).map(|decoded| decoded.request)
            }
        }
    }
}

/// Whether a URL points to this machine.
fn is_loopback(url: &str) -> bool {
    let authority =
        url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', '?', '#']).next().unwrap_or_default();
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
            ("https://api.openai.com/v1", false),
            ("http://example/127.0.0.1", false),
        ] {
            assert_eq!(is_loopback(url), expected, "{url}");
        }
    }
}
