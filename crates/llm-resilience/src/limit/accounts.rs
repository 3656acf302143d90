//! All accounts, and which of them bind a request.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::{Index, IndexMut};
use std::sync::Arc;

use llm_core::Target;
use tokio::time::Instant;

use super::policy::LimitPolicy;
use super::scope::{Account, Holder, LimitScope};

/// Accounts that nobody uses are forgotten beyond this number.
const UNUSED: usize = 10_000;
/// No account.
const NONE: u32 = u32::MAX;

/// For whom and where to a request goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way<'a> {
    pub(crate) target: &'a Target,
    pub(crate) tenant: Option<&'a str>,
    /// The fingerprint of a key that the caller brought.
    pub(crate) credential: Option<u64>,
}

/// The accounts that bind one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path {
    /// Process, tenant, key, provider, target, key at the target.
    accounts: [u32; 6],
    tenant: u64,
}

impl Path {
    pub(crate) fn iter(self) -> impl Iterator<Item = u32> {
        self.accounts.into_iter().filter(|account| *account != NONE)
    }

    pub(crate) fn target(&self) -> u32 {
        self.accounts[4]
    }

    /// The account that the vendor's own limits belong to.
    pub(crate) fn vendor(&self) -> u32 {
        if self.accounts[5] == NONE { self.accounts[4] } else { self.accounts[5] }
    }

    /// The tenant as a number, for taking turns.
    pub(crate) fn tenant(&self) -> u64 {
        self.tenant
    }
}

/// All accounts.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    places: Vec<Option<Account>>,
    free: Vec<u32>,
    index: HashMap<Holder, u32>,
    tenants: HashMap<Arc<str>, u32>,
    process: Option<u32>,
    policies: HashMap<LimitScope, LimitPolicy>,
    /// Whether any policy is about tenants, about keys, about providers: most processes have none.
    about: [bool; 3],
    clear_at: usize,
    keys: RandomState,
    /// The number of processes that keep accounts together, where there is a store for that.
    replicas: Option<u32>,
}

impl Accounts {
    /// The accounts that bind a request, made where there are none.
    pub(crate) fn path(&mut self, way: &Way<'_>, now: Instant) -> Path {
        self.make_room(now);
        let (target, mut accounts) = (way.target, [NONE; 6]);
        accounts[0] = self.process.unwrap_or(NONE);
        if let Some(tenant) = way.tenant {
            accounts[1] = self.tenant(tenant, now);
        }
        if let Some(key) = way.credential {
            if self.about[1] && self.binds(&LimitScope::EachCredential, &LimitScope::Credential(key)) {
                accounts[2] = self.account(Holder::Credential(key), now);
            }
            accounts[5] = self.account(Holder::Account(target.clone(), key), now);
        }
        // Providers have no limits unless they are set.
        if self.about[2] && self.policies.contains_key(&LimitScope::Provider(target.provider.clone())) {
            accounts[3] = self.account(Holder::Provider(target.provider.clone()), now);
        }
        accounts[4] = self.account(Holder::Target(target.clone()), now);
        let tenant = way.tenant.map_or(0, |tenant| self.keys.hash_one(tenant) | 1);
        Path { accounts, tenant }
    }

    /// Sets the policy of a scope; `None` removes it.
    pub(crate) fn configure(&mut self, scope: LimitScope, policy: Option<LimitPolicy>, now: Instant) {
        if scope == LimitScope::Process && self.process.is_none() {
            self.process = Some(self.account(Holder::Process, now));
        }
        match policy {
            Some(policy) => drop(self.policies.insert(scope, policy)),
            None => drop(self.policies.remove(&scope)),
        }
        self.about = [false; 3];
        for scope in self.policies.keys() {
            match scope {
                LimitScope::EachTenant | LimitScope::Tenant(_) => self.about[0] = true,
                LimitScope::EachCredential | LimitScope::Credential(_) => self.about[1] = true,
                LimitScope::Provider(_) => self.about[2] = true,
                _ => {}
            }
        }
        let mut accounts = std::mem::take(&mut self.places);
        for account in accounts.iter_mut().flatten() {
            let policy = self.policy(&account.holder);
            if policy != account.policy {
                account.change(policy, now);
                account.share(self.replicas, now);
            }
        }
        self.places = accounts;
    }

    /// Keeps accounts together with other processes, so many in all, or with none.
    pub(crate) fn share(&mut self, replicas: Option<u32>, now: Instant) {
        self.replicas = replicas;
        self.places.iter_mut().flatten().for_each(|account| account.share(replicas, now));
    }

    /// Those with a policy.
    pub(crate) fn scopes(&self) -> Vec<LimitScope> {
        self.policies.keys().cloned().collect()
    }

    pub(crate) fn process(&self) -> Option<&Account> {
        self.process.map(|process| &self[process])
    }

    /// The account of a holder, where there is one.
    pub(crate) fn find(&self, holder: &Holder) -> Option<u32> {
        match holder {
            Holder::Process => self.process,
            Holder::Tenant(tenant) => self.tenants.get(tenant).copied(),
            other => self.index.get(other).copied(),
        }
    }

    /// The numbers of all accounts.
    pub(crate) fn all(&self) -> Vec<u32> {
        (0..).zip(&self.places).filter(|(_, account)| account.is_some()).map(|(number, _)| number).collect()
    }

