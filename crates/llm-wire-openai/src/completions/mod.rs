//! The API before chats: a prompt in, its continuation out. Here it is a chat with one message.
//!
//! Answers differ from a chat's in one name only (`text` in the place of `message`), so [`chat::decode_response`] and
//! [`chat::Decoder`] read both.
//!
//! [`chat::decode_response`]: crate::chat::decode_response
//! [`chat::Decoder`]: crate::chat::Decoder

mod request;
mod response;

pub use crate::chat::Decoded;
pub use request::{decode_request, encode_request};
pub use response::{Encoder, encode_response};
