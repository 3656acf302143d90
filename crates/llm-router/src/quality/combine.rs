//! Several assessors as one.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use llm_core::{Assessment, Assessor, ChatRequest, ChatResponse, Cx, Error, ErrorKind};

/// All must be satisfied: the lowest score counts. They are asked in order, and nobody after a score of 0, so put what is
/// free before what costs money. Who cannot assess is passed over; if nobody can, that is the error.
#[derive(Clone)]
pub struct AllAssessors(Vec<Arc<dyn Assessor>>);

/// The mean of the scores by weight, of those that could assess.
#[derive(Clone)]
pub struct WeightedAssessors(Vec<(f64, Arc<dyn Assessor>)>);

impl AllAssessors {
    /// The lowest score of these.
    pub fn new(assessors: Vec<Arc<dyn Assessor>>) -> Self {
        Self(assessors)
    }
}

impl WeightedAssessors {
    /// The mean of these by their weights. Those below 0 count as 0.
    pub fn new(assessors: Vec<(f64, Arc<dyn Assessor>)>) -> Self {
        Self(assessors)
    }
}

fn nobody() -> Error {
    Error::new(ErrorKind::Config, "an answer cannot be assessed: no assessor is configured")
}

#[async_trait]
impl Assessor for AllAssessors {
    fn name(&self) -> &'static str {
        "all"
    }

    async fn assess(&self, cx: &Cx, request: &ChatRequest, response: &ChatResponse) -> Result<Assessment, Error> {
        let (mut lowest, mut failed): (Option<Assessment>, Option<Error>) = (None, None);
        for assessor in &self.0 {
            match assessor.assess(cx, request, response).await {
                Ok(one) => {
                    let is_lower = lowest.as_ref().is_none_or(|lowest| one.score < lowest.score);
                    if is_lower {
                        lowest = Some(Assessment::new(one.score, format!("{}: {}", assessor.name(), one.reason)));
                    }
                    if one.score <= 0.0 {
                        break;
                    }
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        lowest.ok_or_else(|| failed.unwrap_or_else(nobody))
    }
}

#[async_trait]
impl Assessor for WeightedAssessors {
    fn name(&self) -> &'static str {
        "weighted"
    }

    async fn assess(&self, cx: &Cx, request: &ChatRequest, response: &ChatResponse) -> Result<Assessment, Error> {
        let (mut sum, mut all, mut parts, mut failed) = (0.0, 0.0, Vec::new(), None);
        for (weight, assessor) in self.0.iter().filter(|(weight, _)| *weight > 0.0) {
            match assessor.assess(cx, request, response).await {
                Ok(one) => {
                    sum += weight * one.score;
                    all += weight;
                    parts.push(format!("{} {:.2}", assessor.name(), one.score));
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        if all <= 0.0 {
            return Err(failed.unwrap_or_else(nobody));
        }
        Ok(Assessment::new(sum / all, parts.join(", ")))
    }
}

impl fmt::Debug for AllAssessors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|assessor| assessor.name())).finish()
    }
}

impl fmt::Debug for WeightedAssessors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(weight, assessor)| (assessor.name(), weight))).finish()
    }
}
