//! The protocols that clients speak to the gateway, each decoded and encoded by its wire crate.

mod body;
pub(crate) mod models;
pub(crate) mod openai_chat;
pub(crate) mod reply;
mod sse;
mod stamp;
mod wishes;
