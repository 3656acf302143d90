//! The wall: sixteen ways in which a vendor fails, each run through a gateway over real HTTP.
//!
//! The emulator of `llm-testkit` stands in for the vendors and fails as the model's name says; a client of OpenAI's kind
//! asks the gateway, streamed and whole; what both sides saw is held against the scenario's checks.
//! Nothing inside the gateway is looked at. `cargo xtask wall` runs all of it against `loquat serve`.

mod answer;
mod check;
mod client;
mod config;
mod facts;
mod process;
mod run;
mod scenarios;
mod table;

pub use answer::{Answer, Outcome};
pub use check::Check;
pub use client::Client;
pub use config::{Pace, config};
pub use facts::{Call, Facts, Seen};
pub use process::Served;
pub use run::{Verdict, run};
pub use scenarios::{Load, SCENARIOS, Scenario, Target};
pub use table::table;

/// How an answer is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// As a stream.
    Stream,
    /// As one body.
    Whole,
}

impl Mode {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Stream, Self::Whole];

    /// Its name, in tables and in the names of models.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Whole => "whole",
        }
    }
}
