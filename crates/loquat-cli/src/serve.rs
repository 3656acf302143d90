//! `loquat serve`: the gateway.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use llm_gateway::{Gateway, ServerConfig};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::client::{self, Built};
use crate::failure::Failure;

/// Run the gateway.
#[derive(Args)]
pub(crate) struct Serve {
    /// Configuration file
    #[arg(short, long, env = "LOQUAT_CONFIG")]
    config: Option<PathBuf>,
    /// Address to listen on [default: 127.0.0.1:4000]
    #[arg(short, long, env = "LOQUAT_LISTEN")]
    listen: Option<SocketAddr>,
}

impl Serve {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        log();
        let built = client::build(self.config.as_deref(), None)?;
        let mut server = ServerConfig::from_section(&built.config.server)?;
        server.listen = self.listen.unwrap_or(server.listen);
        let listener = TcpListener::bind(server.listen).await.map_err(|error| {
            Failure::io(format!("listening on {} (--listen chooses another address)", server.listen), &error)
        })?;
        let address = listener.local_addr().map_err(|error| Failure::io("reading the listener's address", &error))?;
        banner(&built, address);
        let stop = stop_signal().map_err(|error| Failure::io("watching for signals", &error))?;
        Gateway::new(built.client, server)
            .serve(listener, stop)
            .await
            .map_err(|error| Failure::io("serving", &error))?;
        eprintln!("stopped");
        Ok(())
    }
}

fn log() {
    let filter = EnvFilter::try_from_env("LOQUAT_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Somebody who starts the gateway twice in one process keeps the first logger.
    let _ = if std::io::stderr().is_terminal() { logs.try_init() } else { logs.json().try_init() };
}

fn banner(built: &Built, address: SocketAddr) {
    let status = built.client.status();
    let ready = status.providers.len();
    let mode = if built.demo {
        "demo mode (no configuration file, no keys): answers come from local/echo, which is no LLM"
    } else {
        "live"
    };
    eprintln!(
        "loquat {} · {mode} · {ready} provider{} ready",
        env!("CARGO_PKG_VERSION"),
        if ready == 1 { "" } else { "s" }
    );
    eprintln!("  OpenAI API  http://{address}/v1");
    eprintln!("  Status      http://{address}/llm/status");
    let model = status.primary.map(|target| target.to_string());
    if let Some(model) = &model {
        eprintln!("  primary     {model}");
    }
    for fallback in &status.fallbacks {
        eprintln!("  fallback    {fallback}");
    }
    let model = model.unwrap_or_else(|| "PROVIDER/MODEL".to_owned());
    eprintln!(
        r#"  try         curl http://{address}/v1/chat/completions -H 'content-type: application/json' -d '{{"model":"{model}","messages":[{{"role":"user","content":"hi"}}]}}'"#
    );
    if built.demo {
        eprintln!(
            "  to go live  set OPENAI_API_KEY, ANTHROPIC_API_KEY, GOOGLE_API_KEY or OLLAMA_HOST; `loquat providers` shows all"
        );
    }
}

/// Done at the first Ctrl-C or SIGTERM. A second one ends the process at once.
fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        let mut either = async || {
            tokio::select! { _ = interrupt.recv() => (), _ = terminate.recv() => () }
        };
        either().await;
        eprintln!("stopping: running requests may finish; once more to stop at once");
        tokio::spawn(async move {
            tokio::select! { _ = interrupt.recv() => (), _ = terminate.recv() => () }
            std::process::exit(130);
        });
    })
}
