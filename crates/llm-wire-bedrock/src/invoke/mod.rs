//! Bodies of `InvokeModel` (`POST /model/{id}/invoke` and `/invoke-with-response-stream`): every publisher has its own.
//!
//! What a model is sent follows from its publisher, whom a catalogue knows ([`Form`]); what it answers is told by the answer's own fields
//! ([`Shape`]). Converse's form and prompts are read here; Anthropic's messages and OpenAI's chat are other wire crates'.

mod answer;
mod chat_history;
mod chat_words;
mod chunk;
mod converse_chunk;
mod form;
mod prompt;
mod prompt_stream;

pub use answer::{decode_response, shape, usage_of_headers};
pub use chat_words::whole_chat;
pub use chunk::{ChunkDecoder, Shape};
pub use converse_chunk::ConverseChunks;
pub use form::{Form, PromptForm};
pub use prompt::{decode_request, encode_request};
pub use prompt_stream::PromptDecoder;
