//! Tests of the catalogue as its users see it: costs, prices, overlays, capabilities and the committed data.
#![allow(clippy::unwrap_used, reason = "test support code fails the test that uses it")]

mod capabilities;
mod costs;
mod data;
mod parity;
mod prices;
mod properties;
