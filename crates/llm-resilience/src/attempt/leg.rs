//! One attempt: from its gate through the call to its verdict, of which the gate, the log and the history of the target learn.

use std::sync::Arc;
use std::time::Duration;

use llm_core::{
    Cx, Error, ErrorKind, Event, Fallback, PlanTarget, RateLimits, Request, Response, TimeoutStage, Timeouts, Usage,
};
use tokio::time::Instant;

use super::commit::{self, Committed};
use super::failure;
use crate::gate::{Pass, Verdict};
use crate::learned::{History, Learned, Operation};
use crate::timeout::{self, Bounds, Due, Stop};

/// What an attempt came to.
pub(super) enum Answer {
    Whole(Response),
    Stream(Committed),
}

/// The answer of a request, and whose it is.
pub(super) struct Answered {
    pub(super) answer: Answer,
    /// Who answers, as a place in the plan.
    pub(super) place: usize,
    /// The timers of the attempt.
    pub(super) timeouts: Timeouts,
    /// When it came.
    pub(super) at: Instant,
}

/// An attempt under way.
pub(super) struct Leg {
    pub(super) place: usize,
    pub(super) number: u32,
    pub(super) pass: Option<Pass>,
    pub(super) history: Arc<History>,
    pub(super) started: Instant,
    pub(super) due: Due,
    /// The target's own longest time until a verdict, whatever time the caller has.
    pub(super) own: Option<Duration>,
    /// It was paid for from the budget of retries, which gets it back for an answer.
    pub(super) paid: bool,
    pub(super) timeouts: Timeouts,
    pub(super) operation: Operation,
    pub(super) learned: Learned,
    /// The answer came, or the first content of its stream.
    pub(super) has_verdict: bool,
}

impl Leg {
    /// The error of a leg that was stopped.
    pub(super) fn stopped(&self, stop: Stop, place: &PlanTarget) -> Error {
        match stop {
            Stop::TimedOut => self.due.error(&place.target),
            Stop::Cancelled => timeout::cancelled(),
        }
    }

    /// The answer came, or the first content of its stream: the verdict. Only the first word counts.
    pub(super) fn answers(&mut self, now: Instant) {
        if std::mem::replace(&mut self.has_verdict, true) {
            return;
        }
        let took = now.saturating_duration_since(self.started);
        if let Some(pass) = &mut self.pass {
            let verdict = match self.operation {
                Operation::Stream => Verdict::Answered { first_content: took },
                Operation::Whole => Verdict::Whole { took },
            };
            pass.verdict(verdict, now);
        }
        self.history.answered(self.operation, took, self.learned.time(now));
        if self.paid {
            self.learned.refund(now);
        }
    }

    /// It answered.
    pub(super) fn answered(&mut self, answer: &Answer, now: Instant) {
        self.answers(now);
        if let (Some(pass), Some(limits)) = (&mut self.pass, answer.rate_limits()) {
            pass.rate_limits(limits, now);
        }
    }

    /// It failed. The caller's own end is no evidence against the target, unless it had the time that the target needs
    /// by its own settings.
    pub(super) fn failed(&mut self, error: &Error, now: Instant) {
        let took = now.saturating_duration_since(self.started);
        let own = match error.kind() {
            ErrorKind::Cancelled => return,
            ErrorKind::Timeout(TimeoutStage::Total) => match self.own {
                Some(own) if took >= own => Some(error.clone().with_kind(ErrorKind::Timeout(TimeoutStage::Attempt))),
                _ => return,
            },
            _ => None,
        };
        if failure::is_refusal(error) {
            // Nobody was called: it says nothing about the target, and costs no retry.
            if std::mem::take(&mut self.paid) {
                self.learned.refund(now);
            }
        } else if error.kind().policy().fallback == Fallback::Next {
            self.history.failed();
        }
        if let Some(pass) = &mut self.pass {
            let error = own.as_ref().unwrap_or(error);
            pass.verdict(Verdict::Failed(error), now);
            pass.broke(error, now);
        }
    }
}

impl Answer {
    fn rate_limits(&self) -> Option<&RateLimits> {
        match self {
            Self::Whole(Response::Chat(chat)) => chat.rate_limits.as_ref(),
            Self::Stream(committed) => committed.held.iter().find_map(|event| match event {
                Event::Start(start) => start.rate_limits.as_ref(),
                _ => None,
            }),
            Self::Whole(_) => None,
        }
    }

    /// What it took, where that is known by now.
    pub(super) fn usage(&self) -> Option<&Usage> {
        let usage = match self {
            Self::Whole(response) => response.usage()?,
            Self::Stream(committed) => match committed.held.last() {
                Some(Event::Finish(finish)) => &finish.usage,
                _ => return None,
            },
        };
        (!usage.is_unknown()).then_some(usage)
    }
}

/// Until when an attempt must have its verdict, and how long the target has for it by its own settings.
pub(super) fn due(
    request: &Request,
    timeouts: &Timeouts,
    place: &PlanTarget,
    attempt: Option<Duration>,
    deadline: Instant,
    now: Instant,
) -> (Due, Option<Duration>) {
    let first_content = match request {
        Request::ChatStream(_) => timeouts.first_content,
        _ => None,
    };
    let attempt = place.timeout.or(attempt);
    let due =
        Due::total(deadline).or(now, attempt, TimeoutStage::Attempt).or(now, first_content, TimeoutStage::FirstContent);
    let own = match (attempt, first_content) {
        (Some(attempt), Some(first_content)) => Some(attempt.min(first_content)),
        (attempt, first_content) => attempt.or(first_content),
    };
    (due, own)
}

/// One call of one target, a stream up to its commit point.
pub(super) async fn call(
    leg: &mut Leg,
    place: &PlanTarget,
    call: &Cx,
    request: Request,
    rules: commit::Rules<'_>,
    bounds: &mut Bounds<'_>,
) -> Result<Answer, Error> {
    match attempt(leg, place, call, request, rules, bounds).await {
        Ok(outcome) => outcome,
        Err(stop) => Err(leg.stopped(stop, place)),
    }
}

async fn attempt(
    leg: &mut Leg,
    place: &PlanTarget,
    call: &Cx,
    request: Request,
    rules: commit::Rules<'_>,
    bounds: &mut Bounds<'_>,
) -> Result<Result<Answer, Error>, Stop> {
    let response = match bounds.run(place.provider.call(call, request)).await? {
        Ok(response) => response,
        Err(error) => return Ok(Err(error)),
    };
    match response {
        Response::ChatStream(stream) => {
            let committed = commit::commit(stream, rules, bounds, &mut |at| leg.answers(at)).await?;
            Ok(committed.map(Answer::Stream))
        }
        whole => Ok(Ok(Answer::Whole(whole))),
    }
}
