//! Chat completions: requests, answers and streams, both ways.

pub(crate) mod arguments;
mod call;
pub(crate) mod finish;
pub(crate) mod joined;
pub(crate) mod kept;
mod piece;
pub(crate) mod request;
mod response;
mod sources;
mod stream;
pub(crate) mod wire;

pub use request::{Decoded, decode_request, encode_request};
pub use response::{decode_response, encode_response};
pub use stream::{Decoder, Encoder};

/// The event by which a stream hands on probabilities of tokens: `{"index": n, "logprobs": …}`.
pub(crate) const LOGPROBS_EVENT: &str = "openai-chat.logprobs";
