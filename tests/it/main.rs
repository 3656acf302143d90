//! End-to-end tests of the whole workspace: one binary, so that it is linked once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests say what they expect")]

mod corpus;
mod documented;
mod drops;
mod emulator;
mod error_fixtures;
mod estimates;
mod examples;
mod gateway;
mod http;
mod keys;
mod linking;
mod money;
mod python_sdk;
mod reference;
mod rules;
mod settings;
mod wall;
