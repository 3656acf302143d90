//! Where a request stands in its plan, and what follows each failure and each refusal. Pure: the driver carries it out.

mod beside;
mod nobody;
#[cfg(test)]
mod tests;

use std::time::Duration;

use llm_core::{AttemptReason, Error, ErrorKind, PlanTarget};

use super::fallback::{self, FallbackPolicy};
use crate::retry::{Decision, RetryPolicy, Situation};
use crate::timeout::SHORTEST_ATTEMPT;

/// No gate is asked again sooner than this, whatever it said.
const SHORTEST_WAIT: Duration = Duration::from_millis(10);

/// The rules of one request.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) retry: &'a RetryPolicy,
    pub(super) fallback: &'a FallbackPolicy,
    /// Retries at one target that the call allows, instead of the policy's.
    pub(super) max_retries: Option<u32>,
    /// Targets of this request: the policy's, or the call's own.
    pub(super) max_targets: u32,
    /// The request may be sent to the same target again.
    pub(super) replayable: bool,
}

/// What surrounds a decision.
pub(super) struct Around<'a> {
    pub(super) plan: &'a [PlanTarget],
    pub(super) rules: Rules<'a>,
    /// Time until the request's deadline.
    pub(super) remaining: Duration,
    /// 64 random bits.
    pub(super) draw: u64,
    /// How long an attempt at a place of the plan takes as a rule, where that is known.
    pub(super) typical: &'a dyn Fn(usize) -> Option<Duration>,
    /// Pays for a retry at a place of the plan; false when the budget of retries is used up.
    pub(super) pay: &'a dyn Fn(usize) -> bool,
}

impl Around<'_> {
    /// The least time that another attempt at a place needs.
    fn needs(&self, place: usize) -> Duration {
        (self.typical)(place).unwrap_or_default().max(SHORTEST_ATTEMPT)
    }
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The same target again after a wait.
    Retry(Duration),
    /// Another target at once; the course has moved on to it.
    Move,
    /// Every target that is left said when to come back: the first of them after this wait.
    Wait(Duration),
    /// Nothing: the request has failed.
    Stop,
}

/// What is known of a place of the plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mark {
    /// It may be asked.
    #[default]
    Open,
    /// Its gate did not let the request through.
    Refused {
        /// When to come back, as far as it said so.
        after: Option<Duration>,
        /// Coming back then is worth the wait.
        waitable: bool,
    },
    /// It is not asked again.
    Closed,
}

/// The attempt that failed last.
#[derive(Debug)]
struct Last {
    place: usize,
    error: Error,
    retries: u32,
}

/// Where a request stands in its plan.
#[derive(Debug, Default)]
pub(super) struct Course {
    /// The target that is called now, as a place in the plan.
    pub(super) place: usize,
    /// Targets that were called.
    pub(super) tried: u32,
    /// Of those, targets to which nothing was sent after all: a limit or a budget of ours below the driver refused.
    unsent: u32,
    /// The budget of retries was used up when one was wanted.
    pub(super) exhausted: bool,
    /// The next call may pass a breaker that is open.
    pub(super) last_resort: bool,
    /// Attempts that count.
    made: u32,
    /// Retries at this target.
    retries: u32,
    free_retry_used: bool,
    last: Option<Last>,
    /// By place; empty while nothing is known.
    marks: Vec<Mark>,
    /// Only windows larger than this will do.
    window: Option<u64>,
    /// Waited because gates asked for it.
    waited: Duration,
}

impl Course {
    /// Targets that count against those that the request may try.
    pub(super) fn called(&self) -> u32 {
        self.tried.saturating_sub(self.unsent)
    }

    /// Whether an attempt that counts was made.
    pub(super) fn has_failed(&self) -> bool {
        self.made > 0
    }

    /// Whether the current target is the one that failed last.
    pub(super) fn is_again(&self) -> bool {
        self.last.as_ref().is_some_and(|last| last.place == self.place)
    }

    /// Whether another target may take the request if the current one does not.
    pub(super) fn has_other(&self, plan: &[PlanTarget]) -> bool {
        (0..plan.len()).any(|place| place != self.place && self.is_open(place, plan))
    }

    /// Attempts that may still be made.
    pub(super) fn attempts_left(&self, rules: &Rules<'_>) -> u32 {
        max_attempts(rules).saturating_sub(self.made)
    }

    /// An attempt at the current target begins: why.
    pub(super) fn begin(&mut self) -> AttemptReason {
        self.last_resort = false;
        let again = self.is_again();
        if again {
            return AttemptReason::Retry;
        }
        self.tried += 1;
        if self.tried == 1 { AttemptReason::First } else { AttemptReason::Fallback }
    }

