#![doc = include_str!("../README.md")]

mod cache;
mod canon;
mod clock;
mod counters;
mod eligibility;
mod entry;
mod fetch;
mod frame;
mod key;
mod layer;
mod live;
mod log;
mod pace;
mod patience;
mod semantic;
mod single_flight;
pub mod store;

pub use cache::{Cache, CacheBuilder};
pub use clock::Clock;
pub use counters::Snapshot;
pub use eligibility::{Bypass, CachePolicy, DAY, HOUR, NotStored, Terms, storable, terms};
pub use entry::{Answer, Entry};
pub use frame::{Framing, Rejected};
pub use key::{CacheKey, IGNORED_IN_CHAT, IGNORED_IN_EMBED, Keyring, TenantScope};
pub use layer::CacheLayer;
pub use semantic::{MemoryIndex, Semantic, VectorIndex};
#[cfg(feature = "disk")]
pub use store::disk::DiskStore;
#[cfg(feature = "memory")]
pub use store::memory::{Eviction, MemoryStore};
#[cfg(feature = "redis")]
pub use store::redis::RedisStore;
pub use store::{Lease, Loaded, Size, Store, StoreError};
