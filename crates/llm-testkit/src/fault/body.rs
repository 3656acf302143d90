//! A streamed answer as a list of steps: words, waits, and how it ends.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use llm_core::{
    Error, ErrorKind, Event, Finish, FinishReason, Origin, Part, PartId, RateLimits, StreamFinish, StreamStart, Usage,
};
use tokio::time::{Instant, Sleep, sleep_until};

use super::answer::Answer;
use super::record::{Outcome, Working};

/// One step of a stream.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Wait(Duration),
    Words(u32),
    /// Signs of life, for good.
    KeepAlive(Duration),
    End,
    Fail(Error),
    /// The stream just ends.
    Cut,
    /// Nothing, for good.
    Hang,
}

/// The one part of an answer.
const PART: PartId = PartId(0);

pub(super) struct Body {
    pub(super) working: Working,
    pub(super) answer: Answer,
    /// The rest of a word that the caller's beginning broke off.
    pub(super) rest: String,
    /// The number of the next word.
    pub(super) next: u32,
    pub(super) input: u64,
    pub(super) steps: std::vec::IntoIter<Step>,
    opening: std::array::IntoIter<Event, 2>,
    /// What a step had to say beside its first event.
    held: Option<Event>,
    step: Option<Step>,
    sleep: Option<Pin<Box<Sleep>>>,
    asleep: bool,
}

impl Body {
    pub(super) fn new(
        working: Working,
        (answer, rest, next): (Answer, String, u32),
        input: u64,
        steps: Vec<Step>,
        (origin, rate_limits): (Arc<Origin>, Option<RateLimits>),
    ) -> Self {
        let mut start = StreamStart::new(origin);
        start.rate_limits = rate_limits;
        let shell = Box::new(Part::text("").kind);
        let opening = [Event::Start(Box::new(start)), Event::PartStart { part: PART, candidate: 0, shell }];
        Self {
            working,
            answer,
            rest,
            next,
            input,
            steps: steps.into_iter(),
            opening: opening.into_iter(),
            held: None,
            step: None,
            sleep: None,
            asleep: false,
        }
    }

    /// Ready when the wait is over. Begins it when there is none.
    fn poll_wait(&mut self, cx: &mut Context<'_>, wait: Duration) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(Instant::now())));
        if !self.asleep {
            sleep.as_mut().reset(Instant::now() + wait);
            self.asleep = true;
        }
        ready!(sleep.as_mut().poll(cx));
        self.asleep = false;
        Poll::Ready(())
    }

    fn words(&mut self, count: u32) -> Event {
        let until = self.next.saturating_add(count).min(self.answer.words);
        let mut text = std::mem::take(&mut self.rest);
        (self.next..until).for_each(|word| self.answer.write(&mut text, word));
        self.next = until;
        self.working.delivered(until);
        Event::TextDelta { part: PART, text }
    }

    /// The last item.
    fn fail(&mut self, error: Error) -> Poll<Option<Result<Event, Error>>> {
        self.working.settle(Outcome::Failed(error.kind()));
        self.steps = Vec::new().into_iter();
        self.step = None;
        Poll::Ready(Some(Err(error)))
    }
}

impl Stream for Body {
    type Item = Result<Event, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if let Some(event) = this.opening.next().or_else(|| this.held.take()) {
            return Poll::Ready(Some(Ok(event)));
        }
        loop {
            if this.step.is_none() {
                this.step = this.steps.next();
            }
            let event = match this.step.clone() {
                None => return Poll::Ready(None),
                Some(Step::Wait(wait)) => {
                    ready!(this.poll_wait(cx, wait));
                    this.step = None;
                    continue;
                }
                Some(Step::Words(count)) => this.words(count),
                Some(Step::KeepAlive(gap)) => {
                    // The step stays.
                    ready!(this.poll_wait(cx, gap));
                    return Poll::Ready(Some(Ok(Event::Ping)));
                }
                Some(Step::End) => {
                    this.working.settle(Outcome::Answered);
                    let usage = Usage::new(this.input, u64::from(this.answer.words));
                    let finish = StreamFinish::new(Finish::new(FinishReason::Stop, "stop"), usage);
                    this.held = Some(Event::Finish(Box::new(finish)));
                    Event::PartEnd { part: PART, truncated: false, ext: None }
                }
                Some(Step::Fail(error)) => return this.fail(error),
                Some(Step::Cut) => {
                    this.working.settle(Outcome::Failed(ErrorKind::Truncated));
                    this.step = None;
                    return Poll::Ready(None);
                }
                Some(Step::Hang) => return Poll::Pending,
            };
            this.step = None;
            return Poll::Ready(Some(Ok(event)));
        }
    }
}
