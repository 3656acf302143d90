#![doc = include_str!("../README.md")]

mod citation;
mod finish;
mod usage;

pub mod chat;
pub mod embed;
pub mod error;
pub mod models;
pub mod rerank;

pub use error::{decode_error, encode_error};

use llm_core::Warning;

/// The wire family's name: `Provider::api`, `Origin::api`, the key of its settings, the prefix of its opaque parts.
pub const API: &str = "cohere";

/// An encoded request.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// The JSON body.
    pub body: Vec<u8>,
    /// What could not be said, or was said in another form.
    pub warnings: Vec<Warning>,
}
