//! The wire format as its users see it.
#![cfg(test)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests say what they expect")]

mod errors;
mod operations;
mod request;
mod round_trip;
mod stream;
mod support;
