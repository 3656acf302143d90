//! All tests of this crate, in one binary.
#![cfg(test)]

mod aws_drive;
mod aws_event_stream;
mod drive;
mod exchange;
mod json_array;
mod ndjson;
mod oauth;
mod rate_limit;
mod renewed;
mod retry_hint;
mod sniff;
mod split;
mod sse;
