#![doc = include_str!("../README.md")]

mod block;
mod citation;
mod id;
mod profile;
mod settings;
mod stop_reason;
mod usage;

pub mod converse;
pub mod count_tokens;
pub mod embed;
pub mod error;
pub mod invoke;
pub mod models;
pub mod rerank;

pub use error::{decode_error, encode_error};
pub use id::{family, names};
pub use profile::{Profile, ReasoningForm, TopK};

use llm_core::Warning;

/// The wire family's name: `Provider::api`, `Origin::api`, the key of its settings, the prefix of its opaque parts.
pub const API: &str = "bedrock-converse";

/// An encoded request. The model is not in the body but in the path.
#[derive(Debug)]
#[non_exhaustive]
pub struct Encoded {
    /// The JSON body.
    pub body: Vec<u8>,
    /// What could not be said, or was said in another form.
    pub warnings: Vec<Warning>,
}
