//! One request on its way through its plan: carries out what the course decides.
//!
//! A trip owns everything that its attempts share, so that it can go on after its first answer broke off.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use llm_core::{AttemptReason, Cx, Error, ErrorKind, Plan, PlanTarget, Progress, Request, Timeouts, TokenEstimate};
use tokio::time::Instant;

use super::Driver;
use super::commit;
use super::course::{Around, Course, Rules, Step};
use super::failure::{Failures, RETRY_BUDGET_EXHAUSTED};
use super::judge::{self, Best};
use super::leg::{self, Answer, Answered, Leg};
use super::record::Record;
use super::size;
use crate::gate::{Asked, Pass};
use crate::learned::{History, Operation};
use crate::settings::Settings;
use crate::timeout::{self, Bounds, Due, SHORTEST_ATTEMPT, Stop};

/// A request on its way.
pub(super) struct Trip {
    pub(super) driver: Arc<Driver>,
    pub(super) settings: Arc<Settings>,
    pub(super) plan: Plan,
    /// The environment of its calls: the caller's, with the deadline of the request.
    pub(super) call: Cx,
    /// Timers of each attempt, where its target has none of its own.
    timeouts: Timeouts,
    pub(super) request: Request,
    pub(super) deadline: Instant,
    pub(super) record: Record,
    pub(super) course: Course,
    failures: Failures,
    pub(super) max_targets: u32,
    pub(super) tokens: Option<TokenEstimate>,
    /// Waited since the last attempt.
    waited: Duration,
    /// The best of the answers that were not good enough.
    pub(super) best: Option<Best>,
}

impl Trip {
    pub(super) fn new(driver: &Arc<Driver>, cx: &Cx, request: Request, plan: Plan, record: Record) -> Self {
        let settings = driver.settings_of(plan.route.as_deref()).clone();
        let deadline = settings.timeouts.deadline(record.started, cx.deadline);
        if let Some(hedge) = &settings.hedge {
            driver.learned.may_hedge_later(plan.route.as_ref().unwrap_or(&driver.id), hedge.share());
        }
        let mut call = cx.clone();
        call.deadline = Some(deadline.into_std());
        let max_targets = match request {
            // Another provider's models are no answer to the question for those of this one.
            Request::Models => 1,
            _ => settings.fallback.max_targets.min(cx.max_targets.unwrap_or(u32::MAX)),
        };
        Self {
            driver: driver.clone(),
            settings,
            plan,
            call,
            timeouts: cx.timeouts,
            request,
            deadline,
            record,
            course: Course::default(),
            failures: Failures::default(),
            max_targets,
            tokens: None,
            waited: Duration::ZERO,
            best: None,
        }
    }

    pub(super) fn place(&self, place: usize) -> &PlanTarget {
        &self.plan.targets[place]
    }

    /// Makes attempts until one answers or the request has failed.
    pub(super) async fn answer(&mut self, bounds: &mut Bounds<'_>) -> Result<Answered, Error> {
        let error = loop {
            if let Err(error) = self.may_start() {
                break error;
            }
            let (error, step) = match self.enter(bounds).await {
                Err(Stop::Cancelled) => break timeout::cancelled().with_progress(Progress::NotSent),
                Err(Stop::TimedOut) => break self.too_late(),
                Ok(Err(refused)) => self.refused(refused),
                Ok(Ok(pass)) => match self.may_start().map(|()| self.begin(pass)) {
                    Err(error) => break error,
                    Ok(Err(unpaid)) => {
                        self.course.exhausted = true;
                        self.refused(unpaid)
                    }
                    Ok(Ok(leg)) => match self.attempt(leg, bounds).await {
                        Ok(answered) => return Ok(answered),
                        Err(error) => {
                            let step = self.decide(|course, around| course.failed(&error, around));
                            (error, step)
                        }
                    },
                },
            };
            if let Err(error) = self.follow(step, error, bounds).await {
                break error;
            }
        };
        if let Some(best) = self.best_of_bad(&error) {
            return Ok(best);
        }
        let failures = std::mem::take(&mut self.failures);
        let attempts = self.record.attempts.clone();
        Err(failures.conclude(error, attempts, self.course.tried, self.plan.targets.len(), self.course.exhausted))
    }

    /// Carries out a step up to the next attempt; an error when there is none.
    async fn follow(&mut self, step: Step, error: Error, bounds: &mut Bounds<'_>) -> Result<(), Error> {
        let (kind, next) = (error.kind(), &self.place(self.course.place).target);
        let wait = match step {
            Step::Stop => return Err(error),
            Step::Move => {
                tracing::warn!("{kind}: switching to {next}");
                return Ok(());
            }
            Step::Retry(wait) => {
                tracing::warn!("{kind}: trying {next} again in {wait:?}");
                wait
            }
            Step::Wait(wait) => {
                tracing::warn!("{kind}: every target asks to wait, asking {next} in {wait:?}");
                wait
            }
        };
        if !wait.is_zero() {
            let now = Instant::now();
            if bounds.wait_until(now + wait).await.is_err() {
                return Err(timeout::cancelled());
            }
            self.waited += Instant::now().duration_since(now);
        }
        Ok(())
    }

    /// Whether an attempt may still start.
    fn may_start(&self) -> Result<(), Error> {
        if self.call.cancel.as_ref().is_some_and(llm_core::CancellationToken::is_cancelled) {
            return Err(timeout::cancelled().with_progress(Progress::NotSent));
        }
        if self.remaining(Instant::now()) < SHORTEST_ATTEMPT {
            return Err(self.too_late());
        }
        Ok(())
    }

    fn too_late(&self) -> Error {
        let place = self.place(self.course.place);
        Due::total(self.deadline).error(&place.target).with_progress(Progress::NotSent)
    }

    pub(super) fn remaining(&self, now: Instant) -> Duration {
        self.deadline.saturating_duration_since(now)
    }

    pub(super) fn operation(&self) -> Operation {
        match self.request {
            Request::ChatStream(_) => Operation::Stream,
            _ => Operation::Whole,
        }
    }

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
    fn begin(&mut self, pass: Option<Pass>) -> Result<Leg, Error> {
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
    async fn attempt(&mut self, mut leg: Leg, bounds: &mut Bounds<'_>) -> Result<Answered, Error> {
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

    fn refused(&mut self, refused: Error) -> (Error, Step) {
        self.failures.refused(&self.plan.targets[self.course.place].target, &refused);
        let step = self.decide(|course, around| course.refused(&refused, around));
        (refused, step)
    }

    pub(super) fn rules(&self) -> Rules<'_> {
        Rules {
            retry: &self.settings.retry,
            fallback: &self.settings.fallback,
            max_retries: self.call.max_retries,
            max_targets: self.max_targets,
            replayable: true,
        }
    }

    fn decide(&mut self, decide: impl FnOnce(&mut Course, &Around<'_>) -> Step) -> Step {
        let now = Instant::now();
        let mut course = std::mem::take(&mut self.course);
        let (learned, plan) = (&self.driver.learned, &self.plan.targets);
        let operation = self.operation();
        let history = |place: usize| learned.history(&plan[place].target, now);
        let mut rules = self.rules();
        rules.replayable = !size::exceeds(&self.request, rules.retry.max_replay);
        let around = Around {
            plan,
            rules,
            remaining: self.remaining(now),
            draw: self.driver.draw(),
            typical: &|place| history(place).percentile(operation, 50, learned.time(now)),
            pay: &|place| learned.pay_retry(&history(place), now),
        };
        let step = decide(&mut course, &around);
        self.course = course;
        step
    }
}
