#![doc = include_str!("../README.md")]

mod at_most;
mod book;
mod catalog;
mod cost;
mod estimate;
mod facts;
mod moment;
mod name;
mod overlay;
mod pattern;
mod price;
mod quantity;
mod rate;
mod shelf;
mod terms;
mod unit;
mod vendor;

pub use at_most::AtMost;
pub use catalog::{Catalog, FetchedError};
pub use cost::Call;
pub use estimate::{Calibration, Estimator, Family, Scale, text_tokens};
#[cfg(feature = "exact")]
pub use estimate::{ExactEstimator, exact_tokens};
pub use facts::ModelFacts;
pub use overlay::{ModelOverlay, Overlay};
pub use price::{ModelPrice, Unpriced};
pub use rate::Rate;
pub use shelf::DataSource;
pub use terms::Terms;
pub use unit::per;
