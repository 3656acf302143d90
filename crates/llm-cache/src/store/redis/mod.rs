//! In Redis or Valkey, shared by replicas: one round trip for a hit, and nobody waits for a server that is slow or gone.
//!
//! What it holds is authenticated, so whoever can write to the server can remove answers but not forge them.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use llm_core::{Error, ErrorKind};

use self::link::{Link, Trouble};
use super::{Lease, Loaded, Size, Store, StoreError};
use crate::entry::Entry;
use crate::frame::Framing;
use crate::key::{CacheKey, Keyring};

mod health;
mod link;

/// The longest an operation may take that a request waits for.
const OPERATION: Duration = Duration::from_millis(50);
/// The longest one of the operator's may take.
const PATIENT: Duration = Duration::from_secs(2);
/// Gives a lease back only to the one who holds it.
const RELEASE: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/// Keeps answers in Redis or Valkey.
#[derive(Clone)]
pub struct RedisStore {
    link: Arc<Link>,
    framing: Framing,
    prefix: Arc<str>,
    operation: Duration,
}

impl RedisStore {
    /// In the server at an address (`redis://host:6379/0`, `redis+unix:///path`), under the secret of a keyring.
    ///
    /// Nothing is connected before it is needed.
    pub fn new(address: &str, keyring: &Keyring) -> Result<Self, Error> {
        let client = redis::Client::open(address).map_err(|_| {
            // The address may hold a password, so it is not repeated.
            let message = "the address of the response cache's redis cannot be read: write redis://host:6379/0";
            Error::new(ErrorKind::Config, message)
        })?;
        let (link, framing) = (Link::new(client), Framing::new(keyring));
        Ok(Self { link, framing, prefix: "loquat:cache:".into(), operation: OPERATION })
    }

    /// With another beginning of all its keys. Caches of different prefixes have nothing in common.
    pub fn with_prefix(mut self, prefix: impl Into<Arc<str>>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// With another longest time of an operation than 50 ms.
    pub fn with_timeout(mut self, operation: Duration) -> Self {
        self.operation = operation;
        self
    }

    fn name_of(&self, kind: char, key: &CacheKey) -> String {
        use std::fmt::Write as _;
        let mut name = String::with_capacity(self.prefix.len() + 2 + 64);
        name.push_str(&self.prefix);
        name.push(kind);
        name.push(':');
        for byte in key.as_bytes() {
            // Writing to a string does not fail.
            let _ = write!(name, "{byte:02x}");
        }
        name
    }
}

fn failed(operation: &'static str) -> impl FnOnce(Trouble) -> StoreError {
    move |trouble| StoreError { store: "redis", operation, cause: trouble.to_string() }
}

#[async_trait]
impl Store for RedisStore {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn keyring(&self) -> Option<&Keyring> {
        Some(self.framing.keyring())
    }

    async fn load(&self, key: &CacheKey, now: u64) -> Loaded {
        let mut get = redis::cmd("GET");
        get.arg(self.name_of('a', key));
        let frame = match self.link.run::<Option<Vec<u8>>>(self.operation, &get).await {
            Ok(Some(frame)) => frame,
            Ok(None) => return Loaded::Absent,
            Err(_) => return Loaded::Unavailable,
        };
        match self.framing.decode(key, &frame) {
            Ok(entry) if entry.is_fresh(now) => Loaded::Found(Arc::new(entry)),
            Ok(_) => Loaded::Absent,
            Err(why) => Loaded::Rejected(why),
        }
    }

    async fn save(&self, key: &CacheKey, entry: Arc<Entry>) -> Result<(), StoreError> {
        let frame = self.framing.encode(key, &entry).ok_or_else(|| StoreError {
            store: "redis",
            operation: "store an answer",
            cause: "the answer cannot be written".to_owned(),
        })?;
        let mut set = redis::cmd("SET");
        set.arg(self.name_of('a', key)).arg(frame).arg("PX").arg(entry.ttl.max(1));
        self.link.run::<()>(self.operation, &set).await.map_err(failed("store an answer"))
    }

    async fn remove(&self, key: &CacheKey) -> Result<(), StoreError> {
        let mut unlink = redis::cmd("UNLINK");
        unlink.arg(self.name_of('a', key));
        self.link.run::<()>(PATIENT, &unlink).await.map_err(failed("forget an answer"))
    }

    async fn clear(&self) -> Result<(), StoreError> {
        let mut cursor = 0_u64;
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(format!("{}a:*", escaped(&self.prefix))).arg("COUNT").arg(500);
            let (next, names) =
                self.link.run::<(u64, Vec<Vec<u8>>)>(PATIENT, &scan).await.map_err(failed("forget its answers"))?;
            if !names.is_empty() {
                let mut unlink = redis::cmd("UNLINK");
                unlink.arg(names);
                self.link.run::<()>(PATIENT, &unlink).await.map_err(failed("forget its answers"))?;
            }
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }

    async fn size(&self) -> Result<Option<Size>, StoreError> {
        // The server may hold more than this cache.
        Ok(None)
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn lease(&self, key: &CacheKey, time: Duration) -> Lease {
        let token = format!("{:016x}", RandomState::new().hash_one(key.as_bytes()));
        let mut set = redis::cmd("SET");
        set.arg(self.name_of('l', key)).arg(&token).arg("NX").arg("PX").arg(crate::clock::millis(time).max(1));
        match self.link.run::<Option<String>>(self.operation, &set).await {
            Ok(Some(_)) => Lease::Granted(token),
            Ok(None) => Lease::Held,
            Err(_) => Lease::Nobody,
        }
    }

    async fn release(&self, key: &CacheKey, token: &str) {
        let mut eval = redis::cmd("EVAL");
        eval.arg(RELEASE).arg(1).arg(self.name_of('l', key)).arg(token);
        // A lease that is not given back ends by itself.
        let _ = self.link.run::<i64>(self.operation, &eval).await;
    }
}

/// A prefix as a pattern that only it matches.
fn escaped(prefix: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len());
    for character in prefix.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}
