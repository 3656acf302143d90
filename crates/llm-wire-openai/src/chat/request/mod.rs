//! Requests, both ways.

mod alone;
pub(crate) mod decode;
mod encode;
mod message;
mod out;
mod output;
mod part;
mod reasoning;
mod tool;
mod tool_id;

pub use decode::{Decoded, decode_request};
pub use encode::encode_request;
pub(crate) use encode::{Keep, capacity, model};
pub(crate) use message::system_role;
pub(crate) use output::{ResponseFormat, Schema};
pub(crate) use reasoning::effort;
pub(crate) use tool_id::fit;
