//! A budget at work: whom it is about, and which account is whose now.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use crate::allowance::Allowance;
use crate::budget::{Budget, Kind};
use crate::ledger::{Account, Charge};
use crate::subject::Subject;
use crate::window::{Span, Window};

/// A budget with its account of the present window.
pub(crate) struct Tracked {
    pub(crate) budget: Budget,
    alerts: Arc<[u64]>,
    current: Mutex<Option<(Span, Account)>>,
}

impl Tracked {
    pub(crate) fn new(budget: Budget) -> Self {
        let alerts = budget.alerts();
        Self { budget, alerts, current: Mutex::default() }
    }

    /// The account of this subject now; `None` when the budget is not about it.
    pub(crate) fn account(&self, subject: &Subject<'_>, now: u64) -> Option<Account> {
        let scope = &self.budget.scope;
        let tag = scope.tag.as_deref().map(|tag| {
            let value = subject.tags.and_then(|tags| tags.get(tag)).map(String::as_str);
            (scope.is.as_deref().unwrap_or("*"), value)
        });
        let said = [
            ("provider", scope.provider.as_deref().map(|wanted| (wanted, subject.provider))),
            ("model", scope.model.as_deref().map(|wanted| (wanted, subject.model))),
            ("key", scope.key.as_deref().map(|wanted| (wanted, subject.key))),
            ("user", scope.user.as_deref().map(|wanted| (wanted, subject.user))),
            ("team", scope.team.as_deref().map(|wanted| (wanted, subject.team))),
            ("tag", tag),
        ];
        let mut each = false;
        for (wanted, value) in said.iter().filter_map(|(_, said)| *said) {
            let value = value?;
            each |= wanted == "*";
            if wanted != "*" && wanted != value {
                return None;
            }
        }
        let whole = self.whole(now);
        if !each {
            return Some(whole);
        }
        let mut key = String::from(&*whole.key);
        for (name, said) in said {
            if let Some(("*", Some(value))) = said {
                // With its length, so that no value can look like two.
                let _ = write!(key, "[{name}={}:{value}]", value.len());
            }
        }
        Some(Account { key: key.into(), ends: whole.ends })
    }

    /// The account of everybody together.
    pub(crate) fn whole(&self, now: u64) -> Account {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((span, account)) = &*current
            && span.contains(now)
        {
            return account.clone();
        }
        let Budget { name, window, timezone, .. } = &self.budget;
        let span = window.at(timezone, now);
        let key = match window {
            Window::Total => format!("{name}@total"),
            _ => format!("{name}@{window}:{}", span.start / 1000),
        };
        let account = Account { key: key.into(), ends: span.end };
        *current = Some((span, account.clone()));
        account
    }

    /// What a request sets aside here. What is kept for an allowance is not to be had.
    pub(crate) fn charge(&self, account: Account, amount: u64, allowance: Option<Allowance>) -> Charge {
        let hard = self.budget.kind == Kind::Hard;
        let limit = self.budget.limit.nanos();
        let kept = allowance.filter(|_| hard).map_or(0, |allowance| allowance.kept(limit));
        let limit = self.budget.stops().then(|| limit.saturating_sub(kept));
        Charge { account, amount, limit, hard, alerts: self.alerts.clone() }
    }
}
