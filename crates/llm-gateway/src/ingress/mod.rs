//! The protocols that clients speak to the gateway, each decoded and encoded by its wire crate.

pub(crate) mod ask;
mod body;
pub(crate) mod models;
pub(crate) mod openai_chat;
pub(crate) mod openai_responses;
pub(crate) mod reply;
mod sse;
mod stamp;
mod wishes;
