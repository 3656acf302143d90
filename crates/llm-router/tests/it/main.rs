//! The behaviour of the router through its public interface.
#![cfg(test)]

mod names;
mod plans;
mod support;
