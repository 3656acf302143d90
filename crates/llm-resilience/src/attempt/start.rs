//! The attempts of a trip: passes the gate, pays where it must, calls the target, and tells everybody how it went.

use std::pin::pin;
use std::sync::Arc;

use llm_core::{AttemptReason, Error, ErrorKind, Progress, Request, TokenEstimate};
use tokio::time::Instant;

use super::commit;
use super::failure::RETRY_BUDGET_EXHAUSTED;
use super::judge;
use super::leg::{self, Answer, Answered, Leg};
use super::trip::Trip;
use crate::gate::{Asked, Pass};
use crate::learned::{History, Operation};
use crate::timeout::{self, Bounds, Stop};

impl Trip {
    /// Passes the gate of the current target, where there are gates.
    pub(super) async fn enter(&mut self, bounds: &mut Bounds<'_>) -> Result<Result<Option<Pass>, Error>, Stop> {
        let Some(gates) = &self.driver.gates else { return Ok(Ok(None)) };
        let target = &self.plan.targets[self.course.place].target;
        let tokens = *self.tokens.get_or_insert_with(|| self.driver.estimator.estimate(&target.model, &self.request));
        let gate = gates.gate_for(target, &self.call);
        let now = Instant::now();
        let mut asked = self.asked(tokens, now);
        if self.course.last_resort {
            asked.last_resort = Some(self.plan.route.as_deref().unwrap_or(&target.model));
        }
        asked.may_wait = self.max_targets <= 1 || !self.course.has_other(&self.plan.targets);
        bounds.arm(self.deadline);
        let entered = bounds.run(pin!(gate.enter(asked))).await?;
        self.waited += Instant::now().duration_since(now);
        Ok(entered.map(Some))
    }

    /// What a gate is asked.
    pub(super) fn asked(&self, tokens: TokenEstimate, now: Instant) -> Asked<'_> {
        let mut asked = Asked::new(now, self.deadline, self.driver.draw());
        asked.tenant = self.call.tenant.as_deref();
        asked.priority = self.call.priority();
        asked.credential = self.call.credential.as_ref();
        asked.tokens = tokens;
        asked
    }

    /// Begins an attempt at the current target; an error when it must be paid for and the budget is used up.
    pub(super) fn begin(&mut self, pass: Option<Pass>) -> Result<Leg, Error> {
        let now = Instant::now();
        let place = self.course.place;
        let learned = &self.driver.learned;
        let history = learned.history(&self.plan.targets[place].target, now);
        // A further target is free as long as it answers, and costs a retry when it does not: so one target that fails
        // always falls over to a good one, and when all fail, all attempts together stay within the budget.
        let mut paid = false;
        if self.course.has_failed() && !self.course.is_again() {
            paid = learned.pay(now);
            if !paid && !history.answers() {
                pass.into_iter().for_each(Pass::unused);
                let message = "the retry budget is used up and the target did not answer of late";
                let error = Error::new(ErrorKind::Limited, message).with_progress(Progress::NotSent);
                return Err(timeout::of_target(error.with_code(RETRY_BUDGET_EXHAUSTED), &self.place(place).target));
            }
        }
        let reason = self.course.begin();
        match reason {
            AttemptReason::First => {
                learned.first_attempt(now);
                history.first_attempt(learned.time(now));
            }
            AttemptReason::Retry => {}
            _ => history.first_attempt(learned.time(now)),
        }
        Ok(self.leg(place, reason, pass, history, paid, now))
    }

    /// An attempt that starts now.
    pub(super) fn leg(
        &mut self,
        place: usize,
        reason: AttemptReason,
        pass: Option<Pass>,
        history: Arc<History>,
        paid: bool,
        now: Instant,
    ) -> Leg {
        let at = &self.plan.targets[place];
        let always = || history.always_reasons(|| timeout::always_reasons(&at.provider.capabilities(&at.target.model)));
        let timeouts = at.timeouts.unwrap_or(self.timeouts);
        let mut timeouts = self.settings.timeouts.timers(timeouts, &self.request, always);
        let operation = self.operation();
        if operation == Operation::Whole {
            timeouts.first_byte = timeouts.whole;
        }
        let (due, own) = leg::due(&self.request, &timeouts, at, self.settings.timeouts.attempt, self.deadline, now);
        let waited = std::mem::take(&mut self.waited);
        let number = self.record.attempt_started(&at.target, reason, waited, now);
        Leg {
            place,
            number,
            pass,
            history,
            started: now,
            due,
            own,
            paid,
            timeouts,
            operation,
            learned: self.driver.learned.clone(),
            has_verdict: false,
        }
    }

    /// Makes an attempt at the current target, with hedges beside it where the route has them.
    pub(super) async fn attempt(&mut self, mut leg: Leg, bounds: &mut Bounds<'_>) -> Result<Answered, Error> {
        if let Some(after) = self.hedge_after(&leg) {
            return self.race(leg, after, bounds).await;
        }
        let place = &self.plan.targets[leg.place];
        self.request = std::mem::replace(&mut self.request, Request::Models).with_model(&place.target.model);
        self.call.attempt = leg.number;
        self.call.timeouts = leg.timeouts;
        bounds.arm(leg.due.at);
        let rules = commit::Rules {
            policy: &self.settings.stream,
            target: &place.target,
            deadline: self.deadline,
            progress: leg.timeouts.progress,
        };
        match leg::call(&mut leg, place, &self.call, self.request.clone(), rules, bounds).await {
            Ok(answer) => self.accept(leg, answer, bounds).await,
            Err(error) => Err(self.failed(leg, error)),
        }
    }

    /// An attempt answered. The error is that of an answer which is not good enough.
    pub(super) async fn accept(
        &mut self,
        mut leg: Leg,
        answer: Answer,
        bounds: &mut Bounds<'_>,
    ) -> Result<Answered, Error> {
        let now = Instant::now();
        leg.answered(&answer, now);
        let bad = match self.settings.quality {
            Some(_) => self.judge(leg.place, judge::seen_whole(&answer), bounds).await,
            None => None,
        };
        self.record.attempt_done(leg.number, bad.as_ref().map(|bad| &bad.error), answer.usage(), now);
        let answered = Answered { answer, place: leg.place, timeouts: leg.timeouts, at: now };
        match bad {
            None => {
                self.record.hold(leg.pass);
                Ok(answered)
            }
            Some(bad) => {
                if let (Some(mut pass), Some(usage)) = (leg.pass, answered.answer.usage()) {
                    pass.usage(usage);
                }
                self.failures.add(&bad.error);
                Err(self.keep_best(bad, answered))
            }
        }
    }

    /// An attempt failed.
    pub(super) fn failed(&mut self, mut leg: Leg, error: Error) -> Error {
        let now = Instant::now();
        let error = timeout::of_target(error, &self.place(leg.place).target);
        leg.failed(&error, now);
        self.record.attempt_done(leg.number, Some(&error), None, now);
        self.failures.add(&error);
        error
    }
}
