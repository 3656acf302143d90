//! All tests of this crate, in one binary.
#![cfg(test)]

mod answers;
mod credentials;
mod failures;
mod timers;
mod upstream;
