//! From messages to alternating turns of a user and an assistant, with the instructions apart: how Claude is asked at
//! every host, and all models through Converse.
//!
//! Runs of messages that a vendor files under one role become one turn. Tool results belong to the user, and all results
//! of one turn stand in one message, before anything else in it. What a block is, the wire crates know.

mod plan;
mod read;
mod scope;

pub use plan::{Blocks, Conversation, Turn, WrittenBlock};
pub use read::read_message;
pub use scope::{Place, Scope, Thought};
