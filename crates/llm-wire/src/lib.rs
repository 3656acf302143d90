#![doc = include_str!("../README.md")]

mod account;
mod cache_mark;
mod chunks;
mod codec;
mod error;
mod facts;
mod lines;
mod pages;
mod parts;
mod percent;
mod renewed;
mod sniff;
mod timestamp;
mod tool_id;

#[cfg(feature = "aws-event-stream")]
pub mod aws_event_stream;
pub mod citations;
pub mod claude;
pub mod drive;
pub mod exchange;
pub mod finish;
pub mod json;
pub mod json_array;
pub mod ndjson;
pub mod oauth;
pub mod rate_limit;
pub mod request;
pub mod retry_hint;
pub mod sse;
pub mod turns;

pub use account::{Account, address, hidden_header, without_secrets};
#[cfg(feature = "aws-event-stream")]
pub use aws_event_stream::{AwsEventStreamParser, AwsHeaderValue, AwsHeaders, AwsMessage, aws_event_stream};
pub use cache_mark::CacheMark;
pub use citations::Citations;
pub use codec::{ErrorResponse, EventQueue, Frame, StreamDecoder, StreamEncoder, request_id};
pub use drive::{json_array_stream, ndjson_stream, sse_stream};
pub use error::{FrameError, FrameLimits};
pub use facts::ErrorFacts;
pub use json_array::JsonArrayParser;
pub use ndjson::{NdjsonItem, NdjsonParser};
pub use pages::{Page, all_pages};
pub use parts::Parts;
pub use percent::{percent_encoded, push_percent_encoded};
pub use rate_limit::{RateLimitReading, RateLimitWindow, exhausted_wait, rate_limits};
pub use renewed::{Renewed, this_machines_time};
pub use retry_hint::{RetryHint, google_retry_delay, retry_after};
pub use sniff::sse_or_json_array_stream;
pub use sse::{SseEvent, SseItem, SseParser};
pub use timestamp::{rfc3339, utc};
pub use tool_id::tool_id;
