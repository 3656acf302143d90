//! The book of all limits: who holds what, who waits for what, who is next. Pure: time and draws are arguments.
//!
//! A request is bound by several accounts (the process, its tenant, its key, the provider, the target). It gets a place and
//! its tokens in all of them in one step or in none. Where one refuses, it waits in that account's queue. Whatever frees
//! something in an account offers it to the queue of that account, and hands it over before anybody else can take it; so
//! exactly those wake up whose turn it is, and whoever goes away leaves nothing behind.

use std::collections::HashMap;
use std::task::Waker;
use std::time::Duration;

use llm_core::{Priority, RateLimits, TokenEstimate, Usage};
use tokio::time::Instant;

use super::accounts::{Accounts, Path, Way};
use super::amounts::Amounts;
use super::bucket::Short;
use super::concurrency::Sign;
use super::policy::LimitPolicy;
use super::refusal::{Refusal, Why};
use super::scope::{Holder, LimitScope};
use super::sharing::Sharing;
use crate::shed::{ShedLevel, ShedLoad, ShedPolicy, jittered};

/// A request for its turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) now: Instant,
    /// When it was first asked.
    pub(crate) since: Instant,
    pub(crate) deadline: Instant,
    pub(crate) way: Way<'a>,
    pub(crate) priority: Priority,
    pub(crate) tokens: TokenEstimate,
    pub(crate) draw: u64,
    pub(crate) may_wait: bool,
}

/// What a request holds that had its turn.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) path: Path,
    /// What is counted for it now.
    pub(crate) amounts: Amounts,
    /// What was counted for it first.
    pub(crate) taken: Amounts,
    /// Its number; later requests have higher ones.
    pub(crate) number: u64,
    /// Of which spell without the common store it is, where it came in without asking it.
    pub(crate) alone: Option<u32>,
}

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Turn {
    Now(Held),
    /// It waits, under this number.
    Later(u64),
    Never(Refusal),
}

/// A request that waits.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) path: Path,
    pub(super) amounts: Amounts,
    pub(super) tenant: u64,
    pub(super) since: Instant,
    /// When it gives up: its deadline less the time that an answer takes, or the queue's timeout.
    pub(super) until: Instant,
    /// Whose queue it is in.
    pub(super) at: u32,
    /// When it fits, if nothing else happens; set for the next in turn only.
    pub(super) fits_at: Option<Instant>,
    pub(super) waker: Option<Waker>,
    pub(super) outcome: Option<Result<Held, Refusal>>,
}

/// Whoever must be woken after a change, outside of the lock.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Wakers(pub(super) Vec<Waker>);

impl Wakers {
    pub(crate) fn wake(self) {
        self.0.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

/// The book.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(super) accounts: Accounts,
    pub(super) waiters: HashMap<u64, Waiter>,
    pub(super) shed: ShedPolicy,
    pub(super) gauge: Option<crate::share::Share>,
    numbers: u64,
    /// The way to a common store, where there is one. The book itself never asks: it is here to be found under the one lock.
    pub(crate) sharing: Option<std::sync::Arc<Sharing>>,
    /// Whether the common store is left alone, and requests keep to this process's share.
    pub(super) alone: bool,
    /// Spells without the common store.
    pub(super) spells: u32,
    /// Whether anything was used since that the store was not told of.
    pub(super) apart: bool,
}

impl Book {
    /// Sets or removes the policy of a scope; whoever fits now has its turn.
    pub(crate) fn configure(&mut self, scope: LimitScope, policy: Option<LimitPolicy>, now: Instant) -> Wakers {
        let mut wakers = Wakers::default();
        self.accounts.configure(scope, policy, now);
        for account in self.accounts.all() {
            self.serve(account, now, &mut wakers);
        }
        wakers
    }

    /// Asks for a turn.
    pub(crate) fn enter(&mut self, ask: &Ask<'_>) -> (Turn, Wakers) {
        let mut wakers = Wakers::default();
        let path = self.accounts.path(&ask.way, ask.now);
        let turn = match self.admit(ask, path, &mut wakers) {
            Ok(turn) => turn,
            Err(refusal) => Turn::Never(refusal),
        };
        (turn, wakers)
    }

