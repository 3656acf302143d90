#![doc = include_str!("../README.md")]

mod ask;
mod batch;
mod call;
mod catalogue;
mod client;
mod demo;
mod estimate;
mod failure;
mod models;
mod prices;
mod providers;
mod route;
mod serve;
mod stdin;
mod terminal;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::failure::Failure;

/// One interface to many LLM vendors: a gateway and a command line.
#[derive(Parser)]
#[command(
    name = "loquat",
    version,
    after_help = "Exit codes: 0 ok · 1 upstream failed · 2 usage · 3 configuration · 4 credentials · 5 no target · 6 limit or budget · 124 timed out · 130 interrupted"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the gateway; without any key or file it answers through local/echo, which is no LLM
    Serve(serve::Serve),
    /// Ask a model one question; standard input is appended
    Ask(ask::Ask),
    /// Answer a file of requests, and go on where it was stopped
    Batch(batch::Batch),
    /// Send one request and print the answer as one JSON object
    Call(call::Call),
    /// List the providers in this binary and how to configure each
    Providers(providers::Providers),
    /// List models: what they can do and what they cost
    Models(models::Models),
    /// Say what a model costs and whose word that is
    Prices(prices::Prices),
    /// Say what a request would cost at each target that it may go to; nothing is sent
    Estimate(estimate::Estimate),
    /// Look at routes: why a request would go where it goes
    Route(route::Route),
    /// Show fallback, retries and streaming against an emulator on this machine
    Demo(demo::Demo),
}

/// Threads for all cores; on a single one, as in small containers, none, because handing work to a thread there costs
/// more than doing it.
fn runtime() -> tokio::runtime::Builder {
    match std::thread::available_parallelism() {
        Ok(cores) if cores.get() == 1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    }
}

/// The whole program: reads the arguments, runs the command, says how it ended.
///
/// A program with provider plugins of its own names them and calls this, as the front page shows.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match runtime().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let failure = Failure::io("starting the runtime", &error);
            failure.print();
            return failure.exit_code();
        }
    };
    let result = runtime.block_on(async {
        match arguments.command {
            Command::Serve(serve) => serve.run().await,
            Command::Ask(ask) => interruptible(ask.run()).await,
            Command::Batch(batch) => batch.run().await,
            Command::Call(call) => call.run().await,
            Command::Providers(providers) => interruptible(providers.run()).await,
            Command::Models(models) => interruptible(models.run()).await,
            Command::Prices(prices) => prices.run(),
            Command::Estimate(estimate) => interruptible(estimate.run()).await,
            Command::Route(route) => interruptible(route.run()).await,
            Command::Demo(demo) => interruptible(demo.run()).await,
        }
    });
    // A provider that hangs in a background read must not keep the program alive.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            failure.exit_code()
        }
    }
}

async fn interruptible(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::select! {
        result = work => result,
        _ = tokio::signal::ctrl_c() => Err(Failure::Interrupted),
    }
}
