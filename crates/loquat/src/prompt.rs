//! From what the configuration says of prompts to the layer that makes them shorter.

use llm_core::Error;
use llm_prompt::optimise::{OptimiseLayer, Optimiser};

use crate::config::{Config, PromptConfig};
use crate::state::EngineState;

/// The layer, where any route wants it. It belongs outside of a cache, whose keys are then made of what is left of a prompt.
///
/// A route is known here by the name that the request uses: rules choose another one further inside.
pub(crate) fn layer(config: &Config, state: &EngineState) -> Result<Option<OptimiseLayer>, Error> {
    let of = |prompt: &PromptConfig| prompt.optimise.as_ref().map(Optimiser::new).transpose();
    let usual = of(&config.prompt)?;
    let mut wanted = usual.is_some();
    let mut layer = usual.map_or_else(OptimiseLayer::named_only, OptimiseLayer::new);
    for route in &config.routes {
        let Some(optimiser) = route.prompt.as_ref().map(of).transpose()?.flatten() else { continue };
        for name in std::iter::once(&route.name).chain(&route.aliases) {
            layer = layer.with_model(name, optimiser.clone());
        }
        wanted = true;
    }
    #[cfg(feature = "budget")]
    let layer = layer.with_estimator(std::sync::Arc::new(Learned(state.money.clone())));
    Ok(wanted.then(|| layer.with_counter(state.prompt_savings.clone())))
}

/// The estimator that learns from what vendors report.
#[cfg(feature = "budget")]
struct Learned(crate::Money);

#[cfg(feature = "budget")]
impl llm_core::TokenEstimator for Learned {
    fn estimate(&self, model: &str, request: &llm_core::Request) -> llm_core::TokenEstimate {
        self.0.estimator().estimate(model, request)
    }
}
