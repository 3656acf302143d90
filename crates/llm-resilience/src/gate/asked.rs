//! What a gate is asked, and what it is told afterwards.

use std::time::Duration;

use llm_core::{Error, Priority, Secret, TokenEstimate};
use tokio::time::Instant;

/// What a gate must know of an attempt.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Asked<'a> {
    /// The time.
    pub now: Instant,
    /// When the request must be done: no wait is longer.
    pub deadline: Instant,
    /// On whose behalf: queues are shared evenly among tenants.
    pub tenant: Option<&'a str>,
    /// How much it matters that it is answered now.
    pub priority: Priority,
    /// The key of this call, where it is not the provider's own.
    pub credential: Option<&'a Secret>,
    /// The tokens that it is thought to take.
    pub tokens: TokenEstimate,
    /// The name of the route, when all its targets were shut and this is the one that is ready soonest. Once a second for
    /// each route such an attempt passes a breaker that is open.
    pub last_resort: Option<&'a str>,
    /// 64 random bits.
    pub draw: u64,
    /// Wait for a turn. Otherwise a limit that is reached is an error at once.
    pub may_wait: bool,
}

impl Asked<'_> {
    /// An attempt of a request that may wait for its turn until `deadline`.
    pub fn new(now: Instant, deadline: Instant, draw: u64) -> Self {
        Self {
            now,
            deadline,
            tenant: None,
            priority: Priority::default(),
            credential: None,
            tokens: TokenEstimate::default(),
            last_resort: None,
            draw,
            may_wait: true,
        }
    }
}

/// How an attempt went.
#[derive(Clone, Copy, Debug)]
pub enum Verdict<'a> {
    /// The first content of its stream came.
    Answered {
        /// How long that took.
        first_content: Duration,
    },
    /// It answered whole. How long that took is the length of the answer, and no sign that the target is slow.
    Whole {
        /// How long it took.
        took: Duration,
    },
    /// It failed.
    Failed(&'a Error),
}
