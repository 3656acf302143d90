//! The ledger that several replicas share, in Redis or Valkey: one script per operation, atomic over all accounts.
//!
//! All keys of one ledger have one hash tag, so they are in one slot of a cluster. The time is the server's.

mod answer;
mod check;
mod gate;
mod link;
mod pending;
mod seen;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use redis::{Client, Script};

use self::answer::Answer;
pub use self::check::Finding;
use self::gate::Gate;
use self::link::Link;
use self::pending::Pending;
use self::seen::Seen;
use super::journal::{Journal, JournalStore};
use super::{Account, Balance, Charge, Ledger, LedgerError, Outcome, Reply, Reservation, check};
use crate::ledger::Clock;

/// How a ledger in Redis behaves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RedisOptions {
    /// Longest time of one operation, connecting included. Default 50 ms.
    pub timeout: Duration,
    /// Failures in a row after which the store is left alone. Default 5.
    pub failures: u32,
    /// How often it is asked then. Default 2 s, so that a store that is back is found within 5, also by a busy machine.
    pub probe_every: Duration,
    /// How long a settled reservation is remembered, so that settling it again does nothing. Default 1 h.
    pub remember: Duration,
    /// How long hard budgets wait after the store lost its state, for every replica to tell what it knows. Default 5 s.
    pub rebuild: Duration,
}

impl Default for RedisOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_millis(50),
            failures: 5,
            probe_every: Duration::from_secs(2),
            remember: Duration::from_secs(3600),
            rebuild: Duration::from_secs(5),
        }
    }
}

/// Keeps budgets in Redis or Valkey.
pub struct RedisLedger {
    link: Link,
    options: RedisOptions,
    /// `{org}:`, what every key begins with.
    prefix: String,
    scripts: Scripts,
    /// What the store's state is known by; empty until the first operation.
    epoch: Mutex<Arc<str>>,
    seen: Mutex<Seen>,
    pending: Mutex<Pending>,
}

struct Scripts {
    reserve: Script,
    heartbeat: Script,
    settle: Script,
    read: Script,
    recompute: Script,
    restore: Script,
    open: Script,
}

impl RedisLedger {
    /// A ledger at this address (`redis://user:password@host:port/database`). `org` names it: ledgers of other names in the same store do not meet.
    ///
    /// Connects when it is first used.
    pub fn new(url: &str, org: &str, options: RedisOptions) -> io::Result<Self> {
        if url.starts_with("rediss:") {
            return Err(io::Error::other(
                "the budget ledger speaks no TLS (rediss://): connect through a tunnel beside this process",
            ));
        }
        let client = Client::open(url).map_err(|error| {
            io::Error::other(format!("the address of the budget ledger is wrong: {}", error.category()))
        })?;
        if org.is_empty() || org.contains(['{', '}']) {
            return Err(io::Error::other(format!("{org:?} cannot name a budget ledger: write a word without braces")));
        }
        let script = |text: &str| Script::new(&format!("{}{text}", include_str!("../../../lua/head.lua")));
        let gate = Gate::new(options.failures, options.probe_every);
        Ok(Self {
            link: Link::new(client, options.timeout, gate),
            options,
            prefix: format!("{{{org}}}:"),
            scripts: Scripts {
                reserve: script(include_str!("../../../lua/reserve.lua")),
                heartbeat: script(include_str!("../../../lua/heartbeat.lua")),
                settle: script(include_str!("../../../lua/settle.lua")),
                read: script(include_str!("../../../lua/read.lua")),
                recompute: script(include_str!("../../../lua/recompute.lua")),
                restore: Script::new(include_str!("../../../lua/restore.lua")),
                open: Script::new(include_str!("../../../lua/open.lua")),
            },
            epoch: Mutex::new("".into()),
            seen: Mutex::default(),
            pending: Mutex::default(),
        })
    }

    /// With a journal of this replica, so that a crash loses nothing of what it had seen. What an earlier process left
    /// unsettled in it is settled before anything else: as it was, where its call had ended, and as observed otherwise.
    pub fn with_journal(self, clock: impl Clock, store: impl JournalStore) -> io::Result<Self> {
        let (entries, journal) = Journal::open(store)?;
        let pending = Pending::open(Arc::new(clock), entries, journal)?;
        Ok(Self { pending: Mutex::new(pending), ..self })
    }

