//! All tests of this crate, in one binary.
#![cfg(test)]

mod answers;
mod credentials;
mod failures;
#[cfg(target_os = "linux")]
mod machine;
mod timers;
mod upstream;
