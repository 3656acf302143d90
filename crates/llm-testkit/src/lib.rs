#![doc = include_str!("../README.md")]

pub mod conformance;
pub mod drops;
pub mod emulator;
mod exchange;
pub mod fault;
#[cfg(unix)]
pub mod redis;
mod scripted;

pub use exchange::Exchange;
pub use scripted::{Bodies, RecordedRequest, ScriptedTransport};

/// What the macros of this crate need in other crates. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use serde_json::json;
}
