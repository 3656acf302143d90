//! What a caller is told when a budget does not let a request through.

use std::time::Duration;

use llm_core::{Error, ErrorKind, Progress, Usd};

use crate::budget::{Budget, OnExceed};
use crate::ledger::LedgerError;
use crate::window::Window;

/// [`Error::code`] of a request that does not fit in a budget.
pub const CODE_EXCEEDED: &str = "budget_exceeded";
/// [`Error::code`] when a hard budget's ledger does not answer: to HTTP clients it is a 503.
pub const CODE_UNAVAILABLE: &str = "budget_unavailable";
/// [`Error::code`] when a hard budget applies and the model's price is not known.
pub const CODE_PRICE_UNKNOWN: &str = "budget_price_unknown";

/// When it is worth asking again after [`CODE_UNAVAILABLE`].
const SOON: Duration = Duration::from_secs(5);

fn refused(kind: ErrorKind, code: &str, message: String) -> Error {
    Error::new(kind, message).with_code(code).with_progress(Progress::NotSent)
}

/// `remaining` is left of the budget, whose window ends at `ends`.
pub(crate) fn exceeded(budget: &Budget, remaining: Usd, needed: Usd, ends: Option<u64>, now: u64) -> Error {
    // The driver goes on to the next target after a limit of ours, and ends the request after a budget's last word.
    let kind = if budget.on_exceed == OnExceed::Fallback { ErrorKind::Limited } else { ErrorKind::BudgetExceeded };
    let Budget { name, limit, window, .. } = budget;
    let renews = match (window, ends) {
        (Window::Request, _) => "allow a shorter answer".to_owned(),
        (_, Some(ends)) => format!("it renews at {}", budget.timezone.show(ends)),
        (_, None) => "it does not renew".to_owned(),
    };
    let message = match window {
        Window::Request if remaining == *limit => {
            format!("budget {name:?} allows ${limit} a request, this one may cost ${needed}: {renews}")
        }
        Window::Request => format!(
            "budget {name:?} allows ${limit} a request and has ${remaining} left after its other attempts, this one may \
             cost ${needed}: {renews}"
        ),
        _ => format!("budget {name:?} has ${remaining} left of ${limit}, this request may cost ${needed}: {renews}"),
    };
    let wait = ends.map(|ends| Duration::from_millis(ends.saturating_sub(now)));
    refused(kind, CODE_EXCEEDED, message).with_retry_after(wait)
}

/// `left` is what is left of the allowance for the time without a ledger, where there is one.
pub(crate) fn unavailable(budget: &Budget, why: &LedgerError, left: Option<Usd>) -> Error {
    let allowance = left.map(|left| format!(", and ${left} is left to spend without it")).unwrap_or_default();
    let message = format!("budget {:?} cannot be checked: {why}{allowance}; try again in a few seconds", budget.name);
    refused(ErrorKind::BudgetExceeded, CODE_UNAVAILABLE, message).with_retry_after(SOON)
}

pub(crate) fn price_unknown(budget: &Budget, provider: &str, model: &str) -> Error {
    let message = format!(
        "budget {:?} needs the price of {model:?} at {provider:?}, which is not known: add it to the prices, or allow \
         models without one",
        budget.name
    );
    refused(ErrorKind::BudgetExceeded, CODE_PRICE_UNKNOWN, message)
}
