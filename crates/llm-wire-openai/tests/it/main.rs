//! The wire format as its users see it: requests, answers and streams, both ways.
#![cfg(test)]

mod crossing;
mod encoder;
mod ingress;
mod operations;
mod passed_on;
mod request;
mod response;
mod responses;
mod round_trip;
mod split;
mod stream;
mod support;
mod vendor;
