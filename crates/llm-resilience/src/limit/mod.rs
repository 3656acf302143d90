//! Limits: how much may be asked of a target, a provider, a credential, for a tenant, and at all.
//!
//! Pure state machines ([`Bucket`], [`Learned`], the queue, the search for a good concurrency) under one book, which
//! reserves in all of them or in none; [`Limits`] is the handle on it, with the waiting.

mod accounts;
mod amounts;
mod book;
mod bucket;
mod common;
mod concurrency;
mod gradient;
mod guess;
mod joined;
mod learned;
mod limits;
mod memory;
mod policy;
mod queue;
mod recent;
#[cfg(feature = "redis")]
mod redis;
mod refusal;
mod scope;
mod set;
mod sharing;
mod slot;
mod store;
mod turns;

#[cfg(feature = "redis")]
pub use self::redis::{RedisRates, RedisRatesOptions};
pub use amounts::Dimension;
pub use bucket::{Bucket, Rate, Short};
pub use learned::{Learned, Report};
pub use limits::{LimitAsk, LimitLeft, Limits};
pub use memory::MemoryRates;
pub use policy::LimitPolicy;
pub use refusal::{CONCURRENCY_LIMIT, OVER_LIMIT, QUEUE_FULL, QUEUE_TIMEOUT, RATE_LIMIT, SHED};
pub use scope::LimitScope;
pub use sharing::{RateSharing, RateSharingState};
pub use slot::Slot;
pub use store::{RateAccount, RateAnswer, RateBeat, RateCharge, RateRequest, RateSettlement, RateStore, Units};
