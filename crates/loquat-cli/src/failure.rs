//! How a command fails: what is printed, and the exit code.

use std::io;
use std::process::ExitCode;

use llm_core::{Error, ErrorKind};

use crate::terminal::note;

/// How a command failed.
pub(crate) enum Failure {
    /// A call or the configuration failed.
    Call(Error),
    /// It was printed already, in the form that the command promises.
    Printed(Error),
    /// Ctrl-C.
    Interrupted,
    /// The reader of standard output has left: `| head` has seen enough.
    ReaderLeft,
    /// What was asked for makes no sense.
    Usage(String),
    /// Files or sockets of this machine.
    Io(String),
}

impl Failure {
    /// Something on this machine failed.
    pub(crate) fn io(what: impl std::fmt::Display, error: &io::Error) -> Self {
        Self::Io(format!("{what}: {error}"))
    }

    /// Prints it to standard error: what happened, then every attempt, then what to do.
    pub(crate) fn print(&self) {
        match self {
            Self::Call(error) => {
                note(format_args!("error: {error}"));
                if error.attempts().len() > 1 {
                    for attempt in error.attempts() {
                        note(format_args!("  attempt {}: {attempt}", attempt.number));
                    }
                }
                if let Some(help) = help(error.kind()) {
                    note(format_args!("help: {help}"));
                }
            }
            Self::Io(what) | Self::Usage(what) => note(format_args!("error: {what}")),
            Self::Printed(_) | Self::Interrupted | Self::ReaderLeft => {}
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Call(error) | Self::Printed(error) => code(error.kind()),
            Self::Interrupted => 130,
            Self::ReaderLeft => 0,
            Self::Usage(_) => 2,
            Self::Io(_) => 1,
        })
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

fn code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Config => 3,
        ErrorKind::Auth | ErrorKind::Permission => 4,
        ErrorKind::NoTarget | ErrorKind::CircuitOpen => 5,
        ErrorKind::RateLimited | ErrorKind::QuotaExhausted | ErrorKind::Limited | ErrorKind::BudgetExceeded => 6,
        ErrorKind::Timeout(_) => 124,
        ErrorKind::Cancelled => 130,
        _ => 1,
    }
}

fn help(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::Auth => "`loquat providers` shows which variable holds each provider's key",
        ErrorKind::Config | ErrorKind::NoTarget => "`loquat providers` shows what is linked and configured",
        ErrorKind::RateLimited | ErrorKind::QuotaExhausted => "name a fallback: LLM_FALLBACK_PROVIDERS=openai,ollama",
        _ => return None,
    })
}
