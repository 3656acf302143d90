//! All tests of this crate, in one binary.
#![cfg(test)]

mod conformance;
mod defects;
mod drops;
mod emulator;
mod fault;
mod scripted;
mod toy;
