//! The quality gate of a route: an answer that is not good enough is a failed attempt.

use std::borrow::Cow;

use llm_core::{ChatResponse, Error, ErrorKind, Event, Request, Response, Warning};

use super::leg::{Answer, Answered};
use super::trip::Trip;
use crate::quality::QUALITY_GATE;
use crate::timeout::{self, Bounds};

/// An answer that is not good enough.
pub(super) struct Bad {
    pub(super) error: Error,
    score: f64,
}

/// The best of those.
pub(super) struct Best {
    score: f64,
    answered: Answered,
}

impl Trip {
    /// Asks the route's assessor, where it has one. Whatever goes wrong with that, the answer counts as good.
    pub(super) async fn judge(
        &mut self,
        place: usize,
        response: Option<Cow<'_, ChatResponse>>,
        bounds: &mut Bounds<'_>,
    ) -> Option<Bad> {
        let (gate, response) = (self.settings.quality.as_ref()?, response?);
        let (Request::Chat(chat) | Request::ChatStream(chat)) = &self.request else { return None };
        bounds.arm(self.deadline);
        let assessment = match bounds.run(gate.assessor.assess(&self.call, chat, &response)).await {
            Ok(Ok(assessment)) => assessment,
            Ok(Err(error)) => {
                tracing::warn!(assessor = gate.assessor.name(), kind = %error.kind(), "an answer could not be assessed");
                return None;
            }
            Err(_) => return None,
        };
        if assessment.score >= gate.min_score {
            return None;
        }
        let (score, target) = (assessment.score, &self.place(place).target);
        let message =
            format!("the answer of {target} scored {score:.2}, below {:.2}: {}", gate.min_score, assessment.reason);
        // Another model may do better; the same one was asked already.
        let error = Error::new(ErrorKind::ModelOutput, message).with_code(QUALITY_GATE).with_should_retry(false);
        Some(Bad { error: timeout::of_target(error, target), score })
    }

    /// Keeps an answer that is not good enough for the case that none is.
    pub(super) fn keep_best(&mut self, bad: Bad, answered: Answered) -> Error {
        if self.best.as_ref().is_none_or(|best| bad.score > best.score) {
            self.best = Some(Best { score: bad.score, answered });
        }
        bad.error
    }

    /// The best of the answers that were not good enough, when nothing better came; none where the route is strict.
    pub(super) fn best_of_bad(&mut self, error: &Error) -> Option<Answered> {
        let gate = self.settings.quality.as_ref().filter(|gate| !gate.strict)?;
        if error.kind() == ErrorKind::Cancelled {
            return None;
        }
        let Best { score, mut answered } = self.best.take()?;
        let message = format!(
            "no answer reached the quality floor of {:.2}: this is the best one, it scored {score:.2}",
            gate.min_score
        );
        let warning = Warning::Other { message };
        match &mut answered.answer {
            Answer::Whole(Response::Chat(chat)) => chat.warnings.push(warning),
            Answer::Stream(committed) => {
                if let Some(Event::Start(start)) = committed.held.first_mut() {
                    start.warnings.push(warning);
                }
            }
            Answer::Whole(_) => {}
        }
        self.record.answered_by(&self.plan.targets[answered.place].target);
        Some(answered)
    }
}

/// What an assessor can see of an answer: all of it, or nothing.
pub(super) fn seen_whole(answer: &Answer) -> Option<Cow<'_, ChatResponse>> {
    match answer {
        Answer::Whole(Response::Chat(response)) => Some(Cow::Borrowed(response)),
        Answer::Stream(committed) => committed.whole().map(Cow::Owned),
        Answer::Whole(_) => None,
    }
}