    /// The attempt at the current target ended in `error`.
    pub(super) fn failed(&mut self, error: &Error, around: &Around<'_>) -> Step {
        // These refuse before anything is sent; they are no attempt of a vendor.
        if matches!(error.kind(), ErrorKind::CircuitOpen | ErrorKind::Limited) {
            self.unsent += u32::from(!self.is_again());
            return self.refused(error, around);
        }
        self.made += 1;
        let Around { plan, rules, remaining, draw, .. } = *around;
        self.learn(error, plan);
        let targets_left = rules.max_targets.saturating_sub(self.called());
        let may_move = targets_left > 0
            && self.made < max_attempts(&rules)
            && fallback::may_leave(error, &plan[self.place], rules.fallback);
        let next = if may_move { self.next(around) } else { None };
        // One attempt is kept for each further target, so that retries here cannot use up the fallback.
        let kept = next.map_or(0, |_| {
            let others = (0..plan.len()).filter(|&place| place != self.place && self.is_open(place, plan));
            u32::try_from(others.count()).unwrap_or(u32::MAX).min(targets_left)
        });
        let situation = Situation {
            max_retries: rules.max_retries,
            retries: self.retries,
            attempts_left: self.attempts_left(&rules).saturating_sub(kept),
            free_retry_used: self.free_retry_used,
            remaining,
            needs: around.needs(self.place),
            other_target: next.is_some(),
            replayable: rules.replayable,
            draw,
        };
        let decision = match rules.retry.decide(error, &situation) {
            Decision::RetryAtOnce | Decision::RetryAfter(_) if !(around.pay)(self.place) => {
                self.exhausted = true;
                if next.is_some() { Decision::NextTarget } else { Decision::GiveUp }
            }
            decision => decision,
        };
        self.last = Some(Last { place: self.place, error: error.clone(), retries: self.retries });
        match (decision, next) {
            (Decision::RetryAtOnce, _) => self.retry_at_once(),
            (Decision::RetryAfter(wait), _) => {
                self.retries += 1;
                Step::Retry(wait)
            }
            (Decision::NextTarget, Some(next)) => {
                self.mark(self.place, plan, Mark::Closed);
                self.go(next);
                Step::Move
            }
            (Decision::NextTarget | Decision::GiveUp, _) => {
                self.mark(self.place, plan, Mark::Closed);
                if fallback::may_leave(error, &plan[self.place], rules.fallback) {
                    self.nobody(around)
                } else {
                    Step::Stop
                }
            }
        }
    }

    /// The gate of the current target did not let the request through: nothing was sent.
    pub(super) fn refused(&mut self, error: &Error, around: &Around<'_>) -> Step {
        let Around { plan, rules, .. } = *around;
        let waitable = matches!(error.kind(), ErrorKind::Limited | ErrorKind::RateLimited);
        let after = error.retry_after().map(|after| after.max(SHORTEST_WAIT));
        self.mark(self.place, plan, Mark::Refused { after, waitable });
        if std::mem::take(&mut self.last_resort) {
            return Step::Stop;
        }
        // A target that refused is none that was tried, but a call without fallback stays where it is.
        let may_move = rules.max_targets > 1 && self.called() < rules.max_targets;
        match if may_move { self.next(around) } else { None } {
            Some(next) => {
                self.go(next);
                Step::Move
            }
            None => self.nobody(around),
        }
    }

    fn retry_at_once(&mut self) -> Step {
        self.free_retry_used = true;
        self.made -= 1;
        Step::Retry(Duration::ZERO)
    }

    /// What an error says of other targets than its own.
    fn learn(&mut self, error: &Error, plan: &[PlanTarget]) {
        match error.kind() {
            ErrorKind::ContextLength | ErrorKind::PayloadTooLarge => {
                self.window = self.window.max(fallback::window(&plan[self.place]));
            }
            // A wrong key is wrong for every model of its provider.
            ErrorKind::Auth => {
                let provider = &plan[self.place].target.provider;
                for place in (0..plan.len()).filter(|&place| plan[place].target.provider == *provider) {
                    self.mark(place, plan, Mark::Closed);
                }
            }
            _ => {}
        }
    }

    /// The first other place that may take the request and has the time for it.
    fn next(&self, around: &Around<'_>) -> Option<usize> {
        (0..around.plan.len()).find(|&place| {
            place != self.place
                && self.is_open(place, around.plan)
                && (self.tried == 0 || around.needs(place) <= around.remaining)
        })
    }

    fn is_open(&self, place: usize, plan: &[PlanTarget]) -> bool {
        self.marks.get(place).is_none_or(|mark| *mark == Mark::Open)
            && self.window.is_none_or(|window| fallback::window(&plan[place]).is_some_and(|larger| larger > window))
    }

    fn mark(&mut self, place: usize, plan: &[PlanTarget], mark: Mark) {
        if self.marks.is_empty() {
            self.marks.resize(plan.len(), Mark::Open);
        }
        self.marks[place] = mark;
    }

    /// Those that refused may be asked again.
    fn reopen(&mut self) {
        for mark in &mut self.marks {
            if *mark != Mark::Closed {
                *mark = Mark::Open;
            }
        }
    }

    fn go(&mut self, place: usize) {
        self.place = place;
        self.retries = 0;
    }
}

fn max_attempts(rules: &Rules<'_>) -> u32 {
    // Only more retries than the policy's need more room than it has.
    let more = rules.max_retries.filter(|retries| *retries > rules.retry.max_retries);
    let room_for_retries = more.map_or(0, |retries| retries.saturating_add(1));
    rules.retry.max_attempts.max(room_for_retries)
}
