//! Where answers are kept: one trait, and the stores behind cargo features.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::entry::Entry;
use crate::frame::Rejected;
use crate::key::{CacheKey, Keyring};

#[cfg(feature = "disk")]
pub mod disk;
#[cfg(feature = "memory")]
pub mod memory;
#[cfg(feature = "redis")]
pub mod redis;

/// What a store has under a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Loaded {
    /// An entry that is still good.
    Found(Arc<Entry>),
    /// Nothing, or something too old.
    Absent,
    /// Something that is not ours, forged or unreadable.
    Rejected(Rejected),
    /// The store is gone, or too slow to be worth waiting for.
    Unavailable,
}

/// What a store could not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the response cache's store {store} cannot {operation}: {cause}")]
pub struct StoreError {
    /// Which store.
    pub store: &'static str,
    /// What it was asked to do.
    pub operation: &'static str,
    /// Why it could not.
    pub cause: String,
}

/// How much a store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Entries, those that are too old but not removed yet included.
    pub entries: u64,
    /// Bytes, where the store counts them.
    pub bytes: Option<u64>,
}

/// Whether a replica may ask the vendor for an answer that all of them lack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lease {
    /// It may; the token gives the lease back.
    Granted(String),
    /// Another one is at it.
    Held,
    /// The store is not shared, or not there: there is nobody to wait for.
    Nobody,
}

/// Keeps answers. Operations are bounded in time by the store itself; none of them fails a request.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Its kind in one word.
    fn name(&self) -> &'static str;

    /// The secret that it was made with, for stores that outlive the process: its cache makes keys with the same one.
    fn keyring(&self) -> Option<&Keyring> {
        None
    }

    /// The entry under a key that is still good at a time in Unix milliseconds.
    async fn load(&self, key: &CacheKey, now: u64) -> Loaded;

    /// Keeps an entry, in the place of the one before.
    async fn save(&self, key: &CacheKey, entry: Arc<Entry>) -> Result<(), StoreError>;

    /// Forgets one.
    async fn remove(&self, key: &CacheKey) -> Result<(), StoreError>;

    /// Forgets all.
    async fn clear(&self) -> Result<(), StoreError>;

    /// How much it holds; `None` where that cannot be known cheaply.
    async fn size(&self) -> Result<Option<Size>, StoreError>;

    /// Whether other processes use it at the same time, so that a miss is worth a lease.
    fn is_shared(&self) -> bool {
        false
    }

    /// Asks to be the one replica that gets the answer, for so long at most.
    async fn lease(&self, _key: &CacheKey, _time: Duration) -> Lease {
        Lease::Nobody
    }

    /// Gives the lease back, if it is still one's own.
    async fn release(&self, _key: &CacheKey, _token: &str) {}
}
