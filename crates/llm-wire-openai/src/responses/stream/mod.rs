//! Streamed answers.

mod decode;
mod encode;
mod live;
mod shown;

pub use decode::Decoder;
pub use encode::Encoder;

/// The event by which a stream hands on that an item begins, before any part of it: `{"item": …}` as the vendor sent it.
/// Other events without a form of their own go by their own names behind the family's.
pub(crate) const ITEM_ADDED: &str = "openai-responses.response.output_item.added";
