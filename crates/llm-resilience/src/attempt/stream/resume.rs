//! Going on with a stream that broke after its caller has seen some of it: one more target, once.
//!
//! It is asked from the start, or given the words so far as its own beginning where it is known to take that.
//! Nothing reaches the caller before the two answers are joined. When they cannot be, the caller gets the error that
//! broke the first one, whatever came of the second.

use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use futures_core::Stream as _;
use llm_core::{
    AttemptReason, ChatRequest, ChatStream, Error, ErrorKind, Event, Message, PlanTarget, Request, Response,
    Resumption, Role, Support, TimeoutStage, Warning,
};
use tokio::time::{Instant, sleep_until};

use super::sent::Sent;
use super::splice::{Mismatch, Splice};
use super::watch::Terms;
use crate::attempt::leg::Leg;
use crate::attempt::trip::Trip;
use crate::gate::Pass;
use crate::timeout::{self, Bounds, Due, SHORTEST_ATTEMPT};

/// A stream that always has more gets to the timers and to other tasks after so many events.
const BURST: u32 = 128;

/// A second answer, joined to the first.
pub(super) struct Resumed {
    /// What is for the caller by now.
    pub(super) ready: VecDeque<Event>,
    pub(super) splice: Splice,
    pub(super) rest: ChatStream,
    pub(super) terms: Terms,
    pub(super) how: Resumption,
    pub(super) warning: Warning,
}

/// Asks once more for an answer whose stream broke. Nothing when that did not lead on from what was sent.
pub(super) async fn resume(mut trip: Box<Trip>, sent: Sent, broke: Error) -> (Box<Trip>, Option<Resumed>) {
    let resumed = go_on(&mut trip, sent, &broke).await;
    (trip, resumed)
}

async fn go_on(trip: &mut Trip, sent: Sent, broke: &Error) -> Option<Resumed> {
    let first = trip.course.place;
    let mut sleep = pin!(sleep_until(trip.deadline));
    let mut bounds = Bounds::new(sleep.as_mut(), None);
    let mut somebody = course(trip, |trip, course| course.broke(broke, &trip.plan.targets, &trip.rules()));
    let pass = loop {
        if !somebody || trip.deadline.saturating_duration_since(Instant::now()) < SHORTEST_ATTEMPT {
            return None;
        }
        match trip.enter(&mut bounds).await.ok()? {
            Ok(pass) => break pass,
            Err(_) => somebody = course(trip, |trip, course| course.go_on(&trip.plan.targets, &trip.rules())),
        }
    };
    let at = trip.course.place;
    let now = Instant::now();
    let target = &trip.place(at).target;
    let history = trip.driver.learned.history(target, now);
    let paid = trip.driver.learned.pay(now);
    if !paid && !history.answers() {
        pass.into_iter().for_each(Pass::unused);
        return None;
    }
    tracing::warn!("{} broke off ({}), going on with {target}", trip.place(first).target, broke.kind());
    let foreign = at != first;
    let mut pass = Some(pass);
    for &how in ways(trip, trip.place(at), &sent) {
        let now = Instant::now();
        // A second way passes the gate anew.
        let pass = match pass.take() {
            Some(pass) => pass,
            None => trip.enter(&mut bounds).await.ok()?.ok()?,
        };
        let leg = trip.leg(at, AttemptReason::Resume, pass, history.clone(), paid, now);
        let mut second = Second { how, splice: Splice::new(how, sent.clone(), foreign), ready: VecDeque::new() };
        match second.attempt(trip, leg, &sent, &mut bounds).await {
            Ok((rest, terms)) => {
                let warning = Warning::Resumed {
                    broken: trip.place(first).target.clone(),
                    cause: broke.kind(),
                    by: trip.place(at).target.clone(),
                    model: second.splice.model.take(),
                    how,
                };
                let Second { splice, ready, .. } = second;
                return Some(Resumed { ready, splice, rest, terms, how, warning });
            }
            // A prefill may be refused; what else goes wrong does so for a restart as well.
            Err(error) if how == Resumption::Prefill && error.kind() == ErrorKind::InvalidRequest => {}
            Err(_) => return None,
        }
    }
    None
}

/// Lets the course decide.
fn course<T>(trip: &mut Trip, decide: impl FnOnce(&Trip, &mut crate::attempt::course::Course) -> T) -> T {
    let mut course = std::mem::take(&mut trip.course);
    let decision = decide(trip, &mut course);
    trip.course = course;
    decision
}

