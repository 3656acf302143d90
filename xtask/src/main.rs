//! Entry point of `cargo xtask`: finds the command in one table and runs it.
//!
//! Each command is one file with a `run` function; nothing here knows what a command does.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line program talks through its terminal")]

mod bench;
mod cargo;
mod ci;
mod conformance;
mod deps;
mod features;
mod fuzz;
mod hosts;
mod new_provider;
mod prices;
mod reference;
mod report;
mod soak;
mod test;
mod third_parties;
mod tidy;
mod tool;
mod wall;

use std::fmt::Write as _;
use std::process::ExitCode;

/// One line of the command table.
struct Command {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    run: fn(&mut lexopt::Parser) -> anyhow::Result<()>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "test",
        arguments: "[--strict] [--nextest]",
        about: "format, clippy, tests, doc tests, third parties, simulation, dependency budgets, tidy",
        run: test::run,
    },
    Command {
        name: "ci",
        arguments: "[--strict] [--nextest]",
        about: "test, then documentation, features and cargo-deny",
        run: ci::run,
    },
    Command {
        name: "tidy",
        arguments: "",
        about: "layers, file sizes, docs, plugins, manifests, words",
        run: tidy::run,
    },
    Command {
        name: "bench",
        arguments: "[--only wire|steps|library|gateway] [--rounds N]",
        about: "what Loquat costs, against baselines in the same run",
        run: bench::run,
    },
    Command {
        name: "conformance",
        arguments: "--corpus DIR [--provider P] [--json OUT]",
        about: "replay recorded vendor traffic through the plugins",
        run: conformance::run,
    },
    Command {
        name: "wall",
        arguments: "[--only S01,S08] [--print-config]",
        about: "sixteen ways a vendor fails, through `loquat serve`",
        run: wall::run,
    },
    Command {
        name: "hosts",
        arguments: "",
        about: "one-provider release binaries name one vendor's host",
        run: hosts::run,
    },
    Command {
        name: "soak",
        arguments: "sim [--seeds A..B] [--minutes M] | properties [--rounds N] | budget [--seeds A..B] | redis [--rounds N] | streams [--corpus DIR] [--provider P]",
        about: "long runs: other seeds and cases, replicas that share a budget, a Redis that stops answering, streams split and cut",
        run: soak::run,
    },
    Command {
        name: "fuzz",
        arguments: "[--target T] [--seconds N]",
        about: "every decoder against made-up bytes, ten minutes each; needs cargo-fuzz",
        run: fuzz::run,
    },
    Command {
        name: "third-parties",
        arguments: "",
        about: "test the workspace of strangers, and new providers of each form",
        run: third_parties::run,
    },
    Command { name: "deps", arguments: "", about: "count crates against their budgets", run: deps::run },
    Command {
        name: "prices",
        arguments: "--from FILE [--version V --date D] [--check] | --check",
        about: "bring the catalogue from a price list, with a diff",
        run: prices::run,
    },
    Command {
        name: "reference",
        arguments: "[--check] [--corpus DIR]",
        about: "write what documents have from elsewhere: code, tables of providers and of recorded traffic",
        run: reference::run,
    },
    Command {
        name: "new-provider",
        arguments: "NAME [--openai-compatible] [--base-url URL] [--out DIR]",
        about: "write a plugin crate that is green at once, here or elsewhere",
        run: new_provider::run,
    },
];

fn main() -> ExitCode {
    match dispatch() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch() -> anyhow::Result<()> {
    let mut arguments = lexopt::Parser::from_env();
    let name = match arguments.next()? {
        Some(lexopt::Arg::Value(name)) => name,
        None | Some(lexopt::Arg::Short('h') | lexopt::Arg::Long("help")) => {
            print!("{}", usage());
            return Ok(());
        }
        Some(other) => return Err(other.unexpected().into()),
    };
    match COMMANDS.iter().find(|command| name == command.name) {
        Some(command) => (command.run)(&mut arguments),
        None => anyhow::bail!("no command named `{}`\n{}", name.display(), usage()),
    }
}

fn usage() -> String {
    let mut text = String::from("usage: cargo xtask COMMAND\n\n");
    for Command { name, arguments, about, .. } in COMMANDS {
        let call = format!("{name} {arguments}");
        let _ = writeln!(text, "  {call:<36} {about}"); // a String takes everything
    }
    text
}