    fn admit(&mut self, ask: &Ask<'_>, path: Path, wakers: &mut Wakers) -> Result<Turn, Refusal> {
        let now = ask.now;
        if self.shed.refuses(&self.load(now), ask.priority, ask.draw) {
            let wait = jittered(Duration::from_secs(1), ask.draw);
            return Err(Refusal { holder: Holder::Process, why: Why::Shed, wait: Some(wait) });
        }
        let target = path.target();
        let account = &mut self.accounts[target];
        if account.policy.throttle && !account.throttle.admits(ask.draw, now) {
            let wait = jittered(Duration::from_secs(1), ask.draw);
            return Err(Refusal { holder: account.holder.clone(), why: Why::Throttled, wait: Some(wait) });
        }
        let amounts = Amounts::one(self.expected(target, ask.tokens));
        let refused = match self.try_take(&path, &amounts, false, now) {
            // Whoever waits already comes first.
            Ok(()) => match path.iter().find(|account| !self.accounts[*account].queue.is_empty()) {
                None => return Ok(Turn::Now(self.take(path, amounts, now))),
                Some(queued) => Refused { at: queued, why: Why::InFlight, wait: None },
            },
            Err(refused) => refused,
        };
        self.wait_or_refuse(ask, path, amounts, refused, None, wakers)
    }

    /// Puts a request that does not fit in a queue, in the place of its number if it has one, or refuses it.
    pub(super) fn wait_or_refuse(
        &mut self,
        ask: &Ask<'_>,
        path: Path,
        amounts: Amounts,
        refused: Refused,
        number: Option<u64>,
        wakers: &mut Wakers,
    ) -> Result<Turn, Refusal> {
        let now = ask.now;
        let until = self.gives_up_at(&path, refused.at, ask.deadline, ask.since);
        let fits_in_time = refused.wait.is_none_or(|wait| wait <= until.saturating_duration_since(now));
        if matches!(refused.why, Why::TooLarge(..)) || !ask.may_wait || !fits_in_time || until <= now {
            return Err(self.refusal(&refused, ask.draw));
        }
        let tenant = path.tenant();
        let account = &self.accounts[refused.at];
        if account.queue.len() >= account.room() {
            let Some(number) = account.queue.displaced_by(tenant) else {
                return Err(self.refusal(&Refused { why: Why::QueueFull, ..refused }, ask.draw));
            };
            let refusal = self.refusal(&Refused { why: Why::QueueFull, ..refused }, ask.draw);
            self.dismiss(number, refusal, wakers);
        }
        let number = number.unwrap_or_else(|| self.next_number());
        let waiter = Waiter {
            path,
            amounts,
            tenant,
            since: ask.since,
            until,
            at: refused.at,
            fits_at: None,
            waker: None,
            outcome: None,
        };
        self.accounts[refused.at].queue.push(tenant, number, ask.since);
        for account in path.iter() {
            self.accounts[account].users += 1;
        }
        self.waiters.insert(number, waiter);
        self.serve(refused.at, now, wakers);
        Ok(Turn::Later(number))
    }

    /// Takes a verdict into account.
    pub(crate) fn sign(&mut self, held: &Held, sign: Option<Sign>, overloaded: bool, now: Instant) -> Wakers {
        let mut wakers = Wakers::default();
        if overloaded {
            self.accounts[held.path.target()].throttle.overloaded(now);
        }
        if let Some(sign) = sign {
            for account in held.path.iter() {
                self.accounts[account].places.sign(sign, now);
            }
            self.serve_all(&held.path, now, &mut wakers);
        }
        wakers
    }

    /// Puts what was used in the place of what was reserved.
    pub(crate) fn commit(&mut self, held: &mut Held, usage: &Usage, now: Instant) -> Wakers {
        let actual = Amounts { tokens: held.amounts.tokens.corrected(usage), ..held.amounts };
        if let Some(output) = usage.output.filter(|output| *output > 0) {
            self.accounts[held.path.target()].outputs.add(output);
        }
        if let Some(input) = usage.input.filter(|input| *input > 0) {
            let cached = usage.cache_read.unwrap_or(0).min(input);
            let uncached = (input - cached).saturating_mul(1000).div_ceil(input);
            self.accounts[held.path.target()].uncached.add(uncached);
        }
        self.settle(held, actual, false, now)
    }

    /// Learns what a vendor's headers say is left.
    pub(crate) fn learn(&mut self, held: &Held, said: &RateLimits, now: Instant) -> Wakers {
        let account = &mut self.accounts[held.path.vendor()];
        account.rates.learn(said, held.number, &held.amounts, now);
        let mut wakers = Wakers::default();
        self.serve_all(&held.path, now, &mut wakers);
        wakers
    }

