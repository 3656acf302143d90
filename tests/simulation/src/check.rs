//! What is held against a run when it is over: every promise of the driver, request by request.

use std::collections::HashMap;
use std::time::Duration;

use llm_core::{ErrorKind, Provider as _};
use llm_resilience::OnBreak;
use llm_testkit::fault::{Answers, Call, Outcome};
use tokio::time::Instant;

use crate::client::{End, Operation, Seen};
use crate::run::Report;
use crate::world::World;

/// After the last fault it may take so long until everybody is served again: a breaker that opened at its end stays open
/// for a minute, and a concurrency that had to be given up is found again in less than half of one.
const RECOVERY: Duration = Duration::from_secs(90);
/// More problems than these are not listed.
const LISTED: usize = 20;

/// A call with the vendor that got it.
struct Made<'a> {
    vendor: usize,
    call: &'a Call,
}

pub(crate) fn check(world: &World, seen: &[Seen], report: &mut Report) {
    let calls: Vec<_> = world.vendors.iter().map(|vendor| vendor.calls()).collect();
    report.calls = calls.iter().map(Vec::len).sum();
    report.waits = calls.iter().flatten().filter(|call| call.hint.is_some()).count();
    report.deadlines = seen.iter().filter(|seen| seen.habit.deadline.is_some()).count();
    let mut made: HashMap<&str, Vec<Made<'_>>> = HashMap::with_capacity(seen.len());
    let mut problems = Vec::new();
    for (vendor, calls) in calls.iter().enumerate() {
        for call in calls {
            match call.request.as_deref() {
                Some(request) => made.entry(request).or_default().push(Made { vendor, call }),
                None => problems.push("a call has no request".to_owned()),
            }
        }
    }
    if seen.len() != world.sent.get() {
        problems.push(format!("{} of {} requests never ended", world.sent.get() - seen.len(), world.sent.get()));
    }
    for seen in seen {
        let mut calls = made.remove(&*seen.id).unwrap_or_default();
        calls.sort_by_key(|made| made.call.started);
        for what in request(world, seen, &calls) {
            problems.push(format!("request {} ({:?}): {what}", seen.id, seen.habit.operation));
        }
    }
    problems.extend(made.keys().map(|request| format!("request {request}: called for, and nobody's")));
    problems.extend(leftovers(world, seen.len()));
    let (served, all) = recovery(world, seen);
    report.recovered = (served, all);
    if served * 1000 < all * 999 {
        let kinds = kinds(world, seen);
        problems.push(format!("{served} of {all} requests succeeded when all was well again: {kinds}"));
    }
    problems.sort();
    problems.truncate(LISTED);
    report.problems = problems;
}

