//! `loquat route explain`: why a request would go where it goes. Nothing is sent.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use llm_core::{ChatRequest, Hints, QualityNeed, Target};
use loquat::{Client, Environment};
use serde_json::json;

use crate::failure::Failure;
use crate::terminal::line;
use crate::{client, stdin};

/// Look at routes.
#[derive(Args)]
pub(crate) struct Route {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Say why a request would go where it goes; nothing is sent
    Explain(Box<Explain>),
}

#[derive(Args)]
struct Explain {
    /// The question. What is piped in is appended; `-` waits for it without limit
    prompt: Vec<String>,
    #[arg(short, long, help = "The model: a route, provider/model, or a provider [env: LOQUAT_MODEL]")]
    model: Option<String>,
    #[arg(short, long, help = "Configuration file [env: LOQUAT_CONFIG]")]
    config: Option<PathBuf>,
    /// The request as JSON in Loquat's own form, instead of a question
    #[arg(long, value_name = "FILE", conflicts_with = "prompt")]
    request: Option<PathBuf>,
    /// The kind of task
    #[arg(long)]
    task: Option<String>,
    /// How good the answer must be
    #[arg(long, value_enum)]
    quality: Option<Quality>,
    /// Only targets of this region
    #[arg(long)]
    region: Option<String>,
    /// Who asks
    #[arg(long)]
    user: Option<String>,
    /// The session that the request belongs to
    #[arg(long)]
    session: Option<String>,
    /// A label; may be given again
    #[arg(long, value_name = "NAME=VALUE", value_parser = tag)]
    tag: Vec<(String, String)>,
    /// As if this provider, or this target, took no requests; may be given again
    #[arg(long, value_name = "PROVIDER[/MODEL]")]
    down: Vec<String>,
    /// Print the whole decision as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Quality {
    Low,
    Standard,
    High,
}

fn tag(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Route {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let Command::Explain(explain) = self.command;
        explain.run().await
    }
}

impl Explain {
    async fn run(self) -> Result<(), Failure> {
        let built = client::build_looking(Environment::read()?, self.config.as_deref(), self.model.as_deref())?;
        let client = built.client;
        for name in &self.down {
            take_down(&client, name)?;
        }
        let mut cx = client.cx(None);
        let mut hints = Hints::default();
        hints.task = self.task.as_deref().map(Arc::from);
        hints.quality = self.quality.map(|quality| match quality {
            Quality::Low => QualityNeed::Low,
            Quality::Standard => QualityNeed::Standard,
            Quality::High => QualityNeed::High,
        });
        hints.region = self.region.as_deref().map(Arc::from);
        hints.user = self.user.as_deref().map(Arc::from);
        hints.session = self.session.as_deref().map(Arc::from);
        cx = cx.with_hints(hints);
        if !self.tag.is_empty() {
            cx.tags = Some(Arc::new(self.tag.iter().cloned().collect()));
        }
        let decision = client.explain(&cx, self.request().await?)?;
        if self.json { line(json!(decision)) } else { line(decision) }
    }

    async fn request(&self) -> Result<ChatRequest, Failure> {
        if let Some(path) = &self.request {
            let text = std::fs::read(path)
                .map_err(|error| Failure::io(format!("reading the request {}", path.display()), &error))?;
            return serde_json::from_slice(&text)
                .map_err(|error| Failure::Usage(format!("reading the request {}: {error}", path.display())));
        }
        let question = stdin::question(&self.prompt).await?;
        Ok(ChatRequest::default().with_user(question))
    }
}

/// Shuts a provider's targets, or one target, in this process.
fn take_down(client: &Client, name: &str) -> Result<(), Failure> {
    let is_meant = |target: &Target| *target.provider == *name || target.to_string() == name;
    let targets: Vec<Target> =
        client.health().into_iter().map(|known| known.target).filter(|target| is_meant(target)).collect();
    if targets.is_empty() {
        return Err(Failure::Usage(format!("--down {name}: no route and no default model has a target of that name")));
    }
    for target in &targets {
        client.isolate(target);
    }
    Ok(())
}
