//! What a request holds of the limits, until it is over.

use std::time::Duration;

use llm_core::{Error, ErrorKind, Progress, RateLimits, Usage};
use tokio::time::Instant;

use super::amounts::Amounts;
use super::book::Held;
use super::concurrency::Sign;
use super::limits::Limits;
use super::sharing::Ticket;

/// A place among the requests at work, and reserved tokens. The place is kept until it is dropped.
///
/// What is counted in the end: what [`usage`](Self::usage) said; without it, nothing where nothing was sent or the vendor
/// does not charge for the error; and otherwise the estimate, because the vendor may have counted it. Requests count once
/// they were sent, however they ended.
#[derive(Debug)]
#[must_use = "dropping a slot gives its place to the next"]
pub struct Slot {
    limits: Limits,
    held: Held,
    since: Instant,
    waited: bool,
    sent: bool,
    /// What it has of a common store.
    ticket: Option<Ticket>,
}

impl Slot {
    pub(super) fn new(limits: Limits, held: Held, since: Instant, waited: bool, ticket: Option<Ticket>) -> Self {
        Self { limits, held, since, waited, sent: false, ticket }
    }

    /// When its turn came; when it was asked for, if it did not wait.
    pub fn since(&self) -> Instant {
        self.since
    }

    /// Whether others had their turn before it, in however short a time.
    pub fn waited(&self) -> bool {
        self.waited
    }

    /// Says that the request goes out. A slot that is dropped before gives everything back.
    pub fn sent(&mut self) {
        self.sent = true;
    }

    /// Says that the request did not go out after all.
    pub fn unsent(&mut self) {
        self.sent = false;
    }

    /// Says that the target answered, and how long its first content took.
    pub fn answered(&mut self, first_content: Duration, now: Instant) {
        self.sent = true;
        self.limits.change(|book| book.sign(&self.held, Some(Sign::Answered(first_content)), false, now));
    }

    /// Says that the target answered whole, and how long that took: as long as the answer is, so it says nothing about
    /// how busy the target is.
    pub fn answered_whole(&mut self, took: Duration, now: Instant) {
        self.sent = true;
        self.limits.change(|book| book.sign(&self.held, Some(Sign::Whole(took)), false, now));
    }

    /// Says that the attempt failed.
    pub fn failed(&mut self, error: &Error, now: Instant) {
        self.sent = error.progress() != Progress::NotSent;
        let refused = matches!(error.kind(), ErrorKind::RateLimited | ErrorKind::Overloaded);
        let overloaded = error.kind() == ErrorKind::Overloaded;
        self.limits.change(|book| {
            let mut wakers = book.sign(&self.held, refused.then_some(Sign::Refused), overloaded, now);
            if error.kind().policy().billed == llm_core::Billed::No {
                wakers.join(book.commit(&mut self.held, &Usage::new(0, 0), now));
            }
            wakers
        });
    }

    /// Puts the tokens that were used in the place of the estimate. The last word counts.
    pub fn usage(&mut self, usage: &Usage, now: Instant) {
        if !usage.is_unknown() {
            self.limits.change(|book| book.commit(&mut self.held, usage, now));
        }
    }

    /// Learns from what the vendor said of its limits beside the answer.
    pub fn rate_limits(&mut self, said: &RateLimits, now: Instant) {
        self.limits.change(|book| book.learn(&self.held, said, now));
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let used = if self.sent { self.held.amounts } else { Amounts::default() };
        let mut apart = false;
        self.limits.change(|book| {
            apart = book.is_apart(&self.held);
            book.release(&mut self.held, used, Instant::now())
        });
        match self.ticket.take() {
            Some(ticket) if apart => ticket.forget(),
            Some(ticket) => ticket.settle(&used),
            None => {}
        }
    }
}
