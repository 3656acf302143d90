//! Hedges: further targets beside one that takes long. The first content wins, the others are dropped at once.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use llm_core::{AttemptReason, ChatRequest, Error, ErrorKind, Fallback, Priority, Request};
use tokio::time::{Instant, sleep_until};

use super::leg::{self, Answer, Answered, Leg};
use super::size;
use super::trip::Trip;
use super::{commit, failure};
use crate::gate::Pass;
use crate::hedge::HedgeAfter;
use crate::shed::ShedLevel;
use crate::timeout::{self, Bounds, SHORTEST_ATTEMPT, Stop, after};

/// No percentile asks for a hedge sooner than this.
const SOONEST: Duration = Duration::from_millis(500);

/// An attempt that is over, and how it went.
type Outcome = (Leg, Result<Answer, Error>);

/// One of the attempts beside each other.
struct Runner {
    place: usize,
    number: u32,
    attempt: Pin<Box<dyn Future<Output = Outcome> + Send>>,
}

enum Happened {
    /// The attempt of this runner is over.
    Done(usize, Box<Leg>, Result<Answer, Error>),
    Stopped(Stop),
}

impl Trip {
    /// After how long without a verdict a hedge may be made beside this attempt; `None` when it may not.
    pub(super) fn hedge_after(&self, leg: &Leg) -> Option<Duration> {
        let policy = self.settings.hedge.as_ref().filter(|policy| policy.max_extra > 0)?;
        let too_large = || size::exceeds(&self.request, self.settings.retry.max_replay);
        if self.plan.targets.len() < 2
            // The one is asked of one provider only, the other is dear and takes as long everywhere.
            || matches!(self.request, Request::Models | Request::Image(_))
            || self.call.priority() == Priority::Batch
            || is_stateful(&self.request)
            || too_large()
        {
            return None;
        }
        let after = match policy.after {
            HedgeAfter::Fixed(after) => after,
            HedgeAfter::Percentile(percentile) => {
                let now = self.driver.learned.time(leg.started);
                leg.history.percentile(leg.operation, percentile, now)?.max(SOONEST)
            }
        };
        (timeout::after(leg.started, after) < leg.due.at).then_some(after)
    }

    /// Makes an attempt with hedges beside it.
    pub(super) async fn race(
        &mut self,
        first: Leg,
        wait: Duration,
        bounds: &mut Bounds<'_>,
    ) -> Result<Answered, Error> {
        let mut extra = self.settings.hedge.as_ref().map_or(0, |policy| policy.max_extra);
        let mut hedge_at = Some(after(first.started, wait));
        let mut runners = vec![self.runner(first)];
        loop {
            // Each attempt keeps its own timers, the deadline among them.
            bounds.arm(hedge_at.unwrap_or_else(|| after(self.deadline, SHORTEST_ATTEMPT)));
            match happened(&mut runners, bounds).await {
                Happened::Done(place, leg, Ok(answer)) => {
                    drop(runners.remove(place));
                    self.lose(runners, &beaten());
                    self.course.stand_at(leg.place);
                    return self.accept(*leg, answer, bounds).await;
                }
                Happened::Done(place, leg, Err(error)) => {
                    drop(runners.remove(place));
                    let place = leg.place;
                    let error = self.failed(*leg, error);
                    // A budget of ours that has no room for one more attempt says nothing about those that run.
                    let refused = failure::is_refusal(&error);
                    if runners.is_empty() || (error.fallback() == Fallback::Never && !refused) {
                        self.lose(runners, &timeout::cancelled());
                        self.course.stand_at(place);
                        return Err(error);
                    }
                    self.course.lost(place, !refused, &self.plan.targets);
                }
                Happened::Stopped(Stop::Cancelled) => {
                    self.lose(runners, &timeout::cancelled());
                    return Err(timeout::cancelled());
                }
                Happened::Stopped(Stop::TimedOut) => {
                    hedge_at = None;
                    if let Some(leg) = self.hedge(&mut runners).await {
                        runners.push(self.runner(leg));
                        extra -= 1;
                        hedge_at = (extra > 0).then(|| after(Instant::now(), wait));
                    }
                }
            }
        }
    }

