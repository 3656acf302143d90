//! All budgets with their ledger: the handle that layers share and that outlives them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use llm_core::{Cx, Error, ErrorKind, Usd};

use crate::alert::{Alert, AlertSink};
use crate::allowance::{Allowance, Shares};
use crate::budget::{Budget, Kind, OnExceed};
use crate::ledger::{Account, Balance, Charge, Clock, Ledger, LedgerError, Reply};
use crate::outbox::Outbox;
use crate::requests::Requests;
use crate::spending::{Counts, Spending, Utilisation};
use crate::subject::Subject;
use crate::tracked::Tracked;
use crate::window::Window;

/// Longest time that a reservation lives without a heartbeat.
const LEASE: Duration = Duration::from_secs(30);

/// All budgets with their ledger. Layers share it; statistics, balances and calls at work live in it.
pub struct Budgets {
    pub(crate) tracked: Vec<Tracked>,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) counts: Arc<Counts>,
    pub(crate) lease: Duration,
    pub(crate) allowance: Option<Allowance>,
    pub(crate) shares: Arc<Shares>,
    pub(crate) requests: Arc<Requests>,
    clock: Arc<dyn Clock>,
    ids: Arc<Ids>,
    notices: Arc<Notices>,
}

/// Names that no other process and no earlier one gives.
struct Ids {
    process: String,
    next: AtomicU64,
}

/// What was last seen of accounts, and who is told of alerts.
#[derive(Default)]
pub(crate) struct Notices {
    sink: Option<Arc<dyn AlertSink>>,
    balances: Mutex<Balances>,
}

/// The balance of each account, and when its window ends.
type Balances = HashMap<Arc<str>, (Balance, Option<u64>)>;

/// Which budget a charge is of.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) budget: Arc<str>,
    pub(crate) limit: Usd,
}

impl Budgets {
    /// These budgets on this ledger. `clock` is the wall clock in Unix milliseconds.
    pub fn new(
        budgets: impl IntoIterator<Item = Budget>,
        ledger: Arc<dyn Ledger>,
        clock: impl Clock,
    ) -> Result<Self, Error> {
        Ok(Self { tracked: tracked(budgets)?, ..Self::none(ledger, clock) })
    }

    /// No budget yet: what calls cost is counted, and nothing is limited.
    pub fn none(ledger: Arc<dyn Ledger>, clock: impl Clock) -> Self {
        let (notices, shares) = (Arc::<Notices>::default(), Arc::<Shares>::default());
        Self {
            tracked: Vec::new(),
            outbox: Arc::new(Outbox::new(ledger.clone(), notices.clone(), shares.clone())),
            ledger,
            counts: Arc::default(),
            lease: LEASE,
            allowance: None,
            shares,
            requests: Arc::default(),
            clock: Arc::new(clock),
            ids: Arc::default(),
            notices,
        }
    }

    /// Other budgets in the place of these, with everything else: the ledger, what calls at work have yet to settle, the
    /// statistics, the alerts. For a configuration that is read again; calls at work settle where they began.
    pub fn replaced(&self, budgets: impl IntoIterator<Item = Budget>) -> Result<Self, Error> {
        Ok(Self {
            tracked: tracked(budgets)?,
            ledger: self.ledger.clone(),
            outbox: self.outbox.clone(),
            counts: self.counts.clone(),
            lease: self.lease,
            allowance: self.allowance,
            shares: self.shares.clone(),
            requests: self.requests.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            notices: self.notices.clone(),
        })
    }

    /// Whether there is no budget at all.
    pub fn is_empty(&self) -> bool {
        self.tracked.is_empty()
    }

    /// With somebody who is told when parts of a limit are reached.
    pub fn with_alerts(mut self, sink: impl AlertSink) -> Self {
        self.notices = Arc::new(Notices { sink: Some(Arc::new(sink)), ..Notices::default() });
        self.outbox = Arc::new(Outbox::new(self.ledger.clone(), self.notices.clone(), self.shares.clone()));
        self
    }

    /// With another time that a reservation lives without a heartbeat. Default 30 s; heartbeats come every 2 s.
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// With what hard budgets may spend while the ledger does not answer. Default: nothing, they are closed.
    pub fn with_allowance(mut self, allowance: impl Into<Option<Allowance>>) -> Result<Self, Error> {
        self.allowance = allowance.into();
        self.allowance.iter().try_for_each(Allowance::check)?;
        Ok(self)
    }

    /// What was spent at which provider, since this process began.
    pub fn spending(&self) -> BTreeMap<Arc<str>, Spending> {
        self.counts.all()
    }

    /// How much of each budget is used in its present window. Budgets without a window and those with an account for
    /// each (`"*"`) are not listed: [`Ledger::read`] tells of single accounts.
    pub async fn utilisation(&self) -> Result<Vec<Utilisation>, LedgerError> {
        let now = self.now();
        let counted = || {
            let one = |budget: &Budget| budget.window != Window::Request && !budget.scope.is_of_each();
            self.tracked.iter().filter(move |tracked| one(&tracked.budget))
        };
        let accounts: Vec<Account> = counted().map(|tracked| tracked.whole(now)).collect();
        let balances = self.ledger.read(&accounts).await?;
        let used = counted().zip(accounts).zip(balances);
        let used = used.map(|((tracked, account), balance)| Utilisation {
            budget: tracked.budget.name.clone(),
            account: account.key,
            spent: dollars(balance.spent),
            reserved: dollars(balance.reserved),
            limit: tracked.budget.limit,
            ends: account.ends,
        });
        Ok(used.collect())
    }

