//! A floor under the quality of answers: what an assessor finds too bad is a failed attempt, and the next target is asked.

use std::fmt;
use std::sync::Arc;

use llm_core::Assessor;

/// The machine code of an attempt whose answer was not good enough.
pub const QUALITY_GATE: &str = "quality_gate";

/// Which answers are good enough. Off unless a route asks for it.
///
/// It sees whole answers, and streams that are held until they are whole.
/// When no target's answer passes, the best one is returned with a warning; in strict mode it is an error.
/// An assessor that fails never fails a request: the answer counts as good.
#[derive(Clone)]
#[non_exhaustive]
pub struct QualityGate {
    /// Who says how good an answer is.
    pub assessor: Arc<dyn Assessor>,
    /// The lowest score that passes, from 0 to 1.
    pub min_score: f64,
    /// When no answer passes: an error instead of the best answer. Default false.
    pub strict: bool,
}

impl QualityGate {
    /// Answers need this score, from 0 to 1.
    pub fn new(assessor: Arc<dyn Assessor>, min_score: f64) -> Self {
        Self { assessor, min_score, strict: false }
    }

    /// With an error instead of the best answer when none passes, or not.
    pub fn with_strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }
}

impl fmt::Debug for QualityGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QualityGate")
            .field("assessor", &self.assessor.name())
            .field("min_score", &self.min_score)
            .field("strict", &self.strict)
            .finish()
    }
}