    fn runner(&self, mut leg: Leg) -> Runner {
        let (place, number, due) = (leg.place, leg.number, leg.due);
        let at = self.place(place).clone();
        let mut call = self.call.clone();
        call.attempt = number;
        call.timeouts = leg.timeouts;
        let request = self.request.clone().with_model(&at.target.model);
        let (settings, deadline, progress) = (self.settings.clone(), self.deadline, leg.timeouts.progress);
        let attempt = Box::pin(async move {
            let rules = commit::Rules { policy: &settings.stream, target: &at.target, deadline, progress };
            let mut sleep = pin!(sleep_until(due.at));
            let mut bounds = Bounds::new(sleep.as_mut(), None);
            let outcome = leg::call(&mut leg, &at, &call, request, rules, &mut bounds).await;
            (leg, outcome)
        });
        Runner { place, number, attempt }
    }

    /// These attempts are dropped. It says nothing about their targets.
    fn lose(&mut self, runners: Vec<Runner>, error: &Error) {
        for Runner { number, attempt, .. } in runners {
            drop(attempt);
            self.record.attempt_done(number, Some(error), None, Instant::now());
        }
    }

    /// Where a hedge may go: nowhere as long as anything is wrong with those that run or with the target itself.
    fn hedge_place(&self, runners: &[Runner], now: Instant) -> Option<usize> {
        let gates = self.driver.gates.as_ref();
        let calm =
            |place: usize| gates.is_none_or(|gates| gates.gate_for(&self.place(place).target, &self.call).is_calm(now));
        if gates.is_some_and(|gates| gates.limits().shed_level(now) != ShedLevel::None)
            || !runners.iter().all(|runner| calm(runner.place))
        {
            return None;
        }
        self.course.hedge(&self.plan.targets, |place| runners.iter().all(|runner| runner.place != place) && calm(place))
    }

    /// Begins a hedge beside those that run, where there is a target for it, nothing is wrong and the budget has room.
    async fn hedge(&mut self, runners: &mut [Runner]) -> Option<Leg> {
        let now = Instant::now();
        let running = u32::try_from(runners.len()).unwrap_or(u32::MAX);
        let remaining = self.remaining(now);
        if self.course.attempts_left(&self.rules()) <= running
            || self.course.called() >= self.max_targets
            || remaining < SHORTEST_ATTEMPT
        {
            return None;
        }
        let place = self.hedge_place(runners, now)?;
        let target = &self.place(place).target;
        let learned = &self.driver.learned;
        let history = learned.history(target, now);
        if history.percentile(self.operation(), 50, learned.time(now)).is_some_and(|typical| typical > remaining) {
            return None;
        }
        let pass = match &self.driver.gates {
            Some(gates) => {
                let mut asked = self.asked(self.tokens.unwrap_or_default(), now);
                asked.may_wait = false;
                Some(gates.gate_for(target, &self.call).enter(asked).await.ok()?)
            }
            None => None,
        };
        if !learned.pay_hedge(self.plan.route.as_ref().unwrap_or(&self.driver.id), now) {
            pass.into_iter().for_each(Pass::unused);
            return None;
        }
        history.first_attempt(learned.time(now));
        self.course.begin_hedge();
        Some(self.leg(place, AttemptReason::Hedge, pass, history, false, now))
    }
}

/// What happens next. Of several things at once, an attempt that is over comes first, the oldest before the others.
async fn happened(runners: &mut [Runner], bounds: &mut Bounds<'_>) -> Happened {
    std::future::poll_fn(|cx| {
        for (place, runner) in runners.iter_mut().enumerate() {
            if let Poll::Ready((leg, outcome)) = runner.attempt.as_mut().poll(cx) {
                return Poll::Ready(Happened::Done(place, Box::new(leg), outcome));
            }
        }
        bounds.poll(cx).map(Happened::Stopped)
    })
    .await
}

/// Why an attempt was dropped that another one was faster than.
fn beaten() -> Error {
    Error::new(ErrorKind::Cancelled, "another target answered first")
}

/// A request that leaves something behind at the vendor, or builds on something there, is not made twice.
fn is_stateful(request: &Request) -> bool {
    let (Request::Chat(chat) | Request::ChatStream(chat)) = request else { return false };
    let ChatRequest { ext, extra, .. } = &**chat;
    ext.0.values().chain([extra]).any(|fields| {
        let is_on = |name| fields.get(name).is_some_and(|value| value.as_bool() == Some(true));
        let is_set = |name| fields.get(name).is_some_and(|value| !value.is_null());
        is_on("store") || is_on("background") || is_set("previous_response_id") || is_set("conversation")
    })
}
