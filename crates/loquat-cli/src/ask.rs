//! `loquat ask`: one question, one answer.

use std::path::PathBuf;

use clap::Args;
use llm_core::{Attempt, Cost, PartKind, Usage};
use loquat::{ChatCall, Environment, Piece, Reply};

use crate::failure::Failure;
use crate::terminal::{line, note, warn, write};
use crate::{client, stdin};

/// Ask a model one question.
#[derive(Args)]
pub(crate) struct Ask {
    /// The question. What is piped in is appended; `-` waits for it without limit
    #[arg(required = true)]
    prompt: Vec<String>,
    #[arg(short, long, help = "The model: a route, provider/model, or a provider [env: LOQUAT_MODEL]")]
    model: Option<String>,
    /// Instructions for the model
    #[arg(short, long)]
    system: Option<String>,
    #[arg(short, long, help = "Configuration file [env: LOQUAT_CONFIG]")]
    config: Option<PathBuf>,
    /// Wait for the whole answer instead of printing it as it comes
    #[arg(long)]
    no_stream: bool,
    /// Print tokens, cost and attempts to standard error
    #[arg(short, long)]
    usage: bool,
}

impl Ask {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let built = client::build(Environment::read()?, self.config.as_deref(), self.model.as_deref())?;
        if built.demo {
            note("note: no provider is configured; answering with local/echo (deterministic text, not an LLM)");
            note(
                "help: set OPENAI_API_KEY, ANTHROPIC_API_KEY, GOOGLE_API_KEY or OLLAMA_HOST; `loquat providers` shows all",
            );
            for hint in &built.hints {
                note(format_args!("help: {hint}"));
            }
        }
        let mut call = built.client.chat(stdin::question(&self.prompt).await?);
        if let Some(system) = &self.system {
            call = call.system(system);
        }
        if self.no_stream {
            let reply = call.await?;
            line(words(&reply))?;
            warn(&reply.warnings);
            self.report(&reply.target(), reply.usage(), reply.cost(), reply.attempts());
            return Ok(());
        }
        self.stream(call).await
    }

    async fn stream(&self, call: ChatCall<'_>) -> Result<(), Failure> {
        let mut pieces = call.stream().await?;
        let mut begun = false;
        while let Some(piece) = pieces.next().await {
            match piece {
                Ok(Piece::Text(text)) => {
                    begun = true;
                    write(text)?;
                }
                Ok(Piece::Done(summary)) => {
                    write("\n")?;
                    warn(&summary.warnings);
                    self.report(&summary.target, &summary.usage, summary.cost.as_ref(), &summary.attempts);
                }
                Ok(_) => {}
                Err(error) => {
                    if begun {
                        // The error gets a line of its own.
                        write("\n")?;
                    }
                    return Err(error.into());
                }
            }
        }
        Ok(())
    }

    fn report(&self, target: &str, usage: &Usage, cost: Option<&Cost>, attempts: &[Attempt]) {
        if self.usage {
            let cost = cost.map(|cost| format!(" · {cost}")).unwrap_or_default();
            note(format_args!("{target} · {usage} tokens{cost}"));
            for attempt in attempts {
                note(format_args!("  attempt {}: {attempt}", attempt.number));
            }
        } else if let Some(Attempt { target: first, failure: Some(failure), .. }) = attempts.first()
            && first.to_string() != target
        {
            note(format_args!("note: {first} failed ({}), {target} answered", failure.kind));
        }
    }
}

/// The words of an answer; those of a refusal where there are no others.
fn words(reply: &Reply) -> String {
    let words = reply.text();
    if !words.is_empty() {
        return words;
    }
    let refusals = reply.message.content.iter().filter_map(|part| match &part.kind {
        PartKind::Refusal { text } => Some(text.as_str()),
        _ => None,
    });
    refusals.collect()
}
