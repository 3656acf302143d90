#![doc = include_str!("../README.md")]

mod admit;
mod alert;
mod allowance;
mod budget;
mod budgets;
mod call;
mod layer;
mod ledger;
mod length;
mod outbox;
mod price;
mod refusal;
mod requests;
mod spending;
mod stream;
mod subject;
mod tracked;
mod window;

pub use alert::{Alert, AlertSink};
pub use allowance::Allowance;
pub use budget::{Budget, Kind, LARGEST_LIMIT, OnExceed, Scope};
pub use budgets::Budgets;
pub use layer::BudgetLayer;
pub use ledger::{
    Account, Balance, Charge, Clock, Crossing, Entry, Journal, JournalFile, JournalStore, Ledger, LedgerError,
    MemoryLedger, Outcome, Reply, Reservation, read_entries,
};
#[cfg(feature = "redis")]
pub use ledger::{Finding, RedisLedger, RedisOptions};
pub use price::{CostEstimate, CostEstimator, Pricing};
pub use refusal::{CODE_EXCEEDED, CODE_PRICE_UNKNOWN, CODE_UNAVAILABLE};
pub use spending::{Spending, Utilisation};
pub use subject::Subject;
pub use window::{Span, Window, Zone};
