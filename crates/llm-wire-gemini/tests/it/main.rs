//! All tests of this crate, in one binary.
#![cfg(test)]

mod embed;
mod errors;
mod faithful;
mod request;
mod request_decode;
mod response;
mod round_trip;
mod strategies;
mod stream;
mod support;
