//! The settings of limits: what one scope allows.

use std::time::Duration;

use llm_core::duration_text;
use serde::{Deserialize, Serialize};

/// What one scope (a target, a provider, a credential, a tenant, the process) allows. `None` is no limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "switches of a configuration, each for itself")]
pub struct LimitPolicy {
    /// Requests a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm: Option<u64>,
    /// Requests a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpd: Option<u64>,
    /// Tokens a minute, input and output together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm: Option<u64>,
    /// Input tokens a minute. Those read from the prompt cache do not count, unless `cached_input` says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub itpm: Option<u64>,
    /// Output tokens a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otpm: Option<u64>,
    /// Whether input read from the prompt cache counts for `itpm`. Default: no, as Anthropic does for most models.
    pub cached_input: bool,
    /// Reserve the longest answer that a request allows, instead of what answers of the target usually take. Default: no.
    pub strict: bool,
    /// How much of the limits by the minute may be used at once, as the time that it takes to earn it. Default 60 s: all.
    /// Less of it fits vendors whose windows are strict.
    #[serde(with = "duration_text")]
    pub burst: Duration,
    /// Requests at the same time; a stream counts until its end. With `adaptive`, the most that it may come to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_in_flight: Option<u32>,
    /// Find out how many requests at the same time are good, between 1 and `max_in_flight` (200 if that is open).
    /// Default: no.
    pub adaptive: bool,
    /// Requests that may wait. Default: twice the requests in flight, or 64 where only rates are limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<u32>,
    /// The longest wait. Default 30 s.
    #[serde(with = "duration_text")]
    pub queue_timeout: Duration,
    /// The wait that is normal. Where it is longer for 100 ms on end, the newest go first until it is not. Default 5 s.
    #[serde(with = "duration_text")]
    pub queue_target: Duration,
    /// Learn what is left from the vendor's headers. Default: yes. It means something for targets only.
    pub learn: bool,
    /// Hold requests back while the vendor says that it is overloaded, in proportion to how many it refuses. Default: yes.
    /// It means something for targets only.
    pub throttle: bool,
}

impl Default for LimitPolicy {
    fn default() -> Self {
        Self {
            rpm: None,
            rpd: None,
            tpm: None,
            itpm: None,
            otpm: None,
            cached_input: false,
            strict: false,
            burst: Duration::from_secs(60),
            max_in_flight: None,
            adaptive: false,
            queue: None,
            queue_timeout: Duration::from_secs(30),
            queue_target: Duration::from_secs(5),
            learn: true,
            throttle: true,
        }
    }
}

impl LimitPolicy {
    /// With requests a minute.
    pub fn with_rpm(mut self, requests: u64) -> Self {
        self.rpm = Some(requests);
        self
    }

    /// With tokens a minute.
    pub fn with_tpm(mut self, tokens: u64) -> Self {
        self.tpm = Some(tokens);
        self
    }

    /// With requests at the same time.
    pub fn with_max_in_flight(mut self, requests: u32) -> Self {
        self.max_in_flight = Some(requests);
        self
    }

    /// With a number of requests at the same time that is found out.
    pub fn with_adaptive(mut self) -> Self {
        self.adaptive = true;
        self
    }

    /// With a queue of this many requests that wait at most so long.
    pub fn with_queue(mut self, requests: u32, timeout: Duration) -> Self {
        self.queue = Some(requests);
        self.queue_timeout = timeout;
        self
    }

    /// The most requests at the same time.
    pub(crate) fn most_in_flight(&self) -> Option<u32> {
        /// As Vector's adaptive concurrency has it.
        const MOST: u32 = 200;
        if self.adaptive { Some(self.max_in_flight.unwrap_or(MOST).max(1)) } else { self.max_in_flight }
    }
}
