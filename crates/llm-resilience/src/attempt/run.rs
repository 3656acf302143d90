//! One request from its plan to its answer or its error.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use llm_core::{
    Attempt, ChatStream, Cx, Error, ErrorKind, Fallback, Plan, PlanTarget, Progress, Request, Response, TimeoutStage,
};
use tokio::time::{Instant, sleep_until};

use super::commit::{Committed, commit};
use super::course::{Course, Rules, Step};
use super::failure::Failures;
use super::record::Record;
use super::stream::{Guard, Terms};
use super::{Resilient, canned};
use crate::settings::Settings;
use crate::timeout::{self, Bounds, Due, SHORTEST_ATTEMPT, Stop};

/// What an attempt came to.
enum Answer {
    Whole(Response),
    Stream(Committed),
}

pub(super) async fn run(driver: &Resilient, cx: &Cx, mut request: Request) -> Result<Response, Error> {
    let started = Instant::now();
    let plan = match plan(driver, cx, &request) {
        Ok(plan) => plan,
        Err(error) => {
            Record::new(cx, &request, None, driver.id_of(cx), started).complete(Some(&error));
            return Err(error);
        }
    };
    let mut record = Record::new(cx, &request, Some(&plan), driver.id_of(cx), started);
    let settings = driver.settings_of(plan.route.as_deref());
    let deadline = settings.timeouts.deadline(started, cx.deadline);
    let plan = plan.targets;
    let operation = request.operation();
    let rules = Rules {
        retry: &settings.retry,
        fallback: &settings.fallback,
        max_retries: cx.max_retries,
        max_targets: max_targets(settings, cx, &request),
    };

    let mut sleep = pin!(sleep_until(deadline));
    let mut cancelled = pin!(cancelled(cx));
    let cancelled: Option<Pin<&mut (dyn Future<Output = ()> + Send)>> = match &cx.cancel {
        Some(_) => Some(cancelled.as_mut()),
        None => None,
    };
    let mut bounds = Bounds::new(sleep.as_mut(), cancelled);

    let mut call = cx.clone();
    call.deadline = Some(deadline.into_std());
    let mut course = Course::new();
    let mut failures = Failures::default();
    let mut waited = Duration::ZERO;
    let error = loop {
        let place = &plan[course.place];
        let now = Instant::now();
        if let Err(error) = may_start(cx, deadline, now, place) {
            break error;
        }
        request = request.with_model(&place.target.model);
        call.attempt = record.next_number();
        call.timeouts = place.timeouts.unwrap_or(cx.timeouts);
        if !matches!(request, Request::ChatStream(_)) {
            call.timeouts.first_byte = call.timeouts.whole;
        }
        let due = due(&request, &call, place, settings.timeouts.attempt, deadline, now);
        record.attempt_started(&place.target, course.reason(), waited, now);
        bounds.arm(due.at);
        let answer = match attempt(place, &call, request.clone(), &mut bounds).await {
            Ok(answer) => answer,
            Err(Stop::TimedOut) => Err(due.error(&place.target)),
            Err(Stop::Cancelled) => Err(timeout::cancelled()),
        };
        let now = Instant::now();
        let error = match answer {
            Ok(answer) => {
                record.attempt_done(None, now);
                tracing::info!(attempts = record.attempts.len(), "using {} for {operation}", place.target);
                return Ok(deliver(answer, record, place, deadline, &call, now));
            }
            Err(error) => timeout::of_target(error, &place.target),
        };
        record.attempt_done(Some(&error), now);
        failures.add(&error);
        let step = course.failed(&error, &plan, rules, deadline.saturating_duration_since(now), driver.draw());
        waited = Duration::ZERO;
        match step {
            Step::Stop => break error,
            Step::Move => {
                let next = &plan[course.place].target;
                tracing::warn!("{} failed ({}), switching to {next}", place.target, error.kind());
            }
            Step::Retry(wait) => {
                tracing::warn!("{} failed ({}), trying it again in {wait:?}", place.target, error.kind());
                if !wait.is_zero() {
                    if bounds.wait_until(now + wait).await.is_err() {
                        break timeout::cancelled();
                    }
                    waited = Instant::now().duration_since(now);
                }
            }
        }
    };
    let error = failures.conclude(error, record.attempts.clone(), course.tried, plan.len());
    log_failure(operation, &error);
    record.complete(Some(&error));
    match settings.canned.as_deref().and_then(|text| canned::answer(text, &request, &error)) {
        Some(answer) => Ok(answer),
        None => Err(error),
    }
}