    fn binds(&self, each: &LimitScope, own: &LimitScope) -> bool {
        self.policies.contains_key(each) || self.policies.contains_key(own)
    }

    fn tenant(&mut self, tenant: &str, now: Instant) -> u32 {
        if let Some(number) = self.tenants.get(tenant) {
            return *number;
        }
        if !self.about[0] {
            return NONE;
        }
        let tenant: Arc<str> = tenant.into();
        if !self.binds(&LimitScope::EachTenant, &LimitScope::Tenant(tenant.clone())) {
            return NONE;
        }
        let number = self.open(&Holder::Tenant(tenant.clone()), now);
        self.tenants.insert(tenant, number);
        number
    }

    fn account(&mut self, holder: Holder, now: Instant) -> u32 {
        if let Some(number) = self.index.get(&holder) {
            return *number;
        }
        let number = self.open(&holder, now);
        self.index.insert(holder, number);
        number
    }

    fn open(&mut self, holder: &Holder, now: Instant) -> u32 {
        let mut account = Account::new(holder.clone(), self.policy(holder), now);
        account.share(self.replicas, now);
        if let Some(number) = self.free.pop() {
            self.places[number as usize] = Some(account);
            return number;
        }
        self.places.push(Some(account));
        u32::try_from(self.places.len() - 1).unwrap_or(NONE)
    }

    fn policy(&self, holder: &Holder) -> LimitPolicy {
        let own = |scope| self.policies.get(&scope);
        let policy = match holder {
            Holder::Process => own(LimitScope::Process),
            Holder::Tenant(tenant) => own(LimitScope::Tenant(tenant.clone())).or_else(|| own(LimitScope::EachTenant)),
            Holder::Credential(key) => own(LimitScope::Credential(*key)).or_else(|| own(LimitScope::EachCredential)),
            Holder::Provider(provider) => own(LimitScope::Provider(provider.clone())),
            Holder::Target(target) => own(LimitScope::Target(target.clone()))
                .or_else(|| own(LimitScope::EachTargetOf(target.provider.clone())))
                .or_else(|| own(LimitScope::EachTarget)),
            Holder::Account(..) => None,
        };
        let mut policy = policy.cloned().unwrap_or_default();
        policy.learn &= matches!(holder, Holder::Target(_) | Holder::Account(..));
        policy.throttle &= matches!(holder, Holder::Target(_));
        policy
    }

    /// Forgets accounts that are as good as new, when there are many.
    fn make_room(&mut self, now: Instant) {
        if self.index.len() + self.tenants.len() < self.clear_at.max(UNUSED) {
            return;
        }
        let (accounts, free) = (&mut self.places, &mut self.free);
        let mut forget = |number: u32| {
            let place = &mut accounts[number as usize];
            let idle = place.as_mut().is_some_and(|account| account.holder != Holder::Process && account.is_idle(now));
            if idle {
                *place = None;
                free.push(number);
            }
            idle
        };
        self.index.retain(|_, number| !forget(*number));
        self.tenants.retain(|_, number| !forget(*number));
        self.clear_at = self.index.len() + self.tenants.len() + UNUSED / 8;
    }
}

impl Index<u32> for Accounts {
    type Output = Account;

    #[expect(clippy::expect_used, reason = "an account stays while a request holds its number: it is not idle then")]
    fn index(&self, number: u32) -> &Account {
        self.places[number as usize].as_ref().expect("accounts in use are not forgotten")
    }
}

impl IndexMut<u32> for Accounts {
    #[expect(clippy::expect_used, reason = "an account stays while a request holds its number: it is not idle then")]
    fn index_mut(&mut self, number: u32) -> &mut Account {
        self.places[number as usize].as_mut().expect("accounts in use are not forgotten")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::limit::amounts::{Amounts, Tokens};

    fn way<'a>(target: &'a Target, tenant: &'a str) -> Way<'a> {
        Way { target, tenant: Some(tenant), credential: None }
    }

    #[test]
    fn accounts_that_nobody_uses_are_forgotten_and_others_are_not() {
        let (mut accounts, now) = (Accounts::default(), Instant::now());
        accounts.configure(LimitScope::EachTenant, Some(LimitPolicy::default().with_rpm(60)), now);
        let target = Target::new("vendor", "model");
        let of = |tenant| way(&target, tenant);
        let busy = accounts.path(&of("busy"), now);
        accounts[busy.accounts[1]].users += 1;
        let used = accounts.path(&of("used"), now);
        accounts[used.accounts[1]].rates.take(&Amounts::one(Tokens::default()), false, now);
        for number in 0..30_000 {
            let tenant = number.to_string();
            accounts.path(&way(&target, &tenant), now);
        }
        assert!(accounts.tenants.len() <= UNUSED + UNUSED / 8, "{}", accounts.tenants.len());
        assert!(accounts.places.len() <= UNUSED + UNUSED / 8 + 1);
        assert_eq!(accounts.path(&of("busy"), now).accounts[1], busy.accounts[1]);
        assert_eq!(accounts.path(&of("used"), now).accounts[1], used.accounts[1], "its minute is not over");
        let later = now + Duration::from_secs(60);
        for number in 0..30_000 {
            let tenant = number.to_string();
            accounts.path(&way(&target, &tenant), later);
        }
        assert!(!accounts.tenants.contains_key("used"));
        assert!(accounts.tenants.contains_key("busy"));
    }
}
