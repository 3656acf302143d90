//! Whether a request may go, and how long its answer may be.

use std::sync::Arc;
use std::time::Duration;

use llm_core::{Cx, Error, Request, Usd, Warning};
use tokio::time::Instant;

use crate::budget::{Budget, Kind};
use crate::budgets::{Budgets, Named};
use crate::ledger::{Account, Charge, EXACT, LedgerError, Outcome, Reply, Reservation};
use crate::length::Length;
use crate::outbox::Live;
use crate::price::CostEstimate;
use crate::refusal;
use crate::requests::Share;
use crate::tracked::Tracked;
use crate::window::Window;

/// When a full budget is looked at again while its reservations may come back: then after twice as long, and so on.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How often an answer is shortened to what is left, while others take from it at the same time.
const SHORTENINGS: u32 = 3;

/// How requests are let in.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) reserve_wait: Duration,
    pub(crate) shortest: u64,
}

/// A budget that a request goes on, and its account of it.
pub(crate) type Applied<'a> = (&'a Tracked, Account);

/// A request that may go.
pub(crate) struct Admitted {
    pub(crate) estimate: CostEstimate,
    /// What is set aside for it in the ledger, where a budget is kept there.
    pub(crate) live: Option<Arc<Live>>,
    /// What is set aside for it in the budgets of its request.
    pub(crate) share: Option<Share>,
    /// The answer's new bound, where it was shortened.
    pub(crate) max_output: Option<u64>,
    /// What the caller is told with the answer.
    pub(crate) warnings: Vec<Warning>,
}

