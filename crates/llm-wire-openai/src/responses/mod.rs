//! The Responses API: requests, answers and streams, both ways.
//!
//! Where chat completions have messages, this API has a list of items: messages, reasoning, calls and their results, and
//! the steps of tools that the vendor runs itself. Items of one side in a row are one message here; its parts keep what
//! belongs to the item (its id and status) in their extensions. Items without a form of their own are opaque parts,
//! `openai-responses.<type>`, and go back as they came.

mod finish;
mod item;
mod mark;
mod out;
mod piece;
mod request;
mod response;
mod stream;
mod usage;
mod wire;

pub(crate) use request::LOGPROBS;
pub use request::{Decoded, decode_request, encode_request};
pub use response::{decode_response, encode_response};
pub use stream::{Decoder, Encoder};

/// The wire family: [`Origin::api`](llm_core::Origin::api), and the name of its extensions.
pub const FAMILY: &str = "openai-responses";
