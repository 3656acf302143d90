//! Shadow traffic: a share of the requests is also sent to another target, whose answers reach nobody.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A target that is asked beside a share of a route's requests. It costs what it answers. As configuration:
/// `[[shadow]]`, `on_model = "smart"`, `target = "openai/gpt-5.5"`, `share = 0.05`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Shadow {
    /// The route.
    pub on_model: Arc<str>,
    /// `provider/model`, or a provider that has a default model.
    pub target: String,
    /// The share of the requests, from 0 to 1, sampled by the request id.
    pub share: f64,
}

impl Shadow {
    /// A share of a route's requests for a target.
    pub fn new(on_model: impl Into<Arc<str>>, target: impl Into<String>, share: f64) -> Self {
        Self { on_model: on_model.into(), target: target.into(), share }
    }

    /// What is wrong with it.
    pub fn problems(&self) -> Vec<String> {
        if (0.0..=1.0).contains(&self.share) {
            return Vec::new();
        }
        let Self { on_model, share, .. } = self;
        vec![format!("the shadow of the route {on_model:?} has the share {share}: write one from 0 to 1, such as 0.05")]
    }
}
