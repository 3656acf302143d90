//! The behaviour of the cache, on a paused clock with a scripted vendor, and on a Redis of the test's own.
#![cfg(test)]

mod drops;
mod flights;
mod frames;
mod keys;
mod late;
mod layer;
#[cfg(feature = "redis")]
mod redis;
mod replay;
mod rules;
mod semantic;
#[cfg(feature = "redis")]
mod server;
mod stores;
mod streams;
mod support;
