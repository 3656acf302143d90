//! The command as a user runs it: the real binary, with an emulator in the vendors' place.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests say what they expect")]

mod batch;
mod call;
mod commands;
mod estimate;
mod guides;
mod models;
mod prices;
mod route;
mod run;
mod serve;
