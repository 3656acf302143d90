//! The cool-down of one key in one place: a pure state machine.
//!
//! While it lasts nobody asks. After it, one call at a time finds out whether the key is good again, except after a mere
//! wait for a rate limit. A refusal never shortens a cool-down: its end is the later of the old and the new one.

use std::time::Duration;

use llm_core::ErrorKind;
use tokio::time::Instant;

use super::policy::CoolDownPolicy;
use crate::timeout::after;

/// What a call waits for when another one finds out: nobody knows how long that takes.
const PROBE_WAIT: Duration = Duration::from_secs(1);
/// A single refusal of a model that answered lately may be about the request (a file that does not exist), or an accident
/// of the vendor's (a good key that is not found for a moment), so there it takes this many in a row.
const DOUBTED: u32 = 3;

#[derive(Debug)]
pub(super) struct CoolDown {
    kind: ErrorKind,
    /// Refusals of this kind without an answer between.
    strikes: u32,
    /// Of these, those that count for its length: not the doubted ones, nor those of calls that were under way.
    counted: u32,
    /// The last one.
    since: Instant,
    end: Option<End>,
    /// The call that finds out.
    probe: Option<u64>,
    /// When that call began.
    probed: Instant,
}

#[derive(Clone, Copy, Debug)]
struct End {
    kind: ErrorKind,
    at: Instant,
    /// The vendor said so.
    told: bool,
}

/// A key that is left alone now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cooled {
    /// What the vendor refused it with.
    pub(crate) kind: ErrorKind,
    /// How long it is left alone.
    pub(crate) wait: Duration,
}

impl CoolDown {
    pub(super) fn new(now: Instant) -> Self {
        Self { kind: ErrorKind::Internal, strikes: 0, counted: 0, since: now, end: None, probe: None, probed: now }
    }

    /// The vendor refused the key to a call that began at `began`. `proven`: the model answered lately.
    pub(super) fn strike(
        &mut self,
        kind: ErrorKind,
        retry_after: Option<Duration>,
        proven: bool,
        policy: &CoolDownPolicy,
        (began, now): (Instant, Instant),
    ) {
        let (strikes, counted) = if kind == self.kind { (self.strikes, self.counted) } else { (0, 0) };
        let strikes = strikes.saturating_add(1);
        let may_be_doubted = matches!(kind, ErrorKind::Auth | ErrorKind::Permission | ErrorKind::NotFound);
        let doubted = may_be_doubted && proven && strikes < DOUBTED;
        // Many calls that were under way at once are one refusal, however many answers say it.
        let is_news = counted == 0 || began >= self.since;
        let counted = counted.saturating_add(u32::from(!doubted && is_news));
        let Some(time) = policy.time(kind, retry_after, counted.max(1)) else { return };
        (self.kind, self.strikes, self.counted, self.since, self.probe) = (kind, strikes, counted, now, None);
        let told = matches!(kind, ErrorKind::RateLimited | ErrorKind::QuotaExhausted) && retry_after == Some(time);
        let end = End { kind, at: after(now, time), told };
        if !doubted && self.end.is_none_or(|old| end.at > old.at) {
            self.end = Some(end);
        }
    }

    /// Why it would not let a call go now; `None` when it would. The last resort of a route may go before the end,
    /// unless the vendor said when the end is.
    pub(super) fn refuses(&self, last_resort: bool, now: Instant) -> Option<Cooled> {
        let end = self.end?;
        if now < end.at {
            let refuses = end.told || !last_resort;
            return refuses.then(|| Cooled { kind: end.kind, wait: end.at - now });
        }
        // One that hangs must not keep everybody out until its timer ends it.
        let hangs = last_resort && now >= after(self.probed, PROBE_WAIT);
        (self.probe.is_some() && !hangs).then_some(Cooled { kind: end.kind, wait: PROBE_WAIT })
    }

    /// A call goes. True when it is the one that finds out, and must say when it is over.
    pub(super) fn admitted(&mut self, call: u64, now: Instant) -> bool {
        let finds_out =
            self.probe.is_none() && self.end.is_some_and(|end| now >= end.at && end.kind != ErrorKind::RateLimited);
        if finds_out {
            self.probe = Some(call);
            self.probed = now;
        }
        finds_out
    }

    /// The call that was to find out is over without having found out.
    pub(super) fn released(&mut self, call: u64) {
        if self.probe == Some(call) {
            self.probe = None;
        }
    }

    /// Whether an answer to a call that began at `began` shows that the key is good: not when it was refused since,
    /// nor before the vendor's own time is over.
    pub(super) fn is_lifted(&self, began: Instant, now: Instant) -> bool {
        self.since <= began && !self.is_told(now)
    }

    /// Whether it lasts because the vendor said so.
    pub(super) fn is_told(&self, now: Instant) -> bool {
        self.end.is_some_and(|end| end.told && now < end.at)
    }

    /// When it ends, where it has begun.
    pub(super) fn ends_at(&self) -> Option<Instant> {
        self.end.map(|end| end.at)
    }

    /// Whether nothing is left of it: a rate limit leaves nothing behind.
    pub(super) fn is_spent(&self, now: Instant) -> bool {
        self.kind == ErrorKind::RateLimited && self.end.is_none_or(|end| now >= end.at)
    }
}
