//! A route as a decision sees it: what does not change from request to request, without anything to call.

use std::borrow::Cow;
use std::sync::Arc;

use llm_core::{Capabilities, PlanTarget, Target, Usd};
use serde::{Deserialize, Serialize};

use crate::draw;
use crate::money::Price;
use crate::needs::Needs;
use crate::strategy::StrategySpec;
use crate::target::{OnlyIf, TargetSpec};

/// A route as a decision sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RouteView {
    /// Its name; `None` for a target that a request names outright.
    pub name: Option<Arc<str>>,
    /// What makes the order.
    pub strategy: StrategySpec,
    /// Targets that are known to be worse are not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_quality: Option<f64>,
    /// The targets, as listed.
    pub places: Vec<PlaceView>,
}

/// A target of a route, with what is known of it without asking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlaceView {
    /// Which.
    pub target: Target,
    /// Its name as a number that is the same in every process, for draws.
    #[serde(with = "draw::hex")]
    pub hash: u64,
    /// The provider's wire family: state in a request may be for it.
    #[serde(default)]
    pub api: Arc<str>,
    /// Tier: lower ones first.
    #[serde(default)]
    pub priority: i32,
    /// Share of the requests; 0 is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// How good it is, as the operator sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<f64>,
    /// Where it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Arc<str>>,
    /// Labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What it costs, as the operator says.
    #[serde(default)]
    pub price: Price,
    /// Context window in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u64>,
    /// Longest answer in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output: Option<u64>,
    /// Requests that are thought to cost more do not come here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_usd_per_request: Option<Usd>,
    /// Only requests with this label come here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_if: Option<OnlyIf>,
    /// What it is known not to have.
    #[serde(default)]
    pub lacks: Needs,
    /// Media types that it takes inline; nothing is known when both lists are empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media_inline: Vec<Cow<'static, str>>,
    /// Media types that it takes by URL.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media_url: Vec<Cow<'static, str>>,
    /// It belongs to a fallback of the route: asked after all others, as listed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fallback: bool,
    /// It belongs to an experiment: only requests of its arm come here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub arm_only: bool,
}

impl RouteView {
    /// A route without targets.
    pub fn new(name: Option<Arc<str>>, strategy: impl Into<StrategySpec>) -> Self {
        Self { name, strategy: strategy.into(), min_quality: None, places: Vec::new() }
    }

    /// With one more target.
    pub fn with_place(mut self, place: PlaceView) -> Self {
        self.places.push(place);
        self
    }

    /// With the least quality of its targets.
    pub fn with_min_quality(mut self, least: f64) -> Self {
        self.min_quality = Some(least);
        self
    }
}

impl PlaceView {
    /// A target by what its operator says and its provider knows.
    pub fn new(target: Target, api: &str, spec: &TargetSpec, capabilities: Capabilities) -> Self {
        Self {
            hash: draw::hash(&target.provider) ^ draw::mix(draw::hash(&target.model)),
            target,
            api: api.into(),
            priority: spec.priority,
            weight: spec.weight,
            quality: spec.quality,
            region: spec.region.as_deref().map(Into::into),
            tags: spec.tags.clone(),
            price: spec.price,
            context_window: spec.context_window.or(capabilities.context_window),
            max_output: capabilities.max_output,
            max_usd_per_request: spec.max_usd_per_request,
            only_if: spec.only_if.clone(),
            lacks: Needs::lacking(&capabilities),
            media_inline: capabilities.media_inline,
            media_url: capabilities.media_url,
            fallback: false,
            arm_only: false,
        }
    }

    /// What a provider's own target is without an operator's word.
    pub(crate) fn plain(target: &PlanTarget) -> Self {
        let capabilities = target.provider.capabilities(&target.target.model);
        Self::new(target.target.clone(), target.provider.api(), &TargetSpec::default(), capabilities)
    }

    /// Its share of the requests, for those that divide them.
    pub fn share(&self) -> u32 {
        self.weight.unwrap_or(1)
    }
}
