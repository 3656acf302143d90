//! A simulation of everything between a caller and its vendors, in simulated time; see the README.

mod check;
mod client;
mod probes;
mod run;
mod traffic;
mod world;

pub use run::{Plan, Report, run, run_around};
