//! Tests of the wire format from the outside: what goes in, what comes out.
#![cfg(test)]
#![allow(
    clippy::needless_pass_by_value,
    clippy::format_collect,
    reason = "tests say cases by value and build small texts"
)]

mod answers;
mod errors;
mod features;
mod generate;
mod grammar;
mod ingress;
mod models;
mod reasoning;
mod requests;
mod round_trip;
mod stream_decode;
mod stream_encode;
mod transcripts;
