//! One request on its way through its plan: carries out what the course decides.
//!
//! A trip owns everything that its attempts share, so that it can go on after its first answer broke off.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use llm_core::{Cx, Error, Plan, PlanTarget, Progress, Request, Timeouts, TokenEstimate};
use tokio::time::Instant;

use super::Driver;
use super::course::{Around, Course, Rules, Step};
use super::failure::Failures;
use super::judge::Best;
use super::leg::Answered;
use super::record::Record;
use super::size;
use crate::learned::Operation;
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
    pub(super) timeouts: Timeouts,
    pub(super) request: Request,
    pub(super) deadline: Instant,
    pub(super) record: Record,
    pub(super) course: Course,
    pub(super) failures: Failures,
    pub(super) max_targets: u32,
    pub(super) tokens: Option<TokenEstimate>,
    /// Waited since the last attempt.
    pub(super) waited: Duration,
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
        Err(failures.conclude(error, attempts, self.plan.targets.len(), self.course.exhausted))
    }

    /// Carries out a step up to the next attempt; an error when there is none.
    async fn follow(&mut self, step: Step, error: Error, bounds: &mut Bounds<'_>) -> Result<(), Error> {
        let (kind, next) = (error.kind(), &self.place(self.course.place).target);
        let wait = match step {
            Step::Stop => return Err(error),
            Step::Move => {
                tracing::warn!("{} failed ({kind}), switching to {next}", Of(&error));
                return Ok(());
            }
            Step::Retry(wait) => {
                tracing::warn!("{} failed ({kind}), trying {next} again in {wait:?}", Of(&error));
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

    fn refused(&mut self, refused: Error) -> (Error, Step) {
        self.failures.refused(&self.plan.targets[self.course.place].target, &refused);
        let step = self.decide(|course, around| course.refused(&refused, around));
        (refused, step)
    }

    pub(super) fn rules(&self) -> Rules<'_> {
        let asked = self.call.max_retries;
        let own = asked.unwrap_or(self.settings.retry.max_retries);
        Rules {
            retry: &self.settings.retry,
            fallback: &self.settings.fallback,
            max_retries: self.call.most_retries.filter(|most| *most < own).or(asked),
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

/// Whom an error is of, for the log.
struct Of<'a>(&'a Error);

impl fmt::Display for Of<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.provider(), self.0.model()) {
            (Some(provider), Some(model)) => write!(f, "{provider}/{model}"),
            (provider, _) => f.write_str(provider.unwrap_or("an attempt")),
        }
    }
}