/// Sets aside what the request may cost at most, in every budget that it goes on.
pub(crate) async fn admit(
    budgets: &Budgets,
    rules: &Rules,
    applied: &[Applied<'_>],
    estimate: CostEstimate,
    (cx, request): (&Cx, &Request),
) -> Result<Admitted, Error> {
    let (of_request, counted): (Vec<&Applied<'_>>, Vec<_>) =
        applied.iter().partition(|(tracked, _)| tracked.budget.window == Window::Request);
    let mut length = Length::new(estimate, request, rules.shortest);
    let mut warnings = Vec::new();
    let mut share = share(budgets, &of_request, &mut length, &mut warnings, cx)?;
    let live = if counted.is_empty() {
        None
    } else {
        let live = set_aside(budgets, rules, &counted, &mut length).await?;
        if let Some(share) = &mut share {
            share.resize(ceiling(length.needed()));
        }
        Some(Arc::new(live))
    };
    warnings.extend(length.warning());
    Ok(Admitted { estimate, live, share, max_output: length.shortened(), warnings })
}

/// Sets aside in the budgets of each request, for all attempts of it together.
fn share<'a>(
    budgets: &Budgets,
    of_request: &[&Applied<'a>],
    length: &mut Length<'a>,
    warnings: &mut Vec<Warning>,
    cx: &Cx,
) -> Result<Option<Share>, Error> {
    if of_request.is_empty() {
        return Ok(None);
    }
    let now = budgets.now();
    let attempts = budgets.requests.of(cx, now);
    let mut sums = attempts.lock();
    for (Tracked { budget, .. }, account) in of_request {
        let used = Usd::from_nanos(sums.used(&account.key, budget.kind == Kind::Hard));
        let (left, needed) = (budget.limit.saturating_sub(used), length.needed());
        if needed <= left {
            continue;
        }
        let refused = refusal::exceeded(budget, left, needed, None, now);
        if !budget.stops() {
            warnings.push(Warning::Other { message: refused.message().to_owned() });
        } else if !length.fit(budget, left) {
            return Err(refused);
        }
    }
    let accounts = of_request.iter().map(|(_, account)| account.key.clone()).collect();
    let share = Share::hold(&attempts, &mut sums, accounts, ceiling(length.needed()));
    Ok(Some(share))
}

/// Sets aside in the ledger.
async fn set_aside<'a>(
    budgets: &Budgets,
    rules: &Rules,
    counted: &[&Applied<'a>],
    length: &mut Length<'a>,
) -> Result<Live, Error> {
    budgets.outbox.start();
    let now = budgets.now();
    let deadline = Instant::now() + rules.reserve_wait;
    let (mut id, mut shortenings, mut pause) = (budgets.new_id(), 0, LOOK_AGAIN);
    loop {
        let needed = ceiling(length.needed());
        let charge = |(tracked, account): &&Applied<'_>| tracked.charge(account.clone(), needed, budgets.allowance);
        let charges: Vec<Charge> = counted.iter().map(charge).collect();
        let mut live = Live::new(Reservation { id, lease: budgets.lease, charges }, named(counted));
        let asked = budgets.shares.moment();
        match reserve(budgets, &live).await {
            Ok(Reply { outcome: Outcome::Denied { charge, remaining, reserved }, .. }) => {
                let Some((tracked, account)) = counted.get(charge) else { return Ok(live) };
                let left = Usd::from_nanos(remaining);
                if shortenings < SHORTENINGS && length.fit(&tracked.budget, left) {
                    shortenings += 1;
                } else if needed <= remaining.saturating_add(reserved) && Instant::now() + pause <= deadline {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                } else {
                    let needed = Usd::from_nanos(needed);
                    return Err(refusal::exceeded(&tracked.budget, left, needed, account.ends, now));
                }
            }
            Ok(_) => {
                if budgets.allowance.is_some() {
                    budgets.shares.renew(&live.reservation, asked, now);
                }
                return Ok(live);
            }
            Err(_) if !live.reservation.is_hard() => return Ok(live),
            Err(error) => {
                let Err((budget, left)) = without_ledger(budgets, &live, counted) else {
                    live.is_allowance = true;
                    return Ok(live);
                };
                if !matches!(error, LedgerError::Down | LedgerError::Rebuilding) {
                    // Whether it was set aside is not known: if it is done too late, it must be found given back.
                    budgets.outbox.end(&Arc::new(live), 0);
                }
                let fits = left.is_some_and(|left| shortenings < SHORTENINGS && length.fit(budget, left));
                if !fits {
                    return Err(refusal::unavailable(budget, &error, left));
                }
                shortenings += 1;
            }
        }
        // Of another amount it is another reservation.
        id = budgets.new_id();
    }
}

async fn reserve(budgets: &Budgets, live: &Live) -> Result<Reply, LedgerError> {
    if budgets.outbox.is_behind() && live.reservation.is_hard() {
        return Err(LedgerError::Down);
    }
    let reservation = GiveBack { budgets, live: Some(live) };
    let reply = budgets.ledger.reserve(&live.reservation).await;
    reservation.disarm();
    if let Ok(reply) = &reply {
        budgets.note(&live.named, &live.reservation.charges, reply);
    }
    reply
}

/// Lets a call through that the ledger cannot be asked about, within the allowance; else the budget that does not, and
/// what is left of its allowance where it has one.
fn without_ledger<'a>(
    budgets: &Budgets,
    live: &Live,
    counted: &[&Applied<'a>],
) -> Result<(), (&'a Budget, Option<Usd>)> {
    let hard = || counted.iter().map(|(tracked, _)| &tracked.budget).filter(|it| it.kind == Kind::Hard && it.stops());
    let refused = |left| hard().next().map_or(Ok(()), |budget| Err((budget, left)));
    let Some(allowance) = budgets.allowance else { return refused(None) };
    let limits: Vec<Usd> = counted.iter().map(|(tracked, _)| tracked.budget.limit).collect();
    if let Err((number, left)) = budgets.shares.take(allowance, &limits, &live.reservation) {
        let Some((tracked, _)) = counted.get(number) else { return refused(None) };
        return Err((&tracked.budget, Some(Usd::from_nanos(left))));
    }
    if budgets.ledger.note(&live.reservation).is_err() {
        // A crash would lose it.
        budgets.shares.spend(&live.reservation, 0);
        budgets.shares.heard();
        return refused(None);
    }
    Ok(())
}

/// Gives back what may have been set aside for a caller who went away before the answer.
struct GiveBack<'a> {
    budgets: &'a Budgets,
    live: Option<&'a Live>,
}

impl GiveBack<'_> {
    fn disarm(mut self) {
        self.live = None;
    }
}

impl Drop for GiveBack<'_> {
    fn drop(&mut self) {
        if let Some(live) = self.live.take() {
            let live = Live::new(live.reservation.clone(), live.named.clone());
            self.budgets.outbox.end(&Arc::new(live), 0);
        }
    }
}

fn named(counted: &[&Applied<'_>]) -> Vec<Named> {
    let named =
        |(tracked, _): &&Applied<'_>| Named { budget: tracked.budget.name.clone(), limit: tracked.budget.limit };
    counted.iter().map(named).collect()
}

/// In billionths of a dollar, rounded up: what is set aside must be enough.
pub(crate) fn ceiling(amount: Usd) -> u64 {
    u64::try_from(amount.picos().div_ceil(1000)).unwrap_or(u64::MAX).min(EXACT)
}
