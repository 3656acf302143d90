//! Rates and places that several processes keep together, in Redis or Valkey: one script per operation, atomic over all
//! accounts.
//!
//! All keys have one hash tag, so they are in one slot of a cluster. The time is the server's. Whether the server is worth
//! asking is decided by whoever asks: see [`RateSharing`](super::RateSharing).

mod link;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use llm_core::{Error, ErrorKind};
use redis::{Client, Script, ScriptInvocation};

use self::link::Link;
use super::amounts::Dimension;
use super::bucket::Short;
use super::store::{RateAccount, RateAnswer, RateBeat, RateRequest, RateSettlement, RateStore};

/// The fields of the dimensions, in their order.
const FIELDS: [&str; 5] = ["r", "d", "t", "i", "o"];
/// How long a settled request is remembered, so that settling it again does nothing.
const SETTLED: Duration = Duration::from_secs(60);
/// How long one is that nobody settles or says to be at work.
const OPEN: Duration = Duration::from_secs(3600);

/// How limits in Redis behave.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RedisRatesOptions {
    /// Longest time of one operation, connecting included. Default 50 ms.
    pub timeout: Duration,
}

impl Default for RedisRatesOptions {
    fn default() -> Self {
        Self { timeout: Duration::from_millis(50) }
    }
}

impl RedisRatesOptions {
    /// With another longest time of one operation.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// Keeps rates and places in Redis or Valkey.
#[derive(Debug)]
pub struct RedisRates {
    link: Arc<Link>,
    /// What every key begins with.
    prefix: String,
    reserve: Script,
    settle: Script,
    beat: Script,
}

impl RedisRates {
    /// Limits in the server at an address (`redis://host:6379/0`, `redis+unix:///path`). `org` names them: limits of other
    /// names in the same server do not meet.
    ///
    /// Nothing is connected before it is needed.
    pub fn new(url: &str, org: &str, options: RedisRatesOptions) -> Result<Self, Error> {
        let wrong = |message: String| Error::new(ErrorKind::Config, message);
        // The address may hold a password, so it is not repeated.
        let client = Client::open(url).map_err(|_| {
            wrong("the address of the redis of limits cannot be read: write redis://host:6379/0".to_owned())
        })?;
        if org.is_empty() || org.contains(['{', '}']) {
            return Err(wrong(format!("{org:?} cannot name limits in redis: write a word without braces")));
        }
        let script = |text: &str| Script::new(&format!("{}{text}", include_str!("../../../lua/head.lua")));
        Ok(Self {
            link: Link::new(client, options.timeout),
            prefix: format!("{{{org}}}:limit:"),
            reserve: script(include_str!("../../../lua/reserve.lua")),
            settle: script(include_str!("../../../lua/settle.lua")),
            beat: script(include_str!("../../../lua/beat.lua")),
        })
    }

    async fn run<T: redis::FromRedisValue>(
        &self,
        operation: &'static str,
        call: ScriptInvocation<'_>,
    ) -> Result<T, Error> {
        let result = self.link.run(|mut connection| async move { call.invoke_async(&mut connection).await }).await;
        result.map_err(|why| Error::new(ErrorKind::Network, format!("{operation} limits in redis: {why}")))
    }

    fn record(&self, request: &RateRequest) -> String {
        format!("{}r:{}", self.prefix, request.id)
    }

    fn account(&self, call: &mut ScriptInvocation<'_>, account: &RateAccount) {
        call.key(format!("{}b:{}", self.prefix, account.name)).key(self.places(account));
    }

    fn places(&self, account: &RateAccount) -> String {
        format!("{}p:{}", self.prefix, account.name)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The rates of an account, each with some numbers of its own.
fn rates<const N: usize>(call: &mut ScriptInvocation<'_>, account: &RateAccount, more: impl Fn(usize) -> [u64; N]) {
    call.arg(account.limited().count());
    for (number, rate) in account.limited() {
        let period = u64::try_from(rate.period.as_micros()).unwrap_or(u64::MAX).max(1);
        call.arg(FIELDS[number]).arg(rate.limit).arg(period).arg(rate.burst);
        for number in more(number) {
            call.arg(number);
        }
    }
}

/// A code, the number of an account from 1, a field, microseconds.
type Answer = (u8, usize, String, u64);

fn read((code, account, field, wait): &Answer) -> Result<RateAnswer, Error> {
    let charge = account.saturating_sub(1);
    let dimension = FIELDS.iter().position(|known| known == field).map(|number| Dimension::ALL[number]);
    match (code, dimension) {
        (1, _) => Ok(RateAnswer::Reserved),
        (4, _) => Ok(RateAnswer::Closed),
        (2, _) => Ok(RateAnswer::Busy { charge }),
        (0, Some(dimension)) => {
            Ok(RateAnswer::Short { charge, dimension, short: Short::Until(Duration::from_micros(*wait)) })
        }
        (3, Some(dimension)) => Ok(RateAnswer::Short { charge, dimension, short: Short::Never }),
        _ => Err(Error::new(ErrorKind::Malformed, "asking limits in redis: its answer is not what the script says")),
    }
}

#[async_trait]
impl RateStore for RedisRates {
    async fn reserve(&self, request: &RateRequest) -> Result<RateAnswer, Error> {
        let mut call = self.reserve.prepare_invoke();
        call.key(self.record(request));
        call.arg(&*request.id).arg(millis(request.lease)).arg(millis(OPEN)).arg(request.charges.len());
        for charge in &request.charges {
            self.account(&mut call, &charge.account);
            call.arg(charge.account.places.map(|places| places.to_string()).unwrap_or_default());
            rates(&mut call, &charge.account, |number| [charge.units[number]]);
        }
        read(&self.run("asking", call).await?)
    }

    async fn settle(&self, settlements: &[RateSettlement]) -> Result<(), Error> {
        let mut call = self.settle.prepare_invoke();
        call.arg(millis(SETTLED)).arg(settlements.len());
        for settlement in settlements {
            let request = &settlement.request;
            call.key(self.record(request));
            call.arg(&*request.id).arg(u8::from(settlement.asked)).arg(request.charges.len());
            for (charge, used) in request.charges.iter().zip(&settlement.used) {
                self.account(&mut call, &charge.account);
                rates(&mut call, &charge.account, |number| [charge.units[number], used[number]]);
            }
        }
        self.run::<u8>("settling", call).await.map(drop)
    }

    async fn beat(&self, beat: RateBeat<'_>) -> Result<u32, Error> {
        let mut call = self.beat.prepare_invoke();
        call.key(format!("{}replicas", self.prefix));
        call.arg(beat.replica).arg(millis(beat.alive)).arg(millis(OPEN)).arg(beat.at_work.len());
        for request in beat.at_work {
            let places: Vec<_> = request.charges.iter().filter(|charge| charge.account.places.is_some()).collect();
            call.key(self.record(request));
            call.arg(&*request.id).arg(millis(request.lease)).arg(places.len());
            for charge in places {
                call.key(self.places(&charge.account));
            }
        }
        self.run("keeping", call).await
    }
}
