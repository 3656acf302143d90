#![doc = include_str!("../README.md")]

mod block;
mod citation;
mod profile;
mod stop_reason;
mod usage;
mod version;

pub mod claude;
pub mod count_tokens;
pub mod error;
pub mod messages;
pub mod models;

pub use error::{decode_error, encode_error};
pub use profile::{Hosted, Profile, Thinking};
pub use version::{UnknownVersion, Version};

/// The wire family's name: `Provider::api`, `Origin::api`, the key of its settings, the prefix of its opaque parts.
pub const API: &str = "anthropic";
