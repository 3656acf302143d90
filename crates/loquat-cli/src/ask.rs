//! `loquat ask`: one question, one answer.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::PathBuf;

use clap::Args;
use loquat::Piece;

use crate::client;
use crate::failure::Failure;

/// Ask a model one question.
#[derive(Args)]
pub(crate) struct Ask {
    /// The question
    #[arg(required = true)]
    prompt: Vec<String>,
    /// The model: a route, provider/model, or a provider
    #[arg(short, long, env = "LOQUAT_MODEL")]
    model: Option<String>,
    /// Instructions for the model
    #[arg(short, long)]
    system: Option<String>,
    /// Configuration file
    #[arg(short, long)]
    config: Option<PathBuf>,
    /// Wait for the whole answer instead of printing it as it comes
    #[arg(long)]
    no_stream: bool,
    /// Print tokens and attempts to standard error
    #[arg(short, long)]
    usage: bool,
}

impl Ask {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let built = client::build(self.config.as_deref(), self.model.as_deref())?;
        if built.demo {
            eprintln!("note: no provider is configured; answering with local/echo (deterministic text, not an LLM)");
            eprintln!(
                "help: set OPENAI_API_KEY, ANTHROPIC_API_KEY, GOOGLE_API_KEY or OLLAMA_HOST; `loquat providers` shows all"
            );
        }
        let mut prompt = self.prompt.join(" ");
        if !std::io::stdin().is_terminal() {
            let mut more = String::new();
            std::io::stdin()
                .read_to_string(&mut more)
                .map_err(|error| Failure::io("reading standard input", &error))?;
            if !more.trim().is_empty() {
                prompt = format!("{prompt}\n\n{more}");
            }
        }
        let mut call = built.client.chat(prompt);
        if let Some(system) = &self.system {
            call = call.system(system);
        }
        if self.no_stream {
            let reply = call.await?;
            print(&format!("{reply}\n"))?;
            self.report(&reply.target(), reply.usage(), reply.attempts());
            return Ok(());
        }
        let mut pieces = call.stream().await?;
        while let Some(piece) = pieces.next().await {
            match piece? {
                Piece::Text(text) => print(&text)?,
                Piece::Done(summary) => {
                    print("\n")?;
                    self.report(&summary.target, &summary.usage, &summary.attempts);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn report(&self, target: &str, usage: &llm_core::Usage, attempts: &[llm_core::Attempt]) {
        if self.usage {
            eprintln!("{target} · {usage} tokens");
            for attempt in attempts {
                eprintln!("  attempt {}: {attempt}", attempt.number);
            }
        }
    }
}

/// Writes to standard output at once. A reader that went away (`| head`) is no failure.
fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(Failure::io("writing the answer", &error)),
        Ok(()) => Ok(()),
    }
}
