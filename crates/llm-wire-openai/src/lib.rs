#![doc = include_str!("../README.md")]

#[macro_use]
mod json;

pub mod adapter;
pub mod chat;
pub mod dialect;
pub mod embed;
mod encoded;
pub mod error;
mod media;
pub mod models;
mod usage;
pub mod vendor;

pub use adapter::{Connection, OpenAiAdapter};
pub use dialect::Dialect;
pub use encoded::Encoded;
pub use error::{decode_error, encode_error};
pub use vendor::Vendor;

#[doc(hidden)]
pub use llm_core;

/// The wire family: [`Origin::api`](llm_core::Origin::api), and the name of its extensions.
pub const FAMILY: &str = "openai-chat";
