//! Fewer tokens for the same meaning: whitespace that says nothing, and wordy phrases.
//!
//! A text is cut into lines ([`lines`](self::lines)); what stands in fences, raw markup or JSON is held. The rest are blocks of
//! lines, in which quotes, code and brackets are held. Only what is then left is looked at, by one file per rule.

mod block;
mod counters;
mod edit;
mod english;
mod json;
mod layer;
mod lines;
mod optimiser;
mod phrases;
mod raw;
mod settings;
mod spans;
mod table;
mod whitespace;

pub use counters::{Savings, SavingsCounter};
pub use layer::OptimiseLayer;
pub use optimiser::Optimiser;
pub use settings::{Rule, Settings};
