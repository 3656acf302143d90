#![doc = include_str!("../README.md")]

mod exchange;
mod scripted;

pub use exchange::Exchange;
pub use scripted::{Bodies, RecordedRequest, ScriptedTransport};