    /// Gives the places back, and of the amounts all but `used`.
    pub(crate) fn release(&mut self, held: &mut Held, used: Amounts, now: Instant) -> Wakers {
        self.give_back(held, used, now);
        let mut wakers = Wakers::default();
        self.serve_all(&held.path, now, &mut wakers);
        wakers
    }

    /// The same, and nobody else gets it yet.
    pub(super) fn give_back(&mut self, held: &mut Held, used: Amounts, now: Instant) {
        let apart = self.is_apart(held);
        for account in held.path.iter() {
            let account = &mut self.accounts[account];
            account.places.give();
            account.users -= 1;
            if let Some(common) = &mut account.common {
                common.end_trial(held.number);
                if apart {
                    common.count_apart(&used, &held.taken);
                }
            }
        }
        self.settle_in_all(held, used, true, now);
    }

    fn settle(&mut self, held: &mut Held, actual: Amounts, last: bool, now: Instant) -> Wakers {
        self.settle_in_all(held, actual, last, now);
        let mut wakers = Wakers::default();
        self.serve_all(&held.path, now, &mut wakers);
        wakers
    }

    fn settle_in_all(&mut self, held: &mut Held, actual: Amounts, last: bool, now: Instant) {
        for at in held.path.iter() {
            let vendor = (at == held.path.vendor()).then_some(held.number);
            let account = &mut self.accounts[at];
            account.rates.settle(&held.amounts, &actual, vendor, last, now);
            if let Some(common) = &mut account.common {
                common.settle(&held.amounts, &actual, now);
            }
        }
        held.amounts = actual;
    }

    /// How busy the process is.
    pub(crate) fn load(&self, now: Instant) -> ShedLoad {
        let mut load = ShedLoad { gauge: self.gauge, ..ShedLoad::default() };
        if let Some(process) = self.accounts.process() {
            load.in_flight = process.places.in_flight();
            load.limit = process.places.limit();
            load.queue_delay = process.queue.delay(now);
        }
        load
    }

    /// The level of shedding.
    pub(crate) fn level(&self, now: Instant) -> ShedLevel {
        self.shed.level(&self.load(now))
    }

    /// Whether everything fits everywhere; changes nothing. `queued`: whether it has waited, and waits on while another one
    /// asks the common store.
    pub(super) fn try_take(
        &mut self,
        path: &Path,
        amounts: &Amounts,
        queued: bool,
        now: Instant,
    ) -> Result<(), Refused> {
        let (mut worst, alone): (Option<Refused>, _) = (None, self.alone);
        for at in path.iter() {
            let account = &mut self.accounts[at];
            let refused = match account.rates.check(amounts, at == path.vendor(), now) {
                Err((dimension, Short::Never)) => {
                    let limit = account.rates.limit(dimension);
                    return Err(Refused { at, why: Why::TooLarge(dimension, limit), wait: None });
                }
                Err((dimension, Short::Until(wait))) => Refused { at, why: Why::Rate(dimension), wait: Some(wait) },
                Ok(()) if account.places.is_full() => Refused { at, why: Why::InFlight, wait: None },
                Ok(()) => match account.check_common(amounts, (alone, queued), now) {
                    Ok(()) => continue,
                    Err((why @ Why::TooLarge(..), wait)) => return Err(Refused { at, why, wait }),
                    Err((why, wait)) => Refused { at, why, wait },
                },
            };
            if worst.as_ref().is_none_or(|worst| refused.wait > worst.wait) {
                worst = Some(refused);
            }
        }
        worst.map_or(Ok(()), Err)
    }

    /// Takes everything everywhere, behind a `try_take` that found room.
    pub(super) fn take(&mut self, path: Path, amounts: Amounts, now: Instant) -> Held {
        let (number, alone) = (self.next_number(), self.alone);
        self.apart |= alone;
        for at in path.iter() {
            let account = &mut self.accounts[at];
            account.rates.take(&amounts, at == path.vendor(), now);
            account.places.take();
            account.users += 1;
            if let Some(common) = &mut account.common {
                common.take(&amounts, number, alone, now);
            }
        }
        let target = &mut self.accounts[path.target()];
        if target.policy.throttle {
            target.throttle.started(now);
        }
        Held { path, amounts, taken: amounts, number, alone: alone.then_some(self.spells) }
    }

    fn next_number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}

/// Which account does not let a request through now, and why.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused {
    pub(super) at: u32,
    pub(super) why: Why,
    pub(super) wait: Option<Duration>,
}
