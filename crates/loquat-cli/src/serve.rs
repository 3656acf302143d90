//! `loquat serve`: the gateway.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use llm_core::{Error, ErrorKind};
use llm_gateway::{Gateway, ServerConfig};
use loquat::Environment;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::client::{self, Built};
use crate::failure::Failure;
use crate::terminal::note;

/// Run the gateway.
#[derive(Args)]
#[command(after_help = "LOQUAT_LOG chooses what is logged: a level such as info, or target=level,…")]
pub(crate) struct Serve {
    #[arg(short, long, help = "Configuration file [env: LOQUAT_CONFIG]")]
    config: Option<PathBuf>,
    #[arg(short, long, help = "Address to listen on [default: 127.0.0.1:4000] [env: LOQUAT_LISTEN]")]
    listen: Option<SocketAddr>,
}

impl Serve {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let environment = Environment::read()?;
        log(&environment)?;
        let listen = self.listen.map_or_else(|| listen(&environment), |address| Ok(Some(address)))?;
        let built = client::build(environment, self.config.as_deref(), None)?;
        let mut server = ServerConfig::from_section(&built.config.server)?;
        server.listen = listen.unwrap_or(server.listen);
        let listener = TcpListener::bind(server.listen).await.map_err(|error| {
            Failure::io(format!("listening on {} (--listen chooses another address)", server.listen), &error)
        })?;
        let address = listener.local_addr().map_err(|error| Failure::io("reading the listener's address", &error))?;
        // Before the banner: whoever has read it may send a signal.
        let stop = stop_signal().map_err(|error| Failure::io("watching for signals", &error))?;
        banner(&built, address);
        Gateway::new(built.client, server)
            .serve(listener, stop)
            .await
            .map_err(|error| Failure::io("serving", &error))?;
        note("stopped");
        Ok(())
    }
}

fn listen(environment: &Environment) -> Result<Option<SocketAddr>, Error> {
    let Some(text) = environment.value("LOQUAT_LISTEN") else { return Ok(None) };
    let what = || format!("reading LOQUAT_LISTEN: {text:?} is not an address and a port such as \"127.0.0.1:4000\"");
    text.trim().parse().map(Some).map_err(|_| Error::new(ErrorKind::Config, what()))
}

fn log(environment: &Environment) -> Result<(), Error> {
    let filter = EnvFilter::try_new(environment.value("LOQUAT_LOG").unwrap_or("info")).map_err(|error| {
        let what = format!("reading LOQUAT_LOG: {error}: write a level such as info, or target=level,…");
        Error::new(ErrorKind::Config, what)
    })?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // What cannot be written is lost; a complaint about it would go the same way, and panic there.
        .log_internal_errors(false);
    // Somebody who starts the gateway twice in one process keeps the first logger.
    let _ = if std::io::stderr().is_terminal() { logs.try_init() } else { logs.json().try_init() };
    Ok(())
}

fn banner(built: &Built, address: SocketAddr) {
    let status = built.client.status();
    let mode = match (built.demo, status.providers.as_slice()) {
        (true, _) => "demo mode (no configuration file, no keys): answers come from local/echo, which is no LLM",
        (false, []) => "no provider is configured, every request will be refused; `loquat providers` shows what to set",
        (false, _) => "live",
    };
    note(format_args!("loquat {} · {mode}", env!("CARGO_PKG_VERSION")));
    note(format_args!("  OpenAI API  http://{address}/v1"));
    note(format_args!("  Status      http://{address}/llm/status"));
    if !status.providers.is_empty() {
        note(format_args!("  providers   {}", status.providers.join(", ")));
    }
    let model = status.primary.map(|target| target.to_string());
    if let Some(model) = &model {
        note(format_args!("  primary     {model}"));
    }
    for fallback in &status.fallbacks {
        note(format_args!("  fallback    {fallback}"));
    }
    if !address.ip().is_loopback() {
        note("  warning     clients are not authenticated yet: whoever reaches this address uses your keys");
    }
    let model = model.unwrap_or_else(|| "PROVIDER/MODEL".to_owned());
    note(format_args!(
        r#"  try         curl http://{address}/v1/chat/completions -H 'content-type: application/json' -d '{{"model":"{model}","messages":[{{"role":"user","content":"hi"}}]}}'"#
    ));
    if built.demo {
        note(
            "  to go live  set OPENAI_API_KEY, ANTHROPIC_API_KEY, GOOGLE_API_KEY or OLLAMA_HOST; `loquat providers` shows all",
        );
        for hint in &built.hints {
            note(format_args!("  note        {hint}"));
        }
    }
}

/// Done at the first Ctrl-C or SIGTERM. A second one ends the process at once.
fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut either = async move || {
        tokio::select! { _ = interrupt.recv() => (), _ = terminate.recv() => () }
    };
    Ok(async move {
        either().await;
        note("stopping: running requests may finish; once more to stop at once");
        tokio::spawn(async move {
            either().await;
            std::process::exit(130);
        });
    })
}