fn plan(driver: &Resilient, cx: &Cx, request: &Request) -> Result<Plan, Error> {
    let plan = driver.planner.plan(cx, request)?;
    if plan.targets.is_empty() {
        let message = format!("planning the request for {:?}: no target may take it", request.model());
        return Err(Error::new(ErrorKind::NoTarget, message).with_progress(Progress::NotSent));
    }
    Ok(plan)
}

fn max_targets(settings: &Settings, cx: &Cx, request: &Request) -> u32 {
    match request {
        // Another provider's models are no answer to the question for those of this one.
        Request::Models => 1,
        _ => settings.fallback.max_targets.min(cx.max_targets.unwrap_or(u32::MAX)),
    }
}

async fn cancelled(cx: &Cx) {
    match &cx.cancel {
        Some(token) => token.cancelled().await,
        None => std::future::pending().await,
    }
}

/// Whether an attempt may still start.
fn may_start(cx: &Cx, deadline: Instant, now: Instant, place: &PlanTarget) -> Result<(), Error> {
    if cx.cancel.as_ref().is_some_and(llm_core::CancellationToken::is_cancelled) {
        return Err(timeout::cancelled().with_progress(Progress::NotSent));
    }
    if deadline.saturating_duration_since(now) < SHORTEST_ATTEMPT {
        return Err(Due::total(deadline).error(&place.target).with_progress(Progress::NotSent));
    }
    Ok(())
}

/// Until when the attempt must have its verdict.
fn due(
    request: &Request,
    call: &Cx,
    place: &PlanTarget,
    attempt: Option<Duration>,
    deadline: Instant,
    now: Instant,
) -> Due {
    let first_content = match request {
        Request::ChatStream(_) => call.timeouts.first_content,
        _ => None,
    };
    Due::total(deadline).or(now, place.timeout.or(attempt), TimeoutStage::Attempt).or(
        now,
        first_content,
        TimeoutStage::FirstContent,
    )
}

/// One call of one target, a stream up to its first content.
async fn attempt(
    place: &PlanTarget,
    call: &Cx,
    request: Request,
    bounds: &mut Bounds<'_>,
) -> Result<Result<Answer, Error>, Stop> {
    let response = match bounds.run(place.provider.call(call, request)).await? {
        Ok(response) => response,
        Err(error) => return Ok(Err(error)),
    };
    match response {
        Response::ChatStream(stream) => Ok(commit(stream, bounds).await?.map(Answer::Stream)),
        whole => Ok(Ok(Answer::Whole(whole))),
    }
}

/// Hands an answer to the caller, with its attempts and times.
fn deliver(
    answer: Answer,
    mut record: Record,
    place: &PlanTarget,
    deadline: Instant,
    call: &Cx,
    now: Instant,
) -> Response {
    let committed = match answer {
        Answer::Stream(committed) => committed,
        Answer::Whole(mut response) => {
            match &mut response {
                Response::Chat(chat) => {
                    chat.attempts.clone_from(&record.attempts);
                    chat.timing.total = Some(now.duration_since(record.started));
                    record.usage(&chat.usage);
                }
                Response::Embed(embed) => {
                    embed.attempts.clone_from(&record.attempts);
                    record.usage(&embed.usage);
                }
                _ => {}
            }
            record.complete(None);
            return response;
        }
    };
    let terms = Terms { target: place.target.clone(), deadline, progress: call.timeouts.progress };
    Response::ChatStream(ChatStream::new(Guard::new(committed, record, terms, call, now)))
}

/// Says what failed, in classes and names only: a vendor's own message may repeat the prompt.
fn log_failure(operation: &str, error: &Error) {
    let (kind, attempts) = (error.kind(), error.attempts());
    if kind.policy().fallback == Fallback::Next {
        tracing::error!(%kind, attempts = attempts.len(), "{operation} failed: {}", Trail(attempts));
    } else {
        tracing::warn!(%kind, attempts = attempts.len(), "{operation} failed: {}", Trail(attempts));
    }
}

/// The attempts with their classes: `[openai/gpt: rate_limited, anthropic/claude: timeout]`.
struct Trail<'a>(&'a [Attempt]);

impl fmt::Display for Trail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "[";
        for Attempt { target, failure, .. } in self.0 {
            write!(f, "{separator}{target}: {}", failure.as_ref().map_or("ok", |failure| failure.kind.as_str()))?;
            separator = ", ";
        }
        f.write_str(if self.0.is_empty() { "nobody was called" } else { "]" })
    }
}
