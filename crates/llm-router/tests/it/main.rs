//! The behaviour of the router through its public interface.
#![cfg(test)]

mod events;
mod experiments;
mod health;
mod names;
mod plans;
mod stats;
mod support;
