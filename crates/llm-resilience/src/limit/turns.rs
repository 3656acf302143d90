//! Whose turn it is: what is free is handed over to those who wait.

use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::accounts::Path;
use super::amounts::Amounts;
use super::book::{Book, Held, Wakers};
use super::refusal::{Refusal, Why};

/// The clock's own grain: a timer is not set anew for less.
const SLACK: Duration = Duration::from_millis(1);

impl Book {
    /// Looks after a request that waits. While it does, says when to look again at the latest.
    pub(crate) fn poll(
        &mut self,
        number: u64,
        cx: &Context<'_>,
        now: Instant,
    ) -> (Poll<Result<Held, Refusal>>, Option<Instant>, Wakers) {
        let mut wakers = Wakers::default();
        if let Some(waiter) = self.waiters.get(&number)
            && waiter.outcome.is_none()
            && waiter.fits_at.is_some_and(|at| at <= now)
        {
            let at = waiter.at;
            self.serve(at, now, &mut wakers);
        }
        let Some(waiter) = self.waiters.get_mut(&number) else { return (Poll::Pending, None, wakers) };
        // Still here: it is not the next any more, and whoever is looks at the clock.
        waiter.fits_at.take_if(|at| *at <= now);
        if waiter.outcome.is_none() && waiter.until <= now {
            let at = waiter.at;
            let refusal = self.too_late(number);
            self.dismiss(number, refusal, &mut wakers);
            self.serve(at, now, &mut wakers);
        }
        let Some(waiter) = self.waiters.get_mut(&number) else { return (Poll::Pending, None, wakers) };
        if let Some(outcome) = waiter.outcome.take() {
            self.waiters.remove(&number);
            return (Poll::Ready(outcome), None, wakers);
        }
        if waiter.fits_at.is_some_and(|at| at <= now) {
            // The turn went to another, the newest or another tenant's: whoever is next knows when to look, and this one
            // is woken when it is next again.
            waiter.fits_at = None;
        }
        match &mut waiter.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        let look = waiter.fits_at.map_or(waiter.until, |at| at.min(waiter.until));
        (Poll::Pending, Some(look), wakers)
    }

    /// A request gave up waiting. What it was handed in the meantime goes to the next.
    pub(crate) fn cancel(&mut self, number: u64, now: Instant) -> Wakers {
        let mut wakers = Wakers::default();
        let Some(waiter) = self.waiters.remove(&number) else { return wakers };
        match waiter.outcome {
            Some(Ok(mut held)) => return self.release(&mut held, Amounts::default(), now),
            Some(Err(_)) => {}
            None => {
                self.leave(&waiter.path);
                self.accounts[waiter.at].queue.remove(waiter.tenant, number);
                self.serve(waiter.at, now, &mut wakers);
            }
        }
        wakers
    }

    pub(super) fn serve_all(&mut self, path: &Path, now: Instant, wakers: &mut Wakers) {
        for account in path.iter() {
            self.serve(account, now, wakers);
        }
    }

    /// Offers what is free in an account to those who wait there, until the next in turn does not fit.
    pub(super) fn serve(&mut self, first: u32, now: Instant, wakers: &mut Wakers) {
        // A request that this account lets through and another does not waits there from now on; that account then
        // looks who is next. Nothing is freed here, so each moves on until it is let through or has found its account.
        let mut accounts = vec![];
        let mut next = Some(first);
        while let Some(at) = next {
            self.serve_one(at, now, wakers, &mut accounts);
            next = accounts.pop();
        }
    }

