//! `loquat demo`: five scenes against an emulator on this machine, with the real provider plugins over real HTTP.
//!
//! Each scene says what should happen, shows what did, and fails the command when it was something else.

use std::fmt::Display;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use clap::Args;
use llm_core::Attempt;
use llm_testkit::emulator::Emulator;
use loquat::{Client, Config, Environment, Piece, ProviderConfig, RetryPolicy};

use crate::failure::Failure;
use crate::terminal::{line, write};

/// Show fallback, retries and streaming against an emulator on this machine.
#[derive(Args)]
pub(crate) struct Demo {}

const SCENES: usize = 5;

impl Demo {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let emulator = Emulator::start().await.map_err(|error| Failure::io("starting the emulator", &error))?;
        line(format_args!(
            "An emulator of four vendors listens on {}. No key, no network, no LLM.",
            emulator.base_url()
        ))?;
        let stage = Stage { emulator };
        stage.answered().await?;
        stage.falls_over().await?;
        stage.retried().await?;
        stage.streamed().await?;
        stage.all_failed().await?;
        line("\nAll five scenes went as they should. `loquat serve` starts the gateway.")
    }
}

struct Stage {
    emulator: Emulator,
}

impl Stage {
    async fn answered(&self) -> Result<(), Failure> {
        title(1, "one request, one answer", "openai/echo")?;
        let reply = self.client("openai/echo", &[])?.chat("Good morning from the demo").await?;
        told(&reply, reply.attempts())?;
        expect(reply.target() == "openai/echo" && reply.attempts().len() == 1, "one attempt at openai/echo")
    }

    async fn falls_over(&self) -> Result<(), Failure> {
        title(
            2,
            "429 at one vendor, the next one answers in its own protocol",
            "openai/limit-429-ra20, then anthropic/echo",
        )?;
        let reply = self.client("openai/limit-429-ra20", &["anthropic/echo"])?.chat("Is anybody there?").await?;
        told(&reply, reply.attempts())?;
        expect(
            reply.target() == "anthropic/echo" && reply.attempts().len() == 2,
            "an answer of anthropic/echo at the second attempt",
        )
    }

    async fn retried(&self) -> Result<(), Failure> {
        title(3, "a passing failure, tried again until it answers", "gemini/fail-503-x2")?;
        let reply = self.client("gemini/fail-503-x2", &[])?.chat("Third time lucky").await?;
        told(&reply, reply.attempts())?;
        expect(reply.attempts().len() == 3, "an answer at the third attempt")
    }

    async fn streamed(&self) -> Result<(), Failure> {
        title(4, "a stream, word by word, over NDJSON", "ollama/pace-20ms")?;
        let client = self.client("ollama/pace-20ms", &[])?;
        let mut pieces = client.chat("Words come one after the other, as they are made").stream().await?;
        let (mut count, mut done) = (0, false);
        write("    ")?;
        while let Some(piece) = pieces.next().await {
            match piece? {
                Piece::Text(text) => {
                    count += 1;
                    write(text)?;
                }
                Piece::Done(summary) => {
                    done = true;
                    line(format_args!("\n    {count} pieces, {} tokens", summary.usage))?;
                }
                _ => {}
            }
        }
        expect(done && count > 3, "several pieces and an end")
    }

    async fn all_failed(&self) -> Result<(), Failure> {
        title(
            5,
            "everybody fails: one error that tells the whole story",
            "openai/quota, anthropic/overloaded, gemini/auth",
        )?;
        let client = self.client("openai/quota", &["anthropic/overloaded", "gemini/auth"])?;
        match client.chat("Will this work?").await {
            Ok(reply) => expect(false, &format!("an error, not {reply}")),
            Err(error) => {
                let red = Style::new().fg_color(Some(AnsiColor::Red.into()));
                line(format_args!("    {red}error: {error}{red:#}"))?;
                attempts(error.attempts())?;
                let mut targets: Vec<String> =
                    error.attempts().iter().map(|attempt| attempt.target.to_string()).collect();
                targets.dedup();
                expect(
                    targets == ["openai/quota", "anthropic/overloaded", "gemini/auth"],
                    "attempts at all three targets",
                )
            }
        }
    }

    /// A client of the real plugins, with the emulator in the vendors' place.
    fn client(&self, model: &str, fallbacks: &[&str]) -> Result<Client, Failure> {
        let emulator = &self.emulator;
        let mut builder = Client::builder().config(Config::default()).environment(Environment::empty()).model(model);
        for (id, url) in [
            ("openai", emulator.openai_url()),
            ("anthropic", emulator.base_url()),
            ("gemini", emulator.base_url()),
            ("ollama", emulator.base_url()),
        ] {
            builder = builder
                .provider(ProviderConfig::new(id).with("api_key", "a-key-for-the-emulator").with("base_url", url));
        }
        // Short waits: nobody wants to watch a demonstration sleep.
        let retry = RetryPolicy::default().with_base(Duration::from_millis(100), Duration::from_millis(200));
        let builder = builder.retry(retry).timeout(Duration::from_secs(20));
        Ok(fallbacks.iter().fold(builder, |builder, fallback| builder.fallback(*fallback)).build()?)
    }
}

fn title(number: usize, what: &str, targets: &str) -> Result<(), Failure> {
    let bold = Style::new().bold();
    let dim = Style::new().dimmed();
    line(format_args!("\n{bold}[{number}/{SCENES}] {what}{bold:#}  {dim}{targets}{dim:#}"))
}

fn told(answer: &impl Display, made: &[Attempt]) -> Result<(), Failure> {
    let green = Style::new().fg_color(Some(AnsiColor::Green.into()));
    line(format_args!("    {green}{answer}{green:#}"))?;
    attempts(made)
}

fn attempts(made: &[Attempt]) -> Result<(), Failure> {
    made.iter().try_for_each(|attempt| {
        line(format_args!("    attempt {}  {:>4} ms  {attempt}", attempt.number, attempt.duration.as_millis()))
    })
}

fn expect(went_well: bool, what: &str) -> Result<(), Failure> {
    if went_well { Ok(()) } else { Err(Failure::Io(format!("the scene should have shown {what}"))) }
}
