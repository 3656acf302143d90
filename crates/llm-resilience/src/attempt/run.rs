//! One request from its plan to its answer or its error.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;

use llm_core::{Attempt, ChatStream, Cx, Error, ErrorKind, Fallback, Plan, PlanTarget, Progress, Request, Response};
use tokio::time::{Instant, sleep_until};

use super::leg::{Answer, Answered};
use super::record::Record;
use super::stream::{Guard, Terms};
use super::trip::Trip;
use super::{Driver, canned, shadow};
use crate::timeout::Bounds;

pub(super) async fn run(driver: &Arc<Driver>, cx: &Cx, request: Request) -> Result<Response, Error> {
    let started = Instant::now();
    let plan = match plan(driver, cx, &request) {
        Ok(plan) => plan,
        Err(error) => {
            Record::new(cx, &request, None, driver.id_of(cx), started).complete(Some(&error));
            return Err(error);
        }
    };
    let operation = request.operation();
    let record = Record::new(cx, &request, Some(&plan), driver.id_of(cx), started);
    let mut trip = Trip::new(driver, cx, request, plan, record);
    shadow::start(&trip);

    let mut sleep = pin!(sleep_until(trip.deadline));
    let mut cancelled = pin!(cancelled(cx));
    let cancelled: Option<Pin<&mut (dyn Future<Output = ()> + Send)>> = match &cx.cancel {
        Some(_) => Some(cancelled.as_mut()),
        None => None,
    };
    let mut bounds = Bounds::new(sleep.as_mut(), cancelled);
    match trip.answer(&mut bounds).await {
        Ok(answered) => {
            let target = &trip.place(answered.place).target;
            tracing::info!(attempts = trip.record.attempts.len(), "using {target} for {operation}");
            Ok(deliver(answered, trip))
        }
        Err(error) => {
            log_failure(operation, &error);
            trip.record.complete(Some(&error));
            match trip.settings.canned.as_deref().and_then(|text| canned::answer(text, &trip.request, &error)) {
                Some(answer) => Ok(answer),
                None => Err(error),
            }
        }
    }
}

fn plan(driver: &Driver, cx: &Cx, request: &Request) -> Result<Plan, Error> {
    let mut plan = driver.planner.plan(cx, request)?;
    if cx.credential.is_some() {
        keep_to_one_provider(&mut plan);
    }
    if plan.targets.is_empty() {
        let message = format!("planning the request for {:?}: no target may take it", request.model());
        return Err(Error::new(ErrorKind::NoTarget, message).with_progress(Progress::NotSent));
    }
    Ok(plan)
}

/// A key that a caller brought belongs to one vendor: no other gets to see it when a request falls over, hedges or
/// resumes.
fn keep_to_one_provider(plan: &mut Plan) {
    let Some(first) = plan.targets.first() else { return };
    let is_its = |place: &&PlanTarget| place.target.provider == first.target.provider;
    if !plan.targets.iter().all(|place| is_its(&place)) {
        plan.targets = plan.targets.iter().filter(is_its).cloned().collect();
    }
    plan.shadow = None;
}

async fn cancelled(cx: &Cx) {
    match &cx.cancel {
        Some(token) => token.cancelled().await,
        None => std::future::pending().await,
    }
}

/// Hands an answer to the caller, with its attempts and times.
fn deliver(answered: Answered, mut trip: Trip) -> Response {
    let Answered { answer, place, timeouts, at } = answered;
    match answer {
        Answer::Stream(committed) => {
            // A hedge may have won.
            trip.course.place = place;
            let target = trip.place(place).target.clone();
            let terms = Terms { target, deadline: trip.deadline, progress: timeouts.progress };
            Response::ChatStream(ChatStream::new(Guard::new(committed, trip, terms)))
        }
        Answer::Whole(mut response) => {
            let mut record = trip.record;
            if let Some(about) = response.about() {
                about.attempts.clone_from(&record.attempts);
                record.usage(about.usage);
            }
            if let Response::Chat(chat) = &mut response {
                chat.timing.total = Some(at.duration_since(record.started));
            }
            record.complete(None);
            response
        }
    }
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
