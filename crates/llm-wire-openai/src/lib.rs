#![doc = include_str!("../README.md")]

#[macro_use]
mod json;

pub mod adapter;
mod address;
pub mod audio;
pub mod chat;
pub mod completions;
pub mod count_tokens;
mod counts;
mod crossing;
pub mod dialect;
pub mod embed;
mod embed_input;
mod encoded;
pub mod error;
pub mod images;
mod media;
pub mod models;
pub mod moderations;
mod multipart;
mod opening;
mod operations;
mod protocol;
pub mod rerank;
pub mod responses;
mod usage;
pub mod vendor;

pub use adapter::{Connection, OpenAiAdapter};
pub use dialect::Dialect;
pub use encoded::{Encoded, Payload};
pub use error::{decode_error, encode_error};
pub use vendor::Vendor;

#[doc(hidden)]
pub use llm_core;

/// The wire family: [`Origin::api`](llm_core::Origin::api), and the name of its extensions.
pub const FAMILY: &str = "openai-chat";
