//! The behaviour of the driver, on a paused clock, with scripted providers and fixed random numbers.
#![cfg(test)]

mod breaker_config;
mod breakers;
mod chain;
mod config;
mod decisions;
mod drops;
mod failures;
mod streams;
mod support;
mod timers;
