//! Whether a request may go, and how long its answer may be.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use llm_core::{Error, Request, Usd};
use tokio::time::Instant;

use crate::budget::Kind;
use crate::budgets::{Budgets, Named};
use crate::ledger::{Account, Charge, EXACT, LedgerError, Outcome, Reply, Reservation};
use crate::outbox::Live;
use crate::price::CostEstimate;
use crate::refusal;
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
    /// What is set aside for it, where a budget is kept in the ledger.
    pub(crate) live: Option<Arc<Live>>,
    /// The answer's new bound, where it was shortened.
    pub(crate) max_output: Option<u64>,
}

/// Sets aside what the request may cost at most, in every budget that it goes on.
pub(crate) async fn admit(
    budgets: &Budgets,
    rules: &Rules,
    applied: &[Applied<'_>],
    estimate: CostEstimate,
    open: bool,
) -> Result<Admitted, Error> {
    let now = budgets.now();
    // Only what the caller left open may be shortened, and only to what is still an answer.
    let shorten = |money: Usd| estimate.affordable(money).filter(|tokens| open && *tokens >= rules.shortest);
    let mut output = estimate.max_output;
    for (Tracked { budget, .. }, _) in applied.iter().filter(|(tracked, _)| is_of_request(tracked)) {
        let needed = estimate.with_output(output);
        if needed > budget.limit && budget.stops() {
            output = shorten(budget.limit)
                .ok_or_else(|| refusal::exceeded(budget, budget.limit, needed, None, now))?
                .min(output);
        }
    }
    let counted: Vec<&Applied<'_>> = applied.iter().filter(|(tracked, _)| !is_of_request(tracked)).collect();
    let max_output = |output| (output < estimate.max_output).then_some(output);
    if counted.is_empty() {
        return Ok(Admitted { live: None, max_output: max_output(output) });
    }
    budgets.outbox.start();
    let deadline = Instant::now() + rules.reserve_wait;
    let (mut id, mut shortenings, mut pause) = (budgets.new_id(), 0, LOOK_AGAIN);
    loop {
        let needed = ceiling(estimate.with_output(output));
        let charges: Vec<Charge> =
            counted.iter().map(|(tracked, account)| tracked.charge(account.clone(), needed)).collect();
        let live = Live {
            reservation: Reservation { id: id.clone(), lease: budgets.lease, charges },
            named: named(&counted),
            observed: AtomicU64::new(0),
        };
        let admitted = |live: Live| Ok(Admitted { live: Some(Arc::new(live)), max_output: max_output(output) });
        let (charge, remaining, reserved) = match reserve(budgets, &live).await {
            Ok(Reply { outcome: Outcome::Denied { charge, remaining, reserved }, .. }) => (charge, remaining, reserved),
            Ok(_) => return admitted(live),
            Err(error) => {
                let hard =
                    counted.iter().find(|(tracked, _)| tracked.budget.kind == Kind::Hard && tracked.budget.stops());
                let Some((tracked, _)) = hard else { return admitted(live) };
                if !matches!(error, LedgerError::Down | LedgerError::Rebuilding) {
                    // Whether it was set aside is not known: if it is done too late, it must be found given back.
                    budgets.outbox.end(&Arc::new(live), 0);
                }
                return Err(refusal::unavailable(&tracked.budget, &error));
            }
        };
        let Some((tracked, account)) = counted.get(charge) else { return admitted(live) };
        if let Some(tokens) = shorten(Usd::from_nanos(remaining)).filter(|tokens| *tokens < output)
            && shortenings < SHORTENINGS
        {
            (output, shortenings) = (tokens, shortenings + 1);
        } else if needed <= remaining.saturating_add(reserved) && Instant::now() + pause <= deadline {
            tokio::time::sleep(pause).await;
            pause *= 2;
        } else {
            let needed = Usd::from_nanos(needed);
            return Err(refusal::exceeded(&tracked.budget, Usd::from_nanos(remaining), needed, account.ends, now));
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
            let Live { reservation, named, .. } = live;
            let live = Live { reservation: reservation.clone(), named: named.clone(), observed: AtomicU64::new(0) };
            self.budgets.outbox.end(&Arc::new(live), 0);
        }
    }
}

fn is_of_request(tracked: &Tracked) -> bool {
    tracked.budget.window == Window::Request
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

/// Whether the caller said nothing about the longest answer.
pub(crate) fn is_open(request: &Request) -> bool {
    match request {
        Request::Chat(chat) | Request::ChatStream(chat) => chat.sampling.max_output_tokens.is_none(),
        _ => false,
    }
}

/// The request with an answer of at most so many tokens.
pub(crate) fn bounded(mut request: Request, tokens: u64) -> Request {
    if let Request::Chat(chat) | Request::ChatStream(chat) = &mut request {
        Arc::make_mut(chat).sampling.max_output_tokens = Some(u32::try_from(tokens).unwrap_or(u32::MAX));
    }
    request
}
