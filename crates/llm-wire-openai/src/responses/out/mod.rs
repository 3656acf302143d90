//! Items as they are written: in the history of a request and in an answer for clients.

mod content;
mod item;
mod writer;

pub(super) use content::{Body, Content, ContentOut, annotation};
pub(super) use item::{ItemOut, MadeUp};
pub(super) use writer::Writer;
