#![doc = include_str!("../README.md")]

pub mod chat;
pub mod embed;
pub mod error;
pub mod generate;
pub mod models;

mod fields;
mod finish;
mod image;
mod json;
mod merge;
mod timestamp;
mod usage;
mod wire;

use llm_core::Warning;
use serde_json::{Map, Value};

pub use error::{decode_error, encode_error};

/// Name of this wire family, as it stands in [`Origin::api`](llm_core::Origin::api) and as a key of extensions.
pub const API: &str = "ollama";

/// A request as it goes over the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// The JSON body.
    pub body: Vec<u8>,
    /// What could not be expressed, or only in another form.
    pub warnings: Vec<Warning>,
}

/// What one provider sends with every request unless the request says otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// How long the server keeps the model loaded (`"5m"`, `0`, `-1`); the server's default when `None`.
    pub keep_alive: Option<Value>,
    /// Entries of `options` (`num_ctx`); what the request sets itself wins.
    pub options: Map<String, Value>,
}
