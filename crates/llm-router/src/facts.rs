//! What a plan depends on of one request: no text of the prompt, so that it may stand in a log.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use llm_core::{Cx, Priority, QualityNeed, Request, TokenEstimate};
use serde::{Deserialize, Serialize};

use crate::bound::Bound;
use crate::classify::Complexity;
use crate::draw;
use crate::experiment::Assigned;
use crate::needs::{MediaNeed, Needs};

/// Output tokens that a request is thought to take when it sets no limit of its own.
pub const ASSUMED_OUTPUT: u64 = 512;

/// What a plan depends on of one request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Facts {
    /// What is asked, in the word of [`Request::operation`]: `chat`, `embed`, `rerank`, ….
    pub operation: Cow<'static, str>,
    /// The model name that the request uses.
    pub model: Arc<str>,
    /// What the answer takes.
    pub needs: Needs,
    /// The media in it, each kind once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<MediaNeed>,
    /// Input tokens, as estimated; 0 when nothing asked for an estimate.
    pub input_tokens: u64,
    /// The longest answer that it allows; `None` when it says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output: Option<u64>,
    /// The kind of task, from the hints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Arc<str>>,
    /// How good the answer must be, from the hints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<QualityNeed>,
    /// How much it matters that it is answered now.
    pub priority: Priority,
    /// The only region that may answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Arc<str>>,
    /// The session, as a hash: requests of one session go to the same target.
    #[serde(skip_serializing_if = "Option::is_none", with = "draw::hex_option")]
    pub session: Option<u64>,
    /// On whose behalf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Arc<str>>,
    /// Labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Arc<BTreeMap<String, String>>>,
    /// It allows no fallback, or brings a key that only the first target's provider may see.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
    /// State in it that only some providers can read.
    #[serde(skip_serializing_if = "Bound::is_free")]
    pub bound: Bound,
    /// The target that an experiment puts first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned: Option<Assigned>,
    /// The kind of request that it is to a strategy that learns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Arc<str>>,
    /// How hard it is, where the strategy asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complexity: Option<Complexity>,
}

impl Facts {
    /// The facts of a request, without an estimate and without a class.
    pub fn of(cx: &Cx, request: &Request) -> Self {
        let (needs, media) = Needs::of(request);
        let hints = cx.hints.as_deref();
        Self {
            operation: Cow::Borrowed(request.operation()),
            model: request.model().into(),
            needs,
            media,
            input_tokens: 0,
            max_output: None,
            task: hints.and_then(|hints| hints.task.clone()),
            quality: hints.and_then(|hints| hints.quality),
            priority: cx.priority(),
            region: hints.and_then(|hints| hints.region.clone()),
            session: hints.and_then(|hints| hints.session.as_deref()).map(draw::hash),
            tenant: cx.tenant.clone(),
            tags: cx.tags.clone(),
            alone: cx.max_targets == Some(1) || cx.credential.is_some(),
            bound: Bound::of(request),
            assigned: None,
            kind: None,
            complexity: None,
        }
    }

    /// With the tokens that the request is thought to take.
    pub fn with_tokens(mut self, estimate: TokenEstimate) -> Self {
        (self.input_tokens, self.max_output) = (estimate.input, estimate.max_output);
        self
    }

    /// With how hard it is.
    pub fn with_complexity(mut self, complexity: Complexity) -> Self {
        self.complexity = Some(complexity);
        self
    }

    /// Output tokens for estimates of cost: what the request allows, else [`ASSUMED_OUTPUT`].
    pub fn output_tokens(&self) -> u64 {
        self.max_output.unwrap_or(ASSUMED_OUTPUT)
    }

    /// The value of a label.
    pub fn tag(&self, name: &str) -> Option<&str> {
        self.tags.as_deref()?.get(name).map(String::as_str)
    }
}
