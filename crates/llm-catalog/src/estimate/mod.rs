//! How many tokens a request will take, before it is sent: texts by their characters, scaled by what a model's family
//! makes of them, and what its template and its vendor put around them; both are learnt from the usage that vendors
//! report.

mod calibrate;
#[cfg(feature = "exact")]
mod exact;
mod family;
mod media;
mod offsets;
mod request;
mod schema;
mod sound;
mod tally;
mod template;
mod text;

use std::sync::{PoisonError, RwLock};

use llm_core::{Request, TokenEstimate, TokenEstimator};

pub use calibrate::{Calibration, Scale};
#[cfg(feature = "exact")]
pub use exact::{ExactEstimator, exact_tokens};
pub use family::Family;
use offsets::{Key, Offsets};
pub use text::text_tokens;

/// Estimates tokens, and gets better with every usage it is told of.
#[derive(Debug, Default)]
pub struct Estimator {
    learnt: RwLock<Learnt>,
}

#[derive(Debug, Default)]
struct Learnt {
    calibration: Calibration,
    offsets: Offsets,
}

impl Estimator {
    /// With what was learnt before.
    pub fn new(calibration: Calibration) -> Self {
        Self { learnt: RwLock::new(Learnt { calibration, offsets: Offsets::default() }) }
    }

    /// What it has learnt so far of the families, to be kept. What targets add unseen is learnt anew after some answers.
    pub fn calibration(&self) -> Calibration {
        self.learnt.read().unwrap_or_else(PoisonError::into_inner).calibration
    }

    /// The tokens of a request for a model at a provider, which may put words of its own around it. Who asks OpenAI
    /// through its Responses API says `openai-responses`: GPT-5 is told less about tools there.
    pub fn estimate_at(&self, provider: &str, model: &str, request: &Request) -> TokenEstimate {
        let mut counter = text::Counter::default();
        let fixed = request::count(&mut counter, provider, model, request);
        let learnt = self.learnt.read().unwrap_or_else(PoisonError::into_inner);
        let input = learnt.calibration.scale(Family::of(model)).tokens(counter.thousandths()) + fixed;
        let offset = learnt.offsets.of(Key::of(provider, model, request));
        request::estimate(input.saturating_add_signed(offset), request)
    }

    /// Learns from an answer to this request: the input that the vendor counted. Short requests teach what the target
    /// adds unseen, long ones the scale of the model's family.
    pub fn learn_at(&self, provider: &str, model: &str, request: &Request, counted: u64) {
        let mut tally = text::Counter::default();
        let fixed = request::count(&mut tally, provider, model, request);
        let (family, key) = (Family::of(model), Key::of(provider, model, request));
        let mut learnt = self.learnt.write().unwrap_or_else(PoisonError::into_inner);
        let estimated = learnt.calibration.scale(family).tokens(tally.thousandths()) + fixed;
        let seen = counted.saturating_add_signed(-learnt.offsets.of(key));
        learnt.calibration.learn(family, estimated, seen);
        learnt.offsets.learn(key, estimated, counted);
    }

    /// Learns from an answer what the request is no longer known of: what was estimated for it, and the input that the
    /// vendor counted.
    pub fn learn(&self, model: &str, estimated: u64, counted: u64) {
        let mut learnt = self.learnt.write().unwrap_or_else(PoisonError::into_inner);
        learnt.calibration.learn(Family::of(model), estimated, counted);
    }
}

impl TokenEstimator for Estimator {
    fn estimate(&self, model: &str, request: &Request) -> TokenEstimate {
        self.estimate_at("", model, request)
    }
}

#[cfg(test)]
mod tests;