fn request(world: &World, seen: &Seen, calls: &[Made<'_>]) -> Vec<String> {
    let mut problems: Vec<String> = seen.problem.map(str::to_owned).into_iter().collect();
    let settings = &world.routes[seen.route].settings;
    let retries = seen.habit.max_retries.map_or(0, |retries| retries + 1);
    let max_attempts = settings.retry.max_attempts.max(retries) as usize;
    // One connection that failed before anything was sent is tried again without counting.
    let free = calls.iter().filter(|made| made.call.outcome == Outcome::Failed(ErrorKind::Network)).count().min(1);
    if calls.len() > max_attempts + free {
        problems.push(format!("{} calls, and {max_attempts} are allowed", calls.len()));
    }
    let deadline = seen.habit.deadline.unwrap_or(Duration::MAX).min(settings.timeouts.total);
    let deadline = seen.started + deadline;
    for Made { vendor, call } in calls {
        // Cool-downs hold everybody with the same key back, where there are gates.
        if world.gates.is_some() && matches!(call.early, Some(ErrorKind::RateLimited | ErrorKind::QuotaExhausted)) {
            let at = call.started - world.vendors[*vendor].epoch();
            let vendor = world.vendors[*vendor].id();
            problems.push(format!("at {at:?} a call of {vendor} comes before the hint that another request got"));
        }
        if call.started >= deadline {
            problems.push(format!("a call starts {:?} after the deadline", call.started - deadline));
        }
        if call.outcome == Outcome::Open {
            problems.push("a call is still open".to_owned());
        }
        if call.started > seen.ended {
            problems.push("a call starts after the end".to_owned());
        }
        if call.ended.is_none_or(|ended| ended > seen.ended) {
            problems.push("a call goes on after the end".to_owned());
        }
        let resumes = settings.stream.on_break == OnBreak::Resume && seen.habit.operation == Operation::Stream;
        if !resumes && seen.first_content.is_some_and(|content| call.started > content) {
            problems.push("a call starts after content was delivered".to_owned());
        }
    }
    problems.extend(hints(calls));
    problems.extend(lateness(seen, deadline));
    problems.extend(words(world, seen, calls));
    problems.extend(told(world, seen, calls));
    problems
}

/// A target that asked this request to wait is not asked by it before.
fn hints(calls: &[Made<'_>]) -> impl Iterator<Item = String> {
    calls.iter().enumerate().filter_map(|(place, made)| {
        let until = made.call.ended? + made.call.hint?;
        let again = calls[place + 1..].iter().find(|later| later.vendor == made.vendor)?.call;
        (again.started < until).then(|| format!("a call comes {:?} before its hint", until - again.started))
    })
}

/// Nobody waits beyond the deadline. A slow reader pauses by itself, but one pause at most is beyond.
fn lateness(seen: &Seen, deadline: Instant) -> Option<String> {
    let pause = seen.habit.slow.unwrap_or_default();
    let late = seen.ended.saturating_duration_since(deadline + Duration::from_millis(50));
    // Events that had arrived are read at the reader's own pace.
    let arrived = pause * 64;
    (late > arrived).then(|| format!("it ends {late:?} after the deadline"))
}

/// What was delivered is of one answer: all of it, or its beginning.
fn words(world: &World, seen: &Seen, calls: &[Made<'_>]) -> Option<String> {
    if seen.habit.operation == Operation::Embed {
        return None;
    }
    let answered = matches!(seen.end, End::Answered);
    if !answered && seen.text.is_empty() {
        return None;
    }
    let fits = |made: &&Made<'_>| match (world.answers, answered) {
        (Answers::OfTheCall, true) => made.call.outcome == Outcome::Answered && made.call.answer() == seen.text,
        (Answers::OfTheCall, false) => made.call.delivered_text().starts_with(&seen.text),
        // Whoever went on with it had the same words.
        (_, true) => made.call.outcome == Outcome::Answered && made.call.answer() == seen.text,
        (_, false) => made.call.answer().starts_with(&seen.text),
    };
    let sources = calls.iter().filter(fits).count();
    let enough = if world.answers == Answers::OfTheCall { sources == 1 } else { sources > 0 };
    (!enough).then(|| format!("{sources} answers have the delivered words ({:?})", seen.end))
}

/// The observer heard what the client saw.
fn told(world: &World, seen: &Seen, calls: &[Made<'_>]) -> Option<String> {
    let told = world.ledger.told(&seen.id);
    let Some(told) = told else {
        // A call that was dropped before its first poll is none.
        return (!matches!(seen.end, End::Dropped)).then(|| "the observer never heard of it".to_owned());
    };
    let agrees = match &seen.end {
        End::Answered => told.error.is_none() && told.target.is_some(),
        End::Failed(error) => told.error == Some(error.kind()),
        // It may have been over in the moment in which its client left.
        End::Dropped => told.error.is_none_or(|kind| kind == ErrorKind::Cancelled),
    };
    if !agrees {
        return Some(format!("it ended as {:?}, and the observer heard {:?}", seen.end, told.error));
    }
    let whole = told.completions == 1 && told.verdicts == told.attempts;
    let attempts = told.attempts as usize;
    // A call that is dropped in the same moment as it starts may not have reached its vendor.
    let reached = attempts == calls.len() || (attempts == calls.len() + 1 && !matches!(seen.end, End::Answered));
    (!whole || !reached).then(|| format!("{} calls, and the observer heard {told:?}", calls.len()))
}

/// Nothing is left when everybody is gone.
fn leftovers(world: &World, requests: usize) -> Vec<String> {
    let mut problems = world.ledger.problems();
    for vendor in world.vendors.iter().filter(|vendor| vendor.in_flight() > 0) {
        problems.push(format!("vendor {}: {} calls are still open", vendor.id(), vendor.in_flight()));
    }
    let statuses = world.gates.iter().flat_map(llm_resilience::Gates::statuses);
    for status in statuses.filter(|status| status.in_flight > 0 || status.queued > 0) {
        let (target, in_flight, queued) = (&status.target, status.in_flight, status.queued);
        problems.push(format!("gate {target}: {in_flight} calls at work and {queued} that wait are left"));
    }
    if world.stats.open_requests() > 0 {
        problems.push(format!("{} requests are open for the statistics", world.stats.open_requests()));
    }
    problems.extend(world.probes.iter().flat_map(|probes| probes.problems()));
    let heard = world.ledger.requests();
    if heard > requests {
        problems.push(format!("the observer heard of {heard} requests, and {requests} were made"));
    }
    for (what, count) in [("attempts", world.ledger.open_attempts()), ("requests", world.ledger.open_requests())] {
        if count > 0 {
            problems.push(format!("{count} {what} never ended for the observer"));
        }
    }
    problems
}

/// How those ended that did not succeed.
fn kinds(world: &World, seen: &[Seen]) -> String {
    let mut kinds = std::collections::BTreeMap::<String, (usize, Duration)>::new();
    for seen in patient(world, seen) {
        if let End::Failed(error) = &seen.end {
            let name = format!("{} {}", error.kind(), error.code().unwrap_or_default());
            let entry = kinds.entry(name).or_default();
            *entry = (entry.0 + 1, seen.started - world.vendors[0].epoch());
        }
    }
    let kinds: Vec<_> = kinds.iter().map(|(kind, (count, last))| format!("{count} {kind} until {last:?}")).collect();
    kinds.join(", ")
}

/// Of the requests that came when all was well again and that nobody hurried: how many succeeded, and how many there are.
fn recovery(world: &World, seen: &[Seen]) -> (usize, usize) {
    let refused = |kind| world.starved && matches!(kind, ErrorKind::Limited | ErrorKind::CircuitOpen);
    let served = |seen: &&Seen| match &seen.end {
        End::Answered => true,
        // Where the limits are too tight for the traffic, our own refusals are what was asked for.
        End::Failed(error) => refused(error.kind()),
        End::Dropped => false,
    };
    (patient(world, seen).filter(served).count(), patient(world, seen).count())
}

fn patient<'a>(world: &World, seen: &'a [Seen]) -> impl Iterator<Item = &'a Seen> {
    let well = world.vendors[0].epoch() + World::faults_end(world.plan) + RECOVERY;
    // Who brings a key of his own has one provider, and nobody who steps in while its breaker is open.
    let has_fallback = |seen: &&Seen| seen.habit.credential.is_none();
    seen.iter()
        .filter(move |seen| seen.started >= well && seen.habit.deadline.is_none() && seen.habit.patience.is_none())
        .filter(has_fallback)
}
