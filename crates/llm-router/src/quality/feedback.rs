//! Feedback: what callers say of answers, joined with who gave them.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use llm_core::{Error, ErrorKind, Observed, Observer};
use serde::{Deserialize, Serialize};

use super::learner::{Learner, Scored};
use super::ring::{MAX_SCORES, Ring};

/// Answers that are remembered for feedback unless told otherwise.
const REMEMBERED: usize = 10_000;
/// Longest label.
const MAX_LABEL: usize = 64;

/// What a caller says of one answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Feedback {
    /// The request's id.
    pub request_id: String,
    /// From 0 (useless) to 1 (as good as it can be).
    pub score: f64,
    /// What was scored, such as `satisfaction` or `task_completion`. Each label has its own mean beside the whole one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

impl Feedback {
    /// A score of a request's answer.
    pub fn new(request_id: impl Into<String>, score: f64) -> Self {
        Self { request_id: request_id.into(), score, label: None }
    }

    /// With what was scored.
    pub fn with_label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }
}

/// Joins scores with the requests that they are about, and tells those who learn. Cheap to clone; all clones are one.
///
/// Give it to a client as an observer, so that it knows who answered.
#[derive(Clone)]
pub struct Quality(Arc<Inner>);

struct Inner {
    ring: Mutex<Ring>,
    learners: Vec<Arc<dyn Learner>>,
}

impl Quality {
    /// Tells these of every score, and remembers the last 10,000 answers.
    pub fn new(learners: Vec<Arc<dyn Learner>>) -> Self {
        Self::with_memory(learners, REMEMBERED)
    }

    /// The same with another number of answers.
    pub fn with_memory(learners: Vec<Arc<dyn Learner>>, answers: usize) -> Self {
        Self(Arc::new(Inner { ring: Mutex::new(Ring::new(answers)), learners }))
    }

    /// Takes a score in.
    pub fn feedback(&self, feedback: &Feedback, now: Instant) -> Result<(), Error> {
        let Feedback { request_id, score, label } = feedback;
        let invalid = |message: String, param: &'static str| {
            Err(Error::new(ErrorKind::InvalidRequest, message).with_param(param))
        };
        if !(0.0..=1.0).contains(score) {
            return invalid(format!("feedback with the score {score}: write one from 0 to 1"), "score");
        }
        if label.as_ref().is_some_and(|label| label.is_empty() || label.len() > MAX_LABEL) {
            return invalid(format!("feedback with a label that is empty or longer than {MAX_LABEL} bytes"), "label");
        }
        self.score(request_id, *score, label.as_deref(), now)
    }

    /// The same for scores of our own making.
    pub(super) fn score(&self, id: &str, score: f64, label: Option<&str>, now: Instant) -> Result<(), Error> {
        let answered = {
            let mut ring = self.ring();
            let Some(answered) = ring.find(id) else {
                let message = "feedback about a request that is not known: give the id that its answer had, \
                               within the last 10,000 answers";
                return Err(Error::new(ErrorKind::NotFound, message).with_param("request_id"));
            };
            if answered.scores >= MAX_SCORES {
                let message = format!("feedback about a request that has {MAX_SCORES} scores already");
                return Err(Error::new(ErrorKind::Limited, message).with_param("request_id"));
            }
            answered.scores += 1;
            answered.clone()
        };
        let scored = Scored { request: &answered.request, target: &answered.target, score, label };
        for learner in &self.0.learners {
            learner.scored(&scored, now);
        }
        Ok(())
    }

    /// Answers that are remembered.
    pub fn remembered(&self) -> usize {
        self.ring().len()
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Quality {
    fn on(&self, event: &Observed) {
        if let Observed::Completed { request, target: Some(target), error: None, .. } = event {
            self.ring().insert(request, target);
        }
    }
}

impl fmt::Debug for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quality").field("remembered", &self.remembered()).finish_non_exhaustive()
    }
}
