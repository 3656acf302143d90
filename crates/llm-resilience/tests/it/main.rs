//! The behaviour of the driver, on a paused clock, with scripted providers and fixed random numbers.
#![cfg(test)]

mod breakers;
mod broken;
mod chain;
mod config;
mod decisions;
mod driver;
mod drops;
mod failures;
mod gates;
mod keys;
mod limits;
mod reasoning;
mod streams;
mod support;
mod timers;