    /// The part of its budgets that is left to a subject, from 0 to 1, the smallest of them, as far as this process has
    /// seen; `None` when no budget is about it. For routers: fast, asks nobody.
    pub fn left(&self, subject: &Subject<'_>) -> Option<f64> {
        self.least_left(subject, |_| true)
    }

    /// The same of those budgets only after which another target is asked.
    pub fn left_before_fallback(&self, subject: &Subject<'_>) -> Option<f64> {
        self.least_left(subject, |budget| budget.on_exceed == OnExceed::Fallback)
    }

    fn least_left(&self, subject: &Subject<'_>, counts: impl Fn(&Budget) -> bool) -> Option<f64> {
        let now = self.now();
        let counted =
            self.tracked.iter().filter(|Tracked { budget, .. }| budget.window != Window::Request && counts(budget));
        let parts = counted.filter_map(|tracked| {
            let account = tracked.account(subject, now)?;
            let seen = self.notices.balances().get(&account.key).map(|(balance, _)| *balance).unwrap_or_default();
            let used = dollars(seen.spent) + dollars(seen.reserved);
            Some(tracked.budget.limit.saturating_sub(used).as_f64() / tracked.budget.limit.as_f64())
        });
        parts.reduce(f64::min)
    }

    /// The name of a budget with `on_exceed = "cheapest"` about this subject that has nothing left, as far as this
    /// process has seen. A router then orders by price. Fast, asks nobody.
    pub fn wants_cheapest(&self, subject: &Subject<'_>) -> Option<&Arc<str>> {
        let now = self.now();
        let is_spent = |tracked: &&Tracked| {
            let Budget { on_exceed, window, kind, limit, .. } = &tracked.budget;
            if *on_exceed != OnExceed::Cheapest || *window == Window::Request {
                return false;
            }
            let Some(account) = tracked.account(subject, now) else { return false };
            self.notices.balances().get(&account.key).is_some_and(|(seen, _)| {
                let held = if *kind == Kind::Hard { seen.reserved } else { 0 };
                dollars(seen.spent) + dollars(held) >= *limit
            })
        };
        self.tracked.iter().find(is_spent).map(|tracked| &tracked.budget.name)
    }

    /// Says that the request of this environment is over, so that what its attempts spent of budgets of each request need
    /// not be remembered. Otherwise it is forgotten after a quarter of an hour.
    pub fn request_ended(&self, cx: &Cx) {
        self.requests.forget(cx);
    }

    /// Waits until everything that was settled has reached the ledger: before a process ends.
    pub async fn flush(&self) -> Result<(), LedgerError> {
        self.outbox.drain().await
    }

    /// Calls at work. For tests and gauges.
    pub fn at_work(&self) -> usize {
        self.outbox.at_work()
    }

    /// Requests whose attempts are remembered for budgets of each request. For tests and gauges.
    pub fn requests(&self) -> usize {
        self.requests.len()
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock.now()
    }

    pub(crate) fn new_id(&self) -> Arc<str> {
        let number = self.ids.next.fetch_add(1, Ordering::Relaxed);
        format!("{}-{number:x}", self.ids.process).into()
    }

    pub(crate) fn note(&self, named: &[Named], charges: &[Charge], reply: &Reply) {
        self.notices.note(named, charges, reply);
    }
}

fn tracked(budgets: impl IntoIterator<Item = Budget>) -> Result<Vec<Tracked>, Error> {
    let tracked: Vec<Tracked> = budgets.into_iter().map(Tracked::new).collect();
    let mut names = HashSet::new();
    for Tracked { budget, .. } in &tracked {
        budget.check()?;
        if !names.insert(budget.name.clone()) {
            let what = format!("two budgets are named {:?}: their money would be counted together", budget.name);
            return Err(Error::new(ErrorKind::Config, what));
        }
    }
    Ok(tracked)
}

impl Default for Ids {
    fn default() -> Self {
        // The standard library's hashers have random keys: two of them make 128 random bits.
        let random = || std::hash::RandomState::new().hash_one(0_u8);
        Self { process: format!("{:016x}{:016x}", random(), random()), next: AtomicU64::new(1) }
    }
}

impl Notices {
    fn balances(&self) -> MutexGuard<'_, Balances> {
        self.balances.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers what is in the accounts, and tells what is worth telling.
    pub(crate) fn note(&self, named: &[Named], charges: &[Charge], reply: &Reply) {
        {
            let mut balances = self.balances();
            for (Charge { account, .. }, balance) in charges.iter().zip(&reply.balances) {
                if let Some(seen) = balances.get_mut(&account.key) {
                    seen.0 = *balance;
                    continue;
                }
                balances.insert(account.key.clone(), (*balance, account.ends));
                if balances.len() >= 4096 && balances.len().is_power_of_two() {
                    // What ended before this window ends is over, or soon is: it is read again where it is needed.
                    let ended = |end: u64| account.ends.is_some_and(|latest| end < latest);
                    balances.retain(|_, (_, ends)| ends.is_none_or(|end| !ended(end)));
                }
            }
        }
        let Some(sink) = &self.sink else { return };
        for crossing in &reply.crossed {
            let (Some(named), Some(charge)) = (named.get(crossing.charge), charges.get(crossing.charge)) else {
                continue;
            };
            let spent = reply.balances.get(crossing.charge).map_or(0, |balance| balance.spent);
            sink.on(&Alert {
                budget: named.budget.clone(),
                account: charge.account.key.clone(),
                reached: Usd::from_nanos(crossing.amount),
                spent: dollars(spent),
                limit: named.limit,
                ends: charge.account.ends,
            });
        }
    }
}

pub(crate) fn dollars(nanos: i64) -> Usd {
    Usd::from_nanos(u64::try_from(nanos).unwrap_or(0))
}
