//! All tests of this crate, in one binary.
#![cfg(test)]

mod conformance;
mod defects;
mod emulator;
mod scripted;
mod toy;