    fn serve_one(&mut self, at: u32, now: Instant, wakers: &mut Wakers, moved_to: &mut Vec<u32>) {
        loop {
            let account = &mut self.accounts[at];
            let target = account.policy.queue_target;
            let Some(number) = account.queue.next(target, now) else { return };
            let Some(waiter) = self.waiters.get(&number) else { return };
            let (path, amounts, tenant, since) = (waiter.path, waiter.amounts, waiter.tenant, waiter.since);
            if waiter.until <= now {
                let refusal = self.too_late(number);
                self.dismiss(number, refusal, wakers);
                continue;
            }
            match self.try_take(&path, &amounts, true, now) {
                Ok(()) => {
                    self.accounts[at].queue.serve(tenant, number);
                    let held = self.take(path, amounts, now);
                    self.conclude(number, Ok(held), wakers);
                }
                Err(refused) if refused.at != at => {
                    self.accounts[at].queue.serve(tenant, number);
                    self.accounts[refused.at].queue.push(tenant, number, since);
                    if let Some(waiter) = self.waiters.get_mut(&number) {
                        (waiter.at, waiter.fits_at) = (refused.at, None);
                    }
                    if !moved_to.contains(&refused.at) {
                        moved_to.push(refused.at);
                    }
                }
                Err(refused) => {
                    let Some(waiter) = self.waiters.get_mut(&number) else { return };
                    if matches!(refused.why, Why::TooLarge(..)) {
                        // The limit was lowered while it waited.
                        let refusal = self.refusal(&refused, number);
                        self.dismiss(number, refusal, wakers);
                        continue;
                    }
                    let fits_at = refused.wait.and_then(|wait| now.checked_add(wait));
                    // Whoever looks too early looks again; only who would look too late is woken.
                    if fits_at.is_some_and(|at| waiter.fits_at.is_none_or(|known| at + SLACK < known)) {
                        wakers.0.extend(waiter.waker.take());
                        waiter.fits_at = fits_at;
                    } else if fits_at.is_none() || waiter.fits_at.is_some_and(|known| known <= now) {
                        waiter.fits_at = fits_at;
                    }
                    return;
                }
            }
        }
    }

    /// Sends a waiting request away.
    pub(super) fn dismiss(&mut self, number: u64, refusal: Refusal, wakers: &mut Wakers) {
        if let Some(waiter) = self.waiters.get(&number) {
            let (at, tenant) = (waiter.at, waiter.tenant);
            self.accounts[at].queue.remove(tenant, number);
            self.conclude(number, Err(refusal), wakers);
        }
    }

    fn conclude(&mut self, number: u64, outcome: Result<Held, Refusal>, wakers: &mut Wakers) {
        let Some(waiter) = self.waiters.get_mut(&number) else { return };
        waiter.outcome = Some(outcome);
        wakers.0.extend(waiter.waker.take());
        let path = waiter.path;
        self.leave(&path);
    }

    /// A request no longer waits.
    fn leave(&mut self, path: &Path) {
        for account in path.iter() {
            self.accounts[account].users -= 1;
        }
    }

    fn too_late(&self, number: u64) -> Refusal {
        let Some(waiter) = self.waiters.get(&number) else {
            return Refusal { holder: super::scope::Holder::Process, why: Why::TimedOut, wait: None };
        };
        let refused = super::book::Refused { at: waiter.at, why: Why::TimedOut, wait: None };
        self.refusal(&refused, number)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use llm_core::{Priority, Target, TokenEstimate};

    use super::super::accounts::Way;
    use super::super::book::{Ask, Turn};
    use super::super::policy::LimitPolicy;
    use super::super::scope::LimitScope;
    use super::*;

    #[test]
    fn whoever_waits_never_looks_into_the_past() {
        let (mut book, target) = (Book::default(), Target::new("openai", "gpt"));
        let mut now = Instant::now();
        let policy = LimitPolicy { burst: Duration::from_secs(1), ..LimitPolicy::default().with_rpm(60) };
        drop(book.configure(LimitScope::EachTarget, Some(policy), now));
        let mut waiting = Vec::new();
        // More come than go: after a while the newest go first, and the oldest keep no time at which they fit.
        for draw in 0..30 {
            let ask = Ask {
                now,
                since: now,
                deadline: now + Duration::from_secs(600),
                way: Way { target: &target, tenant: None, credential: None },
                priority: Priority::default(),
                tokens: TokenEstimate::default(),
                draw,
                may_wait: true,
            };
            if let (Turn::Later(number), _) = book.enter(&ask) {
                waiting.push(number);
            }
            now += Duration::from_millis(350);
            waiting.retain(|number| {
                let (poll, look, _) = book.poll(*number, &Context::from_waker(Waker::noop()), now);
                assert!(poll.is_ready() || look.is_some_and(|look| look > now), "{number} looks at {look:?}");
                poll.is_pending()
            });
        }
        assert!(waiting.len() > 10, "there was a queue");
    }
}
