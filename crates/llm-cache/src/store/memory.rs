//! In the memory of the process, bounded by entries or by bytes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use moka::Expiry;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::{Loaded, Size, Store, StoreError};
use crate::entry::Entry;
use crate::key::CacheKey;

/// What an entry takes beside its answer, about.
const FRAME: usize = 512;

/// Which entry goes when there is no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Eviction {
    /// One that is asked for less often than the new one (TinyLFU): best where some questions come again and again.
    #[default]
    LeastUsed,
    /// The one that was not asked for the longest.
    LeastRecent,
}

/// Keeps answers in memory.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    cache: Cache<CacheKey, Arc<Entry>>,
    by_bytes: bool,
}

impl MemoryStore {
    /// At most so many answers.
    pub fn entries(max: u64) -> Self {
        Self::entries_with(max, Eviction::default())
    }

    /// At most so many answers, and which goes when there is no room.
    pub fn entries_with(max: u64, eviction: Eviction) -> Self {
        Self::build(max, false, eviction)
    }

    /// Answers of so many bytes in all.
    pub fn bytes(max: u64) -> Self {
        Self::bytes_with(max, Eviction::default())
    }

    /// Answers of so many bytes in all, and which goes when there is no room.
    pub fn bytes_with(max: u64, eviction: Eviction) -> Self {
        Self::build(max, true, eviction)
    }

    fn build(max: u64, by_bytes: bool, eviction: Eviction) -> Self {
        let policy = match eviction {
            Eviction::LeastUsed => EvictionPolicy::tiny_lfu(),
            Eviction::LeastRecent => EvictionPolicy::lru(),
        };
        let mut builder = Cache::builder().max_capacity(max).eviction_policy(policy).expire_after(Forget);
        if by_bytes {
            builder = builder
                .weigher(|_, entry: &Arc<Entry>| u32::try_from(entry.bytes.saturating_add(FRAME)).unwrap_or(u32::MAX));
        }
        Self { cache: builder.build(), by_bytes }
    }
}

/// Frees the memory of old entries. Whether one is still good is decided when it is looked up, by the cache's clock.
struct Forget;

impl Expiry<CacheKey, Arc<Entry>> for Forget {
    fn expire_after_create(&self, _: &CacheKey, entry: &Arc<Entry>, _: Instant) -> Option<Duration> {
        Some(Duration::from_millis(entry.ttl))
    }

    fn expire_after_update(
        &self,
        _: &CacheKey,
        entry: &Arc<Entry>,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(Duration::from_millis(entry.ttl))
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn name(&self) -> &'static str {
        "memory"
    }

    async fn load(&self, key: &CacheKey, now: u64) -> Loaded {
        match self.cache.get(key) {
            Some(entry) if entry.is_fresh(now) => Loaded::Found(entry),
            Some(_) => {
                self.cache.invalidate(key);
                Loaded::Absent
            }
            None => Loaded::Absent,
        }
    }

    async fn save(&self, key: &CacheKey, entry: Arc<Entry>) -> Result<(), StoreError> {
        self.cache.insert(*key, entry);
        Ok(())
    }

    async fn remove(&self, key: &CacheKey) -> Result<(), StoreError> {
        self.cache.invalidate(key);
        Ok(())
    }

    async fn clear(&self) -> Result<(), StoreError> {
        self.cache.invalidate_all();
        Ok(())
    }

    async fn size(&self) -> Result<Option<Size>, StoreError> {
        self.cache.run_pending_tasks();
        let bytes = self.by_bytes.then(|| self.cache.weighted_size());
        Ok(Some(Size { entries: self.cache.entry_count(), bytes }))
    }
}
