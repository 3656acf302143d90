//! How good an answer is, said by rules, by schemas or by another model.

use std::borrow::Cow;

use async_trait::async_trait;

use crate::chat::ChatRequest;
use crate::cx::Cx;
use crate::error::Error;
use crate::response::ChatResponse;

/// What an assessor says of an answer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Assessment {
    /// From 0 (useless) to 1 (as good as it can be).
    pub score: f64,
    /// Why, in a few words without text of the prompt or the answer.
    pub reason: Cow<'static, str>,
}

impl Assessment {
    /// A score, held between 0 and 1, and why. What is not a number is 0.
    pub fn new(score: f64, reason: impl Into<Cow<'static, str>>) -> Self {
        let score = if score.is_nan() { 0.0 } else { score.clamp(0.0, 1.0) };
        Self { score, reason: reason.into() }
    }
}

/// Says how good an answer is.
#[async_trait]
pub trait Assessor: Send + Sync + 'static {
    /// Its name in configurations, logs and explanations.
    fn name(&self) -> &str;

    /// Assesses an answer. An error means that it could not be assessed, not that it is bad.
    async fn assess(&self, cx: &Cx, request: &ChatRequest, response: &ChatResponse) -> Result<Assessment, Error>;
}
