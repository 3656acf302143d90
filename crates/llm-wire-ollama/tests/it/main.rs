//! The wire format from outside: what goes out, what comes in, and that both fit together.
#![cfg(test)]

mod embed;
mod errors;
mod request;
mod request_decode;
mod response;
mod round_trip;
mod stream;
mod support;
