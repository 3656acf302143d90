//! How many tokens a request will take, before it is sent: texts by their characters, scaled by what a model's family
//! makes of them, which is learnt from the usage that vendors report.

mod calibrate;
mod family;
mod media;
mod request;
mod text;

use std::sync::{PoisonError, RwLock};

use llm_core::{Request, TokenEstimate, TokenEstimator};

pub use calibrate::{Calibration, Scale};
pub use family::Family;
pub use text::text_tokens;

/// Estimates tokens, and gets better with every usage it is told of.
#[derive(Debug, Default)]
pub struct Estimator {
    calibration: RwLock<Calibration>,
}

impl Estimator {
    /// With what was learnt before.
    pub fn new(calibration: Calibration) -> Self {
        Self { calibration: RwLock::new(calibration) }
    }

    /// What it has learnt so far, to be kept.
    pub fn calibration(&self) -> Calibration {
        *self.calibration.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns from an answer: what was estimated for the request, and the input that the vendor counted.
    pub fn learn(&self, model: &str, estimated: u64, counted: u64) {
        let mut calibration = self.calibration.write().unwrap_or_else(PoisonError::into_inner);
        calibration.learn(Family::of(model), estimated, counted);
    }
}

impl TokenEstimator for Estimator {
    fn estimate(&self, model: &str, request: &Request) -> TokenEstimate {
        let scale = self.calibration.read().unwrap_or_else(PoisonError::into_inner).scale(Family::of(model));
        request::estimate(model, scale, request)
    }
}

#[cfg(test)]
mod tests;
