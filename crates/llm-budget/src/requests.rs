//! What the attempts of one request cost together.
//!
//! Budgets of each request are kept here and not in the ledger: a request is in one process from its start to its end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use llm_core::Cx;

/// How long a request is remembered of which no attempt is at work: longer than one may take, in milliseconds.
const REMEMBERED: u64 = 15 * 60 * 1000;
/// Most requests that are remembered while nothing of them is at work.
const MOST: usize = 1 << 16;

/// The requests of this process.
#[derive(Default)]
pub(crate) struct Requests(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    known: HashMap<Name, Known>,
    /// How many there may be before those are looked for that can go.
    sweep_at: usize,
}

/// The tenant and the request's own name, which callers may choose.
type Name = (Option<Arc<str>>, Arc<str>);

struct Known {
    request: Arc<Attempts>,
    used: u64,
}

impl Requests {
    /// The request of this environment. What has no name, or no number because no driver makes it, is a request of its
    /// own. A first attempt begins anew: callers may name several requests alike.
    pub(crate) fn of(&self, cx: &Cx, now: u64) -> Arc<Attempts> {
        let Some(id) = cx.request_id.as_ref().filter(|_| cx.attempt > 0) else { return Arc::default() };
        let name = (cx.tenant.clone(), id.clone());
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = inner.known.get_mut(&name).filter(|_| cx.attempt != 1) {
            known.used = now;
            return known.request.clone();
        }
        let request = Arc::<Attempts>::default();
        inner.known.insert(name, Known { request: request.clone(), used: now });
        inner.sweep(now);
        request
    }

    /// The request is over.
    pub(crate) fn forget(&self, cx: &Cx) {
        if let Some(id) = &cx.request_id {
            let name = (cx.tenant.clone(), id.clone());
            self.0.lock().unwrap_or_else(PoisonError::into_inner).known.remove(&name);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).known.len()
    }
}

impl Inner {
    fn sweep(&mut self, now: u64) {
        if self.known.len() < self.sweep_at.max(1024) {
            return;
        }
        let at_work = |known: &Known| Arc::strong_count(&known.request) > 1;
        self.known.retain(|_, known| at_work(known) || now.saturating_sub(known.used) < REMEMBERED);
        if self.known.len() >= MOST {
            let mut used: Vec<u64> = self.known.values().map(|known| known.used).collect();
            let middle = used.len() / 2;
            let newer_half = *used.select_nth_unstable(middle).1;
            self.known.retain(|_, known| at_work(known) || known.used > newer_half);
        }
        self.sweep_at = (2 * self.known.len()).clamp(1024, MOST.max(self.known.len() + 1024));
    }
}

/// The attempts of one request: what they spent and what is set aside for them, by account.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<Vec<Sum>>);

/// In billionths of a dollar.
pub(crate) struct Sum {
    account: Arc<str>,
    spent: u64,
    reserved: u64,
}

impl Attempts {
    /// Nobody else of this request gets in while this is held.
    pub(crate) fn lock(&self) -> Sums<'_> {
        Sums(self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub(crate) struct Sums<'a>(MutexGuard<'a, Vec<Sum>>);

impl Sums<'_> {
    /// What is used of an account: spent, and where `hard`, set aside.
    pub(crate) fn used(&self, account: &str, hard: bool) -> u64 {
        let sum = self.0.iter().find(|sum| *sum.account == *account);
        sum.map_or(0, |sum| sum.spent + if hard { sum.reserved } else { 0 })
    }

    fn change(&mut self, account: &Arc<str>, change: impl FnOnce(&mut Sum)) {
        if let Some(sum) = self.0.iter_mut().find(|sum| sum.account == *account) {
            return change(sum);
        }
        let mut sum = Sum { account: account.clone(), spent: 0, reserved: 0 };
        change(&mut sum);
        self.0.push(sum);
    }
}

/// What one attempt sets aside of its request's budgets. Dropped, it gives everything back.
pub(crate) struct Share {
    request: Arc<Attempts>,
    accounts: Vec<Arc<str>>,
    amount: u64,
}

impl Share {
    /// Sets so much aside in these accounts.
    pub(crate) fn hold(request: &Arc<Attempts>, sums: &mut Sums<'_>, accounts: Vec<Arc<str>>, amount: u64) -> Self {
        for account in &accounts {
            sums.change(account, |sum| sum.reserved += amount);
        }
        Self { request: request.clone(), accounts, amount }
    }

    /// Sets so much aside instead.
    pub(crate) fn resize(&mut self, amount: u64) {
        self.become_spent(0, amount);
    }

    /// The attempt is over and cost so much.
    pub(crate) fn settle(mut self, actual: u64) {
        self.become_spent(actual, 0);
    }

    fn become_spent(&mut self, spent: u64, reserved: u64) {
        let mut sums = self.request.lock();
        for account in &self.accounts {
            sums.change(account, |sum| {
                sum.spent += spent;
                sum.reserved = sum.reserved - self.amount + reserved;
            });
        }
        self.amount = reserved;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.become_spent(0, 0);
    }
}

#[cfg(test)]
mod tests {
    use llm_testkit::ScriptedTransport;

    use super::*;

    #[test]
    fn memory_is_bounded_and_what_is_at_work_is_kept() {
        let (requests, mut cx) = (Requests::default(), ScriptedTransport::new([]).cx());
        cx.attempt = 1;
        let mut ask = |name: String, attempt: u32, now: u64| {
            (cx.request_id, cx.attempt) = (Some(name.into()), attempt);
            requests.of(&cx, now)
        };
        let at_work = ask("at work".to_owned(), 1, 0);
        at_work.lock().change(&"a".into(), |sum| sum.spent = 7);
        for number in 0..3000 {
            ask(format!("early {number}"), 1, 0);
        }
        assert_eq!(requests.len(), 3001, "none is old");
        for number in 0..3000 {
            ask(format!("later {number}"), 1, REMEMBERED);
        }
        assert!(requests.len() < 5000, "{}", requests.len());
        for number in 0..3 * MOST {
            ask(format!("many {number}"), 1, REMEMBERED + u64::try_from(number).unwrap());
            assert!(requests.len() <= MOST);
        }
        assert_eq!(ask("at work".to_owned(), 2, 0).lock().used("a", true), 7);
    }
}
