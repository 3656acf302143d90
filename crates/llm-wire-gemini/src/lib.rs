#![doc = include_str!("../README.md")]

mod error;
mod known;
mod wire;

pub mod count_tokens;
pub mod embed;
pub mod generate;
pub mod models;
pub mod predict;

pub use error::{decode_error, encode_error};
pub use generate::{Decoded, Encoded, Profile, Thinking};
pub use known::family;

/// Name of the wire family, in [`Origin`](llm_core::Origin) and in ext.
pub const API: &str = "gemini";
