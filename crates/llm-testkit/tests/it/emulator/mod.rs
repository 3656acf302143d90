//! The emulator over real sockets, spoken to by a client written by hand.
#![allow(clippy::needless_pass_by_value, reason = "`json!` makes values, and the cases read better without `&`")]

mod anthropic;
mod client;
mod control;
mod faults;
mod gemini;
mod ollama;
mod openai;
