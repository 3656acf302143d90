//! `loquat estimate`: what a request would cost wherever it may go. Nothing is sent.

use std::path::{Path, PathBuf};

use clap::Args;
use llm_core::{ChatRequest, Usd};
use loquat::{Client, Config, Environment, Forecast, ProviderConfig};
use serde_json::{Value, json};

use crate::catalogue::Given;
use crate::failure::Failure;
use crate::terminal::{line, note};
use crate::{client, stdin};

/// Say what a request would cost at each target that it may go to; nothing is sent.
///
/// Tokens are estimated. A usual answer is thought to have 512 tokens; the longest is what the request allows, or else
/// what the model can.
#[derive(Args)]
pub(crate) struct Estimate {
    /// The question. What is piped in is appended; `-` waits for it without limit
    prompt: Vec<String>,
    /// A file instead of a question: a request in OpenAI's form, or plain text. - is standard input
    #[arg(short, long, value_name = "FILE", conflicts_with = "prompt")]
    file: Option<PathBuf>,
    #[arg(short, long, help = "The model: a route, provider/model, or a provider [env: LOQUAT_MODEL]")]
    model: Option<String>,
    /// The longest answer, in tokens
    #[arg(long, value_name = "N")]
    max_tokens: Option<u32>,
    #[arg(short, long, help = "Configuration file [env: LOQUAT_CONFIG]")]
    config: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Estimate {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let environment = Environment::read()?;
        let mut config = client::looking(&environment, self.config.as_deref())?;
        let mut request = self.request().await?;
        if let Some(model) = &self.model {
            request.model.clone_from(model);
        }
        if self.max_tokens.is_some() {
            request.sampling.max_output_tokens = self.max_tokens;
        }
        stand_in(&mut config, &environment, &request.model)?;
        let client = Client::builder().config(config).environment(environment).build()?;
        let forecasts = client.estimate(&client.cx(None), request)?;
        if self.json {
            return line(json!(forecasts));
        }
        table(&forecasts)
    }

    async fn request(&self) -> Result<ChatRequest, Failure> {
        let Some(file) = &self.file else {
            return Ok(ChatRequest::default().with_user(stdin::question(&self.prompt).await?));
        };
        let bytes = if file == Path::new("-") {
            stdin::whole().await?
        } else {
            std::fs::read(file).map_err(|error| Failure::io(format!("reading {}", file.display()), &error))?
        };
        let wrong = |what: &dyn std::fmt::Display| Failure::Usage(format!("reading {}: {what}", file.display()));
        if is_chat(&bytes) {
            let decoded = llm_wire_openai::chat::decode_request(&bytes).map_err(|error| wrong(&error))?;
            return Ok(decoded.request);
        }
        let text = String::from_utf8(bytes).map_err(|_| wrong(&"it is no text in UTF-8"))?;
        if text.trim().is_empty() {
            return Err(wrong(&"it is empty"));
        }
        Ok(ChatRequest::default().with_user(text))
    }
}

/// Whether these bytes are the body of a request in OpenAI's form, and not the text of a question.
fn is_chat(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Value>(bytes).is_ok_and(|body| body.get("messages").is_some_and(Value::is_array))
}

/// A provider whose key is not here can be asked for nothing, but its prices are known all the same: other keys stand in.
fn stand_in(config: &mut Config, environment: &Environment, model: &str) -> Result<(), Failure> {
    let registry = loquat::registry()?;
    let named = if model.is_empty() { config.defaults.model.as_deref().unwrap_or_default() } else { model };
    let id = named.split_once('/').map_or(named, |(provider, _)| provider).to_owned();
    let is_named = |name: &String| name == named;
    let is_route = config.routes.iter().any(|route| is_named(&route.name) || route.aliases.iter().any(is_named));
    if !is_route
        && !config.providers.iter().any(|provider| provider.id == id)
        && let Ok(plugin) = registry.plugin(&id)
        && !loquat::is_configured(plugin, environment)
    {
        config.providers.push(ProviderConfig::new(plugin.id));
    }
    let mut known = std::mem::take(&mut config.providers);
    for provider in &mut known {
        let Ok(plugin) = registry.plugin(provider.kind.as_deref().unwrap_or(&provider.id)) else { continue };
        let given = Given { id: &provider.id, plugin, own: Some(provider), config, environment };
        let mut lacking = plugin.missing(|setting| given.has(setting));
        let said = plugin.settings.iter().filter(|setting| provider.settings.contains_key(setting.key));
        lacking.extend(said.filter(|setting| !given.has(setting)));
        lacking.retain(|setting| setting.secret);
        if !lacking.is_empty() {
            note(format_args!(
                "note: {} has no key here: it is known what it costs, but it could not be asked",
                provider.id
            ));
        }
        for setting in lacking {
            provider.settings.insert(setting.key.to_owned(), "nothing-is-sent".into());
        }
    }
    config.providers = known;
    Ok(())
}

fn table(forecasts: &[Forecast]) -> Result<(), Failure> {
    let name = forecasts.iter().map(|forecast| forecast.target.to_string().len()).max().unwrap_or(0).max(6);
    line(format_args!(
        "{:<4}{:<name$}  {:>9}  {:>12}  {:>14}  {:>14}  {:>14}",
        "", "target", "tokens in", "usual answer", "longest answer", "usual cost", "at most"
    ))?;
    let dollars = |usd: Option<Usd>| usd.map_or_else(|| "-".to_owned(), |usd| format!("${usd}"));
    for forecast in forecasts {
        line(format_args!(
            "{:<4}{:<name$}  {:>9}  {:>12}  {:>14}  {:>14}  {:>14}",
            forecast.rank.map_or_else(|| "–".to_owned(), |rank| format!("{rank}.")),
            forecast.target.to_string(),
            forecast.input,
            forecast.output,
            forecast.longest.map_or_else(|| "-".to_owned(), |tokens| tokens.to_string()),
            dollars(forecast.usual),
            dollars(forecast.most),
        ))?;
    }
    if forecasts.iter().any(|forecast| forecast.usual.is_none()) {
        note("note: - is not known; [[prices.model]] in the configuration says what a model costs");
    }
    if forecasts.iter().any(|forecast| forecast.rank.is_none()) {
        note("note: a target without a number would not be asked; `loquat route explain` says why");
    }
    Ok(())
}