    /// Settles what an earlier process left in the journal; how many reservations that were. Every operation does so
    /// first, so this is for those who want to know.
    pub async fn replay(&self) -> Result<usize, LedgerError> {
        let mut count = 0;
        loop {
            let Some((reservation, actual)) = self.pending().left() else { return Ok(count) };
            self.apply(&self.scripts.settle, &reservation, actual).await?;
            self.pending().done(&reservation.id);
            count += 1;
        }
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn epoch(&self) -> Arc<str> {
        self.epoch.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs a script, after telling a store that lost its state what it lost.
    async fn apply(&self, script: &Script, reservation: &Reservation, amount: u64) -> Result<Reply, LedgerError> {
        // Twice is one more than needed, unless the store loses its state again meanwhile.
        for _ in 0..3 {
            let epoch = self.epoch();
            let invocation = self.invocation(script, reservation, amount, &epoch);
            let answer: Answer =
                self.link.run(|mut connection| async move { invocation.invoke_async(&mut connection).await }).await?;
            match answer.0 {
                -3 => self.restore(&epoch, &answer.2).await?,
                -4 => return Err(LedgerError::Rebuilding),
                _ => {
                    let reply = answer::read(&answer)?;
                    self.seen().note(&reservation.charges, &reply.balances);
                    return Ok(reply);
                }
            }
        }
        Err(LedgerError::Rebuilding)
    }

    fn invocation<'s>(
        &self,
        script: &'s Script,
        reservation: &Reservation,
        amount: u64,
        epoch: &str,
    ) -> redis::ScriptInvocation<'s> {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let prefix = &self.prefix;
        let mut call = script.prepare_invoke();
        call.key(format!("{prefix}epoch")).key(format!("{prefix}r:{}", reservation.id));
        call.arg(&*reservation.id).arg(millis(reservation.lease)).arg(millis(self.options.remember)).arg(amount);
        call.arg(epoch).arg(format!("{prefix}r:")).arg(millis(self.options.rebuild));
        for charge in &reservation.charges {
            let key = &charge.account.key;
            call.key(format!("{prefix}b:{key}")).key(format!("{prefix}z:{key}"));
            call.arg(text(charge.limit)).arg(u8::from(charge.hard)).arg(charge.amount);
            call.arg(text(charge.account.ends)).arg(joined(&charge.alerts));
        }
        call
    }

    /// Joins a store: as a new one when nobody here has used it, or by telling it what was seen of what it lost.
    async fn restore(&self, known: &str, found: &str) -> Result<(), LedgerError> {
        let first_use = known.is_empty();
        let key = format!("{}epoch", self.prefix);
        let epoch: String = if first_use && !found.is_empty() {
            found.to_owned()
        } else if first_use {
            let mut call = self.scripts.open.prepare_invoke();
            // A journal with something in it says that this is no new store.
            call.key(key).arg(if self.pending().is_old() { "r" } else { "s" });
            self.link.run(|mut connection| async move { call.invoke_async(&mut connection).await }).await?
        } else {
            let mut call = self.scripts.restore.prepare_invoke();
            call.key(key);
            for (account, seen) in self.seen().all() {
                call.key(format!("{}b:{account}", self.prefix));
                call.arg(seen.spent).arg(text(seen.ends)).arg(joined(&seen.alerts));
            }
            self.link.run(|mut connection| async move { call.invoke_async(&mut connection).await }).await?
        };
        *self.epoch.lock().unwrap_or_else(PoisonError::into_inner) = epoch.into();
        Ok(())
    }
}

fn text(number: Option<u64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

fn joined(alerts: &[u64]) -> String {
    let words: Vec<String> = alerts.iter().map(u64::to_string).collect();
    words.join(",")
}

#[async_trait]
impl Ledger for RedisLedger {
    async fn reserve(&self, reservation: &Reservation) -> Result<Reply, LedgerError> {
        check(reservation)?;
        self.replay().await?;
        self.pending().reserve(reservation)?;
        let result = self.apply(&self.scripts.reserve, reservation, 0).await;
        let nothing = match &result {
            Ok(reply) => matches!(reply.outcome, Outcome::Denied { .. } | Outcome::Closed),
            Err(error) => matches!(error, LedgerError::Down | LedgerError::Rebuilding),
        };
        if nothing {
            self.pending().done(&reservation.id);
        }
        result
    }

    async fn heartbeat(&self, reservation: &Reservation, observed: u64) -> Result<Reply, LedgerError> {
        check(reservation)?;
        self.pending().heartbeat(reservation, observed);
        self.replay().await?;
        self.apply(&self.scripts.heartbeat, reservation, observed).await
    }

    async fn settle(&self, reservation: &Reservation, actual: u64) -> Result<Reply, LedgerError> {
        check(reservation)?;
        self.pending().settle(reservation, actual);
        self.replay().await?;
        let reply = self.apply(&self.scripts.settle, reservation, actual).await?;
        self.pending().done(&reservation.id);
        Ok(reply)
    }

    fn heartbeat_now(&self, reservation: &Reservation, observed: u64) -> Option<Reply> {
        self.pending().heartbeat(reservation, observed);
        None
    }

    fn settle_now(&self, reservation: &Reservation, actual: u64) -> Option<Reply> {
        self.pending().settle(reservation, actual);
        None
    }

    fn note(&self, reservation: &Reservation) -> Result<(), LedgerError> {
        self.pending().reserve(reservation)
    }

    async fn read(&self, accounts: &[Account]) -> Result<Vec<Balance>, LedgerError> {
        let charge = |account: &Account| Charge {
            account: account.clone(),
            amount: 0,
            limit: None,
            hard: false,
            alerts: Arc::default(),
        };
        let reading =
            Reservation { id: "".into(), lease: Duration::ZERO, charges: accounts.iter().map(charge).collect() };
        Ok(self.apply(&self.scripts.read, &reading, 0).await?.balances)
    }

    async fn recompute(&self, account: &Account, spent: u64) -> Result<Balance, LedgerError> {
        let charge = Charge { account: account.clone(), amount: 0, limit: None, hard: false, alerts: Arc::default() };
        let writing = Reservation { id: "".into(), lease: Duration::ZERO, charges: vec![charge] };
        check(&Reservation {
            charges: vec![Charge { amount: spent, ..writing.charges[0].clone() }],
            ..writing.clone()
        })?;
        let reply = self.apply(&self.scripts.recompute, &writing, spent).await?;
        Ok(reply.balances.first().copied().unwrap_or_default())
    }
}