/// How a target is asked, best first.
fn ways(trip: &Trip, place: &PlanTarget, sent: &Sent) -> &'static [Resumption] {
    let Request::ChatStream(chat) = &trip.request else { return &[] };
    let takes_prefill = place.provider.capabilities(&place.target.model).assistant_prefill == Support::Yes;
    // Reasoning begins before the words, and vendors refuse a prefill with it.
    let is_plain = chat.reasoning.is_none()
        && chat.messages.last().is_some_and(|last| last.role != Role::Assistant)
        && sent.open_text().is_some_and(|text| !text.trim().is_empty());
    match (takes_prefill && is_plain, trip.course.attempts_left(&trip.rules())) {
        (false, _) => &[Resumption::Restart],
        (true, 0 | 1) => &[Resumption::Prefill],
        (true, _) => &[Resumption::Prefill, Resumption::Restart],
    }
}

/// A second answer that has not joined yet.
struct Second {
    how: Resumption,
    splice: Splice,
    ready: VecDeque<Event>,
}

impl Second {
    /// One call, up to where its answer goes on from the first.
    async fn attempt(
        &mut self,
        trip: &mut Trip,
        mut leg: Leg,
        sent: &Sent,
        bounds: &mut Bounds<'_>,
    ) -> Result<(ChatStream, Terms), Error> {
        trip.call.attempt = leg.number;
        trip.call.timeouts = leg.timeouts;
        let place = trip.place(leg.place);
        let target = place.target.clone();
        let request = self.request(&trip.request, sent).with_model(&target.model);
        let terms = Terms { target, deadline: trip.deadline, progress: leg.timeouts.progress };
        bounds.arm(leg.due.at);
        let opened = match bounds.run(place.provider.call(&trip.call, request)).await {
            Err(stop) => Err(leg.stopped(stop, place)),
            Ok(Err(error)) => Err(error),
            Ok(Ok(Response::ChatStream(mut stream))) => {
                let joined = self.join(&mut stream, &terms, &mut leg, bounds).await;
                joined.map(|()| stream)
            }
            Ok(Ok(_)) => Err(Error::new(ErrorKind::Internal, "asking for a stream: the provider sent none")),
        };
        let opened = opened.map_err(|error| timeout::of_target(error, &terms.target));
        let now = Instant::now();
        match &opened {
            Ok(_) => {
                trip.record.hold(leg.pass.take());
            }
            // It answered, only otherwise.
            Err(error) if error.kind() == ErrorKind::ModelOutput => {}
            Err(error) => leg.failed(error, now),
        }
        trip.record.attempt_done(leg.number, opened.as_ref().err(), None, now);
        opened.map(|stream| (stream, terms))
    }

    fn request(&self, request: &Request, sent: &Sent) -> Request {
        match (self.how, request, sent.open_text()) {
            (Resumption::Prefill, Request::ChatStream(chat), Some(text)) => {
                let mut chat = ChatRequest::clone(chat);
                // Vendors refuse blanks at the end.
                chat.messages.push(Arc::new(Message::assistant(text.trim_end())));
                Request::ChatStream(Arc::new(chat))
            }
            _ => request.clone(),
        }
    }

    /// Reads the answer up to where it goes on from the first.
    async fn join(
        &mut self,
        stream: &mut ChatStream,
        terms: &Terms,
        leg: &mut Leg,
        bounds: &mut Bounds<'_>,
    ) -> Result<(), Error> {
        let mut content: Option<Instant> = None;
        std::future::poll_fn(|cx| {
            let mut flows = true;
            for _ in 0..BURST {
                match Pin::new(&mut *stream).poll_next(cx) {
                    Poll::Ready(Some(Ok(event))) => {
                        if event.is_content() {
                            let now = Instant::now();
                            leg.answers(now);
                            content = Some(now);
                        }
                        if let Err(Mismatch) = self.splice.push(event, &mut self.ready) {
                            return Poll::Ready(Err(diverged()));
                        }
                        if self.splice.is_joined() {
                            return Poll::Ready(Ok(()));
                        }
                    }
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                    Poll::Ready(None) => return Poll::Ready(Err(Error::truncated())),
                    Poll::Pending => {
                        flows = false;
                        break;
                    }
                }
            }
            if flows {
                cx.waker().wake_by_ref();
            }
            let due = match content {
                None => leg.due,
                Some(last) => Due::total(terms.deadline).or(last, terms.progress, TimeoutStage::Progress),
            };
            bounds.arm(due.at);
            bounds.poll(cx).map(|_| Err(due.error(&terms.target)))
        })
        .await
    }
}

/// What the log says of an answer that cannot be joined to the first. It counts against nobody.
fn diverged() -> Error {
    Error::new(ErrorKind::ModelOutput, "going on with a stream: the answer does not begin with what the caller has")
}
