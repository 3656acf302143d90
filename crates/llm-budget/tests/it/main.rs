//! Tests of budgets: windows, both ledgers by one suite, journals, and the layer.
#![cfg(test)]

mod allowance;
mod attempts;
mod fake;
mod journal;
mod layer;
mod memory;
mod policy;
#[cfg(feature = "redis")]
mod redis;
mod suite;
mod window;
